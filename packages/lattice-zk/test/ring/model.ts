import { turboshake128, turboshake256 } from '@noble/hashes/sha3-addons.js';

/** Plain BigInt model of the rings: elements are lists of n W-coefficients in [0, q). */
export type Poly = bigint[];

export const mod = (x: bigint, q: bigint): bigint => ((x % q) + q) % q;

/** W-coefficients <-> split order. */
export const toSplit = <T>(list: readonly T[]): T[] => [
  ...list.filter((_, i) => i % 2 === 0),
  ...list.filter((_, i) => i % 2 === 1),
];
export const fromSplit = <T>(list: readonly T[]): T[] =>
  list.map((_, i) => list[(i % 2) * (list.length / 2) + (i >> 1)]!);

export const add = (a: Poly, b: Poly, q: bigint): Poly => a.map((x, i) => mod(x + b[i]!, q));
export const scale = (a: Poly, s: bigint, q: bigint): Poly => a.map((x) => mod(x * s, q));

/** Schoolbook product modulo W^n + 1 and q. */
export function mul(a: Poly, b: Poly, q: bigint): Poly {
  const n = a.length;
  const out = new Array<bigint>(n).fill(0n);
  a.forEach((x, i) => {
    if (x === 0n) return;
    b.forEach((y, j) => {
      const k = i + j;
      if (k < n) out[k]! += x * y;
      else out[k - n]! -= x * y;
    });
  });
  return out.map((x) => mod(x, q));
}

/** W -> W^-1. */
export const sigma = (a: Poly, q: bigint): Poly => a.map((_, i) => (i === 0 ? a[0]! : mod(-a[a.length - i]!, q)));

export const center = (x: bigint, q: bigint): bigint => (mod(x, q) > q / 2n ? mod(x, q) - q : mod(x, q));

/** Column bytes of the projection matrix, as documented at `expandR`. */
export function expandR(n: number, seed: Uint8Array, purpose: number, index: number): Uint8Array {
  const message = new Uint8Array(seed.length + 6);
  message.set(seed);
  message[seed.length] = purpose;
  new DataView(message.buffer).setUint32(seed.length + 1, index, true);
  const out = new Uint8Array(64 * n);
  for (const half of [0, 1]) {
    message[seed.length + 5] = half;
    out.set(turboshake128(message, { D: 0x1f, dkLen: 32 * n }), half * 32 * n);
  }
  return out;
}

/** Entry of row i, column j (split order): bit a - bit b. */
export function entryR(bytes: Uint8Array, n: number, i: number, j: number): number {
  const at = (group: number) => (bytes[group * n + j]! >> (i & 7)) & 1;
  return at(i >> 3) - at(32 + (i >> 3));
}

/** The words of a `SecretStream`. */
export function streamWords(key: Uint8Array, count: number): bigint[] {
  const lanes = [0, 1].map((lane) =>
    turboshake256(Uint8Array.of(...key, lane), { D: 0x1f, dkLen: 136 * (Math.ceil(count / 34) + 1) }),
  );
  return Array.from({ length: count }, (_, i) => {
    const lane = lanes[Math.floor(i / 17) % 2]!;
    const word = Math.floor(i / 34) * 17 + (i % 17);
    return new DataView(lane.buffer, lane.byteOffset).getBigUint64(word * 8, true);
  });
}

/** Small deterministic generator for test inputs (xorshift64*), not for secrets. */
export function generator(seed: number): (bound: bigint) => bigint {
  let state = BigInt(seed) * 0x9e3779b97f4a7c15n + 1n;
  const word = () => {
    state ^= state >> 12n;
    state = BigInt.asUintN(64, state ^ (state << 25n));
    state ^= state >> 27n;
    return BigInt.asUintN(64, state * 0x2545f4914f6cdd1dn);
  };
  return (bound) => ((word() << 64n) | word()) % bound;
}
