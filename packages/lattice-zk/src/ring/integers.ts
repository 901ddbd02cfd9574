import { LatticeZkError } from '../errors.ts';
import type { Ptr } from './kernels.ts';
import { type KernelMemory, STAGING_BYTES } from './memory.ts';
import type { Ring } from './ring.ts';

/** A sparse element of S over Z: the sum of signs[j] W^positions[j], signs +1 or -1, positions in W order below n. */
export interface SparseTerms {
  readonly positions: ArrayLike<number>;
  readonly signs: ArrayLike<number>;
}

/**
 * dst (n i64) = c src in Z[W]/(W^n+1), split order; `source` says whether src is n i8 or n i32. Exact: |dst| is at most the
 * number of terms times 2^31. dst and src don't overlap.
 */
export function mulChallenge(ring: Ring, dst: Ptr, c: SparseTerms, src: Ptr, source: 'i8' | 'i32'): void {
  const count = c.positions.length;
  if (c.signs.length !== count || count * 8 > STAGING_BYTES)
    throw new LatticeZkError({ code: 'internal', operation: 'mulChallenge', field: 'terms', got: count });
  const terms = ring.i32(ring.staging, 2 * count);
  for (let j = 0; j < count; j++) {
    const position = c.positions[j]!;
    const sign = c.signs[j]!;
    if (!Number.isInteger(position) || position < 0 || position >= ring.n || (sign !== 1 && sign !== -1))
      throw new LatticeZkError({
        code: 'internal',
        operation: 'mulChallenge',
        field: 'terms',
        got: `${sign} W^${position}`,
      });
    terms[2 * j] = position;
    terms[2 * j + 1] = sign;
  }
  ring.kernels.mulChallenge(dst, ring.staging, count, src, ring.N, source === 'i8' ? 0 : 2);
}

/** dst = a + b over i64; |a + b| < 2^63 is the caller's. */
export function addI64(memory: KernelMemory, dst: Ptr, a: Ptr, b: Ptr, count: number): void {
  memory.kernels.addI64(dst, a, b, count);
}

export function widenI8(memory: KernelMemory, dstI32: Ptr, src: Ptr, count: number): void {
  memory.kernels.widenI8(dstI32, src, count);
}

export function widenI32(memory: KernelMemory, dstI64: Ptr, src: Ptr, count: number): void {
  memory.kernels.widenI32(dstI64, src, count);
}

/** @returns false if a value is no i32; it is written as 0 */
export function narrowI64(memory: KernelMemory, dstI32: Ptr, src: Ptr, count: number): boolean {
  return memory.kernels.narrowI64(dstI32, src, count) !== 0;
}

function wide(memory: KernelMemory): bigint {
  const low = memory.u64(memory.staging, 1)[0]!;
  const high = memory.i64(memory.staging + 8, 1)[0]!;
  memory.zero(memory.staging, 16);
  return (high << 64n) + low;
}

/** Sum of a_i b_i over `count` i64, exact while the running sum stays below 2^127. */
export function innerI64(memory: KernelMemory, a: Ptr, b: Ptr, count: number): bigint {
  memory.kernels.innerI64(memory.staging, a, b, count);
  return wide(memory);
}

/** Sum of a_i b_i over `count` i32, exact. */
export function innerI32(memory: KernelMemory, a: Ptr, b: Ptr, count: number): bigint {
  memory.kernels.innerI32(memory.staging, a, b, count);
  return wide(memory);
}

/** Sum of a_i b_i over `count` i8, exact. */
export function innerI8(memory: KernelMemory, a: Ptr, b: Ptr, count: number): bigint {
  return memory.kernels.innerI8(a, b, count);
}

/** max |x_i| over `count` i64. */
export function largestI64(memory: KernelMemory, src: Ptr, count: number): bigint {
  return BigInt.asUintN(64, memory.kernels.largestI64(src, count));
}
