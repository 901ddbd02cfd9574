import { FlCoreError } from './errors.ts';
import { createStudy } from './round.ts';
import type { ClientStanding, Phase, RoundRecord, RoundState, StudyPlan } from './round-state.ts';

type Fields = Readonly<Record<string, unknown>>;

const PHASE_FIELDS: Readonly<Record<Phase['is'], readonly string[]>> = {
  ready: [],
  collecting: ['standings', 'closesAt'],
  draining: ['standings'],
  aggregating: ['standings'],
  applying: ['standings', 'sum'],
  finished: [],
  aborted: ['reason'],
};

const STANDING_FIELDS: Readonly<Record<ClientStanding['is'], readonly string[]>> = {
  awaited: [],
  received: ['digest'],
  accepted: ['digest'],
  rejected: ['reason', 'digest'],
  missing: [],
};

/** Reads a state back from JSON. Throws `state` for anything that {@link advance} can't have produced in shape. */
export function parseRoundState(json: string): RoundState {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new FlCoreError('state', { operation: 'parseRoundState', field: 'json', want: 'JSON' }, { cause });
  }
  const state = object('state', parsed, ['version', 'plan', 'round', 'model', 'phase', 'history']);
  if (state['version'] !== 1) throw bad('version', state['version'], 1);
  const plan = parsePlan(state['plan']);
  const round = state['round'];
  if (!Number.isSafeInteger(round) || (round as number) < 1 || (round as number) > plan.rounds)
    throw bad('round', round, `1 … ${plan.rounds}`);
  const model = text('model', state['model']);
  const phase = parsePhase(state['phase'], plan);
  const history = list('history', state['history']).map((record, i) => parseRecord(record, i, plan));
  const want = (round as number) - (phase.is === 'finished' ? 0 : 1);
  if (history.length !== want) throw bad('history', history.length, want);
  if (phase.is === 'finished' && round !== plan.rounds) throw bad('round', round, plan.rounds);
  for (const [i, { outcome, model: after }] of history.entries())
    if (i > 0 && outcome === 'skipped' && after !== history[i - 1]!.model)
      throw bad(`history[${i}].model`, after, history[i - 1]!.model);
  if (history.length > 0 && model !== history.at(-1)!.model) throw bad('model', model, history.at(-1)!.model);
  return { version: 1, plan, round: round as number, model, phase, history };
}

function bad(field: string, got: unknown, want: string | number): FlCoreError {
  const shown = typeof got === 'object' ? JSON.stringify(got)?.slice(0, 80) : String(got);
  return new FlCoreError('state', { operation: 'parseRoundState', field, got: shown ?? 'nothing', want });
}

function object(field: string, value: unknown, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(field, value, 'an object');
  const stray = Object.keys(value).find((key) => !known.includes(key));
  if (stray !== undefined) throw bad(field, stray, `only ${known.join(', ')}`);
  return value as Fields;
}

function text(field: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw bad(field, value, 'text');
  return value;
}

function list(field: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw bad(field, value, 'a list');
  return value;
}

function parsePlan(value: unknown): StudyPlan {
  const plan = object('plan', value, ['study', 'clients', 'rounds', 'cohortMinimum', 'deadline']);
  for (const client of list('plan.clients', plan['clients']))
    if (typeof client !== 'string' && typeof client !== 'number') throw bad('plan.clients', client, 'ids');
  try {
    return createStudy(plan as unknown as StudyPlan, '-').plan;
  } catch (cause) {
    throw new FlCoreError('state', { operation: 'parseRoundState', field: 'plan', want: 'a valid plan' }, { cause });
  }
}

