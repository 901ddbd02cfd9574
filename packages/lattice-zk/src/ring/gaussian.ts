import { LatticeZkError } from '../errors.ts';
import { expNegative } from './fixed-point.ts';
import type { Ptr } from './kernels.ts';
import type { KernelMemory } from './memory.ts';
import type { SecretStream } from './xof.ts';

/** Parameter of the base distribution: sigma_bin^2 = 4. Samples have sigma = 2 k for integers k. */
export const SIGMA_BIN_SQUARED = 4n;
/** k < 2^31: sigma < 2^32. */
export const GAUSSIAN_LIMIT: bigint = 2n ** 31n;
/** Half-width of the band, in 2^-32, that the kernel leaves to exact arithmetic: about one sample in 500,000. */
const GUARD = 2n ** 12n;
const TABLE_BITS = 127n;

let thresholds: readonly bigint[] | undefined;

/**
 * Cumulative thresholds T_i = round(2^127 Pr[x <= i]) of Pr[x] = exp(-x^2/8) / sum over x >= 0, up to the last one that
 * 127 bits tell from 1. The table's distribution is within 2^-121 of the exact one: 28 roundings of 2^-127 and a tail
 * below 2^-126.
 */
export function baseThresholds(): readonly bigint[] {
  if (thresholds !== undefined) return thresholds;
  const bits = 192n;
  const weights: bigint[] = [];
  for (let x = 0n; ; x++) {
    const weight = expNegative(x * x, 2n * SIGMA_BIN_SQUARED, bits);
    if (weight === 0n) break;
    weights.push(weight);
  }
  const total = weights.reduce((a, b) => a + b, 0n);
  const one = 1n << TABLE_BITS;
  const list: bigint[] = [];
  let sum = 0n;
  for (const weight of weights) {
    sum += weight;
    const threshold = ((sum << (TABLE_BITS + 1n)) / total + 1n) >> 1n;
    if (threshold >= one) break;
    list.push(threshold);
  }
  thresholds = list;
  return list;
}

/** The table in the kernel's layout: high 63 bits of every threshold, then low 64 bits. Padded to an even count. */
export function thresholdWords(): BigUint64Array<ArrayBuffer> {
  const list = [...baseThresholds()];
  // reached by one number of 2^127 only
  if (list.length % 2 === 1) list.push((1n << TABLE_BITS) - 1n);
  return BigUint64Array.from([...list.map((t) => t >> 64n), ...list.map((t) => t & 0xffffffffffffffffn)]);
}

/** A uniform number below 2^128, compared with 2^128 exp(-numerator/denominator), which is off by at most 1. */
function below(uniform: bigint, numerator: bigint, denominator: bigint): boolean {
  return uniform < expNegative(numerator, denominator, 128n);
}

/**
 * True with probability min(1, exp(-numerator/denominator)), to 2^-127; denominator > 0. Integers only: the same on every
 * engine. Always draws two words.
 */
export function bernoulliExp(
  stream: SecretStream,
  { numerator, denominator }: { readonly numerator: bigint; readonly denominator: bigint },
): boolean {
  if (denominator <= 0n)
    throw new LatticeZkError({ code: 'internal', operation: 'bernoulliExp', field: 'denominator', got: denominator });
  const uniform = (stream.word() << 64n) | stream.word();
  return numerator <= 0n || below(uniform, numerator, denominator);
}

/**
 * Discrete Gaussian D_{Z,sigma}, sigma = 2k: Pr[y] proportional to exp(-y^2/(2 sigma^2)).
 *
 * y = k x + u with x >= 0 from the table and u uniform in [0, k), kept with probability exp(-u (u + 2kx)/(2 sigma^2)), then a
 * sign, dropping -0. As (kx)^2/(2 sigma^2) = x^2/8, the kept y have exactly the wanted weights. Comparisons with that
 * probability are made with 32 bits where the bound of the estimate decides them, and otherwise here with 128 bits. The
 * statistical distance to D_{Z,sigma} is below 2^-120 a sample: 2^-121 for the table, 2^-127 a comparison. Not constant time:
 * the number of candidates depends on the randomness, as in every rejection sampler.
 */
export class GaussianSampler {
  readonly memory: KernelMemory;
  readonly k: bigint;
  readonly #table: Ptr;
  readonly #entries: number;
  readonly #pending: Ptr;
  readonly #guard: bigint;

  /** `guard` widens the band that is decided exactly (tests of that path); at least 2^8. */
  constructor(memory: KernelMemory, { k, guard = GUARD }: { readonly k: bigint; readonly guard?: bigint }) {
    if (k < 1n || k >= GAUSSIAN_LIMIT)
      throw new LatticeZkError({
        code: 'internal',
        operation: 'GaussianSampler',
        field: 'k',
        got: k,
        want: '1 to 2^31 - 1',
      });
    if (guard < 256n)
      throw new LatticeZkError({
        code: 'internal',
        operation: 'GaussianSampler',
        field: 'guard',
        got: guard,
        want: 'at least 2^8',
      });
    this.memory = memory;
    this.k = k;
    this.#guard = guard;
    const words = thresholdWords();
    this.#entries = words.length / 2;
    this.#table = memory.place(words);
    this.#pending = memory.alloc(32);
  }

  /** sigma^2 = 4 k^2. */
  get sigmaSquared(): bigint {
    return SIGMA_BIN_SQUARED * this.k * this.k;
  }

  /** Fills `count` i64 at `dst`. |y| < 2^36. */
  sample(dst: Ptr, count: number, stream: SecretStream): void {
    const { memory, k } = this;
    const inverse = 2n ** 63n / k;
    const excess = 2n ** 64n % k;
    const denominator = 2n * this.sigmaSquared;
    try {
      for (let at = 0; at < count; ) {
        at = memory.kernels.gaussian(
          stream.state,
          dst,
          at,
          count,
          k,
          inverse,
          excess,
          this.#table,
          this.#entries,
          this.#pending,
          this.#guard,
        );
        if (at >= count) break;
        const [x, u, sign, high] = this.#undecided();
        const uniform = (high << 64n) | stream.word();
        const y = k * x + u;
        if ((y === 0n && sign !== 0n) || !below(uniform, u * (u + 2n * k * x), denominator)) continue;
        memory.i64(dst + at * 8, 1)[0] = sign === 0n ? y : -y;
        at++;
      }
    } finally {
      memory.zero(this.#pending, 32);
    }
  }

  #undecided(): [bigint, bigint, bigint, bigint] {
    const [x, u, sign, r] = this.memory.u64(this.#pending, 4);
    return [x!, u!, sign!, r!];
  }
}

/** The sampler's k for a wanted sigma^2 = numerator/denominator: the smallest with 4 k^2 at least that. */
export function gaussianScale({
  numerator,
  denominator,
}: {
  readonly numerator: bigint;
  readonly denominator: bigint;
}): bigint {
  const square = (numerator + SIGMA_BIN_SQUARED * denominator - 1n) / (SIGMA_BIN_SQUARED * denominator);
  let k = BigInt(Math.floor(Math.sqrt(Number(square))));
  while (k * k > square) k--;
  while (k * k < square) k++;
  return k < 1n ? 1n : k;
}
