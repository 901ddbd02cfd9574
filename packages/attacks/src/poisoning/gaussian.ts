import type { PoisoningAttack } from '../attack.ts';
import { AttackError, refuseUnknownOptions } from '../errors.ts';

/** Deviation that the published experiment uses, a coordinate. */
export const PUBLISHED_DEVIATION = 50;

export interface GaussianOptions {
  /** Standard deviation a coordinate, > 0; default 50. */
  readonly deviation?: number;
}

/** N(0, deviation²) in every coordinate instead of an update: norm ≈ deviation · √D. */
export function gaussian(options: GaussianOptions = {}): PoisoningAttack {
  refuseUnknownOptions('gaussian', options, ['deviation']);
  const { deviation = PUBLISHED_DEVIATION } = options;
  return {
    ...noiseFrom('gaussian', 0, deviation),
    citation: 'the attack of the published experiment, arXiv 2603.03398',
  };
}

export interface PrefixPoisonOptions extends GaussianOptions {
  /** Coordinates 0 … prefix − 1 stay zero; an integer ≥ 0. */
  readonly prefix: number;
}

/**
 * The Gaussian attack outside the first `prefix` coordinates, which stay zero: a defence that looks at a prefix of the
 * update sees a client that did nothing.
 */
export function prefixPoison(options: PrefixPoisonOptions): PoisoningAttack {
  refuseUnknownOptions('prefixPoison', options, ['deviation', 'prefix']);
  const { deviation = PUBLISHED_DEVIATION, prefix } = options;
  if (!Number.isSafeInteger(prefix) || prefix < 0)
    throw new AttackError('argument', {
      operation: 'prefixPoison',
      field: 'prefix',
      got: prefix,
      want: 'an integer ≥ 0',
    });
  return {
    ...noiseFrom(`prefix-${prefix}`, prefix, deviation),
    citation: 'defeats the public code of arXiv 2603.03398, which proves 256 and encrypts 512 coordinates',
  };
}

function noiseFrom(name: string, prefix: number, deviation: number): Omit<PoisoningAttack, 'citation'> {
  if (!(deviation > 0 && deviation < Number.POSITIVE_INFINITY))
    throw new AttackError('argument', { operation: name, field: 'deviation', got: deviation, want: '> 0, finite' });
  return {
    name,
    adversary: { controls: 'one client', sees: 'nothing' },
    goal: 'ruin',
    poison: ({ weights, rng }) => {
      const update = new Float32Array(weights.length);
      for (let i = prefix; i < update.length; i++) update[i] = rng.normal(0, deviation);
      return update;
    },
  };
}
