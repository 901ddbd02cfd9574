// The random projection R (256 rows, entries bit - bit) of one polynomial: 64 groups of n bytes, see Ring.expandR.
import { Q, reduce64, subtractOnce } from './modular';

const histogram = memory.data(4 * 256 * 8, 16);

// @ts-ignore: decorator
@inline
function count(at: usize, byte: u32, w: i64): void {
  const bucket = at + (<usize>byte << 3);
  store<i64>(bucket, load<i64>(bucket) + w);
}

/**
 * acc (256 i64) += R w for w of n i32, n a multiple of 4. For every byte value the columns that carry it are summed first,
 * so a column costs one addition for 8 rows; four groups share the loads of w. |acc| grows by less than n 2^31 <= 2^44.
 */
export function project(acc: usize, matrix: usize, w: usize, n: usize): void {
  for (let group: usize = 0; group < 64; group += 4) {
    memory.fill(histogram, 0, 4 * 2048);
    const row0 = matrix + group * n;
    const row1 = row0 + n;
    const row2 = row1 + n;
    const row3 = row2 + n;
    for (let j: usize = 0; j < n; j += 4) {
      let b0 = load<u32>(row0 + j);
      let b1 = load<u32>(row1 + j);
      let b2 = load<u32>(row2 + j);
      let b3 = load<u32>(row3 + j);
      for (let c: usize = 0; c < 4; ++c) {
        const x = <i64>load<i32>(w + ((j + c) << 2));
        count(histogram, b0 & 255, x);
        count(histogram + 2048, b1 & 255, x);
        count(histogram + 4096, b2 & 255, x);
        count(histogram + 6144, b3 & 255, x);
        b0 >>= 8;
        b1 >>= 8;
        b2 >>= 8;
        b3 >>= 8;
      }
    }
    for (let g: usize = 0; g < 4; ++g) {
      const at = histogram + (g << 11);
      const rows = acc + (((group + g) & 31) << 6);
      for (let bit: i32 = 7; bit >= 0; --bit) {
        const half: usize = (<usize>1 << bit) << 3;
        let sum: i64 = 0;
        for (let i: usize = 0; i < half; i += 8) {
          const x = load<i64>(at + half + i);
          sum += x;
          store<i64>(at + i, load<i64>(at + i) + x);
        }
        const row = rows + (<usize>bit << 3);
        store<i64>(row, group < 32 ? load<i64>(row) + sum : load<i64>(row) - sum);
      }
    }
  }
  memory.fill(histogram, 0, 4 * 2048);
}

/**
 * tables: for each of 64 groups 256 pairs (u64 of set A, u64 of set B) of subset sums of the group's 8 challenges modulo q,
 * negated for groups 32 to 63. `a` and `b` are 256 residues each. 256 KiB.
 */
export function foldTables(context: usize, tables: usize, a: usize, b: usize): void {
  const q = load<u64>(context, Q);
  for (let group: usize = 0; group < 64; ++group) {
    const at = tables + (group << 12);
    const rows = (group & 31) << 6;
    store<u64>(at, 0);
    store<u64>(at, 0, 8);
    for (let value: usize = 1; value < 256; ++value) {
      const row = rows + (<usize>ctz(value) << 3);
      const rest = at + ((value & (value - 1)) << 4);
      let x = load<u64>(a + row);
      let y = load<u64>(b + row);
      if (group >= 32) {
        x = subtractOnce(q - x, q);
        y = subtractOnce(q - y, q);
      }
      store<u64>(at + (value << 4), subtractOnce(load<u64>(rest) + x, q));
      store<u64>(at + (value << 4), subtractOnce(load<u64>(rest, 8) + y, q), 8);
    }
  }
}

const COLUMNS: usize = 256; // columns of one pass: sums of 4 KiB beside the 16 KiB of four tables
const sums = memory.data(256 * 16, 16);

/**
 * dstA, dstB (n residues each) = sum over rows of challenge times entry. `span` groups (a multiple of 4 that divides 64) are
 * added before a reduction: span (q-1) < 2^64, that is 16 for q < 2^60 and 64 for q < 2^58.
 */
export function fold(context: usize, dstA: usize, dstB: usize, tables: usize, matrix: usize, n: usize, span: usize): void {
  const q = load<u64>(context, Q);
  for (let start: usize = 0; start < n; start += COLUMNS) {
    const width = min(COLUMNS, n - start);
    for (let first: usize = 0; first < 64; first += span) {
      memory.fill(sums, 0, COLUMNS << 4);
      for (let group = first; group < first + span; group += 4) {
        const table = tables + (group << 12);
        const row0 = matrix + group * n + start;
        const row1 = row0 + n;
        const row2 = row1 + n;
        const row3 = row2 + n;
        for (let j: usize = 0; j < width; j += 4) {
          let b0 = load<u32>(row0 + j);
          let b1 = load<u32>(row1 + j);
          let b2 = load<u32>(row2 + j);
          let b3 = load<u32>(row3 + j);
          const at = sums + (j << 4);
          for (let c: usize = 0; c < 4; ++c) {
            const left = i64x2.add(
              v128.load(table + (<usize>(b0 & 255) << 4)),
              v128.load(table + (<usize>(b1 & 255) << 4), 4096),
            );
            const right = i64x2.add(
              v128.load(table + (<usize>(b2 & 255) << 4), 8192),
              v128.load(table + (<usize>(b3 & 255) << 4), 12288),
            );
            v128.store(at + (c << 4), i64x2.add(v128.load(at + (c << 4)), i64x2.add(left, right)));
            b0 >>= 8;
            b1 >>= 8;
            b2 >>= 8;
            b3 >>= 8;
          }
        }
      }
      for (let j: usize = 0; j < width; ++j) {
        let x = reduce64(load<u64>(sums + (j << 4)), context);
        let y = reduce64(load<u64>(sums + (j << 4), 8), context);
        const a = dstA + ((start + j) << 3);
        const b = dstB + ((start + j) << 3);
        if (first > 0) {
          x = subtractOnce(x + load<u64>(a), q);
          y = subtractOnce(y + load<u64>(b), q);
        }
        store<u64>(a, x);
        store<u64>(b, y);
      }
    }
  }
}
