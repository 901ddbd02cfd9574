// Discrete Gaussian of parameter sigma = 2k over Z: y = k x + u with x from a cumulative table for sigma 2 (x >= 0), u uniform
// in [0, k), kept with probability exp(-u (u + 2 k x) / (8 k^2)), then a sign. What 32-bit arithmetic can't decide is left
// to the host, which decides it exactly.
import { mulHigh } from './modular';
import { streamWord } from './xof';

/** floor(2^32 ln(2)^j / j!), j = 0 ... 9, less the 2^32 of j = 0. */
// @ts-ignore: decorator
@inline const C1: u64 = 2977044471;
// @ts-ignore: decorator
@inline const C2: u64 = 1031764991;
// @ts-ignore: decorator
@inline const C3: u64 = 238388331;
// @ts-ignore: decorator
@inline const C4: u64 = 41309549;
// @ts-ignore: decorator
@inline const C5: u64 = 5726719;
// @ts-ignore: decorator
@inline const C6: u64 = 661576;
// @ts-ignore: decorator
@inline const C7: u64 = 65509;
// @ts-ignore: decorator
@inline const C8: u64 = 5676;
// @ts-ignore: decorator
@inline const C9: u64 = 437;
/** round(2^32 log2(e) / 8) */
// @ts-ignore: decorator
@inline const LOG2E_8: u64 = 774541002;

/**
 * 2^32 exp(-u (u + 2 k x) / (8 k^2)) within 2^7 for u < k < 2^31, x < 32; `inverse` = floor(2^63 / k).
 * f = u/k is off by less than 2^-31, f^2 + 2 x f by less than 2^-25, its product with log2(e)/8 by less than 2^-26 in
 * all; the Taylor sum of 2^-z, z in [0, 1), by 2^-27 (tail) and 10 * 2^-32 (cuts).
 */
export function bernoulliEstimate(u: u64, x: u64, inverse: u64): u64 {
  const f = (u * inverse) >> 31;
  const a = ((f * f) >> 32) + 2 * x * f;
  const t = (a >> 6) * LOG2E_8; // 58 fraction bits, below 10
  const z = (t >> 26) & 0xffffffff;
  let p = C8 - ((C9 * z) >> 32);
  p = C7 - ((p * z) >> 32);
  p = C6 - ((p * z) >> 32);
  p = C5 - ((p * z) >> 32);
  p = C4 - ((p * z) >> 32);
  p = C3 - ((p * z) >> 32);
  p = C2 - ((p * z) >> 32);
  p = C1 - ((p * z) >> 32);
  return (0x100000000 - ((p * z) >> 32)) >> (t >> 58);
}

/**
 * x of the base distribution: the number of thresholds that the 127-bit number (high 63 bits, low 64 bits) reaches.
 * `table` holds `entries` high words (each below 2^63; `entries` is even), then as many low words.
 */
export function gaussianBase(table: usize, entries: usize, high: u64, low: u64): u64 {
  let x: u64 = 0;
  for (let at = table, end = table + (entries << 3); at < end; at += 8) {
    const threshold = load<u64>(at);
    const reaches = <u64>(low >= load<u64>(at + (entries << 3)));
    x += <u64>(high > threshold) | (<u64>(high == threshold) & reaches);
  }
  return x;
}

/** The number of high words below `high`, or -1 if one equals it (once in 2^58 draws) and low words must decide. */
// @ts-ignore: decorator
@inline
function gaussianHigh(table: usize, entries: usize, high: u64): i64 {
  const all = i64x2.splat(<i64>high);
  let above = i64x2.splat(0);
  let equal = i64x2.splat(0);
  for (let at = table, end = table + (entries << 3); at < end; at += 16) {
    const thresholds = v128.load(at);
    above = i64x2.sub(above, i64x2.gt_s(all, thresholds));
    equal = v128.or(equal, i64x2.eq(all, thresholds));
  }
  return v128.any_true(equal) ? -1 : i64x2.extract_lane(above, 0) + i64x2.extract_lane(above, 1);
}

/**
 * Writes samples to dst from index `start` and returns the index it stopped at. If that is below `count`, one candidate is
 * undecided: `pending` holds u64 x, u, sign, r (the first 64 bits of the uniform number to compare with), and neither
 * sample nor rejection has been recorded. `excess` = 2^64 mod k, `guard` >= 2^8 is the half-width of the undecided band.
 */
export function gaussian(
  stream: usize, dst: usize, start: usize, count: usize, k: u64, inverse: u64, excess: u64, table: usize, entries: usize,
  pending: usize, guard: u64,
): usize {
  let i = start;
  while (i < count) {
    const word = streamWord(stream);
    const sign = word >> 63;
    const high = word & 0x7fffffffffffffff;
    const found = gaussianHigh(table, entries, high);
    const x = found >= 0 ? <u64>found : gaussianBase(table, entries, high, streamWord(stream));
    const draw = streamWord(stream);
    // uniform in [0, k): the product's high word, redrawn if its low word is below 2^64 mod k
    if (draw * k < excess) continue;
    const u = mulHigh(draw, k);
    const r = streamWord(stream);
    const p = bernoulliEstimate(u, x, inverse);
    const r32 = r >> 32;
    if (r32 + guard >= p && r32 < p + guard) {
      store<u64>(pending, x);
      store<u64>(pending, u, 8);
      store<u64>(pending, sign, 16);
      store<u64>(pending, r, 24);
      return i;
    }
    const y = k * x + u;
    // the half at y = 0 that the sign would count twice is dropped
    if (r32 >= p || (y == 0 && sign != 0)) continue;
    store<i64>(dst + (i << 3), sign != 0 ? -<i64>y : <i64>y);
    ++i;
  }
  return i;
}
