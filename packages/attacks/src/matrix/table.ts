import { type Summary, summarise } from '../metrics/summary.ts';
import type { CellResult } from './cell.ts';

/** One attack against one defence on one partition, over the seeds. */
export interface TableRow {
  readonly attack: string;
  readonly defence: string;
  readonly data: string;
  readonly partition: string;
  readonly seeds: readonly number[];
  readonly accuracy: Summary;
  /** Undefended, attack-free accuracy minus this, same seeds; absent where the matrix has no attack-free cells. */
  readonly drop?: Summary;
  readonly asr?: Summary;
  readonly tpr?: Summary;
  readonly fpr?: Summary;
  /** Rounds that accepted nobody, all seeds together. */
  readonly rejectedAll: number;
  readonly diverged: number;
}

/** Mean ± std rows of a matrix, in the order in which its cells first appear. */
export function tableOf(cells: readonly CellResult[]): TableRow[] {
  const seedKey = (cell: CellResult) => `${cell.data}/${cell.partition}/${cell.seed}`;
  const clean = new Map(
    cells.filter((c) => c.attack === 'none' && c.defence === 'none').map((c) => [seedKey(c), c.accuracy]),
  );
  const groups = new Map<string, CellResult[]>();
  for (const cell of cells) {
    const name = [cell.data, cell.partition, cell.attack, cell.defence].join('/');
    groups.set(name, [...(groups.get(name) ?? []), cell]);
  }
  return [...groups.values()].map((group) => {
    const [{ attack, defence, data, partition }] = group as [CellResult];
    const numbers = (of: (cell: CellResult) => number | null | undefined) =>
      group.map(of).filter((value) => value !== null && value !== undefined);
    const optional = (name: string, values: readonly number[]) =>
      values.length === 0 ? {} : { [name]: summarise(values) };
    return {
      attack,
      defence,
      data,
      partition,
      seeds: group.map((cell) => cell.seed),
      accuracy: summarise(group.map((cell) => cell.accuracy)),
      ...optional(
        'drop',
        numbers((cell) => minus(clean.get(seedKey(cell)), cell.accuracy)),
      ),
      ...optional(
        'asr',
        numbers((cell) => cell.asr),
      ),
      ...optional(
        'tpr',
        numbers((cell) => cell.tpr),
      ),
      ...optional(
        'fpr',
        numbers((cell) => cell.fpr),
      ),
      rejectedAll: group.reduce((sum, cell) => sum + cell.rejectedAll, 0),
      diverged: group.filter((cell) => cell.diverged).length,
    };
  });
}

const minus = (a: number | undefined, b: number): number | undefined => (a === undefined ? undefined : a - b);
