/** A slow model of the arithmetic, in big integers, that shares no code with the package. */
import { expect } from 'vitest';
import { HeAggError, type HeAggErrorCode, PARAMETER_SETS, type ParameterSet, type SetName } from '../../src/index.ts';

export const SET_NAMES = Object.keys(PARAMETER_SETS) as SetName[];

export const mod = (x: bigint, q: bigint): bigint => ((x % q) + q) % q;

export function power(base: bigint, exponent: bigint, q: bigint): bigint {
  let result = 1n;
  for (let b = base % q, e = exponent; e > 0n; e >>= 1n, b = (b * b) % q) if (e & 1n) result = (result * b) % q;
  return result;
}

/** Miller–Rabin with the first twelve primes: exact below 3.3·10²⁴. */
export function isPrime(n: bigint): boolean {
  const bases = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n];
  if (n < 2n || bases.some((base) => n !== base && n % base === 0n)) return false;
  let d = n - 1n;
  let twos = 0;
  for (; !(d & 1n); d >>= 1n) twos++;
  return bases.every((base) => {
    let x = power(base, d, n);
    if (x === 1n || x === n - 1n || n === base) return true;
    for (let i = 1; i < twos; i++) {
      x = (x * x) % n;
      if (x === n - 1n) return true;
    }
    return false;
  });
}

/** Roots of X^N + 1 mod q: `count` of them, spread over the odd powers of one primitive 2N-th root. */
export function roots(q: bigint, degree: number, count: number): bigint[] {
  const order = BigInt(2 * degree);
  for (let g = 2n; ; g++) {
    const psi = power(g, (q - 1n) / order, q);
    if (power(psi, BigInt(degree), q) === q - 1n)
      return Array.from({ length: count }, (_, i) => power(psi, BigInt((2 * i * 997 + 1) % (2 * degree)), q));
  }
}

export function evaluate(coefficients: ArrayLike<number | bigint>, at: bigint, q: bigint): bigint {
  let value = 0n;
  for (let i = coefficients.length - 1; i >= 0; i--) value = (value * at + BigInt(coefficients[i]!)) % q;
  return mod(value, q);
}

/** The `n` residues of `bits` bits from byte `offset` on. */
export function unpackModel(bytes: Uint8Array, offset: number, n: number, bits: number): bigint[] {
  return Array.from({ length: n }, (_, i) => residueModel(bytes, offset, i, bits));
}

export function residueModel(bytes: Uint8Array, offset: number, index: number, bits: number): bigint {
  const first = index * bits;
  const from = offset + (first >> 3);
  const to = offset + ((first + bits + 7) >> 3);
  let value = 0n;
  for (let i = to - 1; i >= from; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return (value >> BigInt(first & 7)) & ((1n << BigInt(bits)) - 1n);
}

/** Overwrites one packed residue. */
export function setResidue(bytes: Uint8Array, offset: number, index: number, bits: number, value: bigint): void {
  for (let bit = 0; bit < bits; bit++) {
    const at = index * bits + bit;
    const mask = 1 << (at & 7);
    const byte = offset + (at >> 3);
    bytes[byte] = (value >> BigInt(bit)) & 1n ? bytes[byte]! | mask : bytes[byte]! & ~mask;
  }
}

/** Adds `delta` to residue `index` of half `half` of ciphertext `k`, in every prime, keeping the bytes canonical. */
export function addToCoefficient(
  bytes: Uint8Array,
  set: ParameterSet,
  where: { k: number; half: 0 | 1; index: number },
  delta: bigint,
): void {
  const { degree, primes, primeBits } = set;
  for (const [i, q] of primes.entries()) {
    const run = (where.k * 2 + where.half) * primes.length + i;
    const offset = 16 + (run * degree * primeBits) / 8;
    const value = residueModel(bytes, offset, where.index, primeBits);
    setResidue(bytes, offset, where.index, primeBits, mod(value + delta, q));
  }
}

/** Deterministic pseudo-random numbers for test data (mulberry32): [0, 1). */
export function simulation(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function uniformIntegers(random: () => number, length: number, limit: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length }, () => Math.floor(random() * (2 * limit + 1)) - limit);
}

export function failure(run: () => unknown): HeAggError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(HeAggError);
    return error as HeAggError;
  }
  throw new Error('did not throw');
}

export function expectFailure(run: () => unknown, code: HeAggErrorCode): HeAggError {
  const error = failure(run);
  expect(error.code, error.message).toBe(code);
  return error;
}
