import { LatticeZkError } from './errors.ts';
import { squaredNorm } from './exact.ts';
import { knownKeys, typedArray } from './options.ts';
import { accept, betaSquaredOf, type Derived, getSet, type ParameterSet, type SetName } from './parameters.ts';
import type { DerivedPolynomial, Form, MaskedCopy, Relation, RingElement, VectorTerm } from './relation.ts';
import { type Statement, statementOf } from './statement.ts';

/**
 * K = ⌈D/N⌉ BFV ciphertexts of one update, as plain data: coordinate d is coefficient d mod N of ciphertext ⌊d/N⌋.
 * Every array holds L·N residues in coefficient form, prime after prime.
 */
export interface CiphertextDescription {
  readonly set: string;
  /** D, 1…2³¹ */
  readonly dimension: number;
  readonly publicKey: { readonly p0: BigUint64Array; readonly p1: BigUint64Array };
  readonly ciphertexts: readonly { readonly c0: BigUint64Array; readonly c1: BigUint64Array }[];
}

/** ⟨m, vector⟩ ≥ atLeast; D integers. */
export interface Direction {
  readonly vector: Int32Array;
  readonly atLeast: bigint;
}

/** ‖m − centre‖₂² ≤ radiusSquared; D integers. */
export interface Sphere {
  readonly centre: Int32Array;
  readonly radiusSquared: bigint;
}

/** Σ m_d² over from ≤ d < to is at most boundSquared. */
export interface Layer {
  readonly from: number;
  readonly to: number;
  readonly boundSquared: bigint;
}

export interface UpdateClaims {
  readonly description: CiphertextDescription;
  /** β is bucket `betaIndex` of the listed table, see `betaSquaredOf` */
  readonly betaIndex: number;
  /** study, round, client, model: whatever the proof is to be bound to; at most 65,536 bytes */
  readonly context: Uint8Array;
  readonly directions?: readonly Direction[];
  readonly spheres?: readonly Sphere[];
  readonly layers?: readonly Layer[];
}

export interface UpdateStatementOptions extends UpdateClaims {
  readonly set: SetName;
}

const MAX_CONTEXT_BYTES = 65_536;
const MAX_CLAIMS = 64;
const OPERATION = 'updateStatement';

/**
 * The statement about one encrypted update: for every ciphertext there are u, e0, e1 with c0 = p0·u + e0 + Δ·m and
 * c1 = p1·u + e1 (mod q), ‖(u, e0, e1)‖₂ ≤ β_noise over all ciphertexts and ‖m‖₂ ≤ β over all coordinates, exactly;
 * and every direction, sphere and layer that is asked for.
 *
 * @throws LatticeZkError `options` (unknown key, wrong type or length), `parameters` (unknown set or bucket),
 *   `statement` (residues ≥ q, empty layers), `acceptance` (an inequality that the proof needs fails; both sides named)
 */
export function updateStatement(options: UpdateStatementOptions): Statement {
  knownKeys(OPERATION, options, ['set', 'description', 'betaIndex', 'context', 'directions', 'spheres', 'layers']);
  const { set, ...claims } = options;
  return updateStatementFor(getSet(set), claims);
}

