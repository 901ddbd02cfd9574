import { poisoningAttack } from '../poisoning/catalogue.ts';
import type { CellResult } from './cell.ts';

/** Least loss of accuracy by which an attack has ruined an undefended run. */
export const RUIN = 0.05;
/** Least success rate, and least gain over an honest model's, by which a backdoor has won. */
export const BACKDOOR = 0.5;

/** Did the attack win where nothing stood in its way? What it does to a defence means nothing otherwise. */
export interface ControlOutcome {
  readonly attack: string;
  readonly data: string;
  readonly partition: string;
  readonly won: boolean;
  readonly criterion: string;
  /** Mean over the seeds of what the criterion measures. */
  readonly measured: number;
  readonly seeds: number;
}

/**
 * The controls of a matrix: each attack's undefended cells beside the attack-free ones of the same data, partition and
 * seed. Attacks without undefended cells have no control and are left out.
 */
export function controls(cells: readonly CellResult[]): ControlOutcome[] {
  const undefended = cells.filter((cell) => cell.defence === 'none');
  const key = (cell: CellResult) => `${cell.data}/${cell.partition}/${cell.seed}`;
  const attackFree = new Map(undefended.filter((cell) => cell.attack === 'none').map((cell) => [key(cell), cell]));
  const groups = new Map<string, CellResult[]>();
  for (const cell of undefended) {
    if (cell.attack === 'none' || !attackFree.has(key(cell))) continue;
    const name = `${cell.attack}/${cell.data}/${cell.partition}`;
    groups.set(name, [...(groups.get(name) ?? []), cell]);
  }
  return [...groups.values()].map((group) => {
    const [{ attack, data, partition }] = group as [CellResult];
    const { goal } = poisoningAttack(attack);
    const average = (of: (cell: CellResult) => number) => group.reduce((sum, cell) => sum + of(cell), 0) / group.length;
    const base = { attack, data, partition, seeds: group.length };
    if (goal === 'targeted') {
      const measured = average((cell) => cell.asr ?? 0);
      const honest = average((cell) => attackFree.get(key(cell))!.asr ?? 0);
      const won = measured >= BACKDOOR && measured - honest >= BACKDOOR / 2;
      return {
        ...base,
        won,
        criterion: `success rate ≥ ${BACKDOOR} and ≥ ${BACKDOOR / 2} above an honest model's`,
        measured,
      };
    }
    if (goal === 'none') {
      const measured = 1 - average((cell) => cell.tpr ?? 0);
      return { ...base, won: measured === 1, criterion: 'accepted in every round', measured };
    }
    const measured = average((cell) => attackFree.get(key(cell))!.accuracy - cell.accuracy);
    return { ...base, won: measured >= RUIN, criterion: `accuracy falls by ≥ ${RUIN}`, measured };
  });
}
