import {
  type Dataset,
  type ModelSpec,
  type Partition,
  type SimRng,
  type SplitDataset,
  sampleCount,
  simRng,
  subset,
  type TrainingOptions,
} from '@zkfl/fl-core';
import { AttackError, requireInteger } from '../errors.ts';

/** A learning task that attacks are measured on. */
export interface Workload {
  readonly name: string;
  readonly train: Dataset;
  readonly test: Dataset;
  /** A small public set, disjoint from the hospitals' samples, which trusted references are trained on. */
  readonly trusted: Dataset;
  readonly spec: ModelSpec;
  readonly training: TrainingOptions;
  readonly rounds: number;
  readonly clients: number;
}

/** How a workload is cut from a data set; all counts in samples. */
export interface WorkloadOptions {
  readonly data: SplitDataset;
  readonly spec: ModelSpec;
  readonly training: TrainingOptions;
  readonly rounds: number;
  readonly clients: number;
  /** Samples of the trusted set, taken from the training part first; class proportions as they fall. */
  readonly trustedSamples: number;
  /** At most this many training samples for the hospitals together. */
  readonly trainSamples?: number;
  readonly testSamples?: number;
  readonly seed: number;
}

/** Draws the trusted set, the hospitals' samples and the test samples, seeded, without overlap. */
export function createWorkload(options: WorkloadOptions): Workload {
  const { data, spec, training, rounds, clients, trustedSamples, seed } = options;
  const operation = 'createWorkload';
  const available = sampleCount(data.train);
  requireInteger(operation, 'rounds', rounds, 1);
  requireInteger(operation, 'clients', clients, 1, 1000);
  requireInteger(operation, 'trustedSamples', trustedSamples, 1, available - clients);
  const trainSamples = Math.min(options.trainSamples ?? available, available - trustedSamples);
  const order = draw(simRng(seed, 'workload', 'train'), available, trustedSamples + trainSamples);
  const testSamples = Math.min(options.testSamples ?? sampleCount(data.test), sampleCount(data.test));
  return {
    name: data.name,
    trusted: subset(data.train, order.subarray(0, trustedSamples)),
    train: subset(data.train, order.subarray(trustedSamples)),
    test: subset(data.test, draw(simRng(seed, 'workload', 'test'), sampleCount(data.test), testSamples)),
    spec,
    training,
    rounds,
    clients,
  };
}

/** `iid`, or `dirichlet-α` with α > 0. Throws `argument` on anything else. */
export function partitionNamed(name: string): Partition {
  if (name === 'iid') return { kind: 'iid' };
  const alpha = /^dirichlet-(\d+(?:\.\d+)?)$/.exec(name)?.[1];
  if (alpha === undefined || !(Number(alpha) > 0))
    throw new AttackError('argument', {
      operation: 'partition',
      field: 'name',
      got: name,
      want: 'iid or dirichlet-ALPHA, such as dirichlet-0.5',
    });
  return { kind: 'dirichlet', alpha: Number(alpha) };
}

function draw(rng: SimRng, from: number, count: number): Uint32Array {
  return rng.permutation(from).subarray(0, count);
}
