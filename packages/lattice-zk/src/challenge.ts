import { type ChallengeShape, isqrt } from './parameters.ts';

/** c = Σ ε·(W^i − W^{n−i}), i in W order: `positions[j]` has sign `signs[j]`; both signs of a pair are listed. */
export interface Challenge {
  readonly positions: Int32Array;
  readonly signs: Int32Array;
}

/** What a challenge is read from: an endless stream that the seed determines. */
export interface ByteStream {
  squeeze(length: number): Uint8Array;
}

const COSINE_SCALE_BITS = 20n;
const FIXED_BITS = 160n;
const tables = new Map<number, Int32Array>();

/** round(2²⁰·cos(πj/n)) for 0 ≤ j < 2n, by integer arithmetic: every engine has the same table. */
export function cosineTable(n: number): Int32Array {
  const known = tables.get(n);
  if (known !== undefined) return known;
  const one = 1n << FIXED_BITS;
  // Half angles from cos(π/2) = 0 down to π/n; each root loses less than 2⁻¹⁵⁹, the recurrence at most 2n·2⁻¹⁵⁸.
  let cosine = 0n;
  for (let m = 2; m < n; m *= 2) cosine = isqrt(((one + cosine) << FIXED_BITS) / 2n);
  const sine = isqrt((one << FIXED_BITS) - cosine * cosine);
  const table = new Int32Array(2 * n);
  const shift = FIXED_BITS - COSINE_SCALE_BITS;
  const half = 1n << (shift - 1n);
  let re = one;
  let im = 0n;
  for (let j = 0; j < 2 * n; j++) {
    table[j] = Number((re + half) >> shift);
    const next = (re * cosine - im * sine) >> FIXED_BITS;
    im = (re * sine + im * cosine) >> FIXED_BITS;
    re = next;
  }
  tables.set(n, table);
  return table;
}

/**
 * The challenge that a stream determines: candidates are read one after the other and the first with operator norm at
 * most η is kept, so that a dropped one costs no fresh randomness of the prover.
 *
 * Every draw reads four bytes, little-endian: the lowest log2(n/4) bits are b, bit 31 is the sign (1 is −). First
 * the even pairs, i = 2b, redrawn while b = 0 or i was drawn before; then the odd pairs, i = 2b+1, redrawn while i was
 * drawn before.
 */
export function sampleChallenge(n: number, shape: ChallengeShape, stream: ByteStream): Challenge {
  for (;;) {
    const indices: number[] = [];
    const signs: number[] = [];
    drawPairs(n, stream, 0, shape.evenPairs, indices, signs);
    drawPairs(n, stream, 1, shape.oddPairs, indices, signs);
    if (operatorNormWithin(n, shape.eta, indices, signs)) return challengeOf(n, indices, signs);
  }
}

/** c of the chosen pairs; positions in W order. */
export function challengeOf(n: number, indices: readonly number[], signs: readonly number[]): Challenge {
  const positions = new Int32Array(2 * indices.length);
  const values = new Int32Array(2 * indices.length);
  indices.forEach((index, j) => {
    positions[2 * j] = index;
    values[2 * j] = signs[j]!;
    positions[2 * j + 1] = n - index;
    values[2 * j + 1] = -signs[j]!;
  });
  return { positions, signs: values };
}

/** max_k |2·Σ ε_i·cos(πi(2k+1)/n)| ≤ η, k < n/2 (the other half mirrors it). */
export function operatorNormWithin(
  n: number,
  eta: number,
  indices: readonly number[],
  signs: readonly number[],
): boolean {
  const table = cosineTable(n);
  // Each of the rounded cosines is off by at most 1/2, so the bound is lowered by one unit a pair.
  const limit = eta * 2 ** Number(COSINE_SCALE_BITS) - indices.length;
  const mask = 2 * n - 1;
  for (let k = 0; k < n / 2; k++) {
    let sum = 0;
    for (let j = 0; j < indices.length; j++) sum += signs[j]! * table[(indices[j]! * (2 * k + 1)) & mask]!;
    if (2 * Math.abs(sum) > limit) return false;
  }
  return true;
}

function drawPairs(
  n: number,
  stream: ByteStream,
  parity: 0 | 1,
  count: number,
  indices: number[],
  signs: number[],
): void {
  const mask = n / 4 - 1;
  for (let drawn = 0; drawn < count; ) {
    const bytes = stream.squeeze(4);
    const index = 2 * ((bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16)) & mask) + parity;
    if (index === 0 || indices.includes(index)) continue;
    indices.push(index);
    signs.push(bytes[3]! >>> 7 === 1 ? -1 : 1);
    drawn++;
  }
}
