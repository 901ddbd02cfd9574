import { LatticeZkError } from '../errors.ts';
import { MULTIPLIER_LIMIT, SIGMA_BIN_SQUARED } from './base-variance.ts';
import { bitLength, ceilDiv, isqrt, isqrtUp, multiplierFor, type Rational } from './integers.ts';
import type { ParameterSet } from './sets.ts';

/** Everything about a statement that its parameters depend on: sizes and bounds, no data. */
export interface StatementShape {
  /** D, the number of proven coordinates */
  readonly dimension: number;
  /** β² of the whole update */
  readonly betaSquared: bigint;
  /** ⟨m, r⟩ ≥ τ */
  readonly directions?: readonly { readonly normSquared: bigint; readonly tau: bigint }[];
  /** ‖m − r‖² ≤ ρ² */
  readonly spheres?: readonly { readonly centreNormSquared: bigint; readonly radiusSquared: bigint }[];
  /** norm of a coordinate range; `copies` masked blocks V are committed for its boundaries */
  readonly ranges?: readonly { readonly betaSquared: bigint; readonly copies: number }[];
}

/** σ = k·σ_bin: an exact rational square, and the multiplier that the sampler takes. */
export interface Width {
  readonly k: bigint;
  readonly sigmaSquared: Rational;
}

/** A field of the slack polynomial: bits `offset … offset+bits−1`. */
export interface SlackField {
  readonly name: string;
  readonly offset: number;
  readonly bits: number;
}

/** A group of responses that share one width. */
export interface ResponseGroup extends Width {
  readonly name: string;
  readonly polynomials: number;
  /** square of the public bound on the group's witness */
  readonly boundSquared: bigint;
  /** the verifier accepts ‖z_g‖² ≤ this */
  readonly maxNormSquared: bigint;
}

/** A projection: mask width, the verifier's bound on ‖z‖², and what it proves about the projected vector. */
export interface Projection extends Width {
  readonly gamma: number;
  /** integer coordinates of the projected vector */
  readonly coordinates: number;
  /** α², an upper bound of the honest vector's squared norm */
  readonly alphaSquared: bigint;
  readonly maxNormSquared: bigint;
  /** B̄ = 189·γ·α rounded up: the vector is proven to be at most this long */
  readonly provenNorm: bigint;
}

/** All numbers of one statement, as prover and verifier both derive them. */
export interface Derived {
  readonly set: ParameterSet;
  readonly shape: Required<StatementShape>;
  /** K ciphertexts */
  readonly ciphertexts: number;
  /** B = ⌈K/2⌉ interleaved blocks */
  readonly blocks: number;
  readonly noiseBoundSquared: bigint;
  readonly fields: readonly SlackField[];
  /** slack bits in all */
  readonly slackBits: number;
  readonly z3: Projection;
  readonly z4: Projection;
  readonly gamma1: number;
  /** U, M, x, one group for each range with copies, s2 — in the order of the proof */
  readonly groups: readonly ResponseGroup[];
  /** ln M of the step-1 tests and of the joint step-4 test, exact */
  readonly logM3: Rational;
  readonly logM4: Rational;
  readonly logM1: Rational;
}

/**
 * β_noise² = ⌈K·N·65/3 + 210·√(K·N)⌉: mean plus 10 standard deviations of ‖(u, e0, e1)‖² for ternary u and centred
 * binomial e0, e1 (21 + 21 coins). An encryptor that lands above it draws again.
 */
export function noiseBoundSquared(set: ParameterSet, ciphertexts: number): bigint {
  const kn = BigInt(ciphertexts) * BigInt(set.N);
  // ⌈a/3 + √b⌉ = ⌈(a + √(9b))/3⌉ because a is an integer and rounding √ up never lowers the result
  return ceilDiv(65n * kn + isqrtUp(9n * 210n * 210n * kn), 3n);
}

/**
 * Bound on ‖s‖² + ‖e_pk‖² that a key generator checks before it publishes a key: mean plus 3 standard deviations of
 * ternary s and centred binomial e_pk, ⌈67·N/6 + 44.04·√N⌉; one key in about 700 is drawn again.
 */
export function keyNormBoundSquared(set: ParameterSet): bigint {
  const N = BigInt(set.N);
  return ceilDiv(67n * N, 6n) + isqrtUp(1940n * N);
}

