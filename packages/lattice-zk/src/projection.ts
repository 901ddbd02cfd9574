import type { Loaded } from './linear.ts';
import type { GammaSet } from './quadratic.ts';
import type { Ptr } from './ring/kernels.ts';
import { fold, foldTables, matrixBytes, PROJECTION_ROWS, project } from './ring/projection.ts';
import { TAGS } from './tags.ts';
import { FrameHash } from './transcript.ts';

/** Bytes of the seed that one projection matrix is expanded from. */
const MATRIX_SEED_BYTES = 32;
/** Matrices are kept between projecting and folding while both fit in this many bytes; else they are expanded again. */
const HELD_BYTES = 2 ** 29;

/** Where a projection's matrices go: room for all members, or for one at a time. */
export interface MatrixRoom {
  readonly at: Ptr;
  readonly all: boolean;
  /** the source whose matrices lie here; a later source takes the room over */
  holder: symbol | undefined;
}

/** Room for both projections. A prover holds the matrices from projecting to folding; a verifier only folds. */
export function matrixRooms({ ring, relation }: Loaded, hold: boolean): readonly [MatrixRoom, MatrixRoom] {
  const bytes = matrixBytes(ring);
  const [first, second] = relation.projections;
  const all = hold && (first.length + second.length) * bytes <= HELD_BYTES;
  const room = (members: number): MatrixRoom => ({
    at: ring.alloc(all ? members * bytes : bytes),
    all,
    holder: undefined,
  });
  return [room(first.length), room(second.length)];
}

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
 */
export function matrixSource({ ring }: Loaded, state: Uint8Array, which: 3 | 4, room: MatrixRoom): MatrixSource {
  const mark = ring.mark();
  const seed = new FrameHash(ring, TAGS.projectionMatrix).bytes(state).integer(which).digest(MATRIX_SEED_BYTES);
  ring.release(mark);
  const bytes = matrixBytes(ring);
  const self = Symbol('matrix source');
  const known = new Set<number>();
  const expanded = (index: number): Ptr => {
    const p = room.all ? room.at + index * bytes : room.at;
    if (room.holder !== self) known.clear();
    if (!room.all || !known.has(index)) ring.expandR(p, seed, which, index);
    known.add(index);
    room.holder = self;
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
