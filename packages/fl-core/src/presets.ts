import type { Partition } from './data/partition.ts';
import { type ModelSpec, PUBLISHED_MLP, smallCnn, WDBC_MLP } from './model-spec.ts';
import { PUBLISHED_TRAINING, type TrainingOptions } from './training.ts';

/** A complete learning set-up; the figures that it reaches are in the README and its tests. */
export interface Preset {
  readonly model: ModelSpec;
  readonly training: TrainingOptions;
  readonly clients: number;
  readonly rounds: number;
  readonly partition: Partition;
}

const shared = { clients: 5, partition: Object.freeze({ kind: 'dirichlet', alpha: 0.5 }) } as const;

/** Set-ups by data set. `pneumoniamnist`: take the round with the least validation loss. */
export const PRESETS: Readonly<Record<'published' | 'wdbc' | 'pneumoniamnist', Preset>> = Object.freeze({
  published: Object.freeze({ ...shared, model: PUBLISHED_MLP, training: PUBLISHED_TRAINING, rounds: 10 }),
  wdbc: Object.freeze({
    ...shared,
    model: WDBC_MLP,
    training: Object.freeze({ epochs: 3, batch: 16, learningRate: 0.005, optimiser: 'adam', proximal: 0 }),
    rounds: 10,
  }),
  pneumoniamnist: Object.freeze({
    ...shared,
    model: smallCnn(2),
    training: Object.freeze({ epochs: 2, batch: 32, learningRate: 0.003, optimiser: 'adam', proximal: 0 }),
    rounds: 15,
  }),
});
