import { AttackError, requireInteger, requireNumber } from '../errors.ts';
import { cosine, euclideanNorm, median, plus, requireUpdates, squaredDistance } from '../vectors.ts';
import { weightedSum } from './geometric-median.ts';
import { asRule, type RobustRule } from './rule.ts';

/**
 * v ← v + mean of (x − v)·min(1, ρ/‖x − v‖), from the previous aggregate (zero in the first round). `radius`: ρ > 0,
 * default the median distance to v.
 */
export function centredClipping(options: { readonly radius?: number; readonly iterations?: number } = {}): RobustRule {
  const { radius, iterations = 3 } = options;
  if (radius !== undefined) requireNumber('centred-clipping', 'radius', radius, Number.MIN_VALUE);
  requireInteger('centred-clipping', 'iterations', iterations, 1);
  const citation = 'Karimireddy, He, Jaggi: Learning from history for Byzantine robust optimization, ICML 2021';
  return asRule('centred-clipping', citation, ({ updates, previous }) => {
    const size = requireUpdates('centred-clipping', updates);
    let centre: Float32Array<ArrayBuffer> = previous ? new Float32Array(previous) : new Float32Array(size);
    let weights: number[] = [];
    for (let step = 0; step < iterations; step++) {
      const distances = updates.map((update) => Math.sqrt(squaredDistance(update, centre)));
      const bound = radius ?? median(distances);
      weights = distances.map((distance) => Math.min(1, bound / Math.max(distance, Number.MIN_VALUE)) / updates.length);
      const kept = 1 - weights.reduce((sum, weight) => sum + weight, 0);
      centre = plus(weightedSum(updates, weights), centre, kept);
    }
    return { aggregate: centre, weights };
  });
}

/** Cosine to a trusted update, cut at 0, weighs updates scaled to the trusted update's length. */
export function flTrust(): RobustRule {
  const citation = 'Cao, Fang, Liu, Gong: FLTrust, NDSS 2021';
  return asRule('fltrust', citation, ({ updates, trusted }) => {
    const size = requireUpdates('fltrust', updates);
    if (trusted === undefined || trusted.length !== size)
      throw new AttackError('argument', {
        operation: 'fltrust',
        field: 'trusted',
        got: trusted?.length ?? 'nothing',
        want: `an update of ${size} coordinates`,
      });
    const length = euclideanNorm(trusted);
    const trust = updates.map((update) => Math.max(0, cosine(update, trusted)));
    const total = trust.reduce((sum, value) => sum + value, 0);
    if (total === 0) return { aggregate: new Float32Array(size), weights: trust };
    const weights = trust.map((value) => value / total);
    const factors = updates.map((update, i) => (weights[i]! * length) / Math.max(euclideanNorm(update), 1e-30));
    return { aggregate: weightedSum(updates, factors), weights };
  });
}

/** Clients whose histories look alike lose weight: made against sybils, not against one lone attacker. */
export function foolsGold(): RobustRule {
  const citation = 'Fung, Yoon, Beschastnikh: The limitations of federated learning in sybil settings, RAID 2020';
  return asRule('foolsgold', citation, ({ updates, history }) => {
    requireUpdates('foolsgold', updates);
    const weights = foolsGoldWeights(history ?? updates);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const shares = weights.map((weight) => (total > 0 ? weight / total : 1 / updates.length));
    return { aggregate: weightedSum(updates, shares), weights: shares };
  });
}

function foolsGoldWeights(history: readonly Float32Array[]): number[] {
  const similar = history.map((a, i) => history.map((b, j) => (i === j ? Number.NEGATIVE_INFINITY : cosine(a, b))));
  const most = similar.map((row) => Math.max(...row));
  const weights = similar.map((row, i) => {
    // Pardoning: a client that others imitate is not punished as hard as the imitators.
    const adjusted = row.map((value, j) => (most[j]! > most[i]! ? (value * most[i]!) / most[j]! : value));
    return Math.min(1, Math.max(0, 1 - Math.max(...adjusted)));
  });
  const largest = Math.max(...weights);
  if (!(largest > 0)) return weights;
  return weights.map((weight) => {
    const share = weight / largest;
    if (share >= 1) return 1;
    return share <= 0 ? 0 : Math.min(1, Math.max(0, Math.log(share / (1 - share)) + 0.5));
  });
}
