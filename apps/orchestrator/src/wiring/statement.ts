import { type CiphertextDescription, type Statement, updateStatement } from '@zkfl/lattice-zk';
import type { UpdateContext } from '../simulate/hospital.ts';
import { SET, type UpdatePolicy } from '../simulate/policy.ts';

/** Everything that one update's proof is bound to beside its ciphertexts; hospital and coordinator each derive it. */
export function contextBytes({ study, round, client, model }: UpdateContext): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(['zkfl/v1/orchestrator/update', study, round, client, model]));
}

/**
 * What a hospital proves and the coordinator has verified: well-formed ciphertexts, ‖m‖₂ ≤ β over all D coordinates, and
 * the bound of each layer that the policy names.
 */
export function statementOf(
  policy: UpdatePolicy,
  description: CiphertextDescription,
  context: UpdateContext,
): Statement {
  const { betaIndex } = policy;
  const layers = policy.layers.map(({ from, to, boundSquared }) => ({ from, to, boundSquared }));
  return updateStatement({ set: SET, description, betaIndex, context: contextBytes(context), layers });
}
