import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  advance,
  type ClientId,
  createStudy,
  FlCoreError,
  parseRoundState,
  pendingEffects,
  type RoundEvent,
  type RoundState,
  type StudyPlan,
} from '../src/index.ts';

const plan: StudyPlan = { study: 's', clients: [0, 1, 'c', 3], rounds: 3, cohortMinimum: 2, deadline: 1000 };
const fresh = (changes: Partial<StudyPlan> = {}) => createStudy({ ...plan, ...changes }, 'model-0');

function run(state: RoundState, ...events: readonly RoundEvent[]): RoundState {
  return events.reduce((at, event) => advance(at, event).state, state);
}

const receive = (client: ClientId, round = 1): RoundEvent => ({
  type: 'update-received',
  round,
  client,
  digest: `u-${client}`,
});
const accept = (client: ClientId, round = 1): RoundEvent => ({
  type: 'update-accepted',
  round,
  client,
  digest: `u-${client}`,
});
const reject = (client: ClientId, round = 1): RoundEvent => ({
  type: 'update-rejected',
  round,
  client,
  digest: `u-${client}`,
  reason: 'norm',
});
const opened = () => run(fresh(), { type: 'open', at: 5 });

describe('a round', () => {
  it('asks every client, takes four updates, aggregates, applies and is ready for the next', () => {
    const first = advance(fresh(), { type: 'open', at: 5 });
    expect(first.effects).toEqual([
      { type: 'send-model', round: 1, model: 'model-0', clients: [0, 1, 'c', 3] },
      { type: 'set-deadline', round: 1, at: 1005 },
    ]);
    const received = advance(first.state, receive(0));
    expect(received.effects).toEqual([{ type: 'verify', round: 1, client: 0, digest: 'u-0' }]);
    const almost = run(received.state, accept(0), receive(1), reject(1), receive('c'), accept('c'), receive(3));
    const closed = advance(almost, accept(3));
    expect(closed.effects).toEqual([
      {
        type: 'aggregate',
        round: 1,
        updates: [
          { client: 0, digest: 'u-0' },
          { client: 'c', digest: 'u-c' },
          { client: 3, digest: 'u-3' },
        ],
      },
    ]);
    const summed = advance(closed.state, { type: 'aggregated', round: 1, sum: 'sum-1' });
    expect(summed.effects).toEqual([{ type: 'apply', round: 1, sum: 'sum-1', accepted: [0, 'c', 3] }]);
    const done = advance(summed.state, { type: 'applied', round: 1, model: 'model-1' });
    expect(done.state).toMatchObject({ round: 2, model: 'model-1', phase: { is: 'ready' } });
    expect(done.effects).toEqual([
      {
        type: 'round-finished',
        record: {
          round: 1,
          outcome: 'applied',
          accepted: [0, 'c', 3],
          rejected: [{ client: 1, reason: 'norm' }],
          missing: [],
          model: 'model-1',
          sum: 'sum-1',
        },
      },
    ]);
  });

  it('counts a client once: a second update is refused and the first stands', () => {
    const state = run(opened(), receive(0));
    const again = advance(state, { type: 'update-received', round: 1, client: 0, digest: 'another' });
    expect(again.state).toBe(state);
    expect(again.effects).toEqual([{ type: 'refuse', client: 0, reason: 'already-received' }]);
    const decided = run(state, accept(0));
    expect(advance(decided, receive(0)).effects).toEqual([{ type: 'refuse', client: 0, reason: 'already-received' }]);
  });

  it.each([
    ['unknown-client', { ...receive(0), client: '0' }],
    ['unknown-client', { ...receive(0), client: 9 }],
    ['wrong-round', receive(0, 2)],
    ['wrong-round', receive(0, 0)],
  ] as const)('refuses a message as %s without a change', (reason, event) => {
    const state = opened();
    const step = advance(state, event as RoundEvent);
    expect(step.state).toBe(state);
    expect(step.effects).toMatchObject([{ type: 'refuse', reason }]);
  });

  it('closes at the deadline without the missing, after the verdicts that are under way', () => {
    const state = run(opened(), receive(0), accept(0), receive(1), { type: 'deadline', round: 1 });
    expect(state.phase.is).toBe('draining');
    expect(advance(state, receive('c')).effects).toEqual([{ type: 'refuse', client: 'c', reason: 'round-closed' }]);
    const closed = advance(state, accept(1));
    expect(closed.effects).toMatchObject([{ type: 'aggregate', updates: [{ client: 0 }, { client: 1 }] }]);
  });

  it('a late deadline of a round that closed changes nothing', () => {
    const state = run(opened(), ...[0, 1, 'c', 3].flatMap((c) => [receive(c), accept(c)]));
    expect(advance(state, { type: 'deadline', round: 1 })).toEqual({ state, effects: [] });
  });

  it('below the cohort minimum the round is skipped and the model unchanged', () => {
    const state = run(opened(), receive(0), accept(0), receive(1), reject(1), { type: 'deadline', round: 1 });
    expect(state).toMatchObject({ round: 2, model: 'model-0', phase: { is: 'ready' } });
    expect(state.history).toEqual([
      {
        round: 1,
        outcome: 'skipped',
        accepted: [0],
        rejected: [{ client: 1, reason: 'norm' }],
        missing: ['c', 3],
        model: 'model-0',
      },
    ]);
  });

  it('a defence that rejects everyone skips every round and the study still ends', () => {
    let state = fresh();
    for (let round = 1; round <= 3; round++)
      state = run(
        state,
        { type: 'open', at: 0 },
        ...plan.clients.flatMap((c) => [receive(c, round), reject(c, round)]),
      );
    expect(state).toMatchObject({ phase: { is: 'finished' }, model: 'model-0' });
    expect(state.history.map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped', 'skipped']);
  });

  it('a client whose message never became an update is rejected by name', () => {
    const state = run(opened(), { type: 'update-rejected', round: 1, client: 3, reason: 'encoding' });
    expect(advance(state, receive(3)).effects).toMatchObject([{ reason: 'already-received' }]);
  });

  it.each<[string, RoundState, RoundEvent]>([
    ['a verdict before the update', opened(), accept(0)],
    ['a verdict on another digest', run(opened(), receive(0)), { ...accept(0), digest: 'x' } as RoundEvent],
    ['a second verdict', run(opened(), receive(0), accept(0)), reject(0)],
    [
      'a rejection without digest of a received update',
      run(opened(), receive(0)),
      {
        type: 'update-rejected',
        round: 1,
        client: 0,
        reason: 'x',
      },
    ],
    ['a verdict on another round', run(opened(), receive(0)), accept(0, 2)],
    ['a verdict on a stranger', opened(), reject(77)],
    ['open while open', opened(), { type: 'open', at: 1 }],
    ['open at no time', fresh(), { type: 'open', at: Number.NaN }],
    ['a sum while collecting', opened(), { type: 'aggregated', round: 1, sum: 's' }],
    ['a model before the sum', opened(), { type: 'applied', round: 1, model: 'm' }],
    ['the deadline of a future round', opened(), { type: 'deadline', round: 2 }],
    ['an unknown event', opened(), { type: 'explode' } as never],
    ['anything after the end', run(fresh(), { type: 'abort', reason: 'stop' }), { type: 'open', at: 1 }],
  ])('%s is an illegal event', (_, state, event) => {
    const before = JSON.stringify(state);
    expect(() => advance(state, event)).toThrow(FlCoreError);
    expect(() => advance(state, event)).toThrow(expect.objectContaining({ code: 'illegal-event' }));
    expect(JSON.stringify(state)).toBe(before);
  });

  it('a plan is checked', () => {
    expect(() => fresh({ clients: [1, 1] })).toThrow('createStudy: clients: got 1,1, want distinct ids');
    expect(() => fresh({ cohortMinimum: 5 })).toThrow('cohortMinimum: got 5');
    expect(() => fresh({ rounds: 0 })).toThrow('rounds: got 0');
    expect(() => fresh({ deadlin: 3 } as never)).toThrow('deadlin');
  });
});

/** Plays a study with a random outside; `restart` says after which steps the process dies and reloads its state. */
function play(choices: readonly number[], restart: (step: number) => boolean): RoundState {
  let state = fresh();
  for (const [step, choice] of choices.entries()) {
    if (restart(step)) state = parseRoundState(JSON.stringify(state));
    const event = choose(state, choice);
    if (event === undefined) break;
    state = advance(state, event).state;
  }
  return state;
}

function choose(state: RoundState, choice: number): RoundEvent | undefined {
  const { phase, round } = state;
  if (phase.is === 'ready') return { type: 'open', at: choice };
  if (phase.is === 'aggregating') return { type: 'aggregated', round, sum: `sum-${choice}` };
  if (phase.is === 'applying') return { type: 'applied', round, model: `model-${choice}` };
  if (phase.is === 'finished' || phase.is === 'aborted') return undefined;
  const client = plan.clients[choice % 4]!;
  const standing = phase.standings.find((s) => s.client === client)!;
  if (standing.is === 'received') return choice % 3 === 0 ? reject(client, round) : accept(client, round);
  if (choice % 11 === 0) return { type: 'deadline', round };
  return receive(client, round);
}

describe('any course of events', () => {
  const choices = fc.array(fc.nat(10_000), { maxLength: 120 });

  it('every finished round counts every client exactly once, and a skipped one keeps the model', () => {
    fc.assert(
      fc.property(choices, (c) => {
        const state = play(c, () => false);
        let model = 'model-0';
        for (const record of state.history) {
          const ids = [...record.accepted, ...record.rejected.map((r) => r.client), ...record.missing];
          expect(new Set(ids)).toEqual(new Set(plan.clients));
          expect(ids).toHaveLength(plan.clients.length);
          if (record.outcome === 'skipped') expect(record.model).toBe(model);
          else expect(record.accepted.length).toBeGreaterThanOrEqual(plan.cohortMinimum);
          model = record.model;
        }
        expect(state.model).toBe(model);
      }),
    );
  });

  it('a process that dies and resumes between any two steps reaches the same state', () => {
    fc.assert(
      fc.property(choices, fc.nat(7), (c, n) => {
        expect(play(c, (step) => step % 8 === n)).toEqual(play(c, () => false));
      }),
    );
  });

  it('after a crash the pending effects are what is left to do', () => {
    fc.assert(
      fc.property(choices, (c) => {
        const state = play(c, () => false);
        const { phase } = state;
        const effects = pendingEffects(state);
        const of = (type: string) => effects.filter((effect) => effect.type === type);
        if (phase.is === 'collecting' || phase.is === 'draining') {
          expect(of('verify')).toHaveLength(phase.standings.filter((s) => s.is === 'received').length);
          expect(of('set-deadline')).toHaveLength(phase.is === 'collecting' ? 1 : 0);
          const awaited = phase.standings.filter((s) => s.is === 'awaited').map((s) => s.client);
          expect(of('send-model').flatMap((e) => (e.type === 'send-model' ? e.clients : []))).toEqual(awaited);
        }
        if (phase.is === 'aggregating') expect(of('aggregate')).toHaveLength(1);
        if (phase.is === 'applying') expect(of('apply')).toHaveLength(1);
        if (phase.is === 'ready') expect(effects).toEqual([]);
      }),
    );
  });
});

describe('a stored state', () => {
  const stored = () => JSON.parse(JSON.stringify(run(opened(), receive(0), accept(0), receive(1), reject(1))));
  it.each<[string, (state: Record<string, unknown>) => void]>([
    [
      'another version',
      (s) => {
        s['version'] = 2;
      },
    ],
    [
      'a stray field',
      (s) => {
        s['extra'] = 1;
      },
    ],
    [
      'a round outside the plan',
      (s) => {
        s['round'] = 4;
      },
    ],
    [
      'a round that its history denies',
      (s) => {
        s['round'] = 2;
      },
    ],
    [
      'an unknown phase',
      (s) => {
        s['phase'] = { is: 'sleeping' };
      },
    ],
    [
      'a phase named like an inherited property',
      (s) => {
        s['phase'] = { is: 'constructor' };
      },
    ],
    [
      'a client less',
      (s) => {
        (s['phase'] as { standings: unknown[] }).standings.pop();
      },
    ],
    [
      'a swapped client',
      (s) => {
        (s['phase'] as { standings: unknown[] }).standings.reverse();
      },
    ],
    [
      'an accepted client without digest',
      (s) => {
        (s['phase'] as { standings: object[] }).standings[0] = { client: 0, is: 'accepted' };
      },
    ],
    [
      'no model',
      (s) => {
        s['model'] = '';
      },
    ],
    [
      'no plan',
      (s) => {
        s['plan'] = null;
      },
    ],
    [
      'a closing time that is none',
      (s) => {
        (s['phase'] as { closesAt: unknown }).closesAt = 'soon';
      },
    ],
  ])('with %s is refused', (_, damage) => {
    const state = stored();
    expect(parseRoundState(JSON.stringify(state))).toEqual(state);
    damage(state);
    expect(() => parseRoundState(JSON.stringify(state))).toThrow(expect.objectContaining({ code: 'state' }));
  });

  it('that sums a round which is not decided, or too small a cohort, is refused', () => {
    const full = run(opened(), ...[0, 1, 'c', 3].flatMap((c) => [receive(c), accept(c)]));
    expect(full.phase.is).toBe('aggregating');
    const change = (edit: (standings: { is: string; digest?: string; reason?: string }[]) => void) => {
      const state = JSON.parse(JSON.stringify(full));
      edit(state.phase.standings);
      return () => parseRoundState(JSON.stringify(state));
    };
    expect(change(() => undefined)).not.toThrow();
    const received = change((standings) => {
      standings[0]!.is = 'received';
    });
    expect(received).toThrow('undecided in aggregating: got 1');
    const few = change((standings) => {
      for (const standing of standings.slice(1)) Object.assign(standing, { is: 'rejected', reason: 'norm' });
    });
    expect(few).toThrow('accepted: got 1, want ≥ 2');
  });

  it('whose model is not the one that its history left is refused', () => {
    const state = JSON.parse(JSON.stringify(run(opened(), { type: 'deadline', round: 1 })));
    expect(() => parseRoundState(JSON.stringify({ ...state, model: 'another' }))).toThrow('model: got another');
  });

  it('that is cut off is refused', () => {
    const text = JSON.stringify(stored());
    for (let length = 0; length < text.length; length++)
      expect(() => parseRoundState(text.slice(0, length))).toThrow(expect.objectContaining({ code: 'state' }));
  });

  it('whose history counts a client twice is refused', () => {
    const state = JSON.parse(JSON.stringify(run(opened(), receive(0), accept(0), { type: 'deadline', round: 1 }))) as {
      history: { accepted: unknown[]; missing: unknown[] }[];
    };
    expect(() => parseRoundState(JSON.stringify(state))).not.toThrow();
    state.history[0]!.missing[0] = 0;
    expect(() => parseRoundState(JSON.stringify(state))).toThrow('every client once');
  });
});