/** ln M(γ) = 13.37/γ + 1/(2γ²), as one fraction. */
export function logRejectionFactor(gamma: number): Rational {
  const g = BigInt(gamma);
  return { num: 2674n * g + 100n, den: 200n * g * g };
}

export function width(target: Rational): Width {
  const k = multiplierFor(target, SIGMA_BIN_SQUARED);
  return { k, sigmaSquared: { num: k * k * SIGMA_BIN_SQUARED.num, den: SIGMA_BIN_SQUARED.den } };
}

/** B̄ = ⌈189·γ·√(α²)⌉; 189 ≥ 2·√(256/26)·1.64·√337 = 188.94. */
export function provenNorm(gamma: number, alphaSquared: bigint): bigint {
  return isqrtUp((189n * BigInt(gamma)) ** 2n * alphaSquared);
}

export function projection(gamma: number, alphaSquared: bigint, coordinates: number): Projection {
  const g = BigInt(gamma);
  const w = width({ num: 337n * g * g * alphaSquared, den: 1n });
  return {
    ...w,
    gamma,
    coordinates,
    alphaSquared,
    // (1.64·16)² = 688.5376
    maxNormSquared: (6885376n * w.sigmaSquared.num) / (10000n * w.sigmaSquared.den),
    provenNorm: provenNorm(gamma, alphaSquared),
  };
}

/** Committed polynomials that share one response width, and a bound on their honest integers. */
export type ResponseClaim = Pick<ResponseGroup, 'name' | 'polynomials' | 'boundSquared'>;

/** γ₁ goes no lower: M(14) = 2.61 tries. */
const GAMMA1_MIN = 14;

/**
 * σ_g = γ₁·η·bound_g·√(Σk/k_g) for every group. γ₁ is the set's largest, halved while some width is more than the sampler
 * takes: M(56) = 1.27, M(28) = 1.61, M(14) = 2.61 tries, one bit a coefficient from each to the next.
 */
export function responseWidths(
  set: ParameterSet,
  parts: readonly ResponseClaim[],
): { readonly gamma1: number; readonly groups: readonly ResponseGroup[] } {
  const all = BigInt(parts.reduce((sum, part) => sum + part.polynomials, 0));
  for (let gamma1 = set.gamma1Max; ; gamma1 >>= 1) {
    const factor = (BigInt(gamma1) * BigInt(set.challenge.eta)) ** 2n;
    const groups = parts.map((part) => {
      const w = width({ num: factor * part.boundSquared * all, den: BigInt(part.polynomials) });
      const maxNormSquared = (2n * BigInt(set.n * part.polynomials) * w.sigmaSquared.num) / w.sigmaSquared.den;
      return { ...part, ...w, maxNormSquared };
    });
    if (gamma1 <= GAMMA1_MIN || groups.every(({ k }) => k < MULTIPLIER_LIMIT)) return { gamma1, groups };
  }
}

/** Whether the sampler takes the mask of a projection: σ = γ·√337·α. */
export function samplerTakes(gamma: number, alphaSquared: bigint): boolean {
  return width({ num: 337n * BigInt(gamma) ** 2n * alphaSquared, den: 1n }).k < MULTIPLIER_LIMIT;
}

/** γ₃: the largest integer ≤ gamma3Max that the sampler and both inequalities allow in which B̄₃ occurs; 0 if none is. */
function largestGamma3(set: ParameterSet, betaSquared: bigint, normBits: number, m3: bigint): number {
  for (let gamma = set.gamma3Max; gamma >= 1; gamma--) {
    const b = provenNorm(gamma, betaSquared);
    if (b * b + (1n << BigInt(normBits)) >= set.q || 41n * m3 * b > set.q) continue;
    if (samplerTakes(gamma, betaSquared)) return gamma;
  }
  return 0;
}

