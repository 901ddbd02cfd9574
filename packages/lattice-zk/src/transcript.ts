import type { Ptr } from './ring/kernels.ts';
import type { Ring } from './ring/ring.ts';
import { Sponge } from './ring/xof.ts';
import type { Tag } from './tags.ts';

/** Bytes of a transcript state and of a statement digest. */
export const STATE_BYTES = 64;
/** Bytes of the seed that a challenge is derived from; it travels in the proof. */
export const CHALLENGE_SEED_BYTES = 32;

const ENCODER = new TextEncoder();

/**
 * TurboSHAKE256 over frames: each frame is its length as u64 little-endian, then its bytes; the first frame is the tag.
 * Two different lists of frames are two different inputs. Integers are framed as decimal text. Lives in the ring's arena.
 */
export class FrameHash {
  readonly #sponge: Sponge;

  constructor(ring: Ring, tag: Tag) {
    this.#sponge = new Sponge(ring, { bits: 256 });
    this.text(tag);
  }

  #length(bytes: number): void {
    const prefix = new Uint8Array(8);
    new DataView(prefix.buffer).setBigUint64(0, BigInt(bytes), true);
    this.#sponge.absorb(prefix);
  }

  bytes(value: Uint8Array): this {
    this.#length(value.length);
    this.#sponge.absorb(value);
    return this;
  }

  /** Little-endian words of a typed array. */
  words(value: BigUint64Array | Int32Array): this {
    return this.bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  /** Bytes that lie in the ring's memory. */
  at(p: Ptr, length: number): this {
    this.#length(length);
    this.#sponge.absorbAt(p, length);
    return this;
  }

  text(value: string): this {
    return this.bytes(ENCODER.encode(value));
  }

  integer(value: bigint | number): this {
    return this.text(value.toString());
  }

  digest(length: number): Uint8Array<ArrayBuffer> {
    return this.#sponge.finish().squeeze(length);
  }

  /** The endless stream of these frames. */
  stream(): Sponge {
    return this.#sponge.finish();
  }
}
