import { currentBackend } from './backend.ts';
import { checkDataset, type Dataset, featureCount, sampleCount } from './dataset.ts';
import { batchShape, logits } from './gradients.ts';
import { evaluatePredictions } from './metrics.ts';
import { type ModelSpec, modelLayout, unflatten } from './model-spec.ts';
import type { Evaluation } from './ports.ts';
import { requireFit } from './trainer.ts';

/** Samples a forward pass: bounds the memory of the activations. */
const BATCH = 256;

/**
 * Class probabilities, [samples, classes] row-major, of the flat model on the selected engine. A ruined model (scores
 * that overflow) gives NaN probabilities.
 */
export async function predict(
  spec: ModelSpec,
  weights: Float32Array,
  dataset: Dataset,
): Promise<Float32Array<ArrayBuffer>> {
  requireFit('predict', spec, checkDataset(dataset));
  const parts = unflatten(spec, weights);
  const layout = modelLayout(spec);
  const { tf } = await currentBackend();
  const width = featureCount(dataset);
  const samples = sampleCount(dataset);
  const probabilities = new Float32Array(samples * spec.classes);
  for (let at = 0; at < samples; at += BATCH) {
    const rows = Math.min(BATCH, samples - at);
    const batch = tf.tidy(() => {
      const parameters = parts.map((part, i) => tf.tensor(part.slice(), [...layout[i]!.shape]));
      const x = tf.tensor(dataset.features.slice(at * width, (at + rows) * width), batchShape(spec, rows));
      return tf.softmax(logits(tf, spec, parameters, x)).dataSync<'float32'>();
    });
    probabilities.set(batch, at * spec.classes);
  }
  return probabilities;
}

/** Accuracy, loss and AUC of the flat model on `dataset`. */
export async function evaluate(spec: ModelSpec, weights: Float32Array, dataset: Dataset): Promise<Evaluation> {
  return evaluatePredictions(await predict(spec, weights, dataset), dataset.labels, spec.classes);
}
