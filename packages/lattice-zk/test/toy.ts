import { betaSquaredOf } from '../src/index.ts';
import type { ParameterSet } from '../src/parameters.ts';
import { noiseBoundSquared } from '../src/parameters.ts';
import { encryptForTest, INSECURE_N64, insecureUpdateStatement, type TestEncryption } from '../src/testing.ts';
import type { UpdateClaims } from '../src/update.ts';

export const CONTEXT: Uint8Array = new TextEncoder().encode('study 1, round 2, client 3');

/** Small integers that a number determines. */
export function coordinates(dimension: number, seed = 1, bound = 500): Int32Array {
  return Int32Array.from({ length: dimension }, (_, i) => ((i * 7919 + seed * 104729) % (2 * bound + 1)) - bound);
}

/** `total` as a sum of squares of integers ≤ `limit`, greedily, at the front of an array of `length`. */
export function withSquaredNorm<T extends Int32Array | Int8Array>(array: T, total: bigint, limit: number): T {
  let rest = Number(total);
  for (let i = 0; i < array.length && rest > 0; i++) {
    const value = Math.min(limit, Math.floor(Math.sqrt(rest)));
    array[i] = value;
    rest -= value * value;
  }
  if (rest !== 0) throw new Error(`${total} is no sum of ${array.length} squares`);
  return array;
}

/** A bucket that toy updates fit in. */
export const TOY_BETA = 80;

export interface ToyUpdate extends TestEncryption {
  readonly claims: UpdateClaims;
}

export function toyUpdate(
  m: Int32Array,
  claims: Partial<UpdateClaims> = {},
  encryption: {
    readonly set?: ParameterSet;
    readonly seed?: number;
    u?: Int8Array;
    e0?: Int8Array;
    e1?: Int8Array;
  } = {},
): ToyUpdate {
  const encrypted = encryptForTest({ set: INSECURE_N64, m, seed: 1, ...encryption });
  return {
    ...encrypted,
    claims: { description: encrypted.description, betaIndex: TOY_BETA, context: CONTEXT, ...claims },
  };
}

export const toyStatement = (claims: UpdateClaims) => insecureUpdateStatement(INSECURE_N64, claims);
export const toyBetaSquared: bigint = betaSquaredOf(TOY_BETA);

/** Encryption randomness of exactly the given joint squared norm: u = 0, everything in e0 and e1. */
export function noiseOfSquaredNorm(dimension: number, squaredNorm: bigint) {
  const length = Math.ceil(dimension / INSECURE_N64.N) * INSECURE_N64.N;
  return {
    u: new Int8Array(length),
    e0: withSquaredNorm(new Int8Array(length), squaredNorm, 100),
    e1: new Int8Array(length),
  };
}

export const toyNoiseBound = (dimension: number): bigint =>
  noiseBoundSquared(INSECURE_N64, Math.ceil(dimension / INSECURE_N64.N));
