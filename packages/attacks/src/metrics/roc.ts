import { AttackError } from '../errors.ts';

export interface RocInput {
  /** Scores of the positives; higher means "positive". */
  readonly positives: ArrayLike<number>;
  readonly negatives: ArrayLike<number>;
}

/** Area under the ROC curve (Mann–Whitney): P(positive > negative) + ½·P(equal). */
export function areaUnderRoc(input: RocInput): number {
  const { positives, negatives } = checked('areaUnderRoc', input);
  let wins = 0;
  let below = 0;
  let upTo = 0;
  for (const score of positives) {
    while (below < negatives.length && negatives[below]! < score) below++;
    while (upTo < negatives.length && negatives[upTo]! <= score) upTo++;
    wins += (below + upTo) / 2;
  }
  return wins / (positives.length * negatives.length);
}

/**
 * The largest share of positives above a threshold that at most `fpr` (0–1) of the negatives exceed. Ties at the
 * threshold count as negative: the rate is never optimistic.
 */
export function truePositiveRateAt(input: RocInput, fpr: number): number {
  const { positives, negatives } = checked('truePositiveRateAt', input);
  const allowed = Math.floor(fpr * negatives.length);
  const threshold = allowed >= negatives.length ? Number.NEGATIVE_INFINITY : negatives[negatives.length - 1 - allowed]!;
  return positives.filter((score) => score > threshold).length / positives.length;
}

/** Both sorted ascending. */
function checked(operation: string, input: RocInput): { positives: Float64Array; negatives: Float64Array } {
  const positives = Float64Array.from(input.positives).sort();
  const negatives = Float64Array.from(input.negatives).sort();
  for (const [field, values] of Object.entries({ positives, negatives }))
    if (values.length === 0 || values.some(Number.isNaN))
      throw new AttackError('argument', { operation, field, got: values.length, want: 'scores, at least one, no NaN' });
  return { positives, negatives };
}
