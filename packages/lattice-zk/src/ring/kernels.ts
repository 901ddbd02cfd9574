import { KERNELS_BASE64 } from './kernels.wasm.ts';

/** Address in an instance's memory. */
export type Ptr = number;

/** What `assembly/index.ts` exports; `context` is the address of one prime's tables, `mode` 0 =, 1 +=, 2 -=. */
export interface Kernels {
  readonly memory: WebAssembly.Memory;
  heapBase(): Ptr;
  nttForward(context: Ptr, p: Ptr): void;
  nttInverse(context: Ptr, p: Ptr): void;
  add(context: Ptr, dst: Ptr, a: Ptr, b: Ptr, count: number): void;
  sub(context: Ptr, dst: Ptr, a: Ptr, b: Ptr, count: number): void;
  neg(context: Ptr, dst: Ptr, a: Ptr, count: number): void;
  mulScalar(context: Ptr, dst: Ptr, a: Ptr, count: number, s: bigint, shoup: bigint, mode: number): void;
  mulR(context: Ptr, dst: Ptr, r: Ptr, a: Ptr, mode: number): void;
  addConstant(context: Ptr, dst: Ptr, a: Ptr, s: bigint): void;
  sigma(context: Ptr, dst: Ptr, a: Ptr): void;
  dot(context: Ptr, dst: Ptr, pairs: Ptr, count: number, shift: number, mode: number): void;
  dotSigma(context: Ptr, dst: Ptr, pairs: Ptr, count: number, shift: number, mode: number): void;
  sumNorms(context: Ptr, dst: Ptr, list: Ptr, count: number, shift: number, mode: number): void;
  liftI8(context: Ptr, dst: Ptr, src: Ptr, count: number): void;
  liftI32(context: Ptr, dst: Ptr, src: Ptr, count: number): void;
  liftI64(context: Ptr, dst: Ptr, src: Ptr, count: number): void;
  isReduced(context: Ptr, src: Ptr, count: number): number;
  sameBytes(a: Ptr, b: Ptr, length: number): number;
  centerOne(context: Ptr, dst: Ptr, src: Ptr, count: number): void;
  centerTwo(
    context0: Ptr,
    context1: Ptr,
    dst: Ptr,
    src0: Ptr,
    src1: Ptr,
    count: number,
    inverse: bigint,
    shoup: bigint,
  ): number;
  spongeReset(sponge: Ptr, rate: number): void;
  spongeAbsorb(sponge: Ptr, src: Ptr, length: number): void;
  spongeFinish(sponge: Ptr, domain: number): void;
  spongeSqueeze(sponge: Ptr, dst: Ptr, length: number): void;
  spongeUniform(context: Ptr, sponge: Ptr, dst: Ptr, count: number, mask: bigint): void;
  expandPair(dst: Ptr, prefix: Ptr, length: number, half: number): void;
  streamStart(stream: Ptr, key: Ptr): void;
  streamBytes(stream: Ptr, dst: Ptr, length: number): void;
  streamUniform(context: Ptr, stream: Ptr, dst: Ptr, count: number, mask: bigint): void;
  streamTernary(stream: Ptr, dst: Ptr, count: number): void;
  streamBinary(stream: Ptr, dst: Ptr, count: number): void;
  project(acc: Ptr, matrix: Ptr, w: Ptr, n: number): void;
  foldTables(context: Ptr, tables: Ptr, a: Ptr, b: Ptr): void;
  fold(context: Ptr, dstA: Ptr, dstB: Ptr, tables: Ptr, matrix: Ptr, n: number, span: number): void;
  mulChallenge(dst: Ptr, terms: Ptr, count: number, src: Ptr, n: number, log: number): void;
  addI64(dst: Ptr, a: Ptr, b: Ptr, count: number): void;
  widenI8(dst: Ptr, src: Ptr, count: number): void;
  widenI32(dst: Ptr, src: Ptr, count: number): void;
  narrowI64(dst: Ptr, src: Ptr, count: number): number;
  innerI64(out: Ptr, a: Ptr, b: Ptr, count: number): void;
  innerI32(out: Ptr, a: Ptr, b: Ptr, count: number): void;
  innerI8(a: Ptr, b: Ptr, count: number): bigint;
  largestI64(src: Ptr, count: number): bigint;
  bernoulliEstimate(u: bigint, x: bigint, inverse: bigint): bigint;
  gaussianBase(table: Ptr, entries: number, high: bigint, low: bigint): bigint;
  gaussian(
    stream: Ptr,
    dst: Ptr,
    start: number,
    count: number,
    k: bigint,
    inverse: bigint,
    excess: bigint,
    table: Ptr,
    entries: number,
    pending: Ptr,
    guard: bigint,
  ): number;
}

let compiled: WebAssembly.Module | undefined;

const imports = {
  env: {
    abort(): never {
      throw new WebAssembly.RuntimeError('kernel abort');
    },
  },
};

function kernelBytes(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(KERNELS_BASE64), (c) => c.charCodeAt(0));
}

/** A fresh instance of the kernels; the module is compiled once a thread. */
export function instantiateKernels(): Kernels {
  compiled ??= new WebAssembly.Module(kernelBytes());
  return new WebAssembly.Instance(compiled, imports).exports as unknown as Kernels;
}

/** Compiles off the main thread, for browsers that refuse to compile there; `instantiateKernels` then costs nothing. */
export async function compileKernels(): Promise<void> {
  compiled ??= await WebAssembly.compile(kernelBytes());
}
