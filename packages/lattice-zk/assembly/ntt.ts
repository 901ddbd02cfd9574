// Negacyclic NTT of size N modulo q < 2^60, in place. Forward: coefficients in order -> slot k holds the value at
// zeta_k = psi^(2 brv(k) + 1); inverse undoes it. Inputs and outputs are fully reduced.
import {
  DEGREE, FORWARD, INVERSE, N_INV, N_INV_SHOUP, Q, mulShoup, mulShoup4, subtractOnce,
} from './modular';

/** Values stay below 8q < 2^63 between layers. */
export function nttForward(context: usize, p: usize): void {
  const q = load<u64>(context, Q);
  const q4 = q << 2;
  const table = <usize>load<u32>(context, FORWARD);
  const n = <usize>load<u32>(context, DEGREE);
  let span = n << 2; // bytes between the two inputs of a butterfly
  for (let m: usize = 1; m < n; m <<= 1) {
    let block = p;
    for (let i: usize = 0; i < m; ++i) {
      const entry = table + ((m + i) << 4);
      const w = load<u64>(entry);
      const shoup = load<u64>(entry, 8);
      for (let a = block, end = block + span; a < end; a += 8) {
        const b = a + span;
        const x = subtractOnce(load<u64>(a), q4);
        const t = mulShoup4(load<u64>(b), w, shoup, q);
        store<u64>(a, x + t);
        store<u64>(b, x - t + q4);
      }
      block += span << 1;
    }
    span >>= 1;
  }
  for (let a = p, end = p + (n << 3); a < end; a += 8) {
    store<u64>(a, subtractOnce(subtractOnce(subtractOnce(load<u64>(a), q4), q << 1), q));
  }
}

/** Values stay below 4q between layers. */
export function nttInverse(context: usize, p: usize): void {
  const q = load<u64>(context, Q);
  const q4 = q << 2;
  const table = <usize>load<u32>(context, INVERSE);
  const n = <usize>load<u32>(context, DEGREE);
  let span: usize = 8;
  for (let m: usize = n >> 1; m > 0; m >>= 1) {
    let block = p;
    for (let i: usize = 0; i < m; ++i) {
      const entry = table + ((m + i) << 4);
      const w = load<u64>(entry);
      const shoup = load<u64>(entry, 8);
      for (let a = block, end = block + span; a < end; a += 8) {
        const b = a + span;
        const x = load<u64>(a);
        const y = load<u64>(b);
        store<u64>(a, subtractOnce(x + y, q4));
        store<u64>(b, mulShoup4(x - y + q4, w, shoup, q));
      }
      block += span << 1;
    }
    span <<= 1;
  }
  const scale = load<u64>(context, N_INV);
  const shoup = load<u64>(context, N_INV_SHOUP);
  for (let a = p, end = p + (n << 3); a < end; a += 8) {
    store<u64>(a, subtractOnce(mulShoup(load<u64>(a), scale, shoup, q), q));
  }
}
