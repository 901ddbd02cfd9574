import { HeAggError } from './errors.ts';
import { KERNELS_BASE64 } from './kernels.wasm.ts';

/** The exports of assembly/kernels.ts; pointers are byte offsets into the instance's memory. */
interface KernelExports {
  gate(src: number, n: number, bits: number, q: bigint): number;
  unpack(src: number, dst: number, n: number, bits: number): void;
  pack(src: number, dst: number, n: number, bits: number): void;
  addPacked(src: number, acc: number, n: number, bits: number, q: bigint): void;
  addWords(src: number, acc: number, n: number, q: bigint): void;
  negate(p: number, n: number, q: bigint): void;
  ternary(src: number, length: number, dst: number, n: number): number;
  binomial21(src: number, dst: number, n: number): void;
  uniform(src: number, words: number, dst: number, n: number, bits: number, q: bigint): number;
  normSquared(p: number, n: number): number;
  lift(src: number, dst: number, n: number, t: bigint): void;
  combine(r: number, e: number, m: number, dst: number, n: number, q: bigint, delta: bigint, ratio: bigint): void;
  centre(src: number, dst: number, n: number, t: bigint): void;
}

const PAGE = 65536;
/** Reads and writes of packed runs go up to this many bytes behind them. */
const SLACK = 64;

let compiled: WebAssembly.Module | undefined;

function kernelModule(): WebAssembly.Module {
  if (compiled === undefined) {
    const text = atob(KERNELS_BASE64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    compiled = new WebAssembly.Module(bytes);
  }
  return compiled;
}

/** One instance with its own memory: regions are reserved once, by whoever owns it, and live as long as it does. */
export class KernelMemory {
  readonly run: KernelExports;
  readonly #memory: WebAssembly.Memory;
  #used = SLACK;

  constructor() {
    this.#memory = new WebAssembly.Memory({ initial: 1 });
    const instance = new WebAssembly.Instance(kernelModule(), { env: { memory: this.#memory } });
    this.run = instance.exports as unknown as KernelExports;
  }

  /** @returns the offset of `length` zeroed bytes, aligned to 16. @throws {HeAggError} `range` where memory ends */
  reserve(length: number): number {
    const at = (this.#used + 15) & ~15;
    const end = at + length + SLACK;
    const missing = Math.ceil((end - this.#memory.buffer.byteLength) / PAGE);
    try {
      if (missing > 0) this.#memory.grow(missing);
    } catch (cause) {
      throw new HeAggError({ code: 'range', operation: 'reserve', field: 'bytes', got: length, cause });
    }
    this.#used = end;
    return at;
  }

  /** A view; valid until the next `reserve`. */
  bytes(at: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.buffer as ArrayBuffer, at, length);
  }

  /** The same as signed bytes. */
  signed(at: number, length: number): Int8Array<ArrayBuffer> {
    return new Int8Array(this.#memory.buffer as ArrayBuffer, at, length);
  }

  write(at: number, source: ArrayBufferView): void {
    this.bytes(at, source.byteLength).set(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  }

  copy(at: number, length: number): Uint8Array<ArrayBuffer> {
    return this.bytes(at, length).slice();
  }

  copyWords(at: number, n: number): BigUint64Array<ArrayBuffer> {
    return new BigUint64Array((this.#memory.buffer as ArrayBuffer).slice(at, at + 8 * n));
  }

  wipe(at: number, length: number): void {
    this.bytes(at, length).fill(0);
  }
}

let shared: { readonly kernel: KernelMemory; readonly at: number; readonly length: number } | undefined;

/**
 * Room for at least `length` public bytes, the same for every call in a thread until a longer one is asked for: a fresh
 * WebAssembly memory costs more than what is done in it. Contents last until the next call; nothing secret goes here.
 * @throws {HeAggError} `range` where memory ends
 */
export function publicStaging(length: number): { readonly kernel: KernelMemory; readonly at: number } {
  if (shared === undefined || shared.length < length) {
    shared = undefined;
    const kernel = new KernelMemory();
    shared = { kernel, at: kernel.reserve(length), length };
  }
  return shared;
}
