import { riceParameter } from './codec.ts';
import { acceptance, type Inequality, moduleSisNorm } from './parameters/acceptance.ts';
import { type Derived, derive, type StatementShape } from './parameters/bounds.ts';
import type { Rational } from './parameters/integers.ts';
import type { ParameterSet } from './parameters/sets.ts';

/** log2 of the knowledge error (classical random oracle, for one hash query) and of each term. */
export interface KnowledgeError {
  /** log2 of the number of challenges before the operator-norm filter */
  readonly log2Challenges: number;
  /** heuristic factor by which the likeliest slot value exceeds 1/q_i² */
  readonly slotLoad: number;
  /** two roots of the final quadratic relation in one slot */
  readonly slot: number;
  /** a false relation survives λ uniform γ modulo the smallest prime */
  readonly aggregation: number;
  /** a long vector survives a projection, for each of the two */
  readonly projection: number;
  readonly total: number;
}

/** Figures of one statement shape. Sizes in bytes, averages over the proof's randomness. */
export interface Sheet {
  readonly derived: Derived;
  readonly inequalities: readonly Inequality[];
  readonly ciphertextBytes: number;
  readonly fixedBytes: number;
  readonly responseBytes: number;
  readonly proofBytes: number;
  /** average bits of a response coefficient on the wire, by group */
  readonly bitsPerCoefficient: Readonly<Record<string, number>>;
  /** expected number of tries */
  readonly triesProjection: number;
  readonly triesResponse: number;
  /** log2 of the probability that an honest prover's accepted try fails the verifier's norm checks */
  readonly completenessError: number;
  /** log2 of the statistical part of the distance between a proof and its simulation: rejection tails */
  readonly simulationError: number;
  /** the same for the sampler: 2⁻¹²⁰ for each Gaussian that the expected tries draw */
  readonly samplerError: number;
  /** most clients for which decryption and the plaintext range still hold */
  readonly mostClients: number;
  readonly log2ModuleSisNorm: number;
  /** root-Hermite factor of the Module-SIS instance */
  readonly moduleSisDelta: number;
}

const log2Sum = (...terms: number[]): number => {
  const top = Math.max(...terms);
  return top + Math.log2(terms.reduce((sum, term) => sum + 2 ** (term - top), 0));
};

const log2Binomial = (n: number, k: number): number => {
  let sum = 0;
  for (let i = 0; i < k; i++) sum += Math.log2(n - i) - Math.log2(i + 1);
  return sum;
};

/** log2 of a positive integer of any size. */
export function log2Big(x: bigint): number {
  const shift = Math.max(0, x.toString(2).length - 60);
  return shift + Math.log2(Number(x >> BigInt(shift)));
}

const log2Rational = (x: Rational): number => log2Big(x.num) - log2Big(x.den);

/**
 * Likeliest value of a challenge half (the sum of `pairs` terms) in its slot, as log2 of the probability: the
 * combinations are thrown like balls into q bins, mean μ, and no bin gets more than the Chernoff bound for q bins allows
 * with probability 2⁻⁴⁰. A heuristic: exact only where the whole set can be counted.
 */
export function log2HalfLoad(log2Combinations: number, log2q: number): number {
  const logMean = log2Combinations - log2q;
  const budget = (log2q + 40) * Math.LN2;
  if (logMean > 40) return -log2q;
  const mean = 2 ** logMean;
  // Poisson tail: P[X ≥ (1+δ)μ] ≤ exp(−μ·((1+δ)ln(1+δ) − δ))
  let low = 0;
  let high = 2 ** 60 / mean;
  for (let i = 0; i < 200; i++) {
    const delta = (low + high) / 2;
    if (mean * ((1 + delta) * Math.log1p(delta) - delta) >= budget) high = delta;
    else low = delta;
  }
  return -log2q + Math.log2(1 + high);
}

/** Knowledge error of a set; `kept` is the share of challenges that pass the operator-norm filter. */
export function knowledgeError(set: ParameterSet, kept = 0.93): KnowledgeError {
  const smallest = Math.min(...set.primes.map(log2Big));
  const even = log2Binomial(set.n / 4 - 1, set.challenge.evenPairs) + set.challenge.evenPairs;
  const odd = log2Binomial(set.n / 4, set.challenge.oddPairs) + set.challenge.oddPairs;
  const guess = log2HalfLoad(even, smallest) + log2HalfLoad(odd, smallest) - Math.log2(kept);
  const slot = 1 + guess;
  const aggregation = -set.lambda * smallest;
  const projection = -128;
  return {
    log2Challenges: even + odd,
    slotLoad: 2 ** (guess + 2 * smallest),
    slot,
    aggregation,
    projection,
    total: log2Sum(slot, aggregation, projection + 1),
  };
}

