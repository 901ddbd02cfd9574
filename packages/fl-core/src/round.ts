import { FlCoreError, refuseUnknownOptions, requireInteger, requireNumber } from './errors.ts';
import type {
  ClientId,
  ClientStanding,
  Phase,
  RefusalReason,
  RoundEffect,
  RoundEvent,
  RoundRecord,
  RoundState,
  Step,
  StudyPlan,
} from './round-state.ts';

type Collecting = Extract<Phase, { is: 'collecting' | 'draining' }>;
type MessageEvent = Extract<RoundEvent, { client: ClientId }>;

const decided = (standing: ClientStanding) => standing.is !== 'awaited' && standing.is !== 'received';

function illegal(state: RoundState, event: RoundEvent, want: string): FlCoreError {
  const got = `${event.type} in ${state.phase.is}, round ${state.round}`;
  return new FlCoreError('illegal-event', { operation: 'round', field: 'event', got, want });
}

/** The state of a study before its first round; `model` is the digest of the initial global model. */
export function createStudy(plan: StudyPlan, model: string): RoundState {
  const operation = 'createStudy';
  refuseUnknownOptions(operation, plan, ['study', 'clients', 'rounds', 'cohortMinimum', 'deadline']);
  requireInteger(operation, 'rounds', plan.rounds, 1);
  requireInteger(operation, 'clients', plan.clients.length, 1);
  requireInteger(operation, 'cohortMinimum', plan.cohortMinimum, 1, plan.clients.length);
  requireNumber(operation, 'deadline', plan.deadline, 1);
  if (new Set(plan.clients).size !== plan.clients.length)
    throw new FlCoreError('argument', { operation, field: 'clients', got: plan.clients.join(), want: 'distinct ids' });
  if (typeof plan.study !== 'string' || plan.study === '')
    throw new FlCoreError('argument', { operation, field: 'study', got: String(plan.study), want: 'a name' });
  return {
    version: 1,
    plan: { ...plan, clients: [...plan.clients] },
    round: 1,
    model,
    phase: { is: 'ready' },
    history: [],
  };
}

/** Pure: the next state and what the outside must do. Throws `illegal-event` for what no honest outside can cause. */
export function advance(state: RoundState, event: RoundEvent): Step {
  if (state.phase.is === 'finished' || state.phase.is === 'aborted') {
    if (event.type === 'update-received') return refuse(state, event.client, 'round-closed');
    throw illegal(state, event, 'no event: the study is over');
  }
  switch (event.type) {
    case 'open':
      return open(state, event.at, event);
    case 'update-received':
      return received(state, event);
    case 'update-accepted':
    case 'update-rejected':
      return verdict(state, event);
    case 'deadline':
      return deadline(state, event);
    case 'aggregated':
      return aggregated(state, event);
    case 'applied':
      return applied(state, event);
    case 'abort':
      return {
        state: { ...state, phase: { is: 'aborted', reason: event.reason } },
        effects: [{ type: 'study-aborted', reason: event.reason }],
      };
    default:
      throw illegal(state, event, 'a known event');
  }
}

/** The effects that a process must run after it loaded `state` from its store; running one twice does no harm. */
export function pendingEffects(state: RoundState): readonly RoundEffect[] {
  const { phase, round, model } = state;
  switch (phase.is) {
    case 'collecting':
    case 'draining': {
      const awaited = phase.standings.filter(({ is }) => is === 'awaited').map(({ client }) => client);
      const effects: RoundEffect[] = [];
      if (phase.is === 'collecting') {
        if (awaited.length > 0) effects.push({ type: 'send-model', round, model, clients: awaited });
        effects.push({ type: 'set-deadline', round, at: phase.closesAt });
      }
      for (const standing of phase.standings)
        if (standing.is === 'received')
          effects.push({ type: 'verify', round, client: standing.client, digest: standing.digest });
      return effects;
    }
    case 'aggregating':
      return [aggregateEffect(round, phase.standings)];
    case 'applying':
      return [{ type: 'apply', round, sum: phase.sum, accepted: idsThatAre('accepted', phase.standings) }];
    case 'finished':
      return [{ type: 'study-finished', model }];
    case 'aborted':
      return [{ type: 'study-aborted', reason: phase.reason }];
    case 'ready':
      return [];
  }
}

function open(state: RoundState, at: number, event: RoundEvent): Step {
  if (state.phase.is !== 'ready') throw illegal(state, event, 'open in ready');
  if (!Number.isFinite(at)) throw illegal(state, event, 'a finite time');
  const { round, model, plan } = state;
  const closesAt = at + plan.deadline;
  const standings = plan.clients.map((client): ClientStanding => ({ client, is: 'awaited' }));
  return {
    state: { ...state, phase: { is: 'collecting', standings, closesAt } },
    effects: [
      { type: 'send-model', round, model, clients: plan.clients },
      { type: 'set-deadline', round, at: closesAt },
    ],
  };
}

function received(state: RoundState, event: Extract<RoundEvent, { type: 'update-received' }>): Step {
  const { client, round, digest } = event;
  if (!state.plan.clients.includes(client)) return refuse(state, client, 'unknown-client');
  if (round !== state.round) return refuse(state, client, 'wrong-round');
  if (state.phase.is !== 'collecting') return refuse(state, client, 'round-closed');
  const standing = standingOf(state.phase, client);
  if (standing?.is !== 'awaited') return refuse(state, client, 'already-received');
  return {
    state: { ...state, phase: withStanding(state.phase, { client, is: 'received', digest }) },
    effects: [{ type: 'verify', round, client, digest }],
  };
}

