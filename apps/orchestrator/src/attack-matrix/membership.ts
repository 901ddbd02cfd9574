import { type MembershipScore, membershipInference } from '@zkfl/attacks';
import {
  createTrainer,
  type Dataset,
  fedAvg,
  initialWeights,
  type ModelSpec,
  partition,
  predict,
  simRng,
  subset,
  sumUpdates,
  type TrainingOptions,
} from '@zkfl/fl-core';

export interface MembershipRow extends MembershipScore {
  readonly target: string;
  readonly attack: 'loss' | 'loss against a reference model';
}

/** Share of labels that the control's data has wrong: what a model can only learn by heart. */
const NOISE = 0.4;

/**
 * Members of the training data against others of the same size: on a model of one hospital that learned noisy labels by
 * heart (the control), and on the global model that five hospitals train together, which every party sees under `full`.
 */
export async function measureMembership(options: {
  readonly data: Dataset;
  readonly spec: ModelSpec;
  readonly seed: number;
}): Promise<MembershipRow[]> {
  const { data, spec, seed } = options;
  const third = Math.floor(data.labels.length / 3);
  const order = simRng(seed, 'membership').permutation(data.labels.length);
  const [members, others, foreign] = [0, 1, 2].map((part) =>
    subset(data, order.subarray(part * third, (part + 1) * third)),
  ) as [Dataset, Dataset, Dataset];
  const noise = simRng(seed, 'membership', 'noise');
  const noisy = (set: Dataset): Dataset => ({
    ...subset(set, first(100)),
    labels: set.labels.slice(0, 100).map((label) => (noise.uniform() < NOISE ? 1 - label : label)),
  });
  const few = { members: noisy(members), others: noisy(others) };
  const long = { epochs: 300, batch: 8, learningRate: 0.05, optimiser: 'sgd', proximal: 0 } as const;
  const short = { epochs: 3, batch: 16, learningRate: 0.05, optimiser: 'sgd', proximal: 0 } as const;
  const targets = [
    {
      target: 'control: one hospital, 100 patients, noisy labels, 300 epochs',
      ...few,
      clients: 1,
      rounds: 1,
      training: long,
    },
    { target: 'global model of 5 hospitals, 20 rounds', members, others, clients: 5, rounds: 20, training: short },
  ];
  const rows: MembershipRow[] = [];
  for (const { target, clients, rounds, training, ...sets } of targets) {
    const model = await train(spec, sets.members, { clients, rounds, training, seed });
    const reference = await train(spec, foreign, { clients, rounds, training, seed: seed + 1 });
    const scored = async (set: Dataset, compare: boolean) => ({
      data: set,
      probabilities: await predict(spec, model, set),
      ...(compare ? { reference: await predict(spec, reference, set) } : {}),
    });
    for (const compare of [false, true])
      rows.push({
        target,
        attack: compare ? 'loss against a reference model' : 'loss',
        ...membershipInference({
          members: await scored(sets.members, compare),
          others: await scored(sets.others, compare),
        }),
      });
  }
  return rows;
}

async function train(
  spec: ModelSpec,
  data: Dataset,
  how: { readonly clients: number; readonly rounds: number; readonly training: TrainingOptions; readonly seed: number },
): Promise<Float32Array<ArrayBuffer>> {
  const { clients, rounds, training, seed } = how;
  const trainers = await Promise.all(
    partition(data, { kind: 'iid', clients }, simRng(seed, 'partition')).map((part, client) =>
      createTrainer({ spec, dataset: subset(data, part), training, seed, client }),
    ),
  );
  let weights = initialWeights(spec, simRng(seed, 'initial'));
  for (let round = 1; round <= rounds; round++) {
    const updates: Float32Array[] = [];
    for (const trainer of trainers) updates.push((await trainer.train({ weights, round })).update);
    ({ weights } = fedAvg().apply({ weights, sum: sumUpdates(updates), clients }));
  }
  for (const trainer of trainers) await trainer.dispose();
  return weights;
}

const first = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
