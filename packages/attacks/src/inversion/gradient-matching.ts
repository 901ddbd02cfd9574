import type { SimRng } from '@zkfl/fl-core';
import { AttackError, refuseUnknownOptions, requireInteger, requireNumber } from '../errors.ts';
import { euclideanNorm, innerProduct } from '../vectors.ts';
import { recoverLabels } from './labels.ts';
import { gradients, inputSize, type Network, oneHot } from './network.ts';

/** What the attacker has and how hard it tries. */
export interface MatchingOptions {
  readonly network: Network;
  /** The global model that the victim started from. */
  readonly weights: ArrayLike<number>;
  /** What the attacker takes for the victim's gradient: an update divided by −(learning rate). */
  readonly observed: ArrayLike<number>;
  /** Samples that the gradient is the mean of. */
  readonly batch: number;
  /** Height and width of the pictures that the inputs are; total variation needs them. */
  readonly picture: { readonly height: number; readonly width: number };
  /** Value range of an input; results stay inside. Default [−1, 1]. */
  readonly range?: readonly [number, number];
  /** Default 600. */
  readonly iterations?: number;
  /** Of Adam; default 0.05. */
  readonly learningRate?: number;
  readonly rng: SimRng;
}

export interface Reconstruction {
  /** One vector a sample of the batch. */
  readonly inputs: readonly Float32Array<ArrayBuffer>[];
  readonly labels: readonly number[];
  /** The method's distance at the end. */
  readonly distance: number;
}

/** Squared distance over inputs and soft labels together (Zhu, Liu, Han: Deep leakage from gradients, NeurIPS 2019), by Adam. */
export const deepLeakage = (options: MatchingOptions): Reconstruction =>
  match(options, { distance: 'squared', labels: 'free', totalVariation: 0 });

/** DLG with the labels read off the last bias first (Zhao, Mopuri, Bilen: iDLG, 2020). */
export const improvedDeepLeakage = (options: MatchingOptions): Reconstruction =>
  match(options, { distance: 'squared', labels: 'recovered', totalVariation: 0 });

/**
 * Cosine distance, total variation, signed Adam steps, decaying rate (Geiping, Bauermeister, Dröge, Moeller: Inverting
 * gradients, NeurIPS 2020). `totalVariation`: its weight, default 0.01.
 */
export const invertingGradients = (options: MatchingOptions & { readonly totalVariation?: number }): Reconstruction => {
  const { totalVariation = 0.01, ...rest } = options;
  requireNumber('invertingGradients', 'totalVariation', totalVariation, 0);
  return match(rest, { distance: 'cosine', labels: 'recovered', totalVariation });
};

interface Method {
  readonly distance: 'squared' | 'cosine';
  readonly labels: 'free' | 'recovered';
  readonly totalVariation: number;
}

function match(options: MatchingOptions, method: Method): Reconstruction {
  const { network, batch, picture, range = [-1, 1], iterations = 600, learningRate = 0.05, rng } = options;
  const { spec } = network;
  checkMatching(options);
  const weights = Float64Array.from(options.weights);
  const observed = Float64Array.from(options.observed);
  const classes = spec.classes;
  const size = inputSize(spec);
  const inputs = Float64Array.from({ length: batch * size }, () => rng.normal(0, 0.3));
  const scores = Float64Array.from({ length: batch * classes }, () => rng.normal(0, 0.1));
  const labels = recoverLabels(spec, observed, batch);
  const fixed = oneHot(labels, classes);
  const targets = () => (method.labels === 'free' ? softmaxRows(scores, classes) : fixed);
  const inputSteps = adam(inputs.length);
  const scoreSteps = adam(scores.length);
  let distance = Number.POSITIVE_INFINITY;
  for (let step = 0; step < iterations; step++) {
    const now = { inputs, targets: targets(), size: batch };
    const produced = gradients(network, weights, now).weights;
    const slope = distanceSlope(method.distance, produced, observed);
    distance = slope.distance;
    const length = euclideanNorm(slope.byGradient);
    if (!(length > 1e-14)) break;
    // ∇ₓ⟨v, ∇_w L⟩ is the derivative of ∇ₓL along v: a central difference of first gradients, in float64.
    const epsilon = (1e-4 * Math.max(1, euclideanNorm(weights))) / length;
    const shifted = (factor: number) =>
      gradients(
        network,
        weights.map((w, i) => w + factor * epsilon * slope.byGradient[i]!),
        now,
      );
    const [ahead, behind] = [shifted(1), shifted(-1)];
    const byInputs = ahead.inputs.map((value, i) => (value - behind.inputs[i]!) / (2 * epsilon));
    addTotalVariation(byInputs, inputs, picture, method.totalVariation);
    if (method.distance === 'cosine') for (let i = 0; i < byInputs.length; i++) byInputs[i] = Math.sign(byInputs[i]!);
    const rate = learningRate * decay(step / iterations);
    inputSteps(inputs, byInputs, rate);
    for (let i = 0; i < inputs.length; i++) inputs[i] = Math.min(range[1], Math.max(range[0], inputs[i]!));
    if (method.labels === 'free') {
      const byTargets = ahead.targets.map((value, i) => (value - behind.targets[i]!) / (2 * epsilon));
      scoreSteps(scores, throughSoftmax(byTargets, now.targets, classes), rate);
    }
  }
  const found = method.labels === 'free' ? rowMaxima(scores, classes) : labels;
  const rows = Array.from({ length: batch }, (_, i) => Float32Array.from(inputs.subarray(i * size, (i + 1) * size)));
  return { inputs: rows, labels: found, distance };
}

