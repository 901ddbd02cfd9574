import { sha256 } from '@noble/hashes/sha2.js';
import { randomGamma, randomNormal } from 'd3-random';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { FlCoreError, requireInteger } from './errors.ts';

declare const simulation: unique symbol;
declare const cryptographic: unique symbol;

/**
 * A reproducible generator for data splits, initial weights, shuffles and attack trials. Predictable by design: the
 * brand makes it a type error where a {@link Csprng} is wanted, and the reverse.
 */
export interface SimRng {
  readonly [simulation]: 'reproducible, predictable';
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform integer in [0, bound), 1 ≤ bound ≤ 2³². */
  integer(bound: number): number;
  normal(mean: number, deviation: number): number;
  /** Gamma(shape, 1), shape > 0. */
  gamma(shape: number): number;
  /** Dirichlet with equal concentration `alpha` > 0 over `categories` ≥ 1; sums to 1. */
  dirichlet(alpha: number, categories: number): number[];
  /** A fresh permutation of 0 … length − 1 (Fisher–Yates). */
  permutation(length: number): Uint32Array<ArrayBuffer>;
  /** An independent stream for a named use; doesn't advance this one. */
  stream(...labels: readonly (string | number)[]): SimRng;
}

/** The platform's generator, for keys, masks and noise that must stay secret. */
export interface Csprng {
  readonly [cryptographic]: 'unpredictable';
  /** Fills `target` and returns it. */
  fill<T extends Uint8Array<ArrayBuffer>>(target: T): T;
}

/** Domain of every stream's seed; a stream is SHA-256 of the domain, the study seed and its labels. */
const TAG = 'zkfl/v1/fl-core/sim-rng';

/** A study's generator. `seed`: an integer in [0, 2⁵³). */
export function simRng(seed: number, ...labels: readonly (string | number)[]): SimRng {
  requireInteger('simRng', 'seed', seed, 0);
  return stream([TAG, seed, ...labels]);
}

/** The generator of the platform (`crypto.getRandomValues`). */
export function csprng(): Csprng {
  const fill = <T extends Uint8Array<ArrayBuffer>>(target: T): T => {
    // getRandomValues takes at most 65,536 bytes a call.
    for (let at = 0; at < target.length; at += 65_536) crypto.getRandomValues(target.subarray(at, at + 65_536));
    return target;
  };
  return { fill } as unknown as Csprng;
}

function stream(path: readonly (string | number)[]): SimRng {
  const digest = sha256(new TextEncoder().encode(JSON.stringify(path)));
  const words = new DataView(digest.buffer, digest.byteOffset);
  const generator = xoroshiro128plusFromState([0, 4, 8, 12].map((at) => words.getInt32(at, true)));
  const uniform = () => uniformFloat64(generator);
  const standardNormal = randomNormal.source(uniform)(0, 1);
  const rng: Omit<SimRng, typeof simulation> = {
    uniform,
    integer(bound) {
      requireInteger('SimRng.integer', 'bound', bound, 1, 2 ** 32);
      return uniformInt(generator, 0, bound - 1);
    },
    normal: (mean, deviation) => mean + deviation * standardNormal(),
    gamma: (shape) => gamma(uniform, shape),
    dirichlet: (alpha, categories) => dirichlet(uniform, alpha, categories),
    permutation(length) {
      requireInteger('SimRng.permutation', 'length', length, 0, 2 ** 32);
      const order = Uint32Array.from({ length }, (_, i) => i);
      for (let i = length - 1; i > 0; i--) {
        const j = uniformInt(generator, 0, i);
        const kept = order[i]!;
        order[i] = order[j]!;
        order[j] = kept;
      }
      return order;
    },
    stream: (...labels) => stream([...path, ...labels]),
  };
  return rng as SimRng;
}

function gamma(uniform: () => number, shape: number): number {
  if (!(shape > 0)) throw new FlCoreError('argument', { operation: 'SimRng', field: 'shape', got: shape, want: '> 0' });
  return randomGamma.source(uniform)(shape)();
}

function dirichlet(uniform: () => number, alpha: number, categories: number): number[] {
  requireInteger('SimRng.dirichlet', 'categories', categories, 1);
  const draws = Array.from({ length: categories }, () => gamma(uniform, alpha));
  const total = draws.reduce((sum, draw) => sum + draw, 0);
  // For tiny alpha every draw can underflow to 0; the limit of Dirichlet(α → 0) is one random corner.
  if (!(total > 0)) {
    const corner = Math.floor(uniform() * categories);
    return draws.map((_, i) => (i === corner ? 1 : 0));
  }
  return draws.map((draw) => draw / total);
}
