import type { Instance } from './instance.ts';
import { withInstance } from './instance.ts';
import { knownKeys, typedArray } from './options.ts';
import { type CommittedWitness, type DerivedWitness, openWitness, type ProverState, proveWitness } from './prover.ts';
import { systemStream } from './randomness.ts';
import { committedLayout, type Relation } from './relation.ts';
import type { SecretStream } from './ring/xof.ts';
import type { Statement } from './statement.ts';

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

/** Opens a prover for an update statement, runs `work` and wipes. */
export function withProver<T>(
  statement: Statement,
  witness: EncryptionWitness,
  stream: (instance: Instance) => SecretStream,
  work: (state: ProverState) => T,
): T {
  const { relation } = statement;
  const { committed, derived } = updateWitness(relation, witness);
  return withInstance(relation.set, committedLayout(relation.numbers).count, (instance) =>
    work(openWitness(instance, statement, stream(instance), committed, derived)),
  );
}

/** Views of the caller's arrays, block by block; the caller owns and wipes them. */
function updateWitness(
  relation: Relation,
  witness: EncryptionWitness,
): { readonly committed: CommittedWitness; readonly derived: DerivedWitness } {
  const { set, numbers, copies } = relation;
  const length = numbers.ciphertexts * set.N;
  knownKeys('prove', witness, ['m', 'u', 'e0', 'e1']);
  typedArray('prove', 'witness.m', witness.m, Int32Array, numbers.shape.dimension);
  for (const field of ['u', 'e0', 'e1'] as const) {
    typedArray('prove', `witness.${field}`, witness[field], Int8Array, length);
  }
  const blocks = <T extends Int32Array | Int8Array>(values: T): T[] =>
    Array.from({ length: numbers.blocks }, (_, k) => values.subarray(k * set.n, (k + 1) * set.n) as T);
  return {
    committed: [...blocks(witness.u), ...blocks(witness.m), null, ...copies.map(() => null)],
    derived: [...blocks(witness.e0), ...blocks(witness.e1)],
  };
}
