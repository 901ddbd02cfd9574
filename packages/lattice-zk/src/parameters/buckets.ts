import { LatticeZkError } from '../errors.ts';
import { isqrt } from './integers.ts';
import type { ParameterSet } from './sets.ts';

/** Number of listed norm bounds: β from 2⁴ to 2²² in steps of 2^{1/8}. */
export const BETA_BUCKETS = 145;

/**
 * β² of bucket `index`: ⌊2^{8 + index/4}⌋, an integer, so β = 2^{4 + index/8} to within 1/β.
 * @throws LatticeZkError code `parameters`
 */
export function betaSquaredOf(index: number): bigint {
  if (!Number.isInteger(index) || index < 0 || index >= BETA_BUCKETS) {
    throw new LatticeZkError({
      code: 'parameters',
      operation: 'betaSquaredOf',
      field: 'index',
      got: index,
      want: `an integer 0…${BETA_BUCKETS - 1}`,
    });
  }
  return isqrt(isqrt(1n << BigInt(32 + index)));
}

/**
 * The bucket that an update of D coordinates uses unless a policy says otherwise: the smallest β ≥ 2⁸·√D, or the
 * set's largest bucket where that is less.
 */
export function defaultBetaIndex(set: ParameterSet, dimension: number): number {
  if (!Number.isInteger(dimension) || dimension < 1) {
    throw new LatticeZkError({
      code: 'parameters',
      operation: 'defaultBetaIndex',
      field: 'dimension',
      got: dimension,
      want: 'a positive integer',
    });
  }
  const target = BigInt(dimension) << 16n;
  for (let index = 0; index < set.maxBetaIndex; index++) if (betaSquaredOf(index) >= target) return index;
  return set.maxBetaIndex;
}
