import { LatticeZkError } from './errors.ts';
import { knownKeys, typedArray } from './options.ts';
import { getSet, type ParameterSet, type SetName } from './parameters.ts';
import type { AnyRelation, DerivedPolynomial, Form, MaskedCopy, RingElement, VectorTerm } from './relation.ts';
import { type GroupClaim, polynomialsOf, relationInequalities, relationNumbers } from './relation-numbers.ts';
import { type RelationStatement, statementOf } from './statement.ts';

/** Polynomials whose joint vector is projected, and a bound on its squared norm that every honest witness keeps. */
export interface ProjectionClaim {
  readonly polynomials: readonly number[];
  readonly boundSquared: bigint;
}

export interface RelationClaims {
  /** what the relation is about; any text but `update` */
  readonly label: string;
  /** whatever the proof is to be bound to; at most 65,536 bytes */
  readonly context: Uint8Array;
  /** public elements of R_q that linear terms name by index */
  readonly ringElements: readonly RingElement[];
  /** committed polynomials, numbered through in this order; boundSquared bounds each group's honest witness */
  readonly groups: readonly GroupClaim[];
  /** numbered behind the committed polynomials and the slack polynomial, which is the last committed one */
  readonly derived: readonly DerivedPolynomial[];
  readonly forms: readonly Form[];
  readonly copies?: readonly MaskedCopy[];
  /** two; the slack polynomial joins the second by itself */
  readonly projections: readonly [ProjectionClaim, ProjectionClaim];
}

export interface RelationOptions extends RelationClaims {
  readonly set: SetName;
}

const OPERATION = 'relationStatement';
const MAX_CONTEXT_BYTES = 65_536;
const MAX_POLYNOMIALS = 4096;
const CLAIM_KEYS = ['label', 'context', 'ringElements', 'groups', 'derived', 'forms', 'copies', 'projections'];

/**
 * A statement about any short polynomials under public linear maps: exact norms of sub-vectors and of differences to
 * public vectors, inner products, masked copies. `updateStatement` builds the same relation for updates.
 *
 * @throws LatticeZkError `options`, `parameters`, `statement` (the data make no relation), `acceptance` (an inequality
 *   that the proof needs fails; both sides are named)
 */
export function relationStatement(options: RelationOptions): RelationStatement {
  knownKeys(OPERATION, options, ['set', ...CLAIM_KEYS]);
  const { set, ...claims } = options;
  return relationStatementFor(getSet(set), claims);
}

/** The same for a set by value; the public door only takes names. */
export function relationStatementFor(set: ParameterSet, claims: RelationClaims): RelationStatement {
  knownKeys(OPERATION, claims, CLAIM_KEYS);
  const relation = checkedRelation(set, claims);
  for (const { name, left, relation: sign, right, ok } of relationInequalities(relation)) {
    if (ok) continue;
    throw new LatticeZkError({
      code: 'acceptance',
      operation: OPERATION,
      field: name,
      got: left,
      want: `${sign} ${right}`,
    });
  }
  const [first, second] = claims.projections;
  return statementOf(relation, { context: claims.context, integers: [first.boundSquared, second.boundSquared] });
}

