import { createTrainer, evaluate, type Trainer } from '@zkfl/fl-core';
import type { EvaluationReport, HospitalSetup } from '../simulate/commands.ts';

/** One hospital's learning: it trains on its shard and, where it was given the judged sets, measures the model on them. */
export interface Learner {
  readonly trainer: Trainer;
  evaluate(weights: Float32Array): Promise<EvaluationReport>;
}

export async function createLearner(setup: HospitalSetup): Promise<Learner> {
  const { model: spec, shard: dataset, training, seed, id: client, judged } = setup;
  const trainer = await createTrainer({ spec, dataset, training, seed, client });
  return {
    trainer,
    async evaluate(weights) {
      if (judged === null)
        throw new Error(`hospital ${client}: evaluate: got no test set, want the evaluating hospital`);
      const test = await evaluate(spec, weights, judged.test);
      return { test, validation: judged.validation && (await evaluate(spec, weights, judged.validation)) };
    },
  };
}
