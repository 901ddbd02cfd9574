// Exact arithmetic over Z on coefficient vectors in split order: sparse challenges, masked responses, 128-bit sums.
import { mulHigh } from './modular';

// @ts-ignore: decorator
@inline
function widen8(dst: usize, src: usize, count: usize, negative: bool): void {
  let i: usize = 0;
  for (; i + 8 <= count; i += 8) {
    const words = v128.load_ext<i8>(src + i);
    const low = i32x4.extend_low_i16x8_s(words);
    const high = i32x4.extend_high_i16x8_s(words);
    const at = dst + (i << 3);
    put(at, i64x2.extend_low_i32x4_s(low), negative);
    put(at + 16, i64x2.extend_high_i32x4_s(low), negative);
    put(at + 32, i64x2.extend_low_i32x4_s(high), negative);
    put(at + 48, i64x2.extend_high_i32x4_s(high), negative);
  }
  for (; i < count; ++i) {
    const at = dst + (i << 3);
    const x = <i64>load<i8>(src + i);
    store<i64>(at, negative ? load<i64>(at) - x : load<i64>(at) + x);
  }
}

// @ts-ignore: decorator
@inline
function put(at: usize, x: v128, negative: bool): void {
  v128.store(at, negative ? i64x2.sub(v128.load(at), x) : i64x2.add(v128.load(at), x));
}

// @ts-ignore: decorator
@inline
function widen32(dst: usize, src: usize, count: usize, negative: bool): void {
  let i: usize = 0;
  for (; i + 4 <= count; i += 4) {
    const words = v128.load(src + (i << 2));
    const at = dst + (i << 3);
    put(at, i64x2.extend_low_i32x4_s(words), negative);
    put(at + 16, i64x2.extend_high_i32x4_s(words), negative);
  }
  for (; i < count; ++i) {
    const at = dst + (i << 3);
    const x = <i64>load<i32>(src + (i << 2));
    store<i64>(at, negative ? load<i64>(at) - x : load<i64>(at) + x);
  }
}

/** dst[count] +-= src[count]; `log` 0 for i8, 2 for i32. */
function accumulate(dst: usize, src: usize, count: usize, negative: bool, log: usize): void {
  if (log == 0) {
    if (negative) widen8(dst, src, count, true);
    else widen8(dst, src, count, false);
  } else if (negative) widen32(dst, src, count, true);
  else widen32(dst, src, count, false);
}

/** dst (N i64) += sign X^shift src (N) modulo X^N + 1, 0 <= shift <= N. */
function shiftAdd(dst: usize, src: usize, n: usize, shift: usize, negative: bool, log: usize): void {
  accumulate(dst + (shift << 3), src, n - shift, negative, log);
  accumulate(dst, src + ((n - shift) << log), shift, !negative, log);
}

/**
 * dst (2N i64) = c src for sparse c: `terms` holds pairs (position i32, sign i32), sign +1 or -1, 0 <= position < 2N; src is
 * 2N i8 (log 0) or i32 (log 2). Exact: |dst| <= terms 2^31. W^(2b+1) (s0 + s1 W) = X^(b+1) s1 + X^b s0 W.
 */
export function mulChallenge(dst: usize, terms: usize, count: usize, src: usize, n: usize, log: usize): void {
  memory.fill(dst, 0, n << 4);
  const srcOdd = src + (n << log);
  const dstOdd = dst + (n << 3);
  for (let term = terms, end = terms + (count << 3); term < end; term += 8) {
    const position = <usize>load<u32>(term);
    const negative = load<i32>(term, 4) < 0;
    const shift = position >> 1;
    if ((position & 1) == 0) {
      shiftAdd(dst, src, n, shift, negative, log);
      shiftAdd(dstOdd, srcOdd, n, shift, negative, log);
    } else {
      shiftAdd(dst, srcOdd, n, shift + 1, negative, log);
      shiftAdd(dstOdd, src, n, shift, negative, log);
    }
  }
}

export function addI64(dst: usize, a: usize, b: usize, count: usize): void {
  for (let i: usize = 0, end = count << 3; i < end; i += 8) store<i64>(dst + i, load<i64>(a + i) + load<i64>(b + i));
}

export function widenI8(dst: usize, src: usize, count: usize): void {
  for (let i: usize = 0; i < count; ++i) store<i32>(dst + (i << 2), <i32>load<i8>(src + i));
}

export function widenI32(dst: usize, src: usize, count: usize): void {
  for (let i: usize = 0; i < count; ++i) store<i64>(dst + (i << 3), <i64>load<i32>(src + (i << 2)));
}

/** i64 to i32. Returns false if a value does not fit; it is written as 0. */
export function narrowI64(dst: usize, src: usize, count: usize): bool {
  let fits = true;
  for (let i: usize = 0; i < count; ++i) {
    const x = load<i64>(src + (i << 3));
    const inside = x == <i64>(<i32>x);
    fits = fits && inside;
    store<i32>(dst + (i << 2), inside ? <i32>x : 0);
  }
  return fits;
}

/** out (low u64, high i64) = sum of a_i b_i over i64, exact in 128 bits: |a_i b_i| < 2^126 and less than 2^20 products of that size. */
export function innerI64(out: usize, a: usize, b: usize, count: usize): void {
  let lo: u64 = 0;
  let hi: i64 = 0;
  for (let i: usize = 0, end = count << 3; i < end; i += 8) {
    const x = load<i64>(a + i);
    const y = load<i64>(b + i);
    const low = <u64>x * <u64>y;
    // signed high word: the unsigned one minus y where x < 0 and x where y < 0
    const high = <i64>mulHigh(<u64>x, <u64>y) - ((x >> 63) & y) - ((y >> 63) & x);
    lo += low;
    hi += high + (lo < low ? 1 : 0);
  }
  store<u64>(out, lo);
  store<i64>(out, hi, 8);
}

/** The same over i32: |a_i b_i| <= 2^62. */
export function innerI32(out: usize, a: usize, b: usize, count: usize): void {
  let lo: u64 = 0;
  let hi: i64 = 0;
  for (let i: usize = 0, end = count << 2; i < end; i += 4) {
    const product = <i64>load<i32>(a + i) * <i64>load<i32>(b + i);
    lo += <u64>product;
    hi += (product >> 63) + (lo < <u64>product ? 1 : 0);
  }
  store<u64>(out, lo);
  store<i64>(out, hi, 8);
}

export function innerI8(a: usize, b: usize, count: usize): i64 {
  let sum: i64 = 0;
  for (let i: usize = 0; i < count; ++i) sum += <i64>(<i32>load<i8>(a + i) * <i32>load<i8>(b + i));
  return sum;
}

/** max |x_i| as u64; 2^63 for the smallest i64. */
export function largestI64(src: usize, count: usize): u64 {
  let largest: u64 = 0;
  for (let i: usize = 0, end = count << 3; i < end; i += 8) {
    const x = load<i64>(src + i);
    largest = max(largest, x < 0 ? <u64>(-x) : <u64>x);
  }
  return largest;
}
