import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { type Backend, currentBackend, type TensorFlow } from './backend.ts';
import { checkDataset, type Dataset, featureCount, sampleCount } from './dataset.ts';
import { FlCoreError, refuseUnknownOptions } from './errors.ts';
import { autodiffLossAndGradients, batchShape, lossAndGradients } from './gradients.ts';
import { inputShape, type ModelSpec, modelLayout, parameterCount, requireModelSize, unflatten } from './model-spec.ts';
import type { Trainer, TrainRequest, TrainResult } from './ports.ts';
import type { ClientId } from './round-state.ts';
import { type SimRng, simRng } from './sim-rng.ts';
import { requireFinite } from './strategy.ts';
import { checkTrainingOptions, type TrainingOptions } from './training.ts';

export interface TrainerOptions {
  readonly spec: ModelSpec;
  /** This client's samples. */
  readonly dataset: Dataset;
  readonly training: TrainingOptions;
  /** Study seed; shuffles derive from it, the client and the round. */
  readonly seed: number;
  readonly client: ClientId;
  /** `direct` (default) or TensorFlow.js autodiff: the same gradients up to rounding. */
  readonly gradients?: 'direct' | 'autodiff';
}

/** A {@link Trainer} on the selected engine. Same options, weights, round and engine: the same update, bit for bit. */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const operation = 'createTrainer';
  refuseUnknownOptions(operation, options, ['spec', 'dataset', 'training', 'seed', 'client', 'gradients']);
  const { spec, seed, client, gradients = 'direct' } = options;
  const dataset = checkDataset(options.dataset);
  const training = checkTrainingOptions(options.training);
  requireFit(operation, spec, dataset);
  if (sampleCount(dataset) === 0)
    throw new FlCoreError('argument', { operation, field: 'dataset', got: 0, want: 'at least one sample' });
  const shuffles = simRng(seed, 'shuffle', client);
  const backend: Backend = await currentBackend();
  // tfjs-layers registers the gradients of the operations.
  if (gradients === 'autodiff') await import('@tensorflow/tfjs-layers');
  return {
    train: async (request) => trainLocally(backend.tf, { spec, dataset, training, shuffles, gradients }, request),
    dispose: async () => undefined,
  };
}

interface LocalTraining {
  readonly spec: ModelSpec;
  readonly dataset: Dataset;
  readonly training: TrainingOptions;
  readonly shuffles: SimRng;
  readonly gradients: 'direct' | 'autodiff';
}

function trainLocally(tf: TensorFlow, local: LocalTraining, { weights, round }: TrainRequest): TrainResult {
  const { spec, dataset, training, shuffles } = local;
  requireModelSize('train', weights, parameterCount(spec));
  requireFinite('train', weights);
  const samples = sampleCount(dataset);
  const layout = modelLayout(spec);
  const global = unflatten(spec, weights).map((part, i) => tf.tensor(part.slice(), [...layout[i]!.shape]));
  const variables = global.map((tensor) => tf.variable(tensor));
  const optimiser =
    training.optimiser === 'adam' ? tf.train.adam(training.learningRate) : tf.train.sgd(training.learningRate);
  const step = local.gradients === 'autodiff' ? autodiffLossAndGradients : lossAndGradients;
  let loss = 0;
  try {
    for (let epoch = 0; epoch < training.epochs; epoch++) {
      const order = shuffles.stream(round, epoch).permutation(samples);
      loss = 0;
      for (let at = 0; at < samples; at += training.batch) {
        const batch = gather(dataset, order.subarray(at, at + training.batch));
        loss += tf.tidy(() => {
          const x = tf.tensor(batch.features, batchShape(spec, batch.labels.length));
          const result = step(tf, spec, variables, x, batch.labels);
          const gradients = withProximal(tf, training.proximal, result.gradients, variables, global);
          optimiser.applyGradients(variables.map(({ name }, i) => ({ name, tensor: gradients[i]! })));
          // Only the last epoch's loss is reported, and reading one waits for the engine.
          return epoch === training.epochs - 1 ? result.loss.dataSync()[0]! * batch.labels.length : 0;
        });
      }
    }
    const update = new Float32Array(weights.length);
    for (const [i, { offset }] of layout.entries()) update.set(variables[i]!.dataSync<'float32'>(), offset);
    for (let i = 0; i < update.length; i++) update[i] = update[i]! - weights[i]!;
    requireFinite('train', update);
    return { update, samples, loss: loss / samples };
  } finally {
    optimiser.dispose();
    tf.dispose(global);
    tf.dispose(variables);
  }
}

function withProximal(
  tf: TensorFlow,
  proximal: number,
  gradients: readonly Tensor[],
  variables: readonly Variable[],
  global: readonly Tensor[],
): readonly Tensor[] {
  if (proximal === 0) return gradients;
  return gradients.map((gradient, i) => tf.add(gradient, tf.mul(tf.sub(variables[i]!, global[i]!), proximal)));
}

function gather(dataset: Dataset, rows: Uint32Array): { features: Float32Array; labels: Int32Array } {
  const width = featureCount(dataset);
  const features = new Float32Array(rows.length * width);
  const labels = new Int32Array(rows.length);
  for (const [i, row] of rows.entries()) {
    features.set(dataset.features.subarray(row * width, (row + 1) * width), i * width);
    labels[i] = dataset.labels[row]!;
  }
  return { features, labels };
}

/** Throws `data-shape` or `data-labels` unless the data fits the model. */
export function requireFit(operation: string, spec: ModelSpec, dataset: Dataset): void {
  const want = inputShape(spec).join('×');
  const got = dataset.shape.join('×');
  if (spec.kind === 'mlp' ? featureCount(dataset) !== spec.inputs : got !== want)
    throw new FlCoreError('data-shape', { operation, field: 'sample shape', got, want });
  if (dataset.classes.length !== spec.classes)
    throw new FlCoreError('data-labels', {
      operation,
      field: 'classes',
      got: dataset.classes.length,
      want: spec.classes,
    });
}
