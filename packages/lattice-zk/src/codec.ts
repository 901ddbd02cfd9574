import { LatticeZkError } from './errors.ts';
import type { Rational } from './parameters.ts';

/** Longest unary run of a Golomb–Rice code: |z| < 48·2^k, at least 17σ for k of `riceParameter`. */
export const UNARY_LIMIT = 48;

/**
 * Largest k with 2·4^k ≤ σ², for σ² as a fraction: 2^k lies in (σ/2.83, σ/1.41], at most 0.23 bit a
 * coefficient above the entropy of the Gaussian.
 */
export function riceParameter(sigmaSquared: Rational): number {
  let k = 0;
  while (2n * 4n ** BigInt(k + 1) * sigmaSquared.den <= sigmaSquared.num) k++;
  return k;
}

/** Bits, least significant first within each byte, into room that the caller has made large enough. */
export class BitWriter {
  readonly #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;
  #word = 0;
  #filled = 0;

  constructor(room: Uint8Array<ArrayBuffer>) {
    this.#buffer = room;
  }

  /** Append the low `bits` ≤ 24 bits of `value` (0 ≤ value < 2^bits). */
  bits(value: number, bits: number): void {
    // at most 7 + 24 bits are pending, so the word never loses a bit
    this.#word |= value << this.#filled;
    this.#filled += bits;
    while (this.#filled >= 8) {
      this.#buffer[this.#length++] = this.#word;
      this.#word >>>= 8;
      this.#filled -= 8;
    }
  }

