// Slot by slot and coefficient by coefficient, for one prime: `p` points at one block [even half N][odd half N].
// Every input residue is fully reduced and so is every output. dst may be an input, except where said.
import { DEGREE, Q, ZETA, mulHigh, mulShoup, reduce128, subtractOnce } from './modular';

export function add(context: usize, dst: usize, a: usize, b: usize, count: usize): void {
  const q = load<u64>(context, Q);
  for (let i: usize = 0, end = count << 3; i < end; i += 8) {
    store<u64>(dst + i, subtractOnce(load<u64>(a + i) + load<u64>(b + i), q));
  }
}

export function sub(context: usize, dst: usize, a: usize, b: usize, count: usize): void {
  const q = load<u64>(context, Q);
  for (let i: usize = 0, end = count << 3; i < end; i += 8) {
    store<u64>(dst + i, subtractOnce(load<u64>(a + i) + q - load<u64>(b + i), q));
  }
}

export function neg(context: usize, dst: usize, a: usize, count: usize): void {
  const q = load<u64>(context, Q);
  for (let i: usize = 0, end = count << 3; i < end; i += 8) {
    store<u64>(dst + i, subtractOnce(q - load<u64>(a + i), q));
  }
}

/** mode 0: dst = x; 1: dst += x; 2: dst -= x. */
// @ts-ignore: decorator
@inline
function put(dst: usize, x: u64, q: u64, mode: i32): void {
  if (mode == 1) x = subtractOnce(load<u64>(dst) + x, q);
  else if (mode == 2) x = subtractOnce(load<u64>(dst) + q - x, q);
  store<u64>(dst, x);
}

/** dst (=, +=, -=) s a, s < q with its Shoup quotient. */
export function mulScalar(context: usize, dst: usize, a: usize, count: usize, s: u64, shoup: u64, mode: i32): void {
  const q = load<u64>(context, Q);
  for (let i: usize = 0, end = count << 3; i < end; i += 8) {
    put(dst + i, subtractOnce(mulShoup(load<u64>(a + i), s, shoup, q), q), q, mode);
  }
}

/** dst (=, +=, -=) r a: `r` is N residues, one scalar a slot, `a` and `dst` are [even half][odd half]. */
export function mulR(context: usize, dst: usize, r: usize, a: usize, mode: i32): void {
  const q = load<u64>(context, Q);
  const half = <usize>load<u32>(context, DEGREE) << 3;
  for (let i: usize = 0; i < half; i += 8) {
    const x = load<u64>(r + i);
    const a0 = load<u64>(a + i);
    const a1 = load<u64>(a + half + i);
    put(dst + i, reduce128(mulHigh(x, a0), x * a0, context), q, mode);
    put(dst + half + i, reduce128(mulHigh(x, a1), x * a1, context), q, mode);
  }
}

/** Adds s to the even half: a constant in NTT form. */
export function addConstant(context: usize, dst: usize, a: usize, s: u64): void {
  const q = load<u64>(context, Q);
  const half = <usize>load<u32>(context, DEGREE) << 3;
  for (let i: usize = 0; i < half; i += 8) store<u64>(dst + i, subtractOnce(load<u64>(a + i) + s, q));
  if (dst != a) memory.copy(dst + half, a + half, half);
}

/** sigma in NTT form: slot k takes (a0, zeta_k^-1 a1) from slot N-1-k. dst must not be a. */
export function sigma(context: usize, dst: usize, a: usize): void {
  const q = load<u64>(context, Q);
  const half = <usize>load<u32>(context, DEGREE) << 3;
  const zeta = <usize>load<u32>(context, ZETA);
  for (let i: usize = 0; i < half; i += 8) {
    const mirror = half - 8 - i;
    store<u64>(dst + i, load<u64>(a + mirror));
    const inverse = zeta + (mirror << 1);
    store<u64>(
      dst + half + i,
      subtractOnce(mulShoup(load<u64>(a + half + mirror), load<u64>(inverse), load<u64>(inverse, 8), q), q),
    );
  }
}

