import { LatticeZkError } from '../errors.ts';
import type { Instance } from '../instance.ts';
import { type ParameterSet, parameterSet } from '../parameters.ts';
import { type EncryptionWitness, withProver } from '../prove.ts';
import { proveWitness } from '../prover.ts';
import { keyedStream, type SecretKey } from '../randomness.ts';
import { type RelationClaims, relationStatementFor } from '../relation-statement.ts';
import type { SecretStream } from '../ring/xof.ts';
import type { RelationStatement, Statement } from '../statement.ts';
import { type UpdateClaims, updateStatementFor } from '../update.ts';

/**
 * INSECURE: n = 128, one prime of 59 bits, a few thousand lattice operations break it. For tests of the protocol's logic,
 * where forgeries have to be tried by the thousand.
 */
export const INSECURE_N64: ParameterSet = parameterSet({
  name: 'INSECURE-n64-q59',
  insecure: true,
  N: 64,
  primes: [0x7ffffdb80001c81n],
  t: 268435399n,
  challenge: { evenPairs: 7, oddPairs: 7, eta: 21 },
  clients: 8,
  keyHolders: 1,
  maxBetaIndex: 117,
});

/** A statement under an INSECURE set: what `acceptance` demands of it is everything but hardness. */
export function insecureUpdateStatement(set: ParameterSet, claims: UpdateClaims): Statement {
  if (!set.insecure) {
    throw new LatticeZkError({ code: 'options', operation: 'insecureUpdateStatement', field: 'set', got: set.name });
  }
  return updateStatementFor(set, claims);
}

/** A relation under an INSECURE set, as `relationStatement` builds it under a named one. */
export function insecureRelationStatement(set: ParameterSet, claims: RelationClaims): RelationStatement {
  if (!set.insecure) {
    throw new LatticeZkError({ code: 'options', operation: 'insecureRelationStatement', field: 'set', got: set.name });
  }
  return relationStatementFor(set, claims);
}

/** The stream of a seed: everything that a prover draws is determined by it. */
export function seededStream(seed: Uint8Array): (instance: Instance) => SecretStream {
  return (instance) => keyedStream(instance.ring, seed as SecretKey, new Uint8Array(0));
}

/** INSECURE: the proof that a 32-byte seed determines. Who knows the seed knows the witness. */
export function seededProof(
  statement: Statement,
  witness: EncryptionWitness,
  seed: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return withProver(statement, witness, seededStream(seed), proveWitness);
}
