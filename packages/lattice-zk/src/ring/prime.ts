/** Bytes of one prime's context; the fields are those of `assembly/modular.ts`. */
export const CONTEXT_BYTES = 80;

export function powerMod(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** Inverse modulo a prime. */
export function inverseMod(x: bigint, prime: bigint): bigint {
  return powerMod(((x % prime) + prime) % prime, prime - 2n, prime);
}

/** Miller-Rabin with the first twelve primes as bases: exact below 3.3 * 10^24 (Sorenson and Webster, 2015). */
export function isPrime(x: bigint): boolean {
  const bases = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n];
  if (x < 2n) return false;
  for (const base of bases) if (x % base === 0n) return x === base;
  let odd = x - 1n;
  let twos = 0;
  while ((odd & 1n) === 0n) {
    odd >>= 1n;
    twos++;
  }
  return bases.every((base) => {
    let y = powerMod(base, odd, x);
    if (y === 1n || y === x - 1n) return true;
    for (let i = 1; i < twos; i++) {
      y = (y * y) % x;
      if (y === x - 1n) return true;
    }
    return false;
  });
}

/** The root psi of order 2N (psi^N = -1) that the smallest suitable base gives. */
export function primitiveRoot(prime: bigint, degree: number): bigint {
  const cofactor = (prime - 1n) / BigInt(2 * degree);
  for (let base = 2n; ; base++) {
    const psi = powerMod(base, cofactor, prime);
    if (powerMod(psi, BigInt(degree), prime) === prime - 1n) return psi;
  }
}

/** floor(w 2^64 / q). */
export const shoup = (w: bigint, prime: bigint): bigint => (w << 64n) / prime;

/** Reverses the lowest `bits` bits. */
export function bitReverse(value: number, bits: number): number {
  let reversed = 0;
  for (let i = 0; i < bits; i++) reversed |= ((value >> i) & 1) << (bits - 1 - i);
  return reversed;
}

export interface PrimeTables {
  /** pairs (w, floor(w 2^64 / q)), N of them each */
  readonly forward: BigUint64Array<ArrayBuffer>;
  readonly inverse: BigUint64Array<ArrayBuffer>;
  readonly zeta: BigUint64Array<ArrayBuffer>;
  /** q, 2^64 mod q and its quotient, floor(2^64/q), N^-1 and its quotient */
  readonly constants: BigUint64Array<ArrayBuffer>;
  /** the last inverse layer's factor times N^-1, and its quotient */
  readonly last: BigUint64Array<ArrayBuffer>;
}

export function primeTables(prime: bigint, degree: number): PrimeTables {
  const bits = Math.log2(degree);
  const psi = primitiveRoot(prime, degree);
  const psiInverse = inverseMod(psi, prime);
  const powers = (root: bigint, count: number) => {
    const list = [1n];
    for (let i = 1; i < count; i++) list.push((list[i - 1]! * root) % prime);
    return list;
  };
  const up = powers(psi, 2 * degree);
  const down = powers(psiInverse, degree);
  const pairs = (at: (k: number) => bigint) => {
    const table = new BigUint64Array(2 * degree);
    for (let k = 0; k < degree; k++) {
      const w = at(k);
      table[2 * k] = w;
      table[2 * k + 1] = shoup(w, prime);
    }
    return table;
  };
  const wrap = (1n << 64n) % prime;
  const scale = inverseMod(BigInt(degree), prime);
  const last = (down[degree / 2]! * scale) % prime;
  return {
    forward: pairs((k) => up[bitReverse(k, bits)]!),
    inverse: pairs((k) => down[bitReverse(k, bits)]!),
    zeta: pairs((k) => up[2 * bitReverse(k, bits) + 1]!),
    last: BigUint64Array.of(last, shoup(last, prime)),
    constants: BigUint64Array.of(prime, wrap, shoup(wrap, prime), (1n << 64n) / prime, scale, shoup(scale, prime)),
  };
}
