/** A positive rational number, kept as two integers so that every comparison is exact. */
export interface Rational {
  readonly num: bigint;
  readonly den: bigint;
}

/** ⌊√x⌋ for x ≥ 0. */
export function isqrt(x: bigint): bigint {
  if (x < 0n) throw new RangeError(`isqrt: x: got ${x}, want >= 0`);
  if (x < 2n) return x;
  let r = 1n << BigInt((bitLength(x) + 1) >> 1);
  for (;;) {
    const next = (r + x / r) >> 1n;
    if (next >= r) return r;
    r = next;
  }
}

/** ⌈√x⌉ for x ≥ 0. */
export function isqrtUp(x: bigint): bigint {
  const r = isqrt(x);
  return r * r === x ? r : r + 1n;
}

/** ⌈a/b⌉ for a ≥ 0, b > 0. */
export function ceilDiv(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

/** Number of binary digits of x ≥ 0; 0 for 0. */
export function bitLength(x: bigint): number {
  return x === 0n ? 0 : x.toString(2).length;
}

/** The smallest integer k ≥ 1 with k²·base ≥ target. */
export function multiplierFor(target: Rational, base: Rational): bigint {
  const k = isqrtUp(ceilDiv(target.num * base.den, target.den * base.num));
  return k > 0n ? k : 1n;
}

function powMod(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let b = base % modulus;
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * b) % modulus;
    b = (b * b) % modulus;
  }
  return result;
}

/** Deterministic Miller–Rabin: the first twelve prime bases decide every x < 3.3·10²⁴ (Sorenson and Webster, 2015). */
export function isPrime(x: bigint): boolean {
  if (x >= 3_300_000_000_000_000_000_000_000n) throw new RangeError(`isPrime: x: got ${x}, want < 3.3e24`);
  const bases = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n];
  if (x < 2n) return false;
  for (const p of bases) if (x % p === 0n) return x === p;
  let d = x - 1n;
  let twos = 0;
  while ((d & 1n) === 0n) {
    d >>= 1n;
    twos++;
  }
  return bases.every((a) => {
    let y = powMod(a, d, x);
    if (y === 1n || y === x - 1n) return true;
    for (let i = 1; i < twos; i++) {
      y = (y * y) % x;
      if (y === x - 1n) return true;
    }
    return false;
  });
}
