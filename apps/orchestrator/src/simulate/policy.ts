import type { SetName } from '@zkfl/he-agg';
import { betaSquaredOf, defaultBetaIndex, getSet } from '@zkfl/lattice-zk';

/** The parameter set of one-key mode. */
export const SET: SetName = 'n4096-q60';

/** Clients that the parameters are dimensioned for in a round; the sum of that many is exact. */
const MOST_CLIENTS = 500;

/** How a real update becomes integers that all parties agree on, and which of them are acceptable. */
export interface UpdatePolicy {
  /** D */
  readonly dimension: number;
  /** τ: honest hospitals clip their update's l2 norm to just below it */
  readonly clipNorm: number;
  /** of β in the listed table: ‖m‖₂ ≤ β for the integers m of an accepted update, whatever bucket its sender would like */
  readonly betaIndex: number;
  /** β */
  readonly maxNorm: number;
  /** S = β/τ, integers per unit */
  readonly scale: number;
  /** most clients in a round */
  readonly clients: number;
}

/** The largest bucket that the set can prove anything about. */
export const LAXEST_BETA_INDEX: number = getSet(SET).maxBetaIndex;

/** β of a bucket, to double precision. */
export const betaOf = (index: number): number => Math.sqrt(Number(betaSquaredOf(index)));

/** β is the bucket for D coordinates, about 2¹⁰·√D; S makes τ fill it. */
export function updatePolicy(options: { readonly dimension: number; readonly tau: number }): UpdatePolicy {
  const { dimension, tau } = options;
  const betaIndex = defaultBetaIndex(getSet(SET), dimension);
  const maxNorm = betaOf(betaIndex);
  return { dimension, clipNorm: tau, betaIndex, maxNorm, scale: maxNorm / tau, clients: MOST_CLIENTS };
}
