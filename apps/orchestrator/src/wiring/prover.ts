import type { UpdateProver } from '@zkfl/fl-core';
import { ZkflError } from '../errors.ts';
import type { UpdatePolicy } from '../simulate/policy.ts';
import type { BfvWitness } from './encryptor.ts';

/** Whether this build can prove anything; `full` is refused where it can't. */
export const PROOFS_AVAILABLE: boolean = false;

export async function createUpdateProver(_: {
  readonly dimension: number;
  readonly policy: UpdatePolicy;
}): Promise<UpdateProver<BfvWitness>> {
  throw new ZkflError('unavailable', 'prover: got no proof system, want @zkfl/lattice-zk');
}
