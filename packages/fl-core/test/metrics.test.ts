import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluatePredictions, rocAuc } from '../src/index.ts';

/** The definition: share of (positive, negative) pairs in the right order, ties counted half. */
function pairwise(scores: readonly number[], positive: readonly boolean[]): number | undefined {
  let pairs = 0;
  let right = 0;
  for (const [i, p] of positive.entries())
    for (const [j, q] of positive.entries())
      if (p && !q) {
        pairs++;
        right += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0;
      }
  return pairs === 0 ? undefined : right / pairs;
}

describe('AUC', () => {
  it('equals the share of rightly ordered pairs', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.boolean()), { maxLength: 40 }), (rows) => {
        const scores = rows.map(([score]) => score);
        const positive = rows.map(([, p]) => p);
        const want = pairwise(scores, positive);
        const got = rocAuc(scores, positive);
        if (want === undefined) expect(got).toBeUndefined();
        else expect(got).toBeCloseTo(want, 12);
      }),
    );
  });
});

describe('evaluation', () => {
  it('two classes: accuracy, loss, AUC of class 1', () => {
    const result = evaluatePredictions(Float32Array.of(0.75, 0.25, 0.5, 0.5, 0.25, 0.75, 0.75, 0.25), [0, 0, 1, 1], 2);
    expect(result.accuracy).toBe(0.75);
    expect(result.loss).toBeCloseTo(-(Math.log(0.75) + Math.log(0.5) + Math.log(0.75) + Math.log(0.25)) / 4, 6);
    expect(result.auc).toBe(0.625);
    expect(result.samples).toBe(4);
  });

  it('three classes: macro one-vs-rest; none where a class has no sample', () => {
    const sure = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
    expect(evaluatePredictions(sure, [0, 1, 2], 3)).toMatchObject({ accuracy: 1, auc: 1, loss: 0 });
    expect(evaluatePredictions(sure, [0, 1, 1], 3)).not.toHaveProperty('auc');
  });

  it('a ruined model has finite metrics', () => {
    const ruined = Float32Array.of(Number.NaN, Number.NaN, 0, 1);
    const result = evaluatePredictions(ruined, [1, 0], 2);
    expect(Number.isFinite(result.loss)).toBe(true);
    expect(result.accuracy).toBe(0);
    expect(result.auc).toBe(0);
  });

  it('refuses a table of another size', () => {
    expect(() => evaluatePredictions(new Float32Array(5), [0, 1], 2)).toThrow('probabilities: got 5');
  });
});
