import type { Rational } from './integers.ts';

/** σ_bin² of the base sampler: every width is an integer multiple of σ_bin. */
export const SIGMA_BIN_SQUARED: Rational = Object.freeze({ num: 1n, den: 2n });