function slackFields(shape: Required<StatementShape>, noise: bigint): SlackField[] {
  const bits: (readonly [string, number])[] = [
    ['norm', bitLength(shape.betaSquared)],
    ['noise', bitLength(noise)],
  ];
  shape.directions.forEach(({ normSquared, tau }, j) => {
    const room = isqrtUp(shape.betaSquared * normSquared) - tau;
    if (room < 0n) {
      throw new LatticeZkError({
        code: 'acceptance',
        operation: 'derive',
        field: `direction ${j}: τ ≤ β·‖r‖`,
        got: tau,
        want: `at most ${room + tau}`,
      });
    }
    bits.push([`direction ${j}`, bitLength(room)]);
  });
  shape.spheres.forEach(({ radiusSquared }, j) => {
    bits.push([`sphere ${j}`, bitLength(radiusSquared)]);
  });
  shape.ranges.forEach(({ betaSquared }, j) => {
    bits.push([`range ${j}`, bitLength(betaSquared)]);
  });
  let offset = 0;
  return bits.map(([name, length]) => {
    const field = { name, offset, bits: length };
    offset += length;
    return field;
  });
}

function responseClaims(
  set: ParameterSet,
  shape: Required<StatementShape>,
  blocks: number,
  ciphertexts: number,
  slackBits: number,
): ResponseClaim[] {
  const parts: ResponseClaim[] = [
    { name: 'U', polynomials: blocks, boundSquared: BigInt(ciphertexts) * BigInt(set.N) },
    { name: 'M', polynomials: blocks, boundSquared: shape.betaSquared },
    { name: 'x', polynomials: 1, boundSquared: BigInt(slackBits) },
  ];
  shape.ranges.forEach(({ betaSquared, copies }, j) => {
    if (copies > 0) parts.push({ name: `V${j}`, polynomials: copies, boundSquared: betaSquared });
  });
  parts.push({
    name: 's2',
    polynomials: set.s2Polynomials,
    boundSquared: BigInt(set.s2Polynomials) * BigInt(set.n),
  });
  return parts;
}

/**
 * Every width, bound and length of a statement, from the set and the shape alone.
 *
 * Deriving does not accept: `acceptance` lists the inequalities that must hold.
 * @throws LatticeZkError code `parameters` (a shape that has no meaning) or `acceptance` (τ > β·‖r‖)
 */
export function derive(set: ParameterSet, given: StatementShape): Derived {
  const { dimension, betaSquared } = given;
  const shape = { directions: [], spheres: [], ranges: [], ...given };
  if (!Number.isInteger(dimension) || dimension < 1 || dimension > 2 ** 31) {
    throw new LatticeZkError({
      code: 'parameters',
      operation: 'derive',
      field: 'dimension',
      got: dimension,
      want: 'an integer 1…2^31',
    });
  }
  const squares = [
    betaSquared,
    ...shape.spheres.map((s) => s.radiusSquared),
    ...shape.ranges.map((r) => r.betaSquared),
  ];
  for (const square of squares) {
    if (square < 1n) {
      throw new LatticeZkError({ code: 'parameters', operation: 'derive', field: 'bound²', got: square, want: '>= 1' });
    }
  }
  const ciphertexts = Math.ceil(dimension / set.N);
  const blocks = Math.ceil(ciphertexts / 2);
  const noise = noiseBoundSquared(set, ciphertexts);
  const fields = slackFields(shape, noise);
  const slackBits = fields.reduce((sum, field) => sum + field.bits, 0);
  const m3 = set.n * blocks;
  const m4 = set.n * (3 * blocks + 1);
  const gamma3 = largestGamma3(set, betaSquared, bitLength(betaSquared), BigInt(m3));
  if (gamma3 === 0) {
    throw new LatticeZkError({
      code: 'acceptance',
      operation: 'derive',
      field: 'γ3: (189·γ3·β)² + 2^l0 < q',
      got: `β = ${isqrt(betaSquared)}`,
      want: 'a smaller bound',
    });
  }
  const { gamma1, groups } = responseWidths(set, responseClaims(set, shape, blocks, ciphertexts, slackBits));
  return {
    set,
    shape,
    ciphertexts,
    blocks,
    noiseBoundSquared: noise,
    fields,
    slackBits,
    z3: projection(gamma3, betaSquared, m3),
    z4: projection(set.gamma4, noise + BigInt(slackBits), m4),
    gamma1,
    groups,
    logM3: logRejectionFactor(gamma3),
    logM4: logRejectionFactor(set.gamma4),
    logM1: logRejectionFactor(gamma1),
  };
}
