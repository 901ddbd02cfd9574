import { requireInteger } from '../errors.ts';

/**
 * The listed norm bounds: β(i) = 2^{4 + i/8}, i = 0 … 144, with β² = ⌊2^{8 + i/4}⌋ an integer. A client proves that it is
 * below one listed bound; the index is public.
 */
export const LADDER_SIZE = 145;

/** Eight entries are one octave; a coarse bucket is half an octave wide, so one proof tells the norm to a factor √2. */
export const COARSE_STEP = 4;

/** β² of entry `index`, exact. */
export function ladderSquared(index: number): bigint {
  requireInteger('ladder', 'index', index, 0, LADDER_SIZE - 1);
  return integerRoot(integerRoot(1n << BigInt(32 + index)));
}

/** β of entry `index`, rounded to float64. */
export const ladderBound = (index: number): number => Math.sqrt(Number(ladderSquared(index)));

/** The smallest entry with β ≥ 2⁸·√dimension, or the last one of `largest`: the scale that quantisation aims at. */
export function defaultLadderIndex(dimension: number, largest: number = LADDER_SIZE - 1): number {
  requireInteger('ladder', 'dimension', dimension, 1);
  const target = BigInt(dimension) << 16n;
  for (let index = 0; index < largest; index++) if (ladderSquared(index) >= target) return index;
  return largest;
}

/** ⌊√value⌋ by Newton's iteration. */
export function integerRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