/** The same for a set by value; the public door only takes names. */
export function updateStatementFor(set: ParameterSet, claims: UpdateClaims): Statement {
  knownKeys(OPERATION, claims, ['description', 'betaIndex', 'context', 'directions', 'spheres', 'layers']);
  const { description, betaIndex, context, directions = [], spheres = [], layers = [] } = claims;
  typedArray(OPERATION, 'context', context, Uint8Array);
  if (context.length > MAX_CONTEXT_BYTES) refuse('context.length', context.length, `at most ${MAX_CONTEXT_BYTES}`);
  const { dimension, publicKey, ciphertexts } = checkDescription(set, description);
  for (const [field, list] of Object.entries({ directions, spheres, layers })) {
    if (!Array.isArray(list)) refuse(field, typeof list, 'an array');
    if (list.length > MAX_CLAIMS) refuse(`${field}.length`, list.length, `at most ${MAX_CLAIMS}`);
  }
  directions.forEach((direction, j) => {
    knownKeys(OPERATION, direction, ['vector', 'atLeast']);
    typedArray(OPERATION, `directions[${j}].vector`, direction.vector, Int32Array, dimension);
    integer(`directions[${j}].atLeast`, direction.atLeast);
  });
  spheres.forEach((sphere, j) => {
    knownKeys(OPERATION, sphere, ['centre', 'radiusSquared']);
    typedArray(OPERATION, `spheres[${j}].centre`, sphere.centre, Int32Array, dimension);
    integer(`spheres[${j}].radiusSquared`, sphere.radiusSquared);
  });
  const parts = layers.map((layer, j) => layerParts(set.n, dimension, layer, j));
  if (!Number.isInteger(betaIndex) || betaIndex > set.maxBetaIndex) {
    refuse('betaIndex', betaIndex, `an integer 0…${set.maxBetaIndex}`);
  }
  const numbers = accept(set, {
    dimension,
    betaSquared: betaSquaredOf(betaIndex),
    directions: directions.map(({ vector, atLeast }) => ({ normSquared: squaredNorm(vector), tau: atLeast })),
    spheres: spheres.map(({ centre, radiusSquared }) => ({ centreNormSquared: squaredNorm(centre), radiusSquared })),
    ranges: layers.map(({ boundSquared }, j) => ({ betaSquared: boundSquared, copies: parts[j]!.masked.length })),
  });
  const relation = updateRelation(numbers, publicKey, ciphertexts, directions, spheres, parts);
  const { betaSquared } = numbers.shape;
  return Object.freeze({
    ...statementOf(relation, { context, integers: [dimension, betaIndex] }),
    dimension,
    betaIndex,
    betaSquared,
  });
}

function updateRelation(
  numbers: Derived,
  publicKey: CiphertextDescription['publicKey'],
  ciphertexts: CiphertextDescription['ciphertexts'],
  directions: readonly Direction[],
  spheres: readonly Sphere[],
  parts: readonly LayerParts[],
): Relation {
  const { set, blocks, shape } = numbers;
  const all = Array.from({ length: blocks }, (_, k) => k);
  const u = all;
  const m = all.map((k) => blocks + k);
  const slack = 2 * blocks;
  const copies: MaskedCopy[] = [];
  const rangeForms: Form[] = parts.map(({ whole, masked }, j) => {
    const polynomials = whole.map((k) => m[k]!);
    for (const { block, from, to } of masked) {
      const copy = slack + 1 + copies.length;
      copies.push({ source: m[block]!, copy, from, to });
      polynomials.push(copy);
    }
    return { kind: 'norm', name: `range ${j}`, polynomials, boundSquared: shape.ranges[j]!.betaSquared, centre: [] };
  });
  const derived: DerivedPolynomial[] = [];
  const first = slack + 1 + copies.length;
  const half = (k: number, component: 'c0' | 'c1'): RingElement | null => ciphertexts[k]?.[component].slice() ?? null;
  for (const k of all) {
    const minus = [
      { polynomial: u[k]!, coefficient: { ring: 0 } },
      { polynomial: m[k]!, coefficient: { integer: set.delta } },
    ];
    derived.push({ name: `E0[${k}]`, even: half(2 * k, 'c0'), odd: half(2 * k + 1, 'c0'), minus });
  }
  for (const k of all) {
    const minus = [{ polynomial: u[k]!, coefficient: { ring: 1 } }];
    derived.push({ name: `E1[${k}]`, even: half(2 * k, 'c1'), odd: half(2 * k + 1, 'c1'), minus });
  }
  const e = derived.map((_, i) => first + i);
  const forms: Form[] = [
    { kind: 'norm', name: 'norm', polynomials: m, boundSquared: shape.betaSquared, centre: [] },
    { kind: 'norm', name: 'noise', polynomials: [...u, ...e], boundSquared: numbers.noiseBoundSquared, centre: [] },
    ...directions.map(
      ({ vector, atLeast }, j): Form => ({
        kind: 'product',
        name: `direction ${j}`,
        terms: blockTerms(set.n, m, vector),
        atLeast,
      }),
    ),
    ...spheres.map(
      ({ centre, radiusSquared }, j): Form => ({
        kind: 'norm',
        name: `sphere ${j}`,
        polynomials: m,
        boundSquared: radiusSquared,
        centre: blockTerms(set.n, m, centre),
      }),
    ),
    ...rangeForms,
  ];
  return {
    set,
    label: 'update',
    ringElements: [publicKey.p0.slice(), publicKey.p1.slice()],
    derived,
    forms,
    copies,
    projections: [m, [...u, ...e, slack]],
    numbers,
  };
}