  /** Append whole bytes; only at a byte boundary. */
  bytes(value: Uint8Array): void {
    if (this.#filled !== 0) throw new LatticeZkError({ code: 'internal', operation: 'encode', field: 'byte boundary' });
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  /** Residues as u64 pairs of u32 (low, high), each in `bits` ≤ 60 bits. */
  residues(words: Uint32Array, bits: number): void {
    for (let i = 0; i < words.length; i += 2) {
      const low = words[i]!;
      const high = words[i + 1]!;
      if (bits <= 24) {
        this.bits(low, bits);
      } else if (bits <= 48) {
        this.bits(low & 0xffffff, 24);
        this.bits(((low >>> 24) | (high << 8)) & 0xffffff & (2 ** (bits - 24) - 1), bits - 24);
      } else {
        this.bits(low & 0xffffff, 24);
        this.bits(((low >>> 24) | (high << 8)) & 0xffffff, 24);
        this.bits((high >>> 16) & (2 ** (bits - 48) - 1), bits - 48);
      }
    }
  }

  /**
   * Signed integers as pairs of i32 (low, high), |z| < 48·2^k: k low bits of |z|, unary ⌊|z|/2^k⌋ (ones, then a zero),
   * and a sign bit unless z = 0. Returns false, with nothing promised about the bytes, when a value is too large.
   */
  gaussians(words: Int32Array, k: number): boolean {
    const scale = 2 ** k;
    for (let i = 0; i < words.length; i += 2) {
      const value = words[i + 1]! * 4294967296 + (words[i]! >>> 0);
      const magnitude = Math.abs(value);
      const quotient = Math.floor(magnitude / scale);
      if (quotient >= UNARY_LIMIT) return false;
      const rest = magnitude - quotient * scale;
      if (k <= 24) this.bits(rest, k);
      else {
        this.bits(rest & 0xffffff, 24);
        this.bits(Math.floor(rest / 16777216), k - 24);
      }
      const sign = magnitude === 0 ? 0 : 1;
      const negative = value < 0 ? 1 : 0;
      if (quotient < 22) {
        this.bits((1 << quotient) - 1 + (negative << (quotient + 1)), quotient + 1 + sign);
      } else {
        this.bits(0x3fffff, 22);
        for (let ones = 22; ones < quotient; ones++) this.bits(1, 1);
        this.bits(negative << 1, 1 + sign);
      }
    }
    return true;
  }

  /** A copy of the bytes so far, the last one filled up with zero bits. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#filled > 0) {
      this.#buffer[this.#length++] = this.#word;
      this.#word = 0;
      this.#filled = 0;
    }
    return this.#buffer.slice(0, this.#length);
  }

  wipe(): void {
    this.#buffer.fill(0);
    this.#word = 0;
  }
}

/** Strict counterpart of BitWriter: refuses what BitWriter cannot write. */
export class BitReader {
  readonly #buffer: Uint8Array;
  #offset = 0;
  #word = 0;
  #filled = 0;

  constructor(buffer: Uint8Array) {
    this.#buffer = buffer;
  }

  bits(bits: number): number {
    while (this.#filled < bits) {
      if (this.#offset >= this.#buffer.length) throw malformed('length', this.#buffer.length, 'more bytes');
      this.#word |= this.#buffer[this.#offset++]! << this.#filled;
      this.#filled += 8;
    }
    const value = this.#word & (2 ** bits - 1);
    this.#word >>>= bits;
    this.#filled -= bits;
    return value;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    if (this.#filled !== 0) throw new LatticeZkError({ code: 'internal', operation: 'decode', field: 'byte boundary' });
    if (this.#buffer.length - this.#offset < length) throw malformed('length', this.#buffer.length, 'more bytes');
    this.#offset += length;
    return new Uint8Array(this.#buffer.subarray(this.#offset - length, this.#offset));
  }

  /** Fill `words` (pairs of u32) with residues, each below `modulus`; throws on the first that is not. */
  residues(words: Uint32Array, bits: number, modulus: bigint, field: string): void {
    const limitLow = Number(modulus & 0xffffffffn);
    const limitHigh = Number(modulus >> 32n);
    for (let i = 0; i < words.length; i += 2) {
      const a = this.bits(Math.min(bits, 24));
      const b = bits > 24 ? this.bits(Math.min(bits - 24, 24)) : 0;
      const c = bits > 48 ? this.bits(bits - 48) : 0;
      const low = (a | (b << 24)) >>> 0;
      const high = (b >>> 8) | (c << 16);
      if (high > limitHigh || (high === limitHigh && low >= limitLow)) {
        throw malformed(`${field}[${i / 2}]`, (BigInt(high) << 32n) | BigInt(low), `a residue below ${modulus}`);
      }
      words[i] = low;
      words[i + 1] = high;
    }
  }

  /** Fill `words` (pairs of i32) with Golomb–Rice integers of parameter k ≤ 48. */
  gaussians(words: Int32Array, k: number, field: string): void {
    const buffer = this.#buffer;
    let offset = this.#offset;
    let word = this.#word;
    let filled = this.#filled;
    const scale = 2 ** k;
    const steps = [Math.min(k, 24), Math.max(k - 24, 0)] as const;
    const masks = [2 ** steps[0] - 1, 2 ** steps[1] - 1] as const;
    const short = (): never => {
      throw malformed('length', buffer.length, 'more bytes');
    };
    for (let i = 0; i < words.length; i += 2) {
      while (filled < steps[0]) {
        if (offset >= buffer.length) short();
        word |= buffer[offset++]! << filled;
        filled += 8;
      }
      let magnitude = word & masks[0];
      word >>>= steps[0];
      filled -= steps[0];
      if (steps[1] > 0) {
        while (filled < steps[1]) {
          if (offset >= buffer.length) short();
          word |= buffer[offset++]! << filled;
          filled += 8;
        }
        magnitude += (word & masks[1]) * 16777216;
        word >>>= steps[1];
        filled -= steps[1];
      }
      for (let quotient = 0; ; ) {
        while (filled < 8 && offset < buffer.length) {
          word |= buffer[offset++]! << filled;
          filled += 8;
        }
        if (filled === 0) short();
        // the lowest zero bit; bits above the pending ones are zero, so there is one at `filled` at the latest
        const ones = 31 - Math.clz32(~word & (word + 1));
        quotient += ones;
        if (quotient >= UNARY_LIMIT) {
          throw malformed(`${field}[${i / 2}]`, 'an endless unary run', `|z| < 48·2^${k}`);
        }
        const ended = ones < filled;
        word = ended ? word >>> (ones + 1) : 0;
        filled = ended ? filled - ones - 1 : 0;
        if (!ended) continue;
        magnitude += quotient * scale;
        break;
      }
      if (magnitude !== 0) {
        if (filled === 0) {
          if (offset >= buffer.length) short();
          word = buffer[offset++]!;
          filled = 8;
        }
        if ((word & 1) === 1) magnitude = -magnitude;
        word >>>= 1;
        filled--;
      }
      words[i] = magnitude | 0;
      words[i + 1] = Math.floor(magnitude / 4294967296);
    }
    this.#offset = offset;
    this.#word = word;
    this.#filled = filled;
  }

  /** Every bit must have been read; the bits that fill the last byte are zero. */
  finish(): void {
    if (this.#filled >= 8 || this.#offset !== this.#buffer.length) {
      throw malformed('length', this.#buffer.length, `${this.#offset} bytes`);
    }
    if (this.#word !== 0) throw malformed('last byte', 'a non-zero filling bit', 'zeros');
  }
}

function malformed(field: string, got: string | number | bigint, want: string): LatticeZkError {
  return new LatticeZkError({ code: 'encoding', operation: 'decode', field, got, want });
}

/** Most bits that one Golomb–Rice integer can take. */
export function maxGaussianBits(k: number): number {
  return k + UNARY_LIMIT + 1;
}
