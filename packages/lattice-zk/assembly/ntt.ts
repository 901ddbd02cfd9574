// Negacyclic NTT of size N modulo q < 2^60, in place. Forward: coefficients in order -> slot k holds the value at
// zeta_k = psi^(2 brv(k) + 1); inverse undoes it. Inputs and outputs are fully reduced. Two layers a pass (radix 4): halves
// the memory traffic and leaves reductions out, since 16q < 2^64.
import { DEGREE, FORWARD, INVERSE, LAST, LAST_SHOUP, N_INV, N_INV_SHOUP, Q, mulShoup4, subtractOnce } from './modular';

// @ts-ignore: decorator
@inline
function times(x: u64, entry: usize, q: u64): u64 {
  return mulShoup4(x, load<u64>(entry), load<u64>(entry, 8), q);
}

/** [0, 12q) -> [0, q) */
// @ts-ignore: decorator
@inline
function finish(x: u64, q: u64): u64 {
  return subtractOnce(subtractOnce(subtractOnce(subtractOnce(x, q << 3), q << 2), q << 1), q);
}

/** Values are below 12q before and after a pass: the first layer gives less than 16q, the second starts from less than 8q. */
export function nttForward(context: usize, p: usize): void {
  const q = load<u64>(context, Q);
  const q4 = q << 2;
  const q8 = q << 3;
  const table = <usize>load<u32>(context, FORWARD);
  const n = <usize>load<u32>(context, DEGREE);
  let span = n << 2; // bytes between the two inputs of a butterfly
  let m: usize = 1;
  if ((ctz(n) & 1) != 0) {
    const w = load<u64>(table + 16);
    const shoup = load<u64>(table + 24);
    for (let a = p, end = p + span; a < end; a += 8) {
      const x = load<u64>(a);
      const t = mulShoup4(load<u64>(a + span), w, shoup, q);
      store<u64>(a, x + t);
      store<u64>(a + span, x - t + q4);
    }
    m = 2;
    span >>= 1;
  }
  for (; span > 16; m <<= 2, span >>= 2) {
    const half = span >> 1;
    let block = p;
    for (let i: usize = 0; i < m; ++i) {
      const first = table + ((m + i) << 4);
      const second = table + ((m + i) << 5);
      const w1 = load<u64>(first);
      const s1 = load<u64>(first, 8);
      const w2 = load<u64>(second);
      const s2 = load<u64>(second, 8);
      const w3 = load<u64>(second, 16);
      const s3 = load<u64>(second, 24);
      for (let a = block, end = block + half; a < end; a += 8) {
        const b = a + half;
        const c = a + span;
        const d = b + span;
        const x0 = load<u64>(a);
        const x1 = load<u64>(b);
        const t2 = mulShoup4(load<u64>(c), w1, s1, q);
        const t3 = mulShoup4(load<u64>(d), w1, s1, q);
        const y0 = subtractOnce(x0 + t2, q8);
        const y2 = subtractOnce(x0 - t2 + q4, q8);
        const u1 = mulShoup4(x1 + t3, w2, s2, q);
        const u3 = mulShoup4(x1 - t3 + q4, w3, s3, q);
        store<u64>(a, y0 + u1);
        store<u64>(b, y0 - u1 + q4);
        store<u64>(c, y2 + u3);
        store<u64>(d, y2 - u3 + q4);
      }
      block += span << 1;
    }
  }
  // the last two layers, on four neighbours
  let first = table + (m << 4);
  let second = table + (m << 5);
  for (let a = p, end = p + (n << 3); a < end; a += 32) {
    const x0 = load<u64>(a);
    const x1 = load<u64>(a, 8);
    const t2 = times(load<u64>(a, 16), first, q);
    const t3 = times(load<u64>(a, 24), first, q);
    const y0 = subtractOnce(x0 + t2, q8);
    const y2 = subtractOnce(x0 - t2 + q4, q8);
    const u1 = times(x1 + t3, second, q);
    const u3 = times(x1 - t3 + q4, second + 16, q);
    store<u64>(a, finish(y0 + u1, q));
    store<u64>(a, finish(y0 - u1 + q4, q), 8);
    store<u64>(a, finish(y2 + u3, q), 16);
    store<u64>(a, finish(y2 - u3 + q4, q), 24);
    first += 16;
    second += 32;
  }
}

