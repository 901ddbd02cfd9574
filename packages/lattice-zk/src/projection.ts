import type { Loaded } from './linear.ts';
import type { GammaSet } from './quadratic.ts';
import type { Ptr } from './ring/kernels.ts';
import { fold, foldTables, matrixBytes, PROJECTION_ROWS, project } from './ring/projection.ts';
import { TAGS } from './tags.ts';
import { FrameHash } from './transcript.ts';

/** Bytes of the seed that one projection matrix is expanded from. */
const MATRIX_SEED_BYTES = 32;
/** Matrices are kept between projecting and folding while they fit in this many bytes; else they are expanded again. */
const HELD_BYTES = 2 ** 29;

/** One projection matrix R (256 rows, entries bit − bit, all n columns of every member polynomial). */
export interface MatrixSource {
  /** acc (256 i64) += R_index·w, w of n i32 */
  project(acc: Ptr, index: number, w: Ptr): void;
  /** tables for `fold` from 256 γ of both sets, starting at relation `offset` */
  tables(gammas: readonly [GammaSet, GammaSet], offset: number): Ptr;
  /** dst[u] = Σ_i γ_i^(u)·R_index,i, residues in coefficient form */
  fold(tables: Ptr, index: number, dst: readonly [Ptr, Ptr]): void;
}

/**
 * The matrix that a transcript state determines. z3 and z4 have separate seeds.
 * @param which 3 or 4, the projection's number
 * @param members polynomials that it covers
 * @param hold keep expanded matrices in the arena for a later fold
 */
export function matrixSource(
  { ring }: Loaded,
  state: Uint8Array,
  which: 3 | 4,
  members: number,
  hold: boolean,
): MatrixSource {
  const mark = ring.mark();
  const seed = new FrameHash(ring, TAGS.projectionMatrix).bytes(state).integer(which).digest(MATRIX_SEED_BYTES);
  ring.release(mark, { wipe: false });
  const bytes = matrixBytes(ring);
  const held = hold && members * bytes <= HELD_BYTES;
  const matrices = ring.alloc(held ? members * bytes : bytes);
  const known = new Set<number>();
  const expanded = (index: number): Ptr => {
    const p = held ? matrices + index * bytes : matrices;
    if (!held || !known.has(index)) ring.expandR(p, seed, which, index);
    known.add(index);
    return p;
  };
  return {
    project: (acc, index, w) => project(ring, acc, expanded(index), w),
    tables(gammas, offset) {
      const set = 8 * PROJECTION_ROWS;
      const words = ring.alloc(2 * set * ring.L);
      for (let l = 0; l < ring.L; l++) {
        gammas.forEach((gamma, u) => {
          ring.copy(words + (2 * l + u) * set, gamma.words(l) + 8 * offset, set);
        });
      }
      return foldTables(ring, words);
    },
    fold: (tables, index, dst) => fold(ring, dst[0], dst[1], tables, expanded(index)),
  };
}
