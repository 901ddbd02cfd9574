/** Proof bytes as docs/proof-protocol.md section 6 describes them, bit by bit. */
export interface ReferenceProof {
  seed: Uint8Array;
  /** coefficients in W order, [prime][n] residues */
  residues: bigint[][][];
  /** integers in wire order, polynomials in split order */
  integers: bigint[][];
}

export interface Layout {
  readonly primes: readonly bigint[];
  readonly n: number;
  /** elements of S_q on the wire */
  readonly elements: number;
  /** lengths and Rice parameters of the integer vectors */
  readonly vectors: readonly { readonly length: number; readonly k: number }[];
}

const bitLength = (x: bigint): number => x.toString(2).length;

/** Largest k with 2·4^k ≤ σ². */
export const rice = (num: bigint, den: bigint): number => {
  let k = 0;
  while (2n * 4n ** BigInt(k + 1) * den <= num) k++;
  return k;
};

export function encode(layout: Layout, proof: ReferenceProof): Uint8Array {
  const bits: number[] = [];
  const put = (value: bigint, count: number): void => {
    for (let i = 0; i < count; i++) bits.push(Number((value >> BigInt(i)) & 1n));
  };
  for (const element of proof.residues) {
    layout.primes.forEach((prime, l) => {
      for (const residue of element[l]!) put(residue, bitLength(prime));
    });
  }
  layout.vectors.forEach(({ k }, i) => {
    for (const value of proof.integers[i]!) {
      const magnitude = value < 0n ? -value : value;
      put(magnitude & ((1n << BigInt(k)) - 1n), k);
      for (let run = magnitude >> BigInt(k); run > 0n; run--) bits.push(1);
      bits.push(0);
      if (magnitude !== 0n) bits.push(value < 0n ? 1 : 0);
    }
  });
  const out = new Uint8Array(32 + Math.ceil(bits.length / 8));
  out.set(proof.seed);
  bits.forEach((bit, i) => {
    out[32 + (i >> 3)]! |= bit << (i & 7);
  });
  return out;
}

/** Throws on anything that `encode` does not write. */
export function decode(layout: Layout, bytes: Uint8Array): ReferenceProof {
  let at = 8 * 32;
  const bit = (): number => {
    if (at >= 8 * bytes.length) throw new Error('truncated');
    const value = (bytes[at >> 3]! >> (at & 7)) & 1;
    at++;
    return value;
  };
  const take = (count: number): bigint => {
    let value = 0n;
    for (let i = 0; i < count; i++) value |= BigInt(bit()) << BigInt(i);
    return value;
  };
  if (bytes.length < 32) throw new Error('truncated');
  const residues = Array.from({ length: layout.elements }, () =>
    layout.primes.map((prime) =>
      Array.from({ length: layout.n }, () => {
        const value = take(bitLength(prime));
        if (value >= prime) throw new Error('not reduced');
        return value;
      }),
    ),
  );
  const integers = layout.vectors.map(({ length, k }) =>
    Array.from({ length }, () => {
      const low = take(k);
      let run = 0n;
      while (bit() === 1) if (++run >= 48n) throw new Error('unary run');
      const magnitude = (run << BigInt(k)) | low;
      return magnitude !== 0n && bit() === 1 ? -magnitude : magnitude;
    }),
  );
  if (Math.ceil(at / 8) !== bytes.length) throw new Error('trailing bytes');
  while (at < 8 * bytes.length) if (bit() !== 0) throw new Error('filling bits');
  return { seed: bytes.slice(0, 32), residues, integers };
}
