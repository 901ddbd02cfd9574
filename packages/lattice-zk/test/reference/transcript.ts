import { turboshake128, turboshake256 } from '@noble/hashes/sha3-addons.js';

/** Hash inputs as docs/proof-protocol.md section 4 describes them: frames of length (u64 LE) and bytes, the tag first. */
export class Frames {
  readonly #parts: Uint8Array[] = [];

  constructor(tag: string) {
    this.text(`zkfl/v1/lattice-zk/${tag}`);
  }

  bytes(value: Uint8Array): this {
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(value.length), true);
    this.#parts.push(length, value.slice());
    return this;
  }

  text(value: string): this {
    return this.bytes(new TextEncoder().encode(value));
  }

  integer(value: number | bigint): this {
    return this.text(String(value));
  }

  digest(length: number): Uint8Array {
    return this.stream().read(length);
  }

  stream(): Stream {
    const hash = turboshake256.create({});
    for (const part of this.#parts) hash.update(part);
    return new Stream((length) => hash.xof(length));
  }
}

/** An endless stream of bytes. */
export class Stream {
  readonly #next: (length: number) => Uint8Array;

  constructor(next: (length: number) => Uint8Array) {
    this.#next = next;
  }

  read(length: number): Uint8Array {
    return this.#next(length);
  }

  squeeze(length: number): Uint8Array {
    return this.#next(length);
  }

  /** `count` residues: 8-byte little-endian words cut to the bits of the prime, kept if below it. */
  residues(prime: bigint, count: number): bigint[] {
    const mask = (1n << BigInt(prime.toString(2).length)) - 1n;
    const out: bigint[] = [];
    while (out.length < count) {
      const word = new DataView(this.read(8).slice().buffer).getBigUint64(0, true) & mask;
      if (word < prime) out.push(word);
    }
    return out;
  }
}

/** Little-endian words. */
export const words = (values: readonly bigint[]): Uint8Array => {
  const out = new Uint8Array(8 * values.length);
  const view = new DataView(out.buffer);
  values.forEach((value, i) => {
    view.setBigInt64(8 * i, BigInt.asIntN(64, value), true);
  });
  return out;
};

/** The one x < Πprimes with these residues. */
export const chinese = (primes: readonly bigint[], residues: readonly bigint[]): bigint => {
  if (primes.length === 1) return residues[0]!;
  const [p, q] = primes as [bigint, bigint];
  const [a, b] = residues as [bigint, bigint];
  let inverse = 1n;
  for (let e = q - 2n, base = p % q; e > 0n; e >>= 1n, base = (base * base) % q)
    if (e & 1n) inverse = (inverse * base) % q;
  return a + p * ((((((b - a) % q) + q) % q) * inverse) % q);
};

/**
 * Entries of the 256 rows of R for one polynomial, n columns in split order: bits a and b of TurboSHAKE128 of
 * seed ‖ projection ‖ index (u32 LE) ‖ half, bit r mod 8 of byte ⌊r/8⌋·n + column; an entry is a − b.
 */
export function projectionMatrix(seed: Uint8Array, projection: number, index: number, n: number): Int8Array[] {
  const half = (h: number): Uint8Array => {
    const input = new Uint8Array(38);
    input.set(seed);
    input[32] = projection;
    new DataView(input.buffer).setUint32(33, index, true);
    input[37] = h;
    return turboshake128(input, { dkLen: 32 * n });
  };
  const [a, b] = [half(0), half(1)];
  return Array.from({ length: 256 }, (_, row) => {
    const at = (row >> 3) * n;
    const bit = (bytes: Uint8Array, column: number): number => (bytes[at + column]! >> (row & 7)) & 1;
    return Int8Array.from({ length: n }, (__, column) => bit(a, column) - bit(b, column));
  });
}
