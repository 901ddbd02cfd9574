import { requireInteger } from '../errors.ts';
import { mean, requireUpdates, squaredDistance } from '../vectors.ts';
import { asRule, type RobustRule } from './rule.ts';

const CITATION = 'Pillutla, Kakade, Harchaoui: Robust aggregation for federated learning, IEEE TSP 2022';

/** Smoothed Weiszfeld iterations from the mean; `iterations` ≥ 1, default 32. */
export function geometricMedian(options: { readonly iterations?: number } = {}): RobustRule {
  const { iterations = 32 } = options;
  requireInteger('geometric-median', 'iterations', iterations, 1);
  return asRule('geometric-median', CITATION, ({ updates }) => {
    requireUpdates('geometric-median', updates);
    let centre: Float32Array<ArrayBuffer> = mean(updates);
    let weights = updates.map(() => 1 / updates.length);
    for (let step = 0; step < iterations; step++) {
      // The floor keeps a centre that sits on an update from dividing by 0.
      const inverse = updates.map((update) => 1 / Math.max(Math.sqrt(squaredDistance(update, centre)), 1e-9));
      const total = inverse.reduce((sum, value) => sum + value, 0);
      weights = inverse.map((value) => value / total);
      centre = weightedSum(updates, weights);
    }
    return { aggregate: centre, weights };
  });
}

/** Σ weights[i] · updates[i]. */
export function weightedSum(updates: readonly Float32Array[], weights: readonly number[]): Float32Array<ArrayBuffer> {
  const sum = new Float64Array(updates[0]!.length);
  for (const [client, update] of updates.entries()) {
    const weight = weights[client]!;
    if (weight === 0) continue;
    for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + weight * update[i]!;
  }
  return Float32Array.from(sum);
}
