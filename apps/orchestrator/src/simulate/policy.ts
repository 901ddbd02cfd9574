import { type ModelSpec, modelLayout } from '@zkfl/fl-core';
import type { SetName } from '@zkfl/he-agg';
import { betaSquaredOf, defaultBetaIndex, getSet } from '@zkfl/lattice-zk';
import { ZkflError } from '../errors.ts';

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
  /** Σ m_d² ≤ `boundSquared` over the coordinates of each; often none */
  readonly layers: readonly LayerPolicy[];
}

export interface LayerPolicy extends LayerBound {
  readonly boundSquared: bigint;
}

/** The largest bucket that the set can prove anything about. */
export const LAXEST_BETA_INDEX: number = getSet(SET).maxBetaIndex;

/** β of a bucket, to double precision. */
export const betaOf = (index: number): number => Math.sqrt(Number(betaSquaredOf(index)));

/** Coordinates from ≤ d < to of an update, and the largest l2 norm (real) that they may have. */
export interface LayerBound {
  readonly from: number;
  readonly to: number;
  readonly norm: number;
}

/** The same bound for every layer: its kernel and bias lie side by side and share their name up to the slash. */
export function layerBounds(model: ModelSpec, norm: number | null): readonly LayerBound[] {
  if (norm === null) return [];
  const bounds: { layer: string; from: number; to: number; norm: number }[] = [];
  for (const { name, offset, size } of modelLayout(model)) {
    const layer = name.split('/')[0]!;
    const last = bounds.at(-1);
    if (last?.layer === layer) last.to = offset + size;
    else bounds.push({ layer, from: offset, to: offset + size, norm });
  }
  return bounds.map(({ from, to }) => ({ from, to, norm }));
}

/** β is the default bucket of lattice-zk for D coordinates; S makes τ fill it. Throws `config` for a layer bound above τ. */
export function updatePolicy(options: {
  readonly dimension: number;
  readonly tau: number;
  readonly layers?: readonly LayerBound[];
}): UpdatePolicy {
  const { dimension, tau, layers = [] } = options;
  const betaIndex = defaultBetaIndex(getSet(SET), dimension);
  const maxNorm = betaOf(betaIndex);
  const scale = maxNorm / tau;
  return {
    dimension,
    clipNorm: tau,
    betaIndex,
    maxNorm,
    scale,
    clients: MOST_CLIENTS,
    layers: layers.map(({ from, to, norm }) => {
      if (!(norm <= tau)) throw new ZkflError('config', `policy: layerTau: got ${norm}, want ≤ tau = ${tau}`);
      return { from, to, norm, boundSquared: BigInt(Math.floor((scale * norm) ** 2)) };
    }),
  };
}