const TILE: usize = 256; // slots of one pass over the pairs: 2 KiB in a row of each operand, 12 KiB of accumulators
const WORDS: usize = 48; // bytes of accumulators a slot
const scratch = memory.data(256 * 48, 16);

// @ts-ignore: decorator
@inline
function accumulate(at: usize, a: u64, b: u64): void {
  const lo = a * b;
  const sum = load<u64>(at) + lo;
  store<u64>(at, sum);
  store<u64>(at + 8, load<u64>(at + 8) + mulHigh(a, b) + (sum < lo ? 1 : 0));
}

/**
 * dst (=, +=, -=) sum of a_i b_i in S_q: pairs of addresses (u32, u32), `shift` bytes added to each (the prime's block).
 * Karatsuba: (a0+a1)(b0+b1) < 2^122, so 63 pairs fit 128 bits; the host cuts longer lists. dst is written after the
 * last read of its tile, so it may be an input.
 */
export function dot(context: usize, dst: usize, pairs: usize, count: usize, shift: usize, mode: i32): void {
  const q = load<u64>(context, Q);
  const half = <usize>load<u32>(context, DEGREE) << 3;
  const zeta = <usize>load<u32>(context, ZETA);
  for (let start: usize = 0; start < half; start += TILE << 3) {
    const stop = min(half, start + (TILE << 3));
    memory.fill(scratch, 0, TILE * WORDS);
    for (let pair = pairs, last = pairs + (count << 3); pair < last; pair += 8) {
      const a = <usize>load<u32>(pair) + shift;
      const b = <usize>load<u32>(pair, 4) + shift;
      let at = scratch;
      for (let i = start; i < stop; i += 8) {
        const a0 = load<u64>(a + i);
        const a1 = load<u64>(a + half + i);
        const b0 = load<u64>(b + i);
        const b1 = load<u64>(b + half + i);
        accumulate(at, a0, b0);
        accumulate(at + 16, a1, b1);
        accumulate(at + 32, a0 + a1, b0 + b1);
        at += WORDS;
      }
    }
    let at = scratch;
    for (let i = start; i < stop; i += 8) {
      const lo0 = load<u64>(at);
      const hi0 = load<u64>(at, 8);
      const lo1 = load<u64>(at, 16);
      const hi1 = load<u64>(at, 24);
      let lo = load<u64>(at, 32);
      let hi = load<u64>(at, 40);
      hi -= hi0 + (lo < lo0 ? 1 : 0);
      lo -= lo0;
      hi -= hi1 + (lo < lo1 ? 1 : 0);
      lo -= lo1;
      const entry = zeta + (i << 1);
      const high = reduce128(hi1, lo1, context);
      const folded = subtractOnce(mulShoup(high, load<u64>(entry), load<u64>(entry, 8), q), q);
      put(dst + i, subtractOnce(reduce128(hi0, lo0, context) + folded, q), q, mode);
      put(dst + half + i, reduce128(hi, lo, context), q, mode);
      at += WORDS;
    }
  }
  memory.fill(scratch, 0, TILE * WORDS); // sums of secrets
}

/**
 * dst (=, +=, -=) sum of sigma(a_i) b_i: with a' = a at slot N-1-k the even part is a0'b0 + a1'b1 (zeta cancels), the odd
 * part a0'b1 + zeta^-1 a1'b0. At most 128 pairs. dst must not be an a_i.
 */
