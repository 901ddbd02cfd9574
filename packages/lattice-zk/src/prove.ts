import { LatticeZkError } from './errors.ts';
import type { Instance } from './instance.ts';
import { withInstance } from './instance.ts';
import { knownKeys, typedArray } from './options.ts';
import { type CommittedWitness, type DerivedWitness, openWitness, type ProverState, proveWitness } from './prover.ts';
import { systemStream } from './randomness.ts';
import { committedLayout } from './relation.ts';
import type { SecretStream } from './ring/xof.ts';
import type { RelationStatement, Statement } from './statement.ts';

/** The randomness of K encryptions and what they carry: c0 = p0·u + e0 + Δ·m, c1 = p1·u + e1. */
export interface EncryptionWitness {
  /** D integers */
  readonly m: Int32Array;
  /** K·N ternary integers */
  readonly u: Int8Array;
  /** K·N integers */
  readonly e0: Int8Array;
  /** K·N integers */
  readonly e1: Int8Array;
}

/**
 * Proves a statement. Synchronous and single-threaded; all randomness is the platform's.
 *
 * @returns canonical proof bytes
 * @throws LatticeZkError `witness` (the bound or equation that fails is named, the value is not), `options`,
 *   `randomness`, `memory`
 */
export function prove(statement: Statement, witness: EncryptionWitness): Uint8Array<ArrayBuffer> {
  return withProver(statement, witness, (instance) => systemStream(instance.ring, statement.digest), proveWitness);
}

/** The integers of a relation's polynomials, n coefficients in split order each (shorter arrays are filled up with zeros). */
export interface RelationWitness {
  /** in the order of the groups; null for masked copies, which are computed */
  readonly committed: CommittedWitness;
  /** what the derived polynomials must come out as; null or nothing where no check is wanted */
  readonly derived?: DerivedWitness;
}

/**
 * Proves a statement that `relationStatement` built.
 * @returns canonical proof bytes
 * @throws LatticeZkError as `prove`
 */
export function proveRelation(statement: RelationStatement, witness: RelationWitness): Uint8Array<ArrayBuffer> {
  knownKeys('proveRelation', witness, ['committed', 'derived']);
  const { committed, derived = [] } = witness;
  const { set, numbers } = statement.relation;
  const { count } = committedLayout(numbers);
  for (const [field, list, length] of [
    ['committed', committed, count - 1],
    ['derived', derived, statement.relation.derived.length],
  ] as const) {
    if (!Array.isArray(list) || list.length > length) {
      throw new LatticeZkError({
        code: 'options',
        operation: 'proveRelation',
        field,
        got: Array.isArray(list) ? list.length : typeof list,
        want: `an array of at most ${length}`,
      });
    }
    list.forEach((values: Int32Array | Int8Array | null, i) => {
      if (values === null) return;
      const name = `${field}[${i}]`;
      if (values instanceof Int8Array) typedArray('proveRelation', name, values, Int8Array);
      else typedArray('proveRelation', name, values, Int32Array);
      if (values.length > set.n) {
        throw new LatticeZkError({
          code: 'options',
          operation: 'proveRelation',
          field: `${name}.length`,
          got: values.length,
          want: `at most ${set.n}`,
        });
      }
    });
  }
  return withRelationProver(
    statement,
    committed,
    derived,
    (instance) => systemStream(instance.ring, statement.digest),
    proveWitness,
  );
}

/** Opens a prover for an update statement, runs `work` and wipes. */
export function withProver<T>(
  statement: Statement,
  witness: EncryptionWitness,
  stream: (instance: Instance) => SecretStream,
  work: (state: ProverState) => T,
): T {
  const { committed, derived } = updateWitness(statement, witness);
  return withRelationProver(statement, committed, derived, stream, work);
}

function withRelationProver<T>(
  statement: RelationStatement,
  committed: CommittedWitness,
  derived: DerivedWitness,
  stream: (instance: Instance) => SecretStream,
  work: (state: ProverState) => T,
): T {
  const { relation } = statement;
  return withInstance(relation.set, committedLayout(relation.numbers).count, (instance) =>
    work(openWitness(instance, statement, stream(instance), committed, derived)),
  );
}

/** Views of the caller's arrays, block by block; the caller owns and wipes them. */
function updateWitness(
  { relation, dimension }: Statement,
  witness: EncryptionWitness,
): { readonly committed: CommittedWitness; readonly derived: DerivedWitness } {
  const { set, copies } = relation;
  const length = Math.ceil(dimension / set.N) * set.N;
  knownKeys('prove', witness, ['m', 'u', 'e0', 'e1']);
  typedArray('prove', 'witness.m', witness.m, Int32Array, dimension);
  for (const field of ['u', 'e0', 'e1'] as const) {
    typedArray('prove', `witness.${field}`, witness[field], Int8Array, length);
  }
  const blocks = <T extends Int32Array | Int8Array>(values: T): T[] =>
    Array.from({ length: Math.ceil(dimension / set.n) }, (_, k) => values.subarray(k * set.n, (k + 1) * set.n) as T);
  return {
    committed: [...blocks(witness.u), ...blocks(witness.m), null, ...copies.map(() => null)],
    derived: [...blocks(witness.e0), ...blocks(witness.e1)],
  };
}
