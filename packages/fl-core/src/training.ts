import { FlCoreError, refuseUnknownOptions, requireInteger, requireNumber } from './errors.ts';

export type Optimiser = 'sgd' | 'adam';

/** How a client trains in a round. */
export interface TrainingOptions {
  /** Passes over the local data, ≥ 1. */
  readonly epochs: number;
  /** Samples a step, ≥ 1; the last step of an epoch may be smaller. */
  readonly batch: number;
  readonly learningRate: number;
  readonly optimiser: Optimiser;
  /** FedProx: μ/2 · ‖w − w_global‖² is added to the loss; 0 is FedAvg. */
  readonly proximal: number;
}

export const PUBLISHED_TRAINING: TrainingOptions = Object.freeze({
  epochs: 3,
  batch: 32,
  learningRate: 0.01,
  optimiser: 'sgd',
  proximal: 0,
});

/** Throws `argument` or `unknown-option`; returns its argument. */
export function checkTrainingOptions(options: TrainingOptions): TrainingOptions {
  const operation = 'training';
  refuseUnknownOptions(operation, options, ['epochs', 'batch', 'learningRate', 'optimiser', 'proximal']);
  requireInteger(operation, 'epochs', options.epochs, 1);
  requireInteger(operation, 'batch', options.batch, 1);
  requireNumber(operation, 'learningRate', options.learningRate, 0);
  requireNumber(operation, 'proximal', options.proximal, 0);
  if (options.optimiser !== 'sgd' && options.optimiser !== 'adam')
    throw new FlCoreError('argument', {
      operation,
      field: 'optimiser',
      got: String(options.optimiser),
      want: 'sgd or adam',
    });
  return options;
}