function checkedRelation(set: ParameterSet, claims: RelationClaims): AnyRelation {
  const { label, context, ringElements, groups, derived, forms, copies = [], projections } = claims;
  if (typeof label !== 'string' || label === 'update') refuse('options', 'label', String(label), 'a text but `update`');
  typedArray(OPERATION, 'context', context, Uint8Array);
  if (context.length > MAX_CONTEXT_BYTES) refuse('options', 'context.length', context.length, `≤ ${MAX_CONTEXT_BYTES}`);
  for (const [field, list] of Object.entries({ ringElements, groups, derived, forms, copies, projections })) {
    if (!Array.isArray(list)) refuse('options', field, typeof list, 'an array');
  }
  groups.forEach(({ name, polynomials, boundSquared }, i) => {
    if (!Number.isInteger(polynomials) || polynomials < 1)
      refuse('statement', `groups[${i}].polynomials`, polynomials, '≥ 1');
    if (typeof boundSquared !== 'bigint' || boundSquared < 1n)
      refuse('statement', `groups[${i}].boundSquared`, String(boundSquared), 'a bigint ≥ 1');
    if (typeof name !== 'string' || name === 'x' || name === 's2')
      refuse('statement', `groups[${i}].name`, String(name), 'another name');
  });
  const slack = groups.reduce((sum, { polynomials }) => sum + polynomials, 0);
  const total = slack + 1 + derived.length;
  if (total > MAX_POLYNOMIALS) refuse('statement', 'polynomials', total, `at most ${MAX_POLYNOMIALS}`);
  const index = (field: string, value: number, below: number): void => {
    if (!Number.isInteger(value) || value < 0 || value >= below || value === slack) {
      refuse('statement', field, value, `a polynomial below ${below}`);
    }
  };
  ringElements.forEach((element, i) => {
    checkElement(set, `ringElements[${i}]`, element);
  });
  derived.forEach(({ even, odd, minus }, i) => {
    for (const [half, element] of [
      ['even', even],
      ['odd', odd],
    ] as const) {
      if (element !== null) checkElement(set, `derived[${i}].${half}`, element);
    }
    minus.forEach(({ polynomial, coefficient }, j) => {
      index(`derived[${i}].minus[${j}].polynomial`, polynomial, slack);
      const known =
        'ring' in coefficient ? ringElements[coefficient.ring] !== undefined : isBigint(coefficient.integer);
      if (!known)
        refuse('statement', `derived[${i}].minus[${j}].coefficient`, 'nothing known', 'an element or a bigint');
    });
  });
  forms.forEach((form, f) => {
    const used = polynomialsOf(form);
    const field = `forms[${f}]`;
    if (used.length === 0) refuse('statement', field, 'no polynomial', 'at least one');
    if (new Set(used).size !== used.length) refuse('statement', field, 'a polynomial twice', 'each once');
    for (const p of used) index(field, p, total);
    const terms = form.kind === 'norm' ? form.centre : form.terms;
    for (const { polynomial, vector } of terms) {
      if (!used.includes(polynomial)) refuse('statement', `${field}.centre`, polynomial, 'a polynomial of the form');
      typedArray(OPERATION, `${field}.vector`, vector, Int32Array, set.n);
    }
    const bound = form.kind === 'norm' ? form.boundSquared : form.atLeast;
    if (typeof bound !== 'bigint') refuse('options', `${field}: bound`, typeof bound, 'a bigint');
    if (form.kind === 'norm' && bound < 1n) refuse('statement', `${field}.boundSquared`, String(bound), '≥ 1');
  });
  const seen = new Set<number>();
  copies.forEach(({ source, copy, from, to }, i) => {
    index(`copies[${i}].source`, source, total);
    index(`copies[${i}].copy`, copy, slack);
    if (source === copy || seen.has(copy)) refuse('statement', `copies[${i}].copy`, copy, 'a polynomial of its own');
    seen.add(copy);
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= set.n)) {
      refuse('statement', `copies[${i}]`, `${from}…${to}`, `0 ≤ from < to ≤ ${set.n}`);
    }
  });
  if (projections.length !== 2) refuse('statement', 'projections.length', projections.length, '2');
  const members = projections.map(({ polynomials, boundSquared }, i) => {
    if (typeof boundSquared !== 'bigint' || boundSquared < 1n)
      refuse('statement', `projections[${i}].boundSquared`, String(boundSquared), 'a bigint ≥ 1');
    for (const p of polynomials) index(`projections[${i}]`, p, total);
    if (new Set(polynomials).size !== polynomials.length)
      refuse('statement', `projections[${i}]`, 'a polynomial twice', 'each once');
    return i === 0 ? [...polynomials] : [...polynomials, slack];
  }) as [number[], number[]];
  const vectors = (terms: readonly VectorTerm[]) => terms.map((term) => ({ ...term, vector: term.vector.slice() }));
  const own = forms.map(
    (form): Form =>
      form.kind === 'norm'
        ? { ...form, polynomials: [...form.polynomials], centre: vectors(form.centre) }
        : { ...form, terms: vectors(form.terms) },
  );
  const partial = { set, label, forms: own, copies: structuredClone(copies), projections: members };
  return {
    ...partial,
    ringElements: ringElements.map((element) => element.slice()),
    derived: derived.map(({ name, even, odd, minus }) => ({
      name,
      even: even?.slice() ?? null,
      odd: odd?.slice() ?? null,
      minus: structuredClone(minus),
    })),
    numbers: relationNumbers(partial, groups, [projections[0].boundSquared, projections[1].boundSquared]),
  };
}

const isBigint = (value: unknown): boolean => typeof value === 'bigint';

function checkElement(set: ParameterSet, field: string, value: RingElement): void {
  typedArray(OPERATION, field, value, BigUint64Array, set.primes.length * set.N);
  set.primes.forEach((prime, l) => {
    if (value.subarray(l * set.N, (l + 1) * set.N).some((residue) => residue >= prime)) {
      refuse('statement', field, 'a residue that is not reduced', `residues below ${prime}`);
    }
  });
}

function refuse(code: 'options' | 'statement', field: string, got: string | number, want: string): never {
  throw new LatticeZkError({ code, operation: OPERATION, field, got, want });
}
