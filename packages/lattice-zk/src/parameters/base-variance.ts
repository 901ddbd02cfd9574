import { GAUSSIAN_LIMIT, SIGMA_BIN_SQUARED as SAMPLER_VARIANCE } from '../ring/gaussian.ts';
import type { Rational } from './integers.ts';

/** σ_bin² of the sampler: every width is an integer multiple of σ_bin, so every σ² is an exact rational. */
export const SIGMA_BIN_SQUARED: Rational = Object.freeze({ num: SAMPLER_VARIANCE, den: 1n });

/** The sampler takes multipliers k below this, so every σ is below 2³². */
export const MULTIPLIER_LIMIT: bigint = GAUSSIAN_LIMIT;
