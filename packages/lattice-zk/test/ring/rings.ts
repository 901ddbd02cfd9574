import { isPrime } from '../../src/ring/prime.ts';
import { Ring } from '../../src/ring/ring.ts';
import { fromSplit, type Poly, toSplit } from './model.ts';

export const Q60 = [0xffff7f5c0052001n] as const;
export const Q106 = [0x1ffffffff72001n, 0x1f7da129f62001n] as const;

/** The largest primes below 2^bits that are 2N+1 modulo 4N. */
export function primesBelow(bits: number, N: number, count: number): bigint[] {
  const step = BigInt(4 * N);
  const found: bigint[] = [];
  let x = (1n << BigInt(bits)) - 1n;
  for (x -= (((x - BigInt(2 * N + 1)) % step) + step) % step; found.length < count; x -= step)
    if (isPrime(x)) found.push(x);
  return found;
}

/** Toy and full rings of both shapes. */
export const shapes: readonly { name: string; N: number; moduli: readonly bigint[] }[] = [
  { name: 'N = 16, q = 97', N: 16, moduli: [97n] },
  { name: 'N = 16, one 60-bit prime', N: 16, moduli: primesBelow(60, 16, 1) },
  { name: 'N = 64, two 53-bit primes', N: 64, moduli: primesBelow(53, 64, 2) },
  { name: 'N = 32, two 20-bit primes', N: 32, moduli: primesBelow(20, 32, 2) },
  { name: 'N = 128, two 60-bit primes', N: 128, moduli: primesBelow(60, 128, 2) },
];

export function store(ring: Ring, p: number, coefficients: Poly): void {
  const split = toSplit(coefficients);
  ring.moduli.forEach((prime, i) => {
    ring.u64(p + i * ring.n * 8, ring.n).set(split.map((x) => ((x % prime) + prime) % prime));
  });
}

export function read(ring: Ring, p: number): Poly {
  const blocks = ring.moduli.map((_, i) => fromSplit([...ring.u64(p + i * ring.n * 8, ring.n)]));
  if (ring.L === 1) return blocks[0]!;
  const [q0, q1] = ring.moduli as [bigint, bigint];
  let inverse = 1n;
  for (let e = q1 - 2n, b = q0 % q1; e > 0n; e >>= 1n, b = (b * b) % q1) if (e & 1n) inverse = (inverse * b) % q1;
  return blocks[0]!.map((x, i) => x + q0 * (((((blocks[1]![i]! - x) % q1) + q1) * inverse) % q1));
}

export const ringOf = (shape: { N: number; moduli: readonly bigint[] }): Ring => Ring.create(shape);
