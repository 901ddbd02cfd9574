import { LatticeZkError } from '../errors.ts';
import { instantiateKernels, type Kernels, type Ptr } from './kernels.ts';

const PAGE = 65_536;
/** Memory grows by at least 2 MiB: every growth detaches all views. */
const GROWTH = 32;
/** Bytes that one instance may use unless told otherwise: 1 GiB. */
export const MEMORY_LIMIT: number = 2 ** 30;
/** Bytes of the transfer buffer that every instance keeps. */
export const STAGING_BYTES: number = 16_384;

/**
 * One WebAssembly instance and a bump allocator over its memory. Memory is never given back to the system; `mark` and
 * `release` reuse it. Fresh allocations hold whatever was there before.
 */
export class KernelMemory {
  readonly kernels: Kernels;
  readonly limit: number;
  /** Transfer buffer of STAGING_BYTES: contents last until the next call of any method. */
  readonly staging: Ptr;
  #top: Ptr;

  /** @throws LatticeZkError `options` for a limit outside (0, 2^31] bytes */
  constructor({ limit = MEMORY_LIMIT }: { readonly limit?: number } = {}) {
    if (!Number.isSafeInteger(limit) || limit <= 0 || limit > 2 ** 31)
      throw new LatticeZkError({
        code: 'options',
        operation: 'KernelMemory',
        field: 'limit',
        got: limit,
        want: 'bytes in (0, 2^31]',
      });
    this.kernels = instantiateKernels();
    this.limit = limit;
    this.#top = (this.kernels.heapBase() + 15) & ~15;
    this.staging = this.alloc(STAGING_BYTES);
  }

  /** @returns 16-aligned address of `bytes` bytes, not zeroed. @throws LatticeZkError `memory` past the limit */
  alloc(bytes: number): Ptr {
    const start = this.#top;
    const top = start + Math.ceil(bytes / 16) * 16;
    if (!Number.isSafeInteger(bytes) || bytes < 0 || top > this.limit)
      throw new LatticeZkError({
        code: 'memory',
        operation: 'alloc',
        field: 'bytes',
        got: bytes,
        want: `at most ${this.limit - start}`,
      });
    const missing = top - this.kernels.memory.buffer.byteLength;
    if (missing > 0) {
      try {
        this.kernels.memory.grow(Math.max(GROWTH, Math.ceil(missing / PAGE)));
      } catch (cause) {
        throw new LatticeZkError({ code: 'memory', operation: 'alloc', field: 'grow', got: bytes, cause });
      }
    }
    this.#top = top;
    return start;
  }

  mark(): Ptr {
    return this.#top;
  }

  /** Frees everything allocated since `mark`; zeroes it unless `wipe` is false (public data only). */
  release(mark: Ptr, { wipe = true }: { readonly wipe?: boolean } = {}): void {
    if (mark < this.staging + STAGING_BYTES || mark > this.#top)
      throw new LatticeZkError({ code: 'internal', operation: 'release', field: 'mark', got: mark });
    if (wipe) this.bytes(mark, this.#top - mark).fill(0);
    this.#top = mark;
  }

  /** Bytes in use. */
  get used(): number {
    return this.#top;
  }

  // Views are fresh at every call: growing the memory detaches older ones.
  bytes(p: Ptr, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.kernels.memory.buffer as ArrayBuffer, p, length);
  }
  i8(p: Ptr, length: number): Int8Array<ArrayBuffer> {
    return new Int8Array(this.kernels.memory.buffer as ArrayBuffer, p, length);
  }
  i32(p: Ptr, length: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.kernels.memory.buffer as ArrayBuffer, p, length);
  }
  u32(p: Ptr, length: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.kernels.memory.buffer as ArrayBuffer, p, length);
  }
  i64(p: Ptr, length: number): BigInt64Array<ArrayBuffer> {
    return new BigInt64Array(this.kernels.memory.buffer as ArrayBuffer, p, length);
  }
  u64(p: Ptr, length: number): BigUint64Array<ArrayBuffer> {
    return new BigUint64Array(this.kernels.memory.buffer as ArrayBuffer, p, length);
  }

  /** Copies bytes in at a fresh address. */
  place(source: ArrayBufferView): Ptr {
    const p = this.alloc(source.byteLength);
    this.put(p, source);
    return p;
  }

  /** Copies the bytes behind a view to `p`. */
  put(p: Ptr, source: ArrayBufferView): void {
    this.bytes(p, source.byteLength).set(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  }

  copy(dst: Ptr, src: Ptr, length: number): void {
    new Uint8Array(this.kernels.memory.buffer).copyWithin(dst, src, src + length);
  }

  zero(p: Ptr, length: number): void {
    this.bytes(p, length).fill(0);
  }

  /** Compares without an early exit. */
  same(a: Ptr, b: Ptr, length: number): boolean {
    return this.kernels.sameBytes(a, b, length) !== 0;
  }
}
