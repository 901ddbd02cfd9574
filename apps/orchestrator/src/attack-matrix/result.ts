import {
  type CellResult,
  type ControlOutcome,
  controls,
  firstRound,
  GATE_POLICIES,
  gatePolicy,
  reveals,
  type TableRow,
  tableOf,
} from '@zkfl/attacks';
import type { Agreement, ProvenRun } from './agreement.ts';
import type { HarvestRow } from './harvest.ts';
import type { InversionRow } from './inversion.ts';
import type { MembershipRow } from './membership.ts';
import type { MatrixConfig } from './plan.ts';

/** What a rule of a policy says about itself. */
export interface PolicyNote {
  readonly policy: string;
  readonly rule: string;
  readonly reveals: string;
  readonly firstRound: string;
}

export interface PrivacyResult {
  /** Absent without PneumoniaMNIST: `inversionSkipped` says so. */
  readonly inversion?: readonly InversionRow[];
  readonly inversionSkipped?: string;
  readonly membership: readonly MembershipRow[];
  readonly harvest: readonly HarvestRow[];
}

export interface Verdict {
  readonly claim: string;
  readonly holds: boolean;
  readonly detail: string;
}

/** What `zkfl attack --json` writes. */
export interface MatrixResult {
  readonly config: MatrixConfig & { readonly version: string; readonly threads: number };
  readonly cells: readonly CellResult[];
  /** Mean ± std over the seeds. */
  readonly table: readonly TableRow[];
  readonly controls: readonly ControlOutcome[];
  readonly verdicts: readonly Verdict[];
  readonly policies: readonly PolicyNote[];
  /** The gates' integer predicate beside real proofs; absent where not asked for. */
  readonly proofs?: readonly Agreement[];
  /** Whole runs decided by real proofs. */
  readonly provenRuns?: readonly ProvenRun[];
  readonly privacy?: PrivacyResult;
  readonly seconds: number;
}

/** Attacks that every gate policy must reject in every round. */
const BLATANT = ['gaussian', 'prefix-512', 'scaling', 'model-replacement'];
const SUBTLE = ['sign-flip', 'ipm', 'alie', 'min-max', 'label-flip', 'backdoor', 'adaptive'];
/** Accuracy that an attack may cost, and honest rejections that a policy may cause. */
const POINTS = 0.03;
const FALSE_REJECTIONS = 0.01;

const isGate = (name: string): boolean => Object.hasOwn(GATE_POLICIES, name);

/** What each gate policy in `names` reveals and does first. */
export function policyNotes(names: readonly string[]): PolicyNote[] {
  return names.filter(isGate).flatMap((policy) =>
    gatePolicy(policy).rules.map((rule) => ({
      policy,
      rule: rule.kind,
      reveals: reveals(rule),
      firstRound: firstRound(rule),
    })),
  );
}

/** Table, controls and verdicts of finished cells. */
export function judgeMatrix(cells: readonly CellResult[]): Pick<MatrixResult, 'table' | 'controls' | 'verdicts'> {
  const table = tableOf(cells);
  return { table, controls: controls(cells), verdicts: verdictsOf(cells, table) };
}

function verdictsOf(cells: readonly CellResult[], table: readonly TableRow[]): Verdict[] {
  const verdicts: Verdict[] = [];
  const gated = cells.filter((cell) => isGate(cell.defence) && cell.defence !== 'norm-frozen');
  if (gated.length === 0) return verdicts;
  const blatant = gated.filter((cell) => BLATANT.includes(cell.attack));
  if (blatant.length > 0) {
    const missed = blatant.filter((cell) => cell.tpr !== 1);
    verdicts.push({
      claim:
        'Gaussian, prefix poison, scaling and model replacement are rejected in every round by every adaptive policy',
      holds: missed.length === 0,
      detail: `${blatant.length - missed.length} of ${blatant.length} runs${named(missed)}`,
    });
  }
  const falseRate = gated.reduce((sum, cell) => sum + (cell.fpr ?? 0), 0) / gated.length;
  verdicts.push({
    claim: 'At most 1 % of honest updates are rejected under gates',
    holds: falseRate <= FALSE_REJECTIONS,
    detail: `${(100 * falseRate).toFixed(3)} % over ${gated.length} runs`,
  });
  const empty = gated.filter((cell) => cell.rejectedAll > 0);
  verdicts.push({
    claim: 'No run under gates has a round that rejects everyone',
    holds: empty.length === 0,
    detail: `${gated.length - empty.length} of ${gated.length} runs${named(empty)}`,
  });
  for (const { data, partition } of unique(table))
    for (const attack of SUBTLE) {
      const rows = table.filter((row) => row.data === data && row.partition === partition && row.attack === attack);
      const ours = rows.find((row) => row.defence === 'recommended');
      if (ours?.drop === undefined) continue;
      const rules = rows.filter((row) => row.defence !== 'none' && !isGate(row.defence) && row.drop !== undefined);
      const best = rules.toSorted((a, b) => a.drop!.mean - b.drop!.mean)[0];
      const reachable = best !== undefined && best.drop!.mean <= POINTS;
      const points = (row: TableRow) => `${(100 * row.drop!.mean).toFixed(1)} ± ${(100 * row.drop!.std).toFixed(1)}`;
      verdicts.push({
        claim: `${attack} costs at most 3 points under the recommended gates (${data}, ${partition})`,
        holds: ours.drop.mean <= POINTS,
        detail:
          `${points(ours)} points` +
          (best === undefined
            ? ''
            : `; best plaintext rule ${best.defence} ${points(best)}${reachable ? '' : ', not within 3 either'}`) +
          (ours.asr === undefined ? '' : `; success rate ${(100 * ours.asr.mean).toFixed(0)} %`),
      });
    }
  return verdicts;
}

const named = (cells: readonly CellResult[]): string =>
  cells.length === 0
    ? ''
    : `, not: ${cells
        .slice(0, 5)
        .map((cell) => `${cell.attack}/${cell.defence}/${cell.data}/${cell.partition}/seed ${cell.seed}`)
        .join(', ')}${cells.length > 5 ? ', …' : ''}`;

function unique(table: readonly TableRow[]): { readonly data: string; readonly partition: string }[] {
  const seen = new Map(table.map(({ data, partition }) => [`${data}/${partition}`, { data, partition }]));
  return [...seen.values()];
}

/** One line a cell; every field quoted where it needs to be. */
export function csvOf(cells: readonly CellResult[]): string {
  const columns = [
    'attack',
    'defence',
    'data',
    'partition',
    'seed',
    'accuracy',
    'loss',
    'asr',
    'tpr',
    'fpr',
    'rejectedAll',
    'diverged',
    'seconds',
  ] as const;
  const field = (value: unknown) => {
    const text = value === null || value === undefined ? '' : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${[columns.join(','), ...cells.map((cell) => columns.map((name) => field(cell[name])).join(','))].join('\n')}\n`;
}
