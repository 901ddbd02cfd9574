import {
  type Dataset,
  loadWdbc,
  type ModelSpec,
  PRESETS,
  parameterCount,
  parseMedMnist,
  partition,
  type SplitDataset,
  sampleCount,
  simRng,
  subset,
  syntheticPublished,
  type TrainingOptions,
} from '@zkfl/fl-core';
import type { DatasetName, SimulateConfig } from './config.ts';
import { readDataFile, reading } from './data-file.ts';
import { ZkflError } from './errors.ts';
import { layerBounds, updatePolicy } from './simulate/policy.ts';
import type { SimulateResult } from './simulate/result.ts';

/** Everything that a run is made of, settled: nothing is looked up later. */
export interface Study {
  readonly data: SplitDataset;
  /** null where the data set has no validation part */
  readonly validation: Dataset | null;
  /** the training samples of hospital 0, 1, … */
  readonly shards: readonly Dataset[];
  readonly model: ModelSpec;
  readonly training: TrainingOptions;
  readonly rounds: number;
  readonly seed: number;
  readonly tau: number;
  readonly layerTau: number | null;
  readonly attacker: { readonly client: number; readonly fromRound: number };
  readonly summary: Omit<SimulateResult['config'], 'protections' | 'attack' | 'attacker' | 'threads'>;
}

const SEED = 42;
/** Of the published experiment; honest updates of the other data sets fit it too. */
const TAU = 5;
/** Client 3 attacks, in every round from the 4th. */
const ATTACKER = { client: 3, fromRound: 4 } as const;

async function loadData(dataset: DatasetName, path: string | undefined, seed: number): Promise<SplitDataset> {
  if (dataset === 'pneumoniamnist') {
    if (path === undefined)
      throw new ZkflError(
        'config',
        'simulate: data: got nothing, want the path of pneumoniamnist.npz (zkfl data get pneumoniamnist downloads it)',
      );
    const bytes = await readDataFile(path);
    return reading(path, () => parseMedMnist(bytes, dataset));
  }
  if (path !== undefined)
    throw new ZkflError('config', `simulate: data: got ${path}, want none: ${dataset} is built in`);
  return dataset === 'wdbc' ? loadWdbc({ seed }) : syntheticPublished({ seed });
}

function describeModel(model: ModelSpec): string {
  return model.kind === 'mlp'
    ? `MLP ${[model.inputs, ...model.hidden, model.classes].join('-')}`
    : `CNN ${model.height}×${model.width}×${model.channels}, filters ${model.filters.join('-')}`;
}

/** The published preset fixes the experiment: only what the paper varies may be changed beside it. */
function datasetOf(config: SimulateConfig): DatasetName {
  const preset = config.preset === 'published' ? 'published' : undefined;
  if (preset !== undefined && config.dataset !== undefined && config.dataset !== preset)
    throw new ZkflError('config', `simulate: dataset: got ${config.dataset}, want none beside --preset published`);
  return preset ?? config.dataset ?? 'wdbc';
}

/** Loads the data, deals it to the hospitals, and settles every setting. Throws `config` and `data`. */
export async function resolveStudy(config: SimulateConfig): Promise<Study> {
  const dataset = datasetOf(config);
  const base = PRESETS[dataset];
  const { clients = base.clients, rounds = base.rounds, seed = SEED, tau = TAU } = config;
  if (config.attack !== undefined && clients <= ATTACKER.client)
    throw new ZkflError('config', `simulate: clients: got ${clients}, want > ${ATTACKER.client}: client 3 attacks`);
  const layerTau = config.layerTau ?? null;
  const usual = base.partition.kind === 'dirichlet' ? base.partition.alpha : null;
  const alpha = config.alpha === undefined ? usual : config.alpha;
  const training: TrainingOptions = {
    epochs: config.localEpochs ?? base.training.epochs,
    batch: config.batchSize ?? base.training.batch,
    learningRate: config.learningRate ?? base.training.learningRate,
    optimiser: config.optimizer ?? base.training.optimiser,
    proximal: 0,
  };
  const data = await loadData(dataset, config.data, seed);
  const how = alpha === null ? ({ kind: 'iid' } as const) : ({ kind: 'dirichlet', alpha } as const);
  const parts = partition(data.train, { ...how, clients }, simRng(seed, 'partition'));
  const shards = parts.map((indices) => subset(data.train, indices));
  const { model } = base;
  // Refuses bounds that do not fit each other before anything starts.
  updatePolicy({ dimension: parameterCount(model), tau, layers: layerBounds(model, layerTau) });
  return {
    data,
    validation: sampleCount(data.validation) > 0 ? data.validation : null,
    shards,
    model,
    training,
    rounds,
    seed,
    tau,
    layerTau,
    attacker: ATTACKER,
    summary: {
      preset: config.preset ?? null,
      dataset,
      model: describeModel(model),
      parameters: parameterCount(model),
      clients,
      rounds,
      seed,
      tau,
      layerTau,
      localEpochs: training.epochs,
      batchSize: training.batch,
      learningRate: training.learningRate,
      optimizer: training.optimiser,
      alpha,
      hospitals: shards.map((shard, id) => ({ id, samples: sampleCount(shard) })),
    },
  };
}
