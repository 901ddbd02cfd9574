import { LatticeZkError } from '../errors.ts';
import type { Rational } from './integers.ts';
import { bitLength, isPrime } from './integers.ts';

/** Sets that a verifier may name. */
export type SetName = 'n4096-q60' | 'n4096-q106';

/** A sparse challenge: `evenPairs` + `oddPairs` terms ±(W^i − W^{n−i}), kept iff its operator norm is at most `eta`. */
export interface ChallengeShape {
  readonly evenPairs: number;
  readonly oddPairs: number;
  readonly eta: number;
}

/** What a party may choose when it defines a set; everything else follows. */
export interface ParameterRecord {
  readonly name: string;
  /** degree of the ciphertext ring Z[X]/(X^N+1) */
  readonly N: number;
  /** pairwise distinct primes < 2^60, each ≡ 2N+1 mod 4N */
  readonly primes: readonly bigint[];
  /** plaintext modulus, an odd prime with q ≡ 1 mod t */
  readonly t: bigint;
  readonly challenge: ChallengeShape;
  /** most clients whose ciphertexts are added */
  readonly clients: number;
  /** parties whose key shares add up to the secret key; 1 for one key */
  readonly keyHolders: number;
  /** the largest index of the norm bucket table that statements of this set may use */
  readonly maxBetaIndex: number;
  /** a toy: no hardness inequality is asked of it, and its name must begin with INSECURE */
  readonly insecure?: boolean;
}

/** A named, frozen set: fixed by the verifier, never read from a proof. */
export interface ParameterSet extends ParameterRecord {
  readonly insecure: boolean;
  /** degree of the proof ring Z[W]/(W^n+1): n = 2N, X = W² */
  readonly n: number;
  /** product of the primes */
  readonly q: bigint;
  /** Δ = (q−1)/t */
  readonly delta: bigint;
  /** bits that one canonical residue takes on the wire, prime by prime */
  readonly residueBits: readonly number[];
  /** rows of each of the two random projections */
  readonly rows: number;
  /** independent sets of γ, one for each garbage evaluation */
  readonly lambda: number;
  /** upper end of the search for γ₁, the rejection parameter of the final response */
  readonly gamma1Max: number;
  /** rejection parameter of z4 */
  readonly gamma4: number;
  /** upper end of the search for γ₃, the rejection parameter of z3 */
  readonly gamma3Max: number;
  /** both projections' masks fill rows·2 coefficients: that many polynomials of n */
  readonly maskPolynomials: number;
  /** polynomials of s2: one for binding, one for hiding, the masks y, the garbage g and the quadratic term */
  readonly s2Polynomials: number;
  /** statistical smudging of threshold decryption in bits; unused with one key holder */
  readonly smudgingBits: number;
}

const refuse = (field: string, got: string | number | bigint, want: string): never => {
  throw new LatticeZkError({ code: 'parameters', operation: 'parameterSet', field, got, want });
};

/**
 * Checks a record and derives the rest of the set.
 *
 * Every prime and t is tested for primality, every congruence is checked; what a given statement needs beyond that is
 * decided by `acceptance`.
 * @throws LatticeZkError code `parameters`
 */
