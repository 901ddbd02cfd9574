import { inputShape, type ModelSpec, modelLayout, parameterCount } from '@zkfl/fl-core';
import { AttackError } from '../errors.ts';
import { type ConvolutionPlace, convolve, convolveBack, maxPool, type Plane } from './convolution.ts';

/** The victim's network in float64, flat weights in fl-core's layout. */
export interface Network {
  readonly spec: ModelSpec;
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
  const { spec } = network;
  const inputs = inputSize(spec);
  if (weights.length !== parameterCount(spec) || batch.inputs.length !== batch.size * inputs)
    throw new AttackError('model-size', {
      operation: 'gradients',
      field: 'weights and inputs',
      got: `${weights.length}, ${batch.inputs.length}`,
      want: `${parameterCount(spec)}, ${batch.size * inputs}`,
    });
  const byWeights = new Float64Array(weights.length);
  const byInputs = new Float64Array(batch.inputs.length);
  const byTargets = new Float64Array(batch.targets.length);
  const steps = stepsOf(network, weights, byWeights);
  let loss = 0;
  for (let sample = 0; sample < batch.size; sample++) {
    let values: Float64Array = batch.inputs.subarray(sample * inputs, (sample + 1) * inputs);
    const back = steps.map((step) => {
      const { output, backward } = step(values);
      values = output;
      return backward;
    });
    const target = batch.targets.subarray(sample * spec.classes, (sample + 1) * spec.classes);
    let delta: Float64Array = logSoftmax(values);
    const mass = target.reduce((sum, share) => sum + share, 0);
    for (let c = 0; c < spec.classes; c++) {
      loss -= (target[c]! * delta[c]!) / batch.size;
      byTargets[sample * spec.classes + c] = -delta[c]! / batch.size;
      delta[c] = (mass * Math.exp(delta[c]!) - target[c]!) / batch.size;
    }
    for (const backward of back.reverse()) delta = backward(delta);
    byInputs.set(delta, sample * inputs);
  }
  return { loss, weights: byWeights, inputs: byInputs, targets: byTargets };
}

/** Values that one sample has. */
export const inputSize = (spec: ModelSpec): number => inputShape(spec).reduce((product, n) => product * n, 1);

/** A layer: its output, and how a gradient by the output becomes one by the input (adding to the weights' on the way). */
type Step = (input: Float64Array) => {
  readonly output: Float64Array;
  readonly backward: (delta: Float64Array) => Float64Array;
};

function stepsOf({ spec, activation }: Network, weights: Float64Array, byWeights: Float64Array): Step[] {
  const layout = modelLayout(spec);
  const place = (layer: number) => ({ kernel: layout[2 * layer]!.offset, bias: layout[2 * layer + 1]!.offset });
  if (spec.kind === 'mlp') {
    const last = layout.length / 2 - 1;
    return Array.from({ length: last + 1 }, (_, layer): Step[] => [
      denseStep(weights, byWeights, place(layer), layout[2 * layer + 1]!.size),
      ...(layer < last ? [activationStep(activation)] : []),
    ]).flat();
  }
  let { height, width, channels } = spec;
  const steps = spec.filters.flatMap((filters, layer): Step[] => {
    const shape = { height, width, channels };
    [height, width, channels] = [Math.floor(height / 2), Math.floor(width / 2), filters];
    return [
      convolutionStep(shape, weights, byWeights, place(layer), filters),
      activationStep(activation),
      poolStep({ ...shape, channels: filters }),
    ];
  });
  return [...steps, denseStep(weights, byWeights, place(spec.filters.length), spec.classes)];
}

function denseStep(
  weights: Float64Array,
  byWeights: Float64Array,
  { kernel, bias }: ConvolutionPlace,
  outputs: number,
): Step {
  return (input) => {
    const output = weights.slice(bias, bias + outputs);
    for (let i = 0; i < input.length; i++) {
      const value = input[i]!;
      if (value === 0) continue;
      const row = kernel + i * outputs;
      for (let j = 0; j < outputs; j++) output[j]! += value * weights[row + j]!;
    }
    const backward = (delta: Float64Array) => {
      for (let j = 0; j < outputs; j++) byWeights[bias + j]! += delta[j]!;
      const below = new Float64Array(input.length);
      for (let i = 0; i < input.length; i++) {
        const row = kernel + i * outputs;
        let sum = 0;
        for (let j = 0; j < outputs; j++) {
          byWeights[row + j]! += input[i]! * delta[j]!;
          sum += weights[row + j]! * delta[j]!;
        }
        below[i] = sum;
      }
      return below;
    };
    return { output, backward };
  };
}

function activationStep(activation: Network['activation']): Step {
  return (input) => {
    const output = input.map((x) => (activation === 'relu' ? Math.max(0, x) : 1 / (1 + Math.exp(-x))));
    const slope = (y: number) => (activation === 'relu' ? Number(y > 0) : y * (1 - y));
    return { output, backward: (delta) => delta.map((d, i) => d * slope(output[i]!)) };
  };
}

function convolutionStep(
  shape: Omit<Plane, 'values'>,
  weights: Float64Array,
  byWeights: Float64Array,
  place: ConvolutionPlace,
  filters: number,
): Step {
  return (values) => {
    const input = { ...shape, values };
    const output = convolve(input, weights, place, filters);
    const backward = (delta: Float64Array) =>
      convolveBack(input, weights, place, { ...output, values: delta }, byWeights);
    return { output: output.values, backward };
  };
}

function poolStep(shape: Omit<Plane, 'values'>): Step {
  return (values) => {
    const { output, winners } = maxPool({ ...shape, values });
    const backward = (delta: Float64Array) => {
      const below = new Float64Array(values.length);
      for (const [i, winner] of winners.entries()) below[winner] = delta[i]!;
      return below;
    };
    return { output: output.values, backward };
  };
}

/** Rows of probabilities with a 1 at each label. */
export function oneHot(labels: ArrayLike<number>, classes: number): Float64Array<ArrayBuffer> {
  const targets = new Float64Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) targets[i * classes + labels[i]!] = 1;
  return targets;
}

function logSoftmax(scores: Float64Array): Float64Array {
  const most = scores.reduce((m, score) => Math.max(m, score), Number.NEGATIVE_INFINITY);
  const total = scores.reduce((sum, score) => sum + Math.exp(score - most), 0);
  return scores.map((score) => score - most - Math.log(total));
}
