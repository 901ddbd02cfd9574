import { LatticeZkError } from './errors.ts';
import type { Derived, ParameterSet } from './parameters.ts';

/** A public element of R_q: L·N residues, prime after prime, coefficient i of X^i at i. */
export type RingElement = BigUint64Array;

/** coefficient · (committed polynomial): a linear map over R_q. */
export interface LinearTerm {
  readonly polynomial: number;
  readonly coefficient: { readonly ring: number } | { readonly integer: bigint };
}

/**
 * A polynomial that is not committed: constant − Σ coefficient·polynomial (mod q). The constant is an element of S given
 * by its two halves, the coefficients of W^{2i} and of W^{2i+1}; null stands for zero.
 */
export interface DerivedPolynomial {
  readonly name: string;
  readonly even: RingElement | null;
  readonly odd: RingElement | null;
  readonly minus: readonly LinearTerm[];
}

/** A public integer vector for one polynomial: n coefficients in split order. */
export interface VectorTerm {
  readonly polynomial: number;
  readonly vector: Int32Array;
}

/** Σ ‖p‖² over `polynomials`, or ‖p − centre‖² where a centre is given, is at most `boundSquared`. */
export interface NormForm {
  readonly kind: 'norm';
  readonly name: string;
  readonly polynomials: readonly number[];
  readonly boundSquared: bigint;
  readonly centre: readonly VectorTerm[];
}

/** Σ ⟨p, vector⟩ is at least `atLeast`. */
export interface ProductForm {
  readonly kind: 'product';
  readonly name: string;
  readonly terms: readonly VectorTerm[];
  readonly atLeast: bigint;
}

export type Form = NormForm | ProductForm;

/** Committed `copy` equals `source` at split positions from ≤ i < to and is 0 elsewhere. */
export interface MaskedCopy {
  readonly source: number;
  readonly copy: number;
  readonly from: number;
  readonly to: number;
}

/** Widths, bounds and lengths that a relation's prover and verifier share. */
export type RelationNumbers = Pick<
  Derived,
  'set' | 'fields' | 'slackBits' | 'z3' | 'z4' | 'groups' | 'logM1' | 'logM3' | 'logM4'
>;

/**
 * What is proven about committed polynomials of S, as plain data.
 *
 * Polynomials are numbered through: the committed ones first, in the order of the response groups (the slack polynomial
 * is the only member of the group `x`), then the derived ones. Form i owns slack field i of `numbers.fields`; the slack
 * polynomial itself is proven binary.
 */
export interface RelationOf<N extends RelationNumbers> {
  readonly set: ParameterSet;
  /** what the relation is about, such as `update` */
  readonly label: string;
  readonly ringElements: readonly RingElement[];
  readonly derived: readonly DerivedPolynomial[];
  readonly forms: readonly Form[];
  readonly copies: readonly MaskedCopy[];
  /** polynomials of the projections z3 and z4; every one that a norm squares is in one of them or is a masked copy */
  readonly projections: readonly [readonly number[], readonly number[]];
  readonly numbers: N;
}

export type AnyRelation = RelationOf<RelationNumbers>;
/** The relation of an update, whose numbers come from its shape. */
export type Relation = RelationOf<Derived>;

/** Place of every committed polynomial. */
export interface CommittedLayout {
  /** index into `numbers.groups` */
  readonly groupOf: readonly number[];
  readonly count: number;
  /** the slack polynomial */
  readonly slack: number;
}

/** @throws LatticeZkError code `internal` if the groups are not those of a relation */
export function committedLayout(numbers: Pick<RelationNumbers, 'groups'>): CommittedLayout {
  const groupOf: number[] = [];
  let slack = -1;
  numbers.groups.forEach((group, index) => {
    if (group.name === 's2') return;
    if (group.name === 'x') slack = groupOf.length;
    for (let i = 0; i < group.polynomials; i++) groupOf.push(index);
  });
  const last = numbers.groups.at(-1);
  if (slack < 0 || last?.name !== 's2') {
    throw new LatticeZkError({ code: 'internal', operation: 'committedLayout', field: 'groups' });
  }
  return { groupOf, count: groupOf.length, slack };
}

/** Position of the coefficient of W^i in split order: even coefficients first, then the odd ones. */
export function splitIndex(n: number, i: number): number {
  return (i & 1) * (n / 2) + (i >> 1);
}

/**
 * Every polynomial that a norm squares must have all of its coefficients in a projection, or be tied coefficient by
 * coefficient to one that has: otherwise the sum of squares could wrap around q.
 * @throws LatticeZkError code `statement`
 */
export function checkCoverage(relation: AnyRelation): void {
  const { projections, copies, forms } = relation;
  const { slack, count } = committedLayout(relation.numbers);
  const refuse = (field: string, got: number, want: string): never => {
    throw new LatticeZkError({ code: 'statement', operation: 'relation', field, got, want });
  };
  const covered = new Set([...projections[0], ...projections[1]]);
  for (const { source, copy } of copies) {
    if (!covered.has(source)) refuse('copies.source', source, 'a projected polynomial');
    if (copy >= count) refuse('copies.copy', copy, 'a committed polynomial');
    covered.add(copy);
  }
  if (!covered.has(slack)) refuse('projections', slack, 'the slack polynomial in a projection');
  for (const form of forms) {
    const used = form.kind === 'norm' ? form.polynomials : form.terms.map((term) => term.polynomial);
    for (const polynomial of used)
      if (!covered.has(polynomial)) refuse(form.name, polynomial, 'a projected polynomial');
  }
  if (forms.length !== relation.numbers.fields.length) {
    refuse('forms', forms.length, `${relation.numbers.fields.length} forms`);
  }
}
