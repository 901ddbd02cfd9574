import { AttackError, requireInteger } from '../errors.ts';
import { median, requireUpdates } from '../vectors.ts';
import { bestFirst } from './krum.ts';
import { asRule, equalWeights, type RobustRule } from './rule.ts';

/**
 * Krum chooses θ = n − 2f updates one by one; then every coordinate is the mean of the θ − 2f values nearest to its
 * median. Needs n ≥ 4f + 3.
 */
export function bulyan(options: { readonly malicious: number }): RobustRule {
  const { malicious } = options;
  requireInteger('bulyan', 'malicious', malicious, 0);
  const citation = 'El Mhamdi, Guerraoui, Rouault: The hidden vulnerability of distributed learning, ICML 2018';
  return asRule('bulyan', citation, ({ updates }) => {
    const size = requireUpdates('bulyan', updates);
    if (updates.length < 4 * malicious + 3)
      throw new AttackError('argument', {
        operation: 'bulyan',
        field: 'clients',
        got: updates.length,
        want: `at least 4f + 3 = ${4 * malicious + 3}`,
      });
    const selected = updates.length - 2 * malicious;
    const remaining = updates.map((_, client) => client);
    const chosen: number[] = [];
    while (chosen.length < selected) {
      const neighbours = Math.max(1, remaining.length - malicious - 2);
      const best = bestFirst(
        remaining.map((client) => updates[client]!),
        neighbours,
      )[0]!;
      chosen.push(...remaining.splice(best, 1));
    }
    const kept = selected - 2 * malicious;
    const aggregate = new Float32Array(size);
    const column = new Float64Array(selected);
    for (let i = 0; i < size; i++) {
      for (const [at, client] of chosen.entries()) column[at] = updates[client]![i]!;
      const middle = median(column);
      column.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
      let sum = 0;
      for (let at = 0; at < kept; at++) sum += column[at]!;
      aggregate[i] = sum / kept;
    }
    return { aggregate, weights: equalWeights(updates.length, chosen) };
  });
}
