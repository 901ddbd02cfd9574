// Integers to residues and back, and checks of residues, for one prime.
import { Q, mulHigh, mulShoup, reduce64, reduceSigned, subtractOnce } from './modular';

export function liftI8(context: usize, dst: usize, src: usize, count: usize): void {
  const q = load<u64>(context, Q);
  for (let i: usize = 0; i < count; ++i) {
    const x = <i64>load<i8>(src + i);
    // q may be below 128 in toy rings
    store<u64>(dst + (i << 3), x >= -(<i64>q) && x < <i64>q ? <u64>(x + ((x >> 63) & q)) : reduceSigned(x, context));
  }
}

export function liftI32(context: usize, dst: usize, src: usize, count: usize): void {
  const q = load<u64>(context, Q);
  for (let i: usize = 0; i < count; ++i) {
    const x = <i64>load<i32>(src + (i << 2));
    store<u64>(dst + (i << 3), x >= -(<i64>q) && x < <i64>q ? <u64>(x + ((x >> 63) & q)) : reduceSigned(x, context));
  }
}

/** |x| < 2^63. */
export function liftI64(context: usize, dst: usize, src: usize, count: usize): void {
  for (let i: usize = 0, end = count << 3; i < end; i += 8) {
    store<u64>(dst + i, reduceSigned(load<i64>(src + i), context));
  }
}

export function isReduced(context: usize, src: usize, count: usize): bool {
  const q = load<u64>(context, Q);
  let over: u64 = 0;
  for (let i: usize = 0, end = count << 3; i < end; i += 8) over |= <u64>(load<u64>(src + i) >= q);
  return over == 0;
}

/** No early exit. */
export function sameBytes(a: usize, b: usize, length: usize): bool {
  let difference: u32 = 0;
  for (let i: usize = 0; i < length; ++i) difference |= <u32>(load<u8>(a + i) ^ load<u8>(b + i));
  return difference == 0;
}

/** Centred value in (-q/2, q/2] of one prime. */
export function centerOne(context: usize, dst: usize, src: usize, count: usize): void {
  const q = load<u64>(context, Q);
  const middle = q >> 1;
  for (let i: usize = 0, end = count << 3; i < end; i += 8) {
    const x = load<u64>(src + i);
    store<i64>(dst + i, x > middle ? <i64>(x - q) : <i64>x);
  }
}

/**
 * Centred value modulo q0 q1: x = x0 + q0 v, v = (x1 - x0) q0^-1 mod q1. Returns false if some |x| >= 2^62; that
 * coefficient is written as 0. `inverse` = q0^-1 mod q1 with its Shoup quotient.
 */
export function centerTwo(
  context0: usize, context1: usize, dst: usize, src0: usize, src1: usize, count: usize, inverse: u64, shoup: u64,
): bool {
  const q0 = load<u64>(context0, Q);
  const q1 = load<u64>(context1, Q);
  const middle0 = q0 >> 1;
  const middle1 = q1 >> 1;
  let fits = true;
  for (let i: usize = 0, end = count << 3; i < end; i += 8) {
    const x0 = load<u64>(src0 + i);
    const x1 = load<u64>(src1 + i);
    const difference = subtractOnce(x1 + q1 - reduce64(x0, context1), q1);
    const v = subtractOnce(mulShoup(difference, inverse, shoup, q1), q1);
    // x <= (q-1)/2 exactly if v < (q1-1)/2, or v is that and x0 <= (q0-1)/2
    const negative = v > middle1 || (v == middle1 && x0 > middle0);
    const factor = negative ? q1 - v : v;
    const product = factor * q0;
    // below 2^63 before x0 < 2^60 is added or taken away
    const small = mulHigh(factor, q0) == 0 && product < (1 << 63);
    const magnitude = negative ? product - x0 : product + x0;
    const inside = small && magnitude < (1 << 62);
    fits = fits && inside;
    store<i64>(dst + i, inside ? (negative ? -<i64>magnitude : <i64>magnitude) : 0);
  }
  return fits;
}