export function parameterSet(record: ParameterRecord): ParameterSet {
  const { name, N, primes, t, challenge, insecure = false } = record;
  if (insecure !== name.startsWith('INSECURE')) refuse('name', name, insecure ? 'INSECURE…' : 'insecure: true');
  if (!Number.isInteger(N) || N < 16 || N > 4096 || (N & (N - 1)) !== 0) refuse('N', N, 'a power of two 16…4096');
  if (primes.length < 1 || primes.length > 2) refuse('primes', primes.length, '1 or 2 primes');
  if (new Set(primes).size !== primes.length) refuse('primes', primes.join(' '), 'distinct primes');
  for (const p of primes) {
    if (p >= 1n << 60n) refuse('primes', p, '< 2^60');
    if (p % BigInt(4 * N) !== BigInt(2 * N + 1)) refuse('primes', p, '≡ 2N+1 mod 4N');
    if (!isPrime(p)) refuse('primes', p, 'a prime');
  }
  const q = primes.reduce((product, p) => product * p, 1n);
  if (t % 2n !== 1n || !isPrime(t)) refuse('t', t, 'an odd prime');
  if (q % t !== 1n) refuse('t', t, 'q ≡ 1 mod t');
  const n = 2 * N;
  const { evenPairs, oddPairs, eta } = challenge;
  if (!Number.isInteger(evenPairs) || evenPairs < 0 || evenPairs > n / 4 - 1) {
    refuse('challenge.evenPairs', evenPairs, `an integer 0…${n / 4 - 1}`);
  }
  if (!Number.isInteger(oddPairs) || oddPairs < 0 || oddPairs > n / 4) {
    refuse('challenge.oddPairs', oddPairs, `an integer 0…${n / 4}`);
  }
  if (evenPairs + oddPairs < 1) refuse('challenge', evenPairs + oddPairs, 'at least one pair');
  if (!Number.isInteger(eta) || eta < 1) refuse('challenge.eta', eta, 'a positive integer');
  for (const field of ['clients', 'keyHolders'] as const) {
    if (!Number.isInteger(record[field]) || record[field] < 1 || record[field] > 1_000_000) {
      refuse(field, record[field], 'an integer 1…1000000');
    }
  }
  const rows = 256;
  const maskPolynomials = Math.ceil((2 * rows) / n);
  return Object.freeze({
    name,
    insecure,
    N,
    primes: Object.freeze([...primes]),
    t,
    challenge: Object.freeze({ evenPairs, oddPairs, eta }),
    clients: record.clients,
    keyHolders: record.keyHolders,
    maxBetaIndex: record.maxBetaIndex,
    n,
    q,
    delta: (q - 1n) / t,
    residueBits: Object.freeze(primes.map(bitLength)),
    rows,
    lambda: 2,
    gamma1Max: 56,
    gamma4: 128,
    gamma3Max: 128,
    maskPolynomials,
    s2Polynomials: 4 + maskPolynomials,
    smudgingBits: 40,
  });
}

const CHALLENGE: ChallengeShape = { evenPairs: 7, oddPairs: 7, eta: 21 };

/** The sets that `getSet` knows: `n4096-q60` for one key, `n4096-q106` for threshold keys. */
export const PARAMETER_SETS: Readonly<Record<SetName, ParameterSet>> = Object.freeze({
  'n4096-q60': parameterSet({
    name: 'n4096-q60',
    N: 4096,
    primes: [0xffff7f5c0052001n],
    t: 1073741783n,
    challenge: CHALLENGE,
    clients: 500,
    keyHolders: 1,
    maxBetaIndex: 117,
  }),
  'n4096-q106': parameterSet({
    name: 'n4096-q106',
    N: 4096,
    primes: [0x1ffffffff72001n, 0x1f7da129f62001n],
    t: 4294967291n,
    challenge: CHALLENGE,
    clients: 500,
    keyHolders: 3,
    maxBetaIndex: 144,
  }),
});

/**
 * The named set.
 * @throws LatticeZkError code `parameters` for any other name
 */
export function getSet(name: string): ParameterSet {
  if (!Object.hasOwn(PARAMETER_SETS, name)) {
    throw new LatticeZkError({
      code: 'parameters',
      operation: 'getSet',
      field: 'set',
      got: name.slice(0, 64),
      want: Object.keys(PARAMETER_SETS).join(' or '),
    });
  }
  return PARAMETER_SETS[name as SetName];
}

/**
 * The whole set as text, one `key=value` a line in a fixed order: what the transcript absorbs, so that two parties whose
 * tables differ in any number never agree on a challenge.
 */
export function describeSet(set: ParameterSet, baseVariance: Rational): string {
  const fields: readonly (readonly [string, string | number | bigint])[] = [
    ['name', set.name],
    ['N', set.N],
    ['n', set.n],
    ['primes', set.primes.join(',')],
    ['t', set.t],
    ['evenPairs', set.challenge.evenPairs],
    ['oddPairs', set.challenge.oddPairs],
    ['eta', set.challenge.eta],
    ['rows', set.rows],
    ['lambda', set.lambda],
    ['gamma1Max', set.gamma1Max],
    ['gamma4', set.gamma4],
    ['gamma3Max', set.gamma3Max],
    ['s2Polynomials', set.s2Polynomials],
    ['clients', set.clients],
    ['keyHolders', set.keyHolders],
    ['smudgingBits', set.smudgingBits],
    ['maxBetaIndex', set.maxBetaIndex],
    ['baseVariance', `${baseVariance.num}/${baseVariance.den}`],
  ];
  return fields.map(([key, value]) => `${key}=${value}\n`).join('');
}
