import {
  createTrainer,
  type Evaluation,
  evaluate,
  fedAvg,
  initialWeights,
  type Preset,
  partition,
  type SplitDataset,
  simRng,
  subset,
  sumUpdates,
} from '../src/index.ts';

export interface RoundResult {
  readonly test: Evaluation;
  readonly validation: Evaluation | undefined;
  readonly norms: readonly number[];
}

/** A whole federated study in plaintext; what the app runs under its protections. */
export async function runStudy(preset: Preset, data: SplitDataset, seed: number): Promise<readonly RoundResult[]> {
  const { model, training, clients, rounds } = preset;
  const parts = partition(data.train, { ...preset.partition, clients }, simRng(seed, 'partition'));
  const trainers = await Promise.all(
    parts.map((part, client) =>
      createTrainer({ spec: model, dataset: subset(data.train, part), training, seed, client }),
    ),
  );
  let weights = initialWeights(model, simRng(seed, 'initial'));
  const results: RoundResult[] = [];
  for (let round = 1; round <= rounds; round++) {
    const updates: Float32Array[] = [];
    for (const trainer of trainers) updates.push((await trainer.train({ weights, round })).update);
    ({ weights } = fedAvg().apply({ weights, sum: sumUpdates(updates), clients }));
    results.push({
      test: await evaluate(model, weights, data.test),
      validation: data.validation.labels.length > 0 ? await evaluate(model, weights, data.validation) : undefined,
      norms: updates.map((update) => Math.sqrt(update.reduce((sum, x) => sum + x * x, 0))),
    });
  }
  return results;
}

/** The round that validation data chooses: least loss, the first of equals. */
export function chosenByValidation(results: readonly RoundResult[]): RoundResult {
  return results.reduce((best, round) => (round.validation!.loss < best.validation!.loss ? round : best));
}