export function dotSigma(context: usize, dst: usize, pairs: usize, count: usize, shift: usize, mode: i32): void {
  const q = load<u64>(context, Q);
  const half = <usize>load<u32>(context, DEGREE) << 3;
  const zeta = <usize>load<u32>(context, ZETA);
  for (let start: usize = 0; start < half; start += TILE << 3) {
    const stop = min(half, start + (TILE << 3));
    memory.fill(scratch, 0, TILE * WORDS);
    for (let pair = pairs, last = pairs + (count << 3); pair < last; pair += 8) {
      const a = <usize>load<u32>(pair) + shift;
      const b = <usize>load<u32>(pair, 4) + shift;
      let at = scratch;
      for (let i = start; i < stop; i += 8) {
        const mirror = half - 8 - i;
        const a0 = load<u64>(a + mirror);
        const a1 = load<u64>(a + half + mirror);
        const b0 = load<u64>(b + i);
        const b1 = load<u64>(b + half + i);
        accumulate(at, a0, b0);
        accumulate(at, a1, b1);
        accumulate(at + 16, a0, b1);
        accumulate(at + 32, a1, b0);
        at += WORDS;
      }
    }
    let at = scratch;
    for (let i = start; i < stop; i += 8) {
      const inverse = zeta + ((half - 8 - i) << 1);
      const turned = reduce128(load<u64>(at, 40), load<u64>(at, 32), context);
      const folded = subtractOnce(mulShoup(turned, load<u64>(inverse), load<u64>(inverse, 8), q), q);
      put(dst + i, reduce128(load<u64>(at, 8), load<u64>(at), context), q, mode);
      put(dst + half + i, subtractOnce(reduce128(load<u64>(at, 24), load<u64>(at, 16), context) + folded, q), q, mode);
      at += WORDS;
    }
  }
  memory.fill(scratch, 0, TILE * WORDS); // sums of secrets
}

/**
 * dst (=, +=, -=) sum of sigma(a_i) a_i, `list` holds addresses (u32). The sum x is its own sigma, x0 at slot N-1-k equals x0
 * at k and x1 there is zeta_k x1: half of the slots are computed. At most 128 elements.
 */
export function sumNorms(context: usize, dst: usize, list: usize, count: usize, shift: usize, mode: i32): void {
  const q = load<u64>(context, Q);
  const half = <usize>load<u32>(context, DEGREE) << 3;
  const zeta = <usize>load<u32>(context, ZETA);
  for (let start: usize = 0; start < half >> 1; start += TILE << 3) {
    const stop = min(half >> 1, start + (TILE << 3));
    memory.fill(scratch, 0, TILE * WORDS);
    for (let item = list, last = list + (count << 2); item < last; item += 4) {
      const a = <usize>load<u32>(item) + shift;
      let at = scratch;
      for (let i = start; i < stop; i += 8) {
        const mirror = half - 8 - i;
        const m0 = load<u64>(a + mirror);
        const m1 = load<u64>(a + half + mirror);
        const a0 = load<u64>(a + i);
        const a1 = load<u64>(a + half + i);
        accumulate(at, m0, a0);
        accumulate(at, m1, a1);
        accumulate(at + 16, m0, a1);
        accumulate(at + 32, m1, a0);
        at += WORDS;
      }
    }
    let at = scratch;
    for (let i = start; i < stop; i += 8) {
      const mirror = half - 8 - i;
      const inverse = zeta + (mirror << 1);
      const entry = zeta + (i << 1);
      const turned = reduce128(load<u64>(at, 40), load<u64>(at, 32), context);
      const folded = subtractOnce(mulShoup(turned, load<u64>(inverse), load<u64>(inverse, 8), q), q);
      const even = reduce128(load<u64>(at, 8), load<u64>(at), context);
      const odd = subtractOnce(reduce128(load<u64>(at, 24), load<u64>(at, 16), context) + folded, q);
      put(dst + i, even, q, mode);
      put(dst + mirror, even, q, mode);
      put(dst + half + i, odd, q, mode);
      const other = subtractOnce(mulShoup(odd, load<u64>(entry), load<u64>(entry, 8), q), q);
      put(dst + half + mirror, other, q, mode);
      at += WORDS;
    }
  }
  memory.fill(scratch, 0, TILE * WORDS); // sums of secrets
}