function verdict(state: RoundState, event: Extract<RoundEvent, { type: 'update-accepted' | 'update-rejected' }>): Step {
  const { phase } = state;
  if (event.round !== state.round || (phase.is !== 'collecting' && phase.is !== 'draining'))
    throw illegal(state, event, 'a verdict on the open round');
  const standing = standingOf(phase, event.client);
  if (standing === undefined) throw illegal(state, event, 'a client of the study');
  const { client, digest } = event;
  if (event.type === 'update-accepted') {
    if (standing.is !== 'received' || standing.digest !== digest)
      throw illegal(state, event, 'a verdict on the digest that was received and is not decided');
    return settle({ ...state, phase: withStanding(phase, { client, is: 'accepted', digest }) });
  }
  const concerns =
    digest === undefined ? standing.is === 'awaited' : standing.is === 'received' && standing.digest === digest;
  if (!concerns) throw illegal(state, event, 'a verdict on a client that is not decided, with the digest it sent');
  const rejected: ClientStanding =
    digest === undefined
      ? { client, is: 'rejected', reason: event.reason }
      : { client, is: 'rejected', reason: event.reason, digest };
  return settle({ ...state, phase: withStanding(phase, rejected) });
}

function deadline(state: RoundState, event: Extract<RoundEvent, { type: 'deadline' }>): Step {
  if (event.round > state.round || event.round < 1) throw illegal(state, event, 'the deadline of a round that opened');
  // A timer that fires after its round closed is an honest race.
  if (event.round < state.round || state.phase.is !== 'collecting') return { state, effects: [] };
  const standings = state.phase.standings.map(
    (standing): ClientStanding => (standing.is === 'awaited' ? { client: standing.client, is: 'missing' } : standing),
  );
  return settle({ ...state, phase: { is: 'draining', standings } });
}

function aggregated(state: RoundState, event: Extract<RoundEvent, { type: 'aggregated' }>): Step {
  const { phase, round } = state;
  if (phase.is !== 'aggregating' || event.round !== round) throw illegal(state, event, 'aggregated in aggregating');
  const { sum } = event;
  return {
    state: { ...state, phase: { is: 'applying', standings: phase.standings, sum } },
    effects: [{ type: 'apply', round, sum, accepted: idsThatAre('accepted', phase.standings) }],
  };
}

function applied(state: RoundState, event: Extract<RoundEvent, { type: 'applied' }>): Step {
  const { phase } = state;
  if (phase.is !== 'applying' || event.round !== state.round) throw illegal(state, event, 'applied in applying');
  return finishRound(state, { outcome: 'applied', model: event.model, sum: phase.sum }, phase.standings);
}

/** Closes the round once nobody is awaited or being verified. */
function settle(state: RoundState): Step {
  const { phase, plan, round } = state;
  if (phase.is !== 'collecting' && phase.is !== 'draining') return { state, effects: [] };
  if (!phase.standings.every(decided)) return { state, effects: [] };
  const accepted = idsThatAre('accepted', phase.standings);
  if (accepted.length < plan.cohortMinimum)
    return finishRound(state, { outcome: 'skipped', model: state.model }, phase.standings);
  return {
    state: { ...state, phase: { is: 'aggregating', standings: phase.standings } },
    effects: [aggregateEffect(round, phase.standings)],
  };
}

function finishRound(
  state: RoundState,
  result: Pick<RoundRecord, 'outcome' | 'model' | 'sum'>,
  standings: readonly ClientStanding[],
): Step {
  const record: RoundRecord = {
    round: state.round,
    ...result,
    accepted: idsThatAre('accepted', standings),
    rejected: standings.flatMap((s) => (s.is === 'rejected' ? [{ client: s.client, reason: s.reason }] : [])),
    missing: idsThatAre('missing', standings),
  };
  const last = state.round === state.plan.rounds;
  const next: RoundState = {
    ...state,
    round: last ? state.round : state.round + 1,
    model: result.model,
    phase: { is: last ? 'finished' : 'ready' },
    history: [...state.history, record],
  };
  const effects: RoundEffect[] = [{ type: 'round-finished', record }];
  if (last) effects.push({ type: 'study-finished', model: result.model });
  return { state: next, effects };
}

const refuse = (state: RoundState, client: MessageEvent['client'], reason: RefusalReason): Step => ({
  state,
  effects: [{ type: 'refuse', client, reason }],
});

const standingOf = (phase: Collecting, client: ClientId) => phase.standings.find((s) => s.client === client);

const withStanding = (phase: Collecting, standing: ClientStanding): Collecting => ({
  ...phase,
  standings: phase.standings.map((s) => (s.client === standing.client ? standing : s)),
});

const idsThatAre = (is: ClientStanding['is'], standings: readonly ClientStanding[]): readonly ClientId[] =>
  standings.filter((s) => s.is === is).map((s) => s.client);

const aggregateEffect = (round: number, standings: readonly ClientStanding[]): RoundEffect => ({
  type: 'aggregate',
  round,
  updates: standings.flatMap((s) => (s.is === 'accepted' ? [{ client: s.client, digest: s.digest }] : [])),
});
