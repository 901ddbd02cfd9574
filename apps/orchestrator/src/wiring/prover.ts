import type { EncryptedUpdate, UpdateProver } from '@zkfl/fl-core';
import { wipeWitness } from '@zkfl/he-agg';
import { LatticeZkError, prove } from '@zkfl/lattice-zk';
import type { UpdateContext } from '../simulate/hospital.ts';
import type { UpdatePolicy } from '../simulate/policy.ts';
import type { BfvWitness } from './encryptor.ts';
import { statementOf } from './statement.ts';

export interface LatticeProver extends UpdateProver<BfvWitness> {
  prove(update: EncryptedUpdate<BfvWitness>, context: UpdateContext): Promise<Uint8Array>;
}

/** lattice-zk on the hospital's side. A witness is used once: it is wiped when its proof is done or refused. */
export function createUpdateProver(policy: UpdatePolicy): LatticeProver {
  return {
    async prove({ witness }, context) {
      try {
        return prove(statementOf(policy, witness.description, context), witness.secret);
      } finally {
        wipeWitness(witness.secret);
      }
    },
    dispose: async () => {},
  };
}

/** Whether the prover refused because the witness breaks a bound. */
export const isRefusedWitness = (error: unknown): boolean =>
  error instanceof LatticeZkError && error.code === 'witness';
