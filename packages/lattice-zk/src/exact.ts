/** Σ a_i·b_i over Z, exact for any i32 entries. */
export function innerProduct(a: Int32Array | Int8Array, b: Int32Array | Int8Array, length: number = a.length): bigint {
  let total = 0n;
  for (let start = 0; start < length; start += 64) {
    const stop = Math.min(length, start + 64);
    let high = 0;
    let low = 0;
    // 64 products of 31 + 16 bits stay below 2^53
    for (let i = start; i < stop; i++) {
      const y = b[i]!;
      high += a[i]! * (y >> 16);
      low += a[i]! * (y & 0xffff);
    }
    total += BigInt(high) * 65536n + BigInt(low);
  }
  return total;
}

/** Σ a_i² over Z. */
export function squaredNorm(a: Int32Array | Int8Array): bigint {
  return innerProduct(a, a);
}

/** Least non-negative residue. */
export function modulo(a: bigint, q: bigint): bigint {
  const r = a % q;
  return r < 0n ? r + q : r;
}

/** The integer modulo p_0·p_1 (or p_0) with the given residues. */
export function fromResidues(moduli: readonly bigint[], residues: readonly bigint[]): bigint {
  const [p0, p1] = moduli;
  const [r0, r1] = residues;
  if (p1 === undefined || r1 === undefined) return r0!;
  return r0! + p0! * modulo((r1 - r0!) * inverse(p0! % p1, p1), p1);
}

const inverses = new Map<string, bigint>();

/** a⁻¹ modulo a prime, remembered: public moduli only. */
function inverse(a: bigint, prime: bigint): bigint {
  const key = `${a}/${prime}`;
  const known = inverses.get(key);
  if (known !== undefined) return known;
  let result = 1n;
  for (let base = a, e = prime - 2n; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * base) % prime;
    base = (base * base) % prime;
  }
  inverses.set(key, result);
  return result;
}
