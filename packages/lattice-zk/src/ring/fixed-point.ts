// exp(-x) for rational x in integer arithmetic: the same bits on every engine.

const GUARD = 64n;
const logarithms = new Map<bigint, bigint>();

/** floor(2^bits ln 2), less than `bits` units too small: the sum over j >= 1 of 2^-j / j. */
function ln2(bits: bigint): bigint {
  const known = logarithms.get(bits);
  if (known !== undefined) return known;
  let sum = 0n;
  for (let j = 1n; j <= bits; j++) sum += (1n << (bits - j)) / j;
  logarithms.set(bits, sum);
  return sum;
}

/**
 * 2^bits exp(-numerator/denominator), numerator >= 0, denominator > 0, off by at most 1: works with 64 more bits, in which
 * the reduction by multiples of ln 2 and the Taylor sum lose less than 2^40 units (x < 2 bits, else the result is 0).
 */
export function expNegative(numerator: bigint, denominator: bigint, bits: bigint): bigint {
  const precision = bits + GUARD;
  if (numerator >= denominator * 2n * bits) return 0n;
  const x = (numerator << precision) / denominator;
  const halvings = x / ln2(precision);
  const rest = x - halvings * ln2(precision);
  let term = 1n << precision;
  let sum = term;
  for (let j = 1n; term !== 0n; j++) {
    term = (term * rest) / (j << precision);
    sum += j & 1n ? -term : term;
  }
  return sum >> (halvings + GUARD);
}
