import { type MlpSpec, modelLayout } from '@zkfl/fl-core';
import { AttackError } from '../errors.ts';

/** The victim's dense network in float64, flat weights in fl-core's layout. */
export interface Network {
  readonly spec: MlpSpec;
  /** fl-core trains ReLU networks; sigmoid is the smooth network of the DLG paper, for controls. */
  readonly activation: 'relu' | 'sigmoid';
}

/** Samples as rows; targets are probabilities, [batch × classes]. */
export interface Batch {
  readonly inputs: Float64Array;
  readonly targets: Float64Array;
  readonly size: number;
}

export interface Gradients {
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  /** Of the loss by the flat weights, in their layout. */
  readonly weights: Float64Array<ArrayBuffer>;
  /** Of the loss by the inputs, [batch × inputs]. */
  readonly inputs: Float64Array<ArrayBuffer>;
  /** Of the loss by the targets, [batch × classes]: −log p / batch. */
  readonly targets: Float64Array<ArrayBuffer>;
}

/** First gradients of the mean cross-entropy by everything that it depends on, by backpropagation. */
export function gradients(network: Network, weights: Float64Array, batch: Batch): Gradients {
  const { spec, activation } = network;
  const layout = modelLayout(spec);
  const widths = [spec.inputs, ...spec.hidden, spec.classes];
  if (
    weights.length !== layout.at(-1)!.offset + layout.at(-1)!.size ||
    batch.inputs.length !== batch.size * spec.inputs
  )
    throw new AttackError('model-size', {
      operation: 'gradients',
      field: 'weights and inputs',
      got: `${weights.length}, ${batch.inputs.length}`,
      want: `${layout.at(-1)!.offset + layout.at(-1)!.size}, ${batch.size * spec.inputs}`,
    });
  const byWeights = new Float64Array(weights.length);
  const byInputs = new Float64Array(batch.inputs.length);
  const byTargets = new Float64Array(batch.targets.length);
  let loss = 0;
  for (let sample = 0; sample < batch.size; sample++) {
    const values: Float64Array[] = [batch.inputs.subarray(sample * spec.inputs, (sample + 1) * spec.inputs)];
    for (let layer = 1; layer < widths.length; layer++) {
      const kernel = layout[2 * layer - 2]!.offset;
      const bias = layout[2 * layer - 1]!.offset;
      const next = weights.slice(bias, bias + widths[layer]!);
      accumulateForward(values[layer - 1]!, weights, kernel, next);
      if (layer < widths.length - 1) activate(activation, next);
      values.push(next);
    }
    const target = batch.targets.subarray(sample * spec.classes, (sample + 1) * spec.classes);
    let delta = logSoftmax(values.at(-1)!);
    const mass = target.reduce((sum, share) => sum + share, 0);
    for (let c = 0; c < spec.classes; c++) {
      loss -= (target[c]! * delta[c]!) / batch.size;
      byTargets[sample * spec.classes + c] = -delta[c]! / batch.size;
      delta[c] = (mass * Math.exp(delta[c]!) - target[c]!) / batch.size;
    }
    for (let layer = widths.length - 1; layer >= 1; layer--) {
      const kernel = layout[2 * layer - 2]!.offset;
      const bias = layout[2 * layer - 1]!.offset;
      const before = values[layer - 1]!;
      for (let j = 0; j < delta.length; j++) byWeights[bias + j]! += delta[j]!;
      const below = new Float64Array(before.length);
      for (let i = 0; i < before.length; i++) {
        const row = kernel + i * delta.length;
        let sum = 0;
        for (let j = 0; j < delta.length; j++) {
          byWeights[row + j]! += before[i]! * delta[j]!;
          sum += weights[row + j]! * delta[j]!;
        }
        below[i] = layer > 1 ? sum * slope(activation, before[i]!) : sum;
      }
      delta = below;
    }
    byInputs.set(delta, sample * spec.inputs);
  }
  return { loss, weights: byWeights, inputs: byInputs, targets: byTargets };
}

/** Rows of probabilities with a 1 at each label. */
export function oneHot(labels: ArrayLike<number>, classes: number): Float64Array<ArrayBuffer> {
  const targets = new Float64Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) targets[i * classes + labels[i]!] = 1;
  return targets;
}

function accumulateForward(input: Float64Array, weights: Float64Array, kernel: number, output: Float64Array): void {
  for (let i = 0; i < input.length; i++) {
    const value = input[i]!;
    if (value === 0) continue;
    const row = kernel + i * output.length;
    for (let j = 0; j < output.length; j++) output[j]! += value * weights[row + j]!;
  }
}

function activate(activation: Network['activation'], values: Float64Array): void {
  for (let j = 0; j < values.length; j++)
    values[j] = activation === 'relu' ? Math.max(0, values[j]!) : 1 / (1 + Math.exp(-values[j]!));
}

/** Of the activation, from its own value. */
function slope(activation: Network['activation'], value: number): number {
  if (activation === 'relu') return value > 0 ? 1 : 0;
  return value * (1 - value);
}

function logSoftmax(scores: Float64Array): Float64Array {
  const most = scores.reduce((m, score) => Math.max(m, score), Number.NEGATIVE_INFINITY);
  const total = scores.reduce((sum, score) => sum + Math.exp(score - most), 0);
  return scores.map((score) => score - most - Math.log(total));
}
