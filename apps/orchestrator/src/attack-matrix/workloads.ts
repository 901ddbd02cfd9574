import { createWorkload, type Workload, type WorkloadOptions } from '@zkfl/attacks';
import {
  loadWdbc,
  PUBLISHED_MLP,
  PUBLISHED_TRAINING,
  parseMedMnist,
  syntheticPublished,
  WDBC_MLP,
} from '@zkfl/fl-core';
import type { DatasetName } from '../config.ts';
import { readDataFile, reading } from '../data-file.ts';
import { ZkflError } from '../errors.ts';

export interface WorkloadRequest {
  readonly data: DatasetName;
  /** Of pneumoniamnist.npz. */
  readonly path: string | undefined;
  readonly seed: number;
  readonly clients: number;
  /** null: as stated below. */
  readonly rounds: number | null;
}

const SGD = { epochs: 3, batch: 16, optimiser: 'sgd', proximal: 0 } as const;

/** 784-32-2: trains in a second, and its dense first layer is the worst case for inversion. */
export const XRAY_MLP = { kind: 'mlp', inputs: 784, hidden: [32], classes: 2 } as const;

/**
 * The workloads that attacks are measured on. Each seed draws its own samples, hospitals, initial model and shuffles.
 * `published` can't tell defences apart (its classes are too easy); it is here to say so with figures.
 */
const WORKLOADS: Readonly<Record<DatasetName, Omit<WorkloadOptions, 'data' | 'seed' | 'clients'>>> = {
  wdbc: { spec: WDBC_MLP, training: { ...SGD, learningRate: 0.05 }, rounds: 20, trustedSamples: 40 },
  pneumoniamnist: {
    spec: XRAY_MLP,
    training: { ...SGD, batch: 32, learningRate: 0.04 },
    rounds: 10,
    trustedSamples: 50,
    trainSamples: 1000,
  },
  published: { spec: PUBLISHED_MLP, training: PUBLISHED_TRAINING, rounds: 8, trustedSamples: 40 },
};

/** Loads the data and cuts the workload. Throws `data` where the file is missing or unreadable. */
export async function loadWorkload(request: WorkloadRequest): Promise<Workload> {
  const { data, path, seed, clients, rounds } = request;
  const base = WORKLOADS[data];
  return createWorkload({
    ...base,
    data: await loadSplit(data, path, seed),
    rounds: rounds ?? base.rounds,
    clients,
    seed,
  });
}

export async function loadSplit(data: DatasetName, path: string | undefined, seed: number) {
  if (data === 'wdbc') return loadWdbc({ seed });
  if (data === 'published') return syntheticPublished({ seed });
  if (path === undefined) throw new ZkflError('data', 'attack: data: got nothing, want the path of pneumoniamnist.npz');
  const bytes = await readDataFile(path);
  return reading(path, () => parseMedMnist(bytes, data));
}
