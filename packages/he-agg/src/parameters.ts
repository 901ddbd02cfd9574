import { HeAggError } from './errors.ts';

export type SetName = 'n4096-q60' | 'n4096-q106';

/**
 * A BFV parameter set for sums. R = Z[X]/(X^N + 1); q = the product of `primes`, each ≡ 2N+1 (mod 4N); t is prime and
 * divides q − 1, so that Δ·m with Δ = (q−1)/t is what rounding q·m/t gives, exactly, for |m| ≤ (t−3)/2.
 */
export interface ParameterSet {
  readonly name: SetName;
  /** the byte that stands for the set on the wire */
  readonly id: number;
  /** N, the degree of the ring: coefficients in a ciphertext half */
  readonly degree: number;
  /** q_1 … q_L */
  readonly primes: readonly bigint[];
  /** bits of every prime, and of every residue on the wire */
  readonly primeBits: number;
  /** q */
  readonly modulus: bigint;
  /** t */
  readonly plainModulus: bigint;
  /** Δ = (q − 1)/t */
  readonly delta: bigint;
  /** C, the most clients in a sum, before the noise of large dimensions lowers it (see `maxClients`) */
  readonly clients: number;
  /** a generated key has ‖s‖² + ‖e_pk‖² at most this: the mean 67·N/6 and three standard deviations */
  readonly keyNormSquared: number;
  /** a prime that SEAL wants beside two data primes and that no ciphertext of ours ever uses; absent with one prime */
  readonly sealSpecialPrime: bigint | undefined;
}

const RING_DEGREE = 4096;
/** Most coordinates in one update: 4096 ciphertexts. A hostile dimension is refused before anything is allocated. */
export const MAX_DIMENSION: number = RING_DEGREE * 4096;

function parameters(
  row: Pick<ParameterSet, 'name' | 'id' | 'primes' | 'primeBits' | 'plainModulus' | 'sealSpecialPrime'>,
): ParameterSet {
  const modulus = row.primes.reduce((product, prime) => product * prime, 1n);
  return Object.freeze({
    ...row,
    primes: Object.freeze([...row.primes]),
    degree: RING_DEGREE,
    modulus,
    delta: (modulus - 1n) / row.plainModulus,
    clients: 500,
    // ⌈67·N/6⌉ + ⌈√(1940·N)⌉; one key in some 700 is drawn again
    keyNormSquared: 48558,
  });
}

export const PARAMETER_SETS: Readonly<Record<SetName, ParameterSet>> = Object.freeze({
  /** One key: one 60-bit prime, t ≈ 2³⁰. */
  'n4096-q60': parameters({
    name: 'n4096-q60',
    id: 1,
    primes: [0xffff7f5c0052001n],
    primeBits: 60,
    plainModulus: 1073741783n,
    sealSpecialPrime: undefined,
  }),
  /** Room for a threshold key's smudging: two 53-bit primes, t ≈ 2³². */
  'n4096-q106': parameters({
    name: 'n4096-q106',
    id: 2,
    primes: [0x1ffffffff72001n, 0x1f7da129f62001n],
    primeBits: 53,
    plainModulus: 4294967291n,
    sealSpecialPrime: 0xffff7f5c0052001n,
  }),
});

/** @throws {HeAggError} `parameters` for a name that is no set */
export function parameterSet(name: SetName): ParameterSet {
  const set = Object.hasOwn(PARAMETER_SETS, name) ? PARAMETER_SETS[name] : undefined;
  if (set === undefined)
    throw new HeAggError({
      code: 'parameters',
      operation: 'parameterSet',
      field: 'set',
      got: String(name),
      want: Object.keys(PARAMETER_SETS).join(' or '),
    });
  return set;
}

/** Ciphertexts of an update, K = ⌈D/N⌉. @throws {HeAggError} `range` unless D is an integer in [1, MAX_DIMENSION] */
export function ciphertextCount(set: SetName, dimension: number): number {
  const { degree } = parameterSet(set);
  if (!Number.isSafeInteger(dimension) || dimension < 1 || dimension > MAX_DIMENSION)
    throw new HeAggError({
      code: 'range',
      operation: 'ciphertextCount',
      field: 'dimension',
      got: dimension,
      want: `an integer from 1 to ${MAX_DIMENSION}`,
    });
  return Math.ceil(dimension / degree);
}

/** ⌈√x⌉ for x ≥ 0. */
export function ceilSqrt(x: bigint): bigint {
  if (x < 2n) return x;
  let root = 1n << BigInt((x.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + x / root) >> 1n;
    if (next >= root) break;
    root = next;
  }
  return root * root === x ? root : root + 1n;
}

/**
 * β_noise² = ⌈65·K·N/3 + 210·√(K·N)⌉: mean and ten standard deviations of ‖(u, e0, e1)‖² over all K
 * ciphertexts of an update, u ternary, e0 and e1 centred binomial 21+21. An encryptor that lands above it draws again.
 */
export function noiseBoundSquared(set: SetName, ciphertexts: number): bigint {
  const n = BigInt(ciphertexts) * BigInt(parameterSet(set).degree);
  // ⌈a/3 + √b⌉ = ⌈(a + ⌈√(9b)⌉)/3⌉ for integers a, b
  return (65n * n + ceilSqrt(9n * 44100n * n) + 2n) / 3n;
}

/**
 * Bound on a coefficient of one client's decryption noise e0 + e1·s − u·e_pk, by Cauchy–Schwarz:
 * ⌈β_noise·√(1 + ‖s‖² + ‖e_pk‖²)⌉. It holds for every (u, e0, e1) of norm ≤ β_noise, correlated or replayed or not.
 */
export function noisePerClient(set: SetName, ciphertexts: number): bigint {
  return ceilSqrt(noiseBoundSquared(set, ciphertexts) * BigInt(1 + parameterSet(set).keyNormSquared));
}

/**
 * Most clients whose sum decrypts exactly in the worst case: C·noise < q/(2t) − 1, and never above the set's C.
 * (SEAL's rounding of t·x/q errs by |M|/q < 1 beside the noise.)
 */
export function maxClients(set: SetName, dimension: number): number {
  const { modulus, plainModulus, clients } = parameterSet(set);
  const room = modulus / (2n * plainModulus) - 1n;
  const byNoise = (room - 1n) / noisePerClient(set, ciphertextCount(set, dimension));
  return byNoise < BigInt(clients) ? Number(byNoise) : clients;
}

/** ⌊(t−3)/(2C)⌋: with C clients inside it no coordinate of the sum leaves the plaintext range. */
export function messageLimit(set: SetName, clients: number = parameterSet(set).clients): number {
  const { plainModulus } = parameterSet(set);
  if (!Number.isSafeInteger(clients) || clients < 1)
    throw new HeAggError({
      code: 'range',
      operation: 'messageLimit',
      field: 'clients',
      got: clients,
      want: 'a positive integer',
    });
  return Number((plainModulus - 3n) / (2n * BigInt(clients)));
}
