import { type ModelSpec, modelLayout, parameterCount } from '@zkfl/fl-core';
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
  /** coordinates from ≤ d < to have an l2 norm of at most `norm` (real) and Σ m_d² ≤ `boundSquared`; often none */
  readonly layers: readonly LayerPolicy[];
}

export interface LayerPolicy {
  readonly from: number;
  readonly to: number;
  readonly norm: number;
  readonly boundSquared: bigint;
}

/** The largest bucket that the set can prove anything about. */
export const LAXEST_BETA_INDEX: number = getSet(SET).maxBetaIndex;

/** β of a bucket, to double precision. */
export const betaOf = (index: number): number => Math.sqrt(Number(betaSquaredOf(index)));

/** Kernel and bias of one layer lie side by side in the flat model and share its name up to the slash. */
function layerRanges(model: ModelSpec): { from: number; to: number }[] {
  const ranges: { layer: string; from: number; to: number }[] = [];
  for (const { name, offset, size } of modelLayout(model)) {
    const layer = name.split('/')[0]!;
    const last = ranges.at(-1);
    if (last?.layer === layer) last.to = offset + size;
    else ranges.push({ layer, from: offset, to: offset + size });
  }
  return ranges;
}

/** What of a study decides which updates are acceptable. */
export interface PolicySettings {
  readonly model: ModelSpec;
  readonly tau: number;
  readonly layerTau: number | null;
}

/** β is the bucket for D coordinates, about 2¹⁰·√D; S makes τ fill it. Throws `config` for a layer bound above τ. */
export function updatePolicy({ model, tau, layerTau }: PolicySettings): UpdatePolicy {
  if (layerTau !== null && layerTau > tau)
    throw new ZkflError('config', `policy: layerTau: got ${layerTau}, want ≤ tau = ${tau}`);
  const dimension = parameterCount(model);
  const betaIndex = defaultBetaIndex(getSet(SET), dimension);
  const maxNorm = betaOf(betaIndex);
  const scale = maxNorm / tau;
  const layers = layerTau === null ? [] : layerRanges(model);
  return {
    dimension,
    clipNorm: tau,
    betaIndex,
    maxNorm,
    scale,
    clients: MOST_CLIENTS,
    layers: layers.map((range) => ({
      ...range,
      norm: layerTau!,
      boundSquared: BigInt(Math.floor((scale * layerTau!) ** 2)),
    })),
  };
}
