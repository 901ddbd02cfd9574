import type { Verdict } from '@zkfl/fl-core';
import { decodePublicKey, describe, HeAggError, type PublicKey } from '@zkfl/he-agg';
import { LatticeZkError, verify } from '@zkfl/lattice-zk';
import type { UpdateContext } from '../simulate/hospital.ts';
import { SET, type UpdatePolicy } from '../simulate/policy.ts';
import { statementOf } from './statement.ts';

export interface ProofToVerify {
  readonly payload: Uint8Array;
  readonly proof: Uint8Array;
  readonly context: UpdateContext;
}

/** The coordinator's check of one update: the gate, then the proof. Nothing that the client says decides anything. */
export function createProofCheck(policy: UpdatePolicy, key: Uint8Array): (update: ProofToVerify) => Verdict {
  const publicKey: PublicKey = decodePublicKey(key);
  return ({ payload, proof, context }) => {
    if (proof.length === 0) return { ok: false, reason: 'proof: got none, want one' };
    try {
      const description = describe({ set: SET, dimension: policy.dimension, publicKey, bytes: payload });
      const verdict = verify(statementOf(policy, description, context), proof);
      return verdict.ok ? verdict : { ok: false, reason: `proof: false (${verdict.reason})` };
    } catch (error) {
      // Malformed bytes are the sender's doing; whatever else goes wrong is ours and ends the run.
      if (error instanceof HeAggError && (error.code === 'encoding' || error.code === 'transparent'))
        return { ok: false, reason: error.message };
      if (error instanceof LatticeZkError && error.code === 'encoding')
        return { ok: false, reason: `proof: malformed: ${error.message}` };
      throw error;
    }
  };
}
