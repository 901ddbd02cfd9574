import type { Ptr } from './kernels.ts';
import type { Ring } from './ring.ts';

/** Rows of the projection. */
export const PROJECTION_ROWS = 256;
const TABLE_BYTES = 32 * 256 * 16;

/** Bytes of the projection matrix of one polynomial: 64 n. */
export const matrixBytes = (ring: Ring): number => 64 * ring.n;

/**
 * acc (256 i64) += R w for one polynomial w of n i32 in split order; `matrix` is the output of `Ring.expandR`. Exact:
 * a polynomial moves |acc| by less than n 2^31.
 */
export function project(ring: Ring, acc: Ptr, matrix: Ptr, w: Ptr): void {
  ring.kernels.project(acc, matrix, w, ring.n);
}

/**
 * Subset-sum tables for `fold` of two sets of challenges. `gammas` holds, prime after prime, 256 residues of set A and 256
 * of set B. Allocates L * 128 KiB.
 */
export function foldTables(ring: Ring, gammas: Ptr): Ptr {
  const tables = ring.alloc(ring.L * TABLE_BYTES);
  for (let i = 0; i < ring.L; i++) {
    const a = gammas + i * 2 * PROJECTION_ROWS * 8;
    ring.kernels.foldTables(ring.context(i), tables + i * TABLE_BYTES, a, a + PROJECTION_ROWS * 8);
  }
  return tables;
}

/**
 * dstA_j, dstB_j = sum over the 256 rows of gamma_i R_ij for both sets: elements of S_q in coefficient form, column j (split
 * order) the coefficient j. `tables` from `foldTables`, `matrix` from `Ring.expandR`.
 */
export function fold(ring: Ring, dstA: Ptr, dstB: Ptr, tables: Ptr, matrix: Ptr): void {
  for (let i = 0; i < ring.L; i++) {
    // sums of 64 entries below 2^58 or of 16 below 2^60 fit 64 bits
    const span = ring.moduli[i]! < 1n << 58n ? 32 : 8;
    const shift = i * ring.n * 8;
    ring.kernels.fold(ring.context(i), dstA + shift, dstB + shift, tables + i * TABLE_BYTES, matrix, ring.n, span);
  }
}
