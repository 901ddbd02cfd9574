// Arithmetic modulo one prime q < 2^60. wasm has no 64x64 -> 128 multiplication, so high words are built from 32-bit limbs.

/** Prime context in memory (80 bytes): see the offsets below; tables are filled by the host. */
export const Q: usize = 0; // q
export const R128: usize = 8; // 2^64 mod q
export const R128_SHOUP: usize = 16; // floor(R128 * 2^64 / q)
export const ONE_SHOUP: usize = 24; // floor(2^64 / q)
export const N_INV: usize = 32; // N^-1 mod q
export const N_INV_SHOUP: usize = 40;
export const FORWARD: usize = 48; // -> N pairs (w, w'), bit-reversed powers of psi
export const INVERSE: usize = 52; // -> N pairs, bit-reversed powers of psi^-1
export const ZETA: usize = 56; // -> N pairs, zeta of slot k; zeta^-1 of slot k is zeta of slot N-1-k
export const DEGREE: usize = 60; // N
export const LAST: usize = 64; // (inverse table's w of the last layer) N^-1 mod q
export const LAST_SHOUP: usize = 72;

const LOW: u64 = 0xffffffff;

/** floor(a b / 2^64), exact: no partial sum passes 2^64 - 1. */
// @ts-ignore: decorator
@inline
export function mulHigh(a: u64, b: u64): u64 {
  const a0 = a & LOW;
  const a1 = a >> 32;
  const b0 = b & LOW;
  const b1 = b >> 32;
  const middle = a1 * b0 + ((a0 * b0) >> 32);
  const cross = a0 * b1 + (middle & LOW);
  return a1 * b1 + (middle >> 32) + (cross >> 32);
}

/** At most 2 below mulHigh: the low product and the carries are left out. */
// @ts-ignore: decorator
@inline
export function mulHighBelow(a: u64, b: u64): u64 {
  const a0 = a & LOW;
  const a1 = a >> 32;
  const b0 = b & LOW;
  const b1 = b >> 32;
  return a1 * b1 + ((a1 * b0) >> 32) + ((a0 * b1) >> 32);
}

/** x w mod q in [0, 2q) for any x < 2^64, w < q, shoup = floor(w 2^64 / q). */
// @ts-ignore: decorator
@inline
export function mulShoup(x: u64, w: u64, shoup: u64, q: u64): u64 {
  return x * w - mulHigh(x, shoup) * q;
}

/** The same in [0, 4q), one multiplication cheaper. */
// @ts-ignore: decorator
@inline
export function mulShoup4(x: u64, w: u64, shoup: u64, q: u64): u64 {
  return x * w - mulHighBelow(x, shoup) * q;
}

// @ts-ignore: decorator
@inline
export function subtractOnce(x: u64, q: u64): u64 {
  return x >= q ? x - q : x;
}

/** (hi 2^64 + lo) mod q, fully reduced, for any 128-bit value: hi r + lo, each reduced to [0, 2q), 4q < 2^62. */
// @ts-ignore: decorator
@inline
export function reduce128(hi: u64, lo: u64, context: usize): u64 {
  const q = load<u64>(context, Q);
  const sum =
    mulShoup(hi, load<u64>(context, R128), load<u64>(context, R128_SHOUP), q) +
    (lo - mulHigh(lo, load<u64>(context, ONE_SHOUP)) * q);
  return subtractOnce(subtractOnce(sum, q << 1), q);
}

/** x mod q for any x < 2^64. */
// @ts-ignore: decorator
@inline
export function reduce64(x: u64, context: usize): u64 {
  const q = load<u64>(context, Q);
  return subtractOnce(x - mulHigh(x, load<u64>(context, ONE_SHOUP)) * q, q);
}

/** x mod q for a signed x. */
// @ts-ignore: decorator
@inline
export function reduceSigned(x: i64, context: usize): u64 {
  const q = load<u64>(context, Q);
  const magnitude = reduce64(x < 0 ? <u64>(-x) : <u64>x, context);
  return x < 0 && magnitude != 0 ? q - magnitude : magnitude;
}