/** Values are below 4q before and after a pass. */
export function nttInverse(context: usize, p: usize): void {
  const q = load<u64>(context, Q);
  const q4 = q << 2;
  const q8 = q << 3;
  const table = <usize>load<u32>(context, INVERSE);
  const n = <usize>load<u32>(context, DEGREE);
  let m = n >> 1; // blocks of the first layer of a pass
  {
    let first = table + (m << 4);
    let second = table + (m << 3);
    for (let a = p, end = p + (n << 3); a < end; a += 32) {
      const x0 = load<u64>(a);
      const x1 = load<u64>(a, 8);
      const x2 = load<u64>(a, 16);
      const x3 = load<u64>(a, 24);
      const s0 = x0 + x1;
      const s1 = x2 + x3;
      const d0 = times(x0 - x1 + q4, first, q);
      const d1 = times(x2 - x3 + q4, first + 16, q);
      store<u64>(a, subtractOnce(s0 + s1, q4));
      store<u64>(a, subtractOnce(d0 + d1, q4), 8);
      store<u64>(a, times(s0 - s1 + q8, second, q), 16);
      store<u64>(a, times(d0 - d1 + q4, second, q), 24);
      first += 32;
      second += 16;
    }
  }
  let span: usize = 32; // bytes between the two inputs of a first-layer butterfly
  for (m >>= 2; m > 2; m >>= 2, span <<= 2) {
    let block = p;
    for (let i: usize = 0; i < m >> 1; ++i) {
      const first = table + ((m + (i << 1)) << 4);
      const second = table + (((m >> 1) + i) << 4);
      const w1 = load<u64>(first);
      const r1 = load<u64>(first, 8);
      const w2 = load<u64>(first, 16);
      const r2 = load<u64>(first, 24);
      const w3 = load<u64>(second);
      const r3 = load<u64>(second, 8);
      for (let a = block, end = block + span; a < end; a += 8) {
        const b = a + span;
        const c = b + span;
        const d = c + span;
        const x0 = load<u64>(a);
        const x1 = load<u64>(b);
        const x2 = load<u64>(c);
        const x3 = load<u64>(d);
        const s0 = x0 + x1;
        const s1 = x2 + x3;
        const d0 = mulShoup4(x0 - x1 + q4, w1, r1, q);
        const d1 = mulShoup4(x2 - x3 + q4, w2, r2, q);
        store<u64>(a, subtractOnce(subtractOnce(s0 + s1, q8), q4));
        store<u64>(b, subtractOnce(d0 + d1, q4));
        store<u64>(c, mulShoup4(s0 - s1 + q8, w3, r3, q));
        store<u64>(d, mulShoup4(d0 - d1 + q4, w3, r3, q));
      }
      block += span << 2;
    }
  }
  if (m == 2) {
    const w1 = load<u64>(table + 32);
    const r1 = load<u64>(table + 40);
    const w2 = load<u64>(table + 48);
    const r2 = load<u64>(table + 56);
    const half = span << 1;
    for (let a = p, end = p + span; a < end; a += 8) {
      const b = a + span;
      const c = a + half;
      const d = b + half;
      const x0 = load<u64>(a);
      const x1 = load<u64>(b);
      const x2 = load<u64>(c);
      const x3 = load<u64>(d);
      const s0 = x0 + x1;
      const s1 = x2 + x3;
      const d0 = mulShoup4(x0 - x1 + q4, w1, r1, q);
      const d1 = mulShoup4(x2 - x3 + q4, w2, r2, q);
      scale(context, a, c, s0 + s1, s0 - s1 + q8, q);
      scale(context, b, d, d0 + d1, d0 - d1 + q4, q);
    }
  } else {
    for (let a = p, end = p + span; a < end; a += 8) {
      const x = load<u64>(a);
      const y = load<u64>(a + span);
      scale(context, a, a + span, x + y, x - y + q4, q);
    }
  }
}

/** The last layer with N^-1 in its factors: sum N^-1 and difference w N^-1, fully reduced. */
// @ts-ignore: decorator
@inline
function scale(context: usize, a: usize, b: usize, sum: u64, difference: u64, q: u64): void {
  const x = mulShoup4(sum, load<u64>(context, N_INV), load<u64>(context, N_INV_SHOUP), q);
  const y = mulShoup4(difference, load<u64>(context, LAST), load<u64>(context, LAST_SHOUP), q);
  store<u64>(a, subtractOnce(subtractOnce(x, q << 1), q));
  store<u64>(b, subtractOnce(subtractOnce(y, q << 1), q));
}
