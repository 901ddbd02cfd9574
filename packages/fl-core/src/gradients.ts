import type { Scalar, Tensor, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import type { TensorFlow } from './backend.ts';
import { inputShape, type ModelSpec } from './model-spec.ts';

/** Mean cross-entropy of a batch and its gradient, one tensor a parameter in layout order. The caller disposes. */
export interface LossAndGradients {
  readonly loss: Tensor;
  readonly gradients: readonly Tensor[];
}

/** Shape [batch, …input shape]. */
export const batchShape = (spec: ModelSpec, samples: number): number[] => [samples, ...inputShape(spec)];

/** Scores before the softmax, [batch, classes]. Call within `tf.tidy`. */
export function logits(tf: TensorFlow, spec: ModelSpec, parameters: readonly Tensor[], x: Tensor): Tensor2D {
  return forward(tf, spec, parameters, x).scores;
}

/**
 * Backpropagation written out for the layers of a {@link ModelSpec}. Autodiff gives the same numbers four times slower:
 * its products with a transposed factor leave the engine's fast matrix kernel, and it differentiates by the input too.
 */
export function lossAndGradients(
  tf: TensorFlow,
  spec: ModelSpec,
  parameters: readonly Tensor[],
  x: Tensor,
  labels: Int32Array,
): LossAndGradients {
  const [loss, ...gradients] = tf.tidy(() => {
    const pass = forward(tf, spec, parameters, x);
    const target = oneHot(tf, labels, spec.classes);
    const loss = tf.neg(tf.mean(tf.sum(tf.mul(target, tf.logSoftmax(pass.scores)), -1)));
    // ∂ mean cross-entropy / ∂ scores = (softmax − one-hot) / batch
    const delta = tf.mul(tf.sub(tf.softmax(pass.scores), target), 1 / labels.length) as Tensor2D;
    return [loss, ...backward(tf, spec, parameters, pass, delta)];
  });
  return { loss: loss!, gradients };
}

/** The same by TensorFlow.js autodiff: the reference that tests and benchmarks compare with. */
export function autodiffLossAndGradients(
  tf: TensorFlow,
  spec: ModelSpec,
  parameters: readonly Variable[],
  x: Tensor,
  labels: Int32Array,
): LossAndGradients {
  const { value, grads } = tf.variableGrads(() => {
    const target = oneHot(tf, labels, spec.classes);
    const scores = logits(tf, spec, parameters, x);
    return tf.neg(tf.mean(tf.sum(tf.mul(target, tf.logSoftmax(scores)), -1))) as Scalar;
  }, [...parameters]);
  return { loss: value, gradients: parameters.map(({ name }) => grads[name]!) };
}

/** [batch, classes]; tf.oneHot with dtype float32 writes integers into float memory on the wasm engine (4.22). */
function oneHot(tf: TensorFlow, labels: Int32Array, classes: number): Tensor2D {
  const target = new Float32Array(labels.length * classes);
  for (const [row, label] of labels.entries()) target[row * classes + label] = 1;
  return tf.tensor2d(target, [labels.length, classes]);
}

interface Convolved {
  readonly input: Tensor4D;
  /** After ReLU. */
  readonly active: Tensor4D;
  readonly pooled: Tensor4D;
}

interface ForwardPass {
  readonly convolved: readonly Convolved[];
  /** Input of each dense layer. */
  readonly dense: readonly Tensor2D[];
  readonly scores: Tensor2D;
}

function forward(tf: TensorFlow, spec: ModelSpec, parameters: readonly Tensor[], x: Tensor): ForwardPass {
  const convolved: Convolved[] = [];
  let next = 0;
  let hidden = x;
  if (spec.kind === 'cnn')
    for (const _ of spec.filters) {
      const input = hidden as Tensor4D;
      const filter = parameters[next++] as Tensor4D;
      const bias = parameters[next++]!;
      const active = tf.fused.conv2d({ x: input, filter, bias, strides: 1, pad: 'same', activation: 'relu' });
      const pooled = tf.maxPool(active, 2, 2, 'valid');
      convolved.push({ input, active, pooled });
      hidden = pooled;
    }
  const dense: Tensor2D[] = [];
  hidden = tf.reshape(hidden, [x.shape[0]!, -1]);
  while (next < parameters.length) {
    const a = hidden as Tensor2D;
    dense.push(a);
    const last = next + 2 === parameters.length;
    const b = parameters[next++] as Tensor2D;
    const bias = parameters[next++]!;
    hidden = tf.fused.matMul({ a, b, bias, activation: last ? 'linear' : 'relu' });
  }
  return { convolved, dense, scores: hidden as Tensor2D };
}

function backward(
  tf: TensorFlow,
  spec: ModelSpec,
  parameters: readonly Tensor[],
  { convolved, dense }: ForwardPass,
  scoresDelta: Tensor2D,
): Tensor[] {
  const gradients: Tensor[] = [];
  let next = parameters.length;
  let delta: Tensor = scoresDelta;
  for (let layer = dense.length - 1; layer >= 0; layer--) {
    const input = dense[layer]!;
    const kernel = parameters[next - 2] as Tensor2D;
    next -= 2;
    gradients.unshift(tf.matMul(tf.transpose(input), delta as Tensor2D), tf.sum(delta, 0));
    if (layer > 0) delta = tf.mul(tf.matMul(delta as Tensor2D, tf.transpose(kernel)), tf.step(input));
    else if (spec.kind === 'cnn') delta = tf.matMul(delta as Tensor2D, tf.transpose(kernel));
  }
  for (let layer = convolved.length - 1; layer >= 0; layer--) {
    const { input, active, pooled } = convolved[layer]!;
    const filter = parameters[next - 2] as Tensor4D;
    next -= 2;
    // ReLU's derivative is applied inside: a window whose maximum is 0 passes nothing.
    const unpooled = unpool(tf, active, pooled, tf.reshape(delta, pooled.shape));
    const filterGradient = tf
      .engine()
      .runKernel(
        'Conv2DBackpropFilter',
        { x: input, dy: unpooled },
        { strides: 1, pad: 'same', dataFormat: 'NHWC', filterShape: filter.shape },
      ) as Tensor;
    gradients.unshift(filterGradient, tf.sum(unpooled, [0, 1, 2]));
    // Same padding, stride 1: the input gradient is a convolution with the filter turned by 180° and channels swapped.
    if (layer > 0)
      delta = tf.conv2d(unpooled, tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]) as Tensor4D, 1, 'same');
  }
  return gradients;
}

/** Sends each window's gradient to its first maximum, if that is positive. Shapes NHWC; 2×2 windows, stride 2. */
function unpool(tf: TensorFlow, active: Tensor4D, pooled: Tensor4D, delta: Tensor): Tensor4D {
  const [batch, height, width, channels] = active.shape;
  const [, outHeight, outWidth] = pooled.shape;
  const a = active.dataSync<'float32'>();
  const maximum = pooled.dataSync<'float32'>();
  const d = delta.dataSync<'float32'>();
  const out = new Float32Array(a.length);
  const row = width * channels;
  let o = 0;
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < outHeight; i++) {
      let corner = (b * height + 2 * i) * row;
      for (let j = 0; j < outWidth; j++, corner += channels)
        for (let c = 0; c < channels; c++, o++, corner++) {
          const value = maximum[o]!;
          if (!(value > 0)) continue;
          const at =
            a[corner] === value
              ? corner
              : a[corner + channels] === value
                ? corner + channels
                : a[corner + row] === value
                  ? corner + row
                  : corner + row + channels;
          out[at] = d[o]!;
        }
    }
  return tf.tensor4d(out, active.shape);
}
