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
 * tables: for each of 32 groups of 8 rows 256 pairs (u64 of set A, u64 of set B) of subset sums of the group's 8 challenges
 * modulo q. `a` and `b` are 256 residues each. 128 KiB.
 */
export function foldTables(context: usize, tables: usize, a: usize, b: usize): void {
  const q = load<u64>(context, Q);
  for (let group: usize = 0; group < 32; ++group) {
    const at = tables + (group << 12);
    const rows = group << 6;
    store<u64>(at, 0);
    store<u64>(at, 0, 8);
    for (let value: usize = 1; value < 256; ++value) {
      const row = rows + (<usize>ctz(value) << 3);
      const rest = at + ((value & (value - 1)) << 4);
      store<u64>(at + (value << 4), subtractOnce(load<u64>(rest) + load<u64>(a + row), q));
      store<u64>(at + (value << 4), subtractOnce(load<u64>(rest, 8) + load<u64>(b + row), q), 8);
    }
  }
}

const COLUMNS: usize = 256; // columns of one pass: sums of 4 KiB beside the 16 KiB of four tables
const sums = memory.data(256 * 16, 16);

/** Entry of a table for the byte of `bytes` that starts at bit `shift` + 4. */
// @ts-ignore: decorator
@inline
function entry(table: usize, bytes: u64, shift: u64): v128 {
  return v128.load(table + <usize>(<u32>(bytes >> shift) & 0xff0));
}

/** The sums of one column: four groups of bits a, less the same four of bits b. */
// @ts-ignore: decorator
@inline
function column(
  at: usize, table: usize, a0: u64, a1: u64, a2: u64, a3: u64, b0: u64, b1: u64, b2: u64, b3: u64, shift: u64,
): void {
  const plus = i64x2.add(
    i64x2.add(entry(table, a0, shift), entry(table + 4096, a1, shift)),
    i64x2.add(entry(table + 8192, a2, shift), entry(table + 12288, a3, shift)),
  );
  const minus = i64x2.add(
    i64x2.add(entry(table, b0, shift), entry(table + 4096, b1, shift)),
    i64x2.add(entry(table + 8192, b2, shift), entry(table + 12288, b3, shift)),
  );
  v128.store(at, i64x2.add(v128.load(at), i64x2.sub(plus, minus)));
}

/**
 * dstA, dstB (n residues each) = sum over rows of challenge times entry, n a multiple of 8. `span` groups of bits a (a
 * multiple of 4 that divides 32) less as many of bits b are added before a reduction; with span q added that is in
 * [0, 2 span q), so 2 span (q-1) < 2^64: span is 8 for q < 2^60 and 32 for q < 2^58.
 */
export function fold(context: usize, dstA: usize, dstB: usize, tables: usize, matrix: usize, n: usize, span: usize): void {
  const q = load<u64>(context, Q);
  const offset = <u64>span * q;
  for (let start: usize = 0; start < n; start += COLUMNS) {
    const width = min(COLUMNS, n - start);
    for (let first: usize = 0; first < 32; first += span) {
      memory.fill(sums, 0, COLUMNS << 4);
      for (let group = first; group < first + span; group += 4) {
        const table = tables + (group << 12);
        const rowA = matrix + group * n + start;
        const rowB = rowA + (n << 5);
        for (let j: usize = 0; j < width; j += 8) {
          let at = rowA + j;
          const a0 = load<u64>(at);
          const a1 = load<u64>((at += n));
          const a2 = load<u64>((at += n));
          const a3 = load<u64>(at + n);
          at = rowB + j;
          const b0 = load<u64>(at);
          const b1 = load<u64>((at += n));
          const b2 = load<u64>((at += n));
          const b3 = load<u64>(at + n);
          at = sums + (j << 4);
          // the first byte has to be moved up instead
          column(at, table, a0 << 4, a1 << 4, a2 << 4, a3 << 4, b0 << 4, b1 << 4, b2 << 4, b3 << 4, 0);
          column(at + 16, table, a0, a1, a2, a3, b0, b1, b2, b3, 4);
          column(at + 32, table, a0, a1, a2, a3, b0, b1, b2, b3, 12);
          column(at + 48, table, a0, a1, a2, a3, b0, b1, b2, b3, 20);
          column(at + 64, table, a0, a1, a2, a3, b0, b1, b2, b3, 28);
          column(at + 80, table, a0, a1, a2, a3, b0, b1, b2, b3, 36);
          column(at + 96, table, a0, a1, a2, a3, b0, b1, b2, b3, 44);
          column(at + 112, table, a0, a1, a2, a3, b0, b1, b2, b3, 52);
        }
      }
      for (let j: usize = 0; j < width; ++j) {
        let x = reduce64(load<u64>(sums + (j << 4)) + offset, context);
        let y = reduce64(load<u64>(sums + (j << 4), 8) + offset, context);
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