function parsePhase(value: unknown, plan: StudyPlan): Phase {
  const is = object('phase', value, ['is', 'standings', 'closesAt', 'sum', 'reason'])['is'];
  const fields = PHASE_FIELDS[is as Phase['is']];
  if (!Object.hasOwn(PHASE_FIELDS, String(is)) || !fields) throw bad('phase.is', is, Object.keys(PHASE_FIELDS).join());
  const phase = object('phase', value, ['is', ...fields]);
  if (fields.includes('standings')) {
    const standings = list('phase.standings', phase['standings']);
    if (standings.length !== plan.clients.length) throw bad('phase.standings', standings.length, plan.clients.length);
    for (const [i, standing] of standings.entries()) checkStanding(standing, plan.clients[i]!);
    checkProgress(is as Phase['is'], standings as readonly ClientStanding[], plan.cohortMinimum);
  }
  if (fields.includes('closesAt') && !Number.isFinite(phase['closesAt']))
    throw bad('phase.closesAt', phase['closesAt'], 'a time');
  if (fields.includes('sum')) text('phase.sum', phase['sum']);
  if (fields.includes('reason')) text('phase.reason', phase['reason']);
  return phase as unknown as Phase;
}

/** A phase says who may still be open in it; a round is summed only once everybody is decided and enough are accepted. */
function checkProgress(is: Phase['is'], standings: readonly ClientStanding[], cohortMinimum: number): void {
  const count = (...kinds: readonly ClientStanding['is'][]) => standings.filter((s) => kinds.includes(s.is)).length;
  const summing = is === 'aggregating' || is === 'applying';
  if (summing && count('accepted') < cohortMinimum) throw bad('accepted', count('accepted'), `≥ ${cohortMinimum}`);
  if (is !== 'collecting' && count('awaited') > 0) throw bad(`awaited in ${is}`, count('awaited'), 0);
  if (is === 'collecting' && count('missing') > 0) throw bad('missing in collecting', count('missing'), 0);
  if (summing !== (count('awaited', 'received') === 0))
    throw bad(`undecided in ${is}`, count('awaited', 'received'), summing ? 0 : '≥ 1');
}

function checkStanding(value: unknown, client: unknown): void {
  const is = object('standing', value, ['client', 'is', 'digest', 'reason'])['is'];
  if (!Object.hasOwn(STANDING_FIELDS, String(is))) throw bad('standing.is', is, Object.keys(STANDING_FIELDS).join());
  const fields = STANDING_FIELDS[is as ClientStanding['is']];
  const standing = object('standing', value, ['client', 'is', ...fields]);
  if (standing['client'] !== client) throw bad('standing.client', standing['client'], String(client));
  for (const name of fields)
    if (!(name === 'digest' && is === 'rejected' && standing[name] === undefined))
      text(`standing.${name}`, standing[name]);
}

function parseRecord(value: unknown, index: number, plan: StudyPlan): RoundRecord {
  const record = object('history', value, ['round', 'outcome', 'accepted', 'rejected', 'missing', 'model', 'sum']);
  if (record['round'] !== index + 1) throw bad(`history[${index}].round`, record['round'], index + 1);
  if (record['outcome'] !== 'applied' && record['outcome'] !== 'skipped')
    throw bad('history.outcome', record['outcome'], 'applied or skipped');
  text('history.model', record['model']);
  if (record['outcome'] === 'applied') text('history.sum', record['sum']);
  else if (record['sum'] !== undefined) throw bad('history.sum', record['sum'], 'nothing');
  const ids = [
    ...list('history.accepted', record['accepted']),
    ...list('history.missing', record['missing']),
    ...list('history.rejected', record['rejected']).map((rejection) => {
      const { client, reason } = object('history.rejected', rejection, ['client', 'reason']);
      text('history.rejected.reason', reason);
      return client;
    }),
  ];
  const counted = new Set(ids);
  if (ids.length !== plan.clients.length || !plan.clients.every((client) => counted.has(client)))
    throw bad(`history[${index}]`, ids, 'every client once');
  const accepted = list('history.accepted', record['accepted']).length;
  if ((record['outcome'] === 'applied') !== accepted >= plan.cohortMinimum)
    throw bad(`history[${index}].accepted`, accepted, `an applied round to have ≥ ${plan.cohortMinimum}`);
  return record as unknown as RoundRecord;
}