function checkMatching(options: MatchingOptions): void {
  const operation = 'gradient matching';
  const known = ['network', 'weights', 'observed', 'batch', 'picture', 'range', 'iterations', 'learningRate', 'rng'];
  refuseUnknownOptions(operation, options, known);
  requireInteger(operation, 'batch', options.batch, 1, 64);
  requireInteger(operation, 'iterations', options.iterations ?? 600, 1);
  requireNumber(operation, 'learningRate', options.learningRate ?? 0.05, Number.MIN_VALUE);
  const { height, width } = options.picture;
  if (height * width !== inputSize(options.network.spec))
    throw new AttackError('argument', {
      operation,
      field: 'picture',
      got: `${height}×${width}`,
      want: `${inputSize(options.network.spec)} pixels`,
    });
  if (options.weights.length !== options.observed.length)
    throw new AttackError('model-size', {
      operation,
      field: 'observed',
      got: options.observed.length,
      want: options.weights.length,
    });
}

/** The distance and its derivative by the produced gradient. */
function distanceSlope(
  kind: Method['distance'],
  produced: Float64Array,
  observed: Float64Array,
): { readonly distance: number; readonly byGradient: Float64Array } {
  if (kind === 'squared') {
    const difference = produced.map((value, i) => value - observed[i]!);
    return { distance: innerProduct(difference, difference), byGradient: difference.map((d) => 2 * d) };
  }
  const [a, b] = [euclideanNorm(produced), euclideanNorm(observed)];
  if (!(a > 0 && b > 0)) return { distance: 1, byGradient: new Float64Array(produced.length) };
  const cosine = innerProduct(produced, observed) / (a * b);
  const byGradient = produced.map((value, i) => (cosine * value) / (a * a) - observed[i]! / (a * b));
  return { distance: 1 - cosine, byGradient };
}

/** Adds weight · ∂/∂x of the mean absolute difference of neighbouring pixels. Mutates `gradient`. */
function addTotalVariation(
  gradient: Float64Array,
  inputs: Float64Array,
  { height, width }: MatchingOptions['picture'],
  weight: number,
): void {
  if (weight === 0) return;
  const pixels = height * width;
  const share = weight / pixels;
  for (let base = 0; base < inputs.length; base += pixels)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const at = base + y * width + x;
        for (const neighbour of [x + 1 < width ? at + 1 : -1, y + 1 < height ? at + width : -1]) {
          if (neighbour < 0) continue;
          const sign = Math.sign(inputs[at]! - inputs[neighbour]!) * share;
          gradient[at]! += sign;
          gradient[neighbour]! -= sign;
        }
      }
}

/** Ten-fold lower after 3/8, 5/8 and 7/8 of the steps, as published. */
const decay = (progress: number): number => 0.1 ** [3 / 8, 5 / 8, 7 / 8].filter((mark) => progress >= mark).length;

/** Adam with β = (0.9, 0.999); mutates its first argument. */
function adam(size: number): (values: Float64Array, gradient: Float64Array, rate: number) => void {
  const first = new Float64Array(size);
  const second = new Float64Array(size);
  let steps = 0;
  return (values, gradient, rate) => {
    steps++;
    for (let i = 0; i < size; i++) {
      first[i] = 0.9 * first[i]! + 0.1 * gradient[i]!;
      second[i] = 0.999 * second[i]! + 0.001 * gradient[i]! ** 2;
      const m = first[i]! / (1 - 0.9 ** steps);
      const v = second[i]! / (1 - 0.999 ** steps);
      values[i]! -= (rate * m) / (Math.sqrt(v) + 1e-12);
    }
  };
}

function softmaxRows(scores: Float64Array, classes: number): Float64Array {
  const result = scores.map(Math.exp);
  for (let row = 0; row < scores.length; row += classes) {
    const part = result.subarray(row, row + classes);
    const total = part.reduce((sum, value) => sum + value, 0);
    for (let c = 0; c < classes; c++) part[c]! /= total;
  }
  return result;
}

function throughSoftmax(byTargets: Float64Array, targets: Float64Array, classes: number): Float64Array {
  const result = new Float64Array(byTargets.length);
  for (let row = 0; row < result.length; row += classes) {
    let inner = 0;
    for (let c = row; c < row + classes; c++) inner += byTargets[c]! * targets[c]!;
    for (let c = row; c < row + classes; c++) result[c] = targets[c]! * (byTargets[c]! - inner);
  }
  return result;
}

function rowMaxima(scores: Float64Array, classes: number): number[] {
  return Array.from({ length: scores.length / classes }, (_, row) => {
    const part = scores.subarray(row * classes, (row + 1) * classes);
    return part.indexOf(part.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY));
  });
}