/** Coordinate d is split position d mod n of block ⌊d/n⌋: the flat vector, cut and filled up with zeros. */
function blockTerms(n: number, polynomials: readonly number[], vector: Int32Array): VectorTerm[] {
  return polynomials.map((polynomial, k) => {
    const block = new Int32Array(n);
    block.set(vector.subarray(k * n, (k + 1) * n));
    return { polynomial, vector: block };
  });
}

interface LayerParts {
  readonly whole: readonly number[];
  readonly masked: readonly { readonly block: number; readonly from: number; readonly to: number }[];
}

function layerParts(n: number, dimension: number, layer: Layer, index: number): LayerParts {
  knownKeys(OPERATION, layer, ['from', 'to', 'boundSquared']);
  const { from, to, boundSquared } = layer;
  integer(`layers[${index}].boundSquared`, boundSquared);
  if (!Number.isInteger(from) || from < 0 || from >= dimension) {
    refuse(`layers[${index}].from`, from, `an integer 0…${dimension - 1}`);
  }
  if (!Number.isInteger(to) || to <= from || to > dimension) {
    refuse(`layers[${index}].to`, to, `an integer ${from + 1}…${dimension}`);
  }
  // the slots beyond D are zero for an honest prover and may count
  const end = to === dimension ? Math.ceil(dimension / n) * n : to;
  const whole: number[] = [];
  const masked: { block: number; from: number; to: number }[] = [];
  for (let block = Math.floor(from / n); block * n < end; block++) {
    const start = Math.max(from - block * n, 0);
    const stop = Math.min(end - block * n, n);
    if (start === 0 && stop === n) whole.push(block);
    else masked.push({ block, from: start, to: stop });
  }
  return { whole, masked };
}

function checkDescription(set: ParameterSet, description: CiphertextDescription): CiphertextDescription {
  knownKeys(OPERATION, description, ['set', 'dimension', 'publicKey', 'ciphertexts']);
  const { dimension, publicKey, ciphertexts } = description;
  if (description.set !== set.name) refuse('description.set', String(description.set).slice(0, 64), set.name);
  if (!Number.isInteger(dimension) || dimension < 1 || dimension > 2 ** 31) {
    refuse('description.dimension', dimension, 'an integer 1…2^31');
  }
  if (!Array.isArray(ciphertexts)) refuse('description.ciphertexts', typeof ciphertexts, 'an array');
  const count = Math.ceil(dimension / set.N);
  if (ciphertexts.length !== count) refuse('description.ciphertexts.length', ciphertexts.length, count);
  knownKeys(OPERATION, publicKey, ['p0', 'p1']);
  checkElement(set, 'description.publicKey.p0', publicKey.p0);
  checkElement(set, 'description.publicKey.p1', publicKey.p1);
  ciphertexts.forEach((ciphertext, k) => {
    knownKeys(OPERATION, ciphertext, ['c0', 'c1']);
    checkElement(set, `description.ciphertexts[${k}].c0`, ciphertext.c0);
    checkElement(set, `description.ciphertexts[${k}].c1`, ciphertext.c1);
  });
  return description;
}

function checkElement(set: ParameterSet, field: string, value: BigUint64Array): void {
  typedArray(OPERATION, field, value, BigUint64Array, set.primes.length * set.N);
  const words = new Uint32Array(value.buffer, value.byteOffset, 2 * value.length);
  set.primes.forEach((prime, l) => {
    const low = Number(prime & 0xffffffffn);
    const high = Number(prime >> 32n);
    for (let i = 2 * l * set.N; i < 2 * (l + 1) * set.N; i += 2) {
      const top = words[i + 1]!;
      if (top > high || (top === high && words[i]! >= low)) {
        throw new LatticeZkError({
          code: 'statement',
          operation: OPERATION,
          field: `${field}[${i / 2}]`,
          got: value[i / 2]!,
          want: `a residue below ${prime}`,
        });
      }
    }
  });
}

function integer(field: string, value: unknown): void {
  if (typeof value !== 'bigint') refuse(field, typeof value, 'a bigint');
}

function refuse(field: string, got: string | number, want: string | number): never {
  throw new LatticeZkError({ code: 'options', operation: OPERATION, field, got, want });
}
