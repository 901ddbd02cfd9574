import { withInstance } from './instance.ts';
import { type AnyRelation, checkCoverage, type Form, type Relation, type VectorTerm } from './relation.ts';
import { PROTOCOL_VERSION, TAGS } from './tags.ts';
import { FrameHash, STATE_BYTES } from './transcript.ts';

/** What a proof is about. Built by `updateStatement` or `relationStatement`; prover and verifier each build their own. */
export interface RelationStatement {
  /** name of the parameter set */
  readonly set: string;
  readonly context: Uint8Array;
  /** TurboSHAKE256 of everything that is public about the statement, 64 bytes */
  readonly digest: Uint8Array;
  /** @internal what is proven, as data */
  readonly relation: AnyRelation;
}

/** The statement about one encrypted update. */
export interface Statement extends RelationStatement {
  /** D */
  readonly dimension: number;
  /** index of β in the listed table */
  readonly betaIndex: number;
  readonly betaSquared: bigint;
  /** @internal */
  readonly relation: Relation;
}

export interface StatementHeader {
  readonly context: Uint8Array;
  /** D and the bucket of an update; the squared bounds of both projections of any other relation */
  readonly integers: readonly [number | bigint, number | bigint];
}

/** Checks a relation and binds it to its header. @throws LatticeZkError code `statement` */
export function statementOf<R extends AnyRelation>(
  relation: R,
  header: StatementHeader,
): RelationStatement & { readonly relation: R } {
  checkCoverage(relation);
  // a copy also of a Buffer, whose own slice shares memory
  const context = new Uint8Array(header.context);
  return Object.freeze({
    set: relation.set.name,
    context,
    digest: digestOf(relation, { ...header, context }),
    relation,
  });
}

function digestOf(relation: AnyRelation, header: StatementHeader): Uint8Array {
  return withInstance(relation.set, 0, ({ ring, parametersDigest }) => {
    const hash = new FrameHash(ring, TAGS.statement);
    hash.integer(PROTOCOL_VERSION).text(relation.set.name).bytes(parametersDigest).text(relation.label);
    hash.bytes(header.context).integer(header.integers[0]).integer(header.integers[1]);
    hash.integer(relation.ringElements.length);
    for (const element of relation.ringElements) hash.words(element);
    hash.integer(relation.numbers.groups.length);
    for (const { name, polynomials, boundSquared } of relation.numbers.groups) {
      hash.text(name).integer(polynomials).integer(boundSquared);
    }
    hash.integer(relation.derived.length);
    for (const { name, even, odd, minus } of relation.derived) {
      hash
        .text(name)
        .words(even ?? new BigUint64Array(0))
        .words(odd ?? new BigUint64Array(0))
        .integer(minus.length);
      for (const { polynomial, coefficient } of minus) {
        hash.integer(polynomial);
        if ('ring' in coefficient) hash.text('ring').integer(coefficient.ring);
        else hash.text('integer').integer(coefficient.integer);
      }
    }
    hash.integer(relation.forms.length);
    for (const form of relation.forms) absorbForm(hash, form);
    hash.integer(relation.copies.length);
    for (const { source, copy, from, to } of relation.copies) {
      hash.integer(source).integer(copy).integer(from).integer(to);
    }
    for (const polynomials of relation.projections) absorbIndices(hash, polynomials);
    return hash.digest(STATE_BYTES);
  });
}

function absorbForm(hash: FrameHash, form: Form): void {
  hash.text(form.kind).text(form.name);
  if (form.kind === 'norm') {
    absorbIndices(hash, form.polynomials);
    hash.integer(form.boundSquared);
    absorbTerms(hash, form.centre);
  } else {
    absorbTerms(hash, form.terms);
    hash.integer(form.atLeast);
  }
}

function absorbIndices(hash: FrameHash, indices: readonly number[]): void {
  hash.integer(indices.length);
  for (const index of indices) hash.integer(index);
}

function absorbTerms(hash: FrameHash, terms: readonly VectorTerm[]): void {
  hash.integer(terms.length);
  for (const { polynomial, vector } of terms) hash.integer(polynomial).words(vector);
}
