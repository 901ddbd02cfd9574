import type { UpdateVerifier } from '@zkfl/fl-core';
import { ZkflError } from '../errors.ts';
import type { Meter } from '../simulate/meter.ts';
import type { UpdatePolicy } from '../simulate/policy.ts';

/** Verifies for the coordinator, once it knows the public aggregation key. */
export interface VerifierPool extends UpdateVerifier {
  setPublicKey(publicKey: Uint8Array): void;
}

export async function createVerifierPool(_: {
  readonly dimension: number;
  readonly policy: UpdatePolicy;
  readonly meter: Meter;
}): Promise<VerifierPool> {
  throw new ZkflError('unavailable', 'verifier: got no proof system, want @zkfl/lattice-zk');
}
