import { AttackError, requireInteger } from '../errors.ts';
import { median, requireUpdates } from '../vectors.ts';
import { asRule, type RobustRule } from './rule.ts';

const CITATION = 'Yin, Chen, Ramchandran, Bartlett: Byzantine-robust distributed learning, ICML 2018';

/** The median of every coordinate. */
export function coordinateMedian(): RobustRule {
  return asRule('median', CITATION, ({ updates }) => perCoordinate('median', updates, median));
}

/** The mean of every coordinate without its `malicious` largest and smallest values. Needs n > 2·malicious. */
export function trimmedMean(options: { readonly malicious: number }): RobustRule {
  const { malicious } = options;
  requireInteger('trimmed-mean', 'malicious', malicious, 0);
  return asRule('trimmed-mean', CITATION, ({ updates }) => {
    if (updates.length <= 2 * malicious)
      throw new AttackError('argument', {
        operation: 'trimmed-mean',
        field: 'clients',
        got: updates.length,
        want: `more than 2f = ${2 * malicious}`,
      });
    return perCoordinate('trimmed-mean', updates, (column) => {
      const kept = column.sort().subarray(malicious, column.length - malicious);
      return kept.reduce((sum, value) => sum + value, 0) / kept.length;
    });
  });
}

/** `rule` may reorder its column. */
function perCoordinate(
  operation: string,
  updates: readonly Float32Array[],
  rule: (column: Float64Array) => number,
): { aggregate: Float32Array<ArrayBuffer>; weights: number[] } {
  const aggregate = new Float32Array(requireUpdates(operation, updates));
  const column = new Float64Array(updates.length);
  for (let i = 0; i < aggregate.length; i++) {
    for (let client = 0; client < column.length; client++) column[client] = updates[client]![i]!;
    aggregate[i] = rule(column);
  }
  return { aggregate, weights: updates.map(() => 1 / updates.length) };
}