/** erfc for x ≥ 0, relative error below 1.2·10⁻⁷ (Numerical Recipes' rational Chebyshev fit). */
function erfc(x: number): number {
  const t = 2 / (2 + x);
  const fit = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  return t * Math.exp(-x * x + fit.reduceRight((sum, c) => sum * t + c, 0));
}

/** Average length in bits of one Golomb–Rice coded Gaussian of the given variance. */
function riceBits(sigmaSquared: Rational): number {
  const k = riceParameter(sigmaSquared);
  const ratio = 2 ** (k - log2Rational(sigmaSquared) / 2);
  let quotient = 0;
  for (let j = 1; j < 48; j++) quotient += erfc((j * ratio) / Math.SQRT2);
  return k + 1 + quotient + 1;
}

function mostClients(set: ParameterSet, shape: StatementShape): number {
  const relevant = (clients: number): boolean =>
    acceptance({ ...set, clients }, shape).every(({ name, ok }) => ok || !/^(plaintext|decryption)/.test(name));
  let low = 0;
  let high = 1;
  while (high < 1_000_000 && relevant(high)) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (relevant(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * All closed-form figures of a set for one statement shape.
 * @throws LatticeZkError as `derive`
 */
export function parameterSheet(set: ParameterSet, shape: StatementShape): Sheet {
  const derived = derive(set, shape);
  const residueBytes = set.residueBits.reduce((sum, bits) => sum + (set.n * bits) / 8, 0);
  const fixedBytes = (4 + set.maskPolynomials) * residueBytes + 32;
  const bits = Object.fromEntries(derived.groups.map((group) => [group.name, riceBits(group.sigmaSquared)]));
  const projections = (set.rows * (riceBits(derived.z3.sigmaSquared) + riceBits(derived.z4.sigmaSquared))) / 8;
  const responses = derived.groups.reduce((sum, g) => sum + (g.polynomials * set.n * bits[g.name]!) / 8, 0);
  const tries = (x: Rational): number => Math.exp(Number(x.num) / Number(x.den));
  // ‖z‖ > κσ√m has probability at most (κ·e^{(1−κ²)/2})^m: κ = √2 for the groups, κ = 1.64 for the projections
  const tail = (kappa: number, m: number): number => m * (Math.log2(kappa) + ((1 - kappa * kappa) / 2) * Math.LOG2E);
  const completeness = [
    tail(1.64, set.rows),
    tail(1.64, set.rows),
    ...derived.groups.map((g) => tail(Math.SQRT2, set.n * g.polynomials)),
  ];
  // |⟨z, v⟩| > 13.37·σ·‖v‖ for each of three tests, ‖R·w‖ > √337·α for each of two projections
  const gaussianTail = 1 - ((13.37 * 13.37) / 2) * Math.LOG2E;
  const drawn =
    2 * set.rows * tries(derived.logM3) * tries(derived.logM4) +
    set.n * derived.groups.reduce((sum, g) => sum + g.polynomials, 0) * tries(derived.logM1);
  const norm = moduleSisNorm(derived);
  const log2Norm = log2Big(norm);
  return {
    derived,
    inequalities: acceptance(set, shape),
    ciphertextBytes: derived.ciphertexts * residueBytes,
    fixedBytes,
    responseBytes: responses + projections,
    proofBytes: fixedBytes + responses + projections,
    bitsPerCoefficient: bits,
    triesProjection: tries(derived.logM3) * tries(derived.logM4),
    triesResponse: tries(derived.logM1),
    completenessError: log2Sum(...completeness),
    simulationError: log2Sum(gaussianTail + Math.log2(3), -128.3 + 1),
    samplerError: Math.log2(drawn) - 120,
    mostClients: mostClients(set, shape),
    log2ModuleSisNorm: log2Norm,
    moduleSisDelta: 2 ** (log2Norm ** 2 / (4 * set.n * log2Big(set.q))),
  };
}
