import type { SetName } from '@zkfl/he-agg';

/** The parameter set of one-key mode. */
export const SET: SetName = 'n4096-q60';

/** Clients that the parameters are dimensioned for in a round; the sum of that many is exact. */
const MOST_CLIENTS = 500;

/** How a real update becomes integers that all parties agree on. */
export interface UpdatePolicy {
  /** τ: honest hospitals clip their update's l2 norm to just below it */
  readonly clipNorm: number;
  /** β: ‖m‖₂ ≤ β for the integers m of an accepted update */
  readonly maxNorm: number;
  /** S = β/τ, integers per unit */
  readonly scale: number;
  /** most clients in a round */
  readonly clients: number;
}

/** β = 2¹⁰·√D, capped where the proofs of the set end (2^18.6). */
export function updatePolicy(options: { readonly dimension: number; readonly tau: number }): UpdatePolicy {
  const maxNorm = Math.min(2 ** 10 * Math.sqrt(options.dimension), 2 ** 18.6);
  return { clipNorm: options.tau, maxNorm, scale: maxNorm / options.tau, clients: MOST_CLIENTS };
}
