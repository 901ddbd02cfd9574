import '@tensorflow/tfjs-layers';
import { afterAll, describe, expect, it } from 'vitest';
import { autodiffLossAndGradients, batchShape, lossAndGradients } from '../src/gradients.ts';
import {
  evaluatePredictions,
  initBackend,
  initialWeights,
  inputShape,
  type ModelSpec,
  modelLayout,
  PUBLISHED_MLP,
  predict,
  simRng,
  smallCnn,
  unflatten,
  WDBC_MLP,
} from '../src/index.ts';

const SAMPLES = 8;
const oddCnn: ModelSpec = { kind: 'cnn', height: 9, width: 7, channels: 3, filters: [4, 5], classes: 3 };
const deepCnn: ModelSpec = { kind: 'cnn', height: 12, width: 16, channels: 2, filters: [3, 4, 5], classes: 4 };
const linear: ModelSpec = { kind: 'mlp', inputs: 5, hidden: [], classes: 3 };

function problem(spec: ModelSpec, seed: number) {
  const rng = simRng(seed, 'gradient problem');
  const width = inputShape(spec).reduce((product, n) => product * n, 1);
  // Biases away from 0, small inputs: no unit sits exactly at ReLU's corner and the softmax is not saturated.
  const weights = initialWeights(spec, rng).map((w) => w + rng.normal(0, 0.05));
  const features = Float32Array.from({ length: SAMPLES * width }, () => rng.normal(0, 0.5));
  const labels = Uint8Array.from({ length: SAMPLES }, () => rng.integer(spec.classes));
  return { weights, features, labels };
}

afterAll(async () => {
  await initBackend({ backend: 'wasm' });
});

describe.each(['wasm', 'cpu'] as const)('gradients on %s', (backend) => {
  it.each([
    ['the published MLP', PUBLISHED_MLP],
    ['the WDBC MLP', WDBC_MLP],
    ['a linear model', linear],
    ['the small CNN', smallCnn(2)],
    ['an odd-sized CNN of three channels', oddCnn],
    ['a CNN of three convolutions', deepCnn],
  ])('of %s equal autodiff', async (_, spec) => {
    const { tf } = await initBackend({ backend });
    const { weights, features, labels } = problem(spec, 1);
    const layout = modelLayout(spec);
    const variables = unflatten(spec, weights).map((part, i) =>
      tf.variable(tf.tensor(part.slice(), [...layout[i]!.shape])),
    );
    const x = tf.tensor(features, batchShape(spec, SAMPLES));
    const direct = lossAndGradients(tf, spec, variables, x, Int32Array.from(labels));
    const autodiff = autodiffLossAndGradients(tf, spec, variables, x, Int32Array.from(labels));
    expect(direct.loss.dataSync()[0]).toBeCloseTo(autodiff.loss.dataSync()[0]!, 5);
    expect(direct.gradients).toHaveLength(layout.length);
    for (const [i, { shape }] of layout.entries()) {
      expect(direct.gradients[i]!.shape).toEqual(shape);
      const got = direct.gradients[i]!.dataSync<'float32'>();
      const want = autodiff.gradients[i]!.dataSync<'float32'>();
      const scale = want.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(scale).toBeGreaterThan(0);
      const difference = got.reduce((most, value, j) => Math.max(most, Math.abs(value - want[j]!)), 0);
      expect(difference).toBeLessThan(2e-5 * scale);
    }
    tf.dispose([variables, x, direct.loss, direct.gradients, autodiff.loss, autodiff.gradients] as never);
  });
});

it.each([
  ['MLP', linear],
  ['CNN', oddCnn],
])('gradients of an %s equal finite differences of the loss', async (_, spec) => {
  const { tf } = await initBackend({ backend: 'wasm' });
  const { weights, features, labels } = problem(spec, 2);
  const dataset = {
    name: 'toy',
    features,
    labels,
    shape: inputShape(spec),
    classes: Array.from({ length: spec.classes }, (_, i) => String(i)),
  };
  const layout = modelLayout(spec);
  const variables = unflatten(spec, weights).map((part, i) =>
    tf.variable(tf.tensor(part.slice(), [...layout[i]!.shape])),
  );
  const x = tf.tensor(features, batchShape(spec, SAMPLES));
  const { gradients } = lossAndGradients(tf, spec, variables, x, Int32Array.from(labels));
  const loss = async (w: Float32Array) =>
    evaluatePredictions(await predict(spec, w, dataset), labels, spec.classes).loss;
  const step = 2 ** -10;
  for (const [i, { offset, size }] of layout.entries()) {
    const gradient = gradients[i]!.dataSync<'float32'>();
    for (const at of new Set([0, Math.floor(size / 2), size - 1])) {
      const up = weights.slice();
      const down = weights.slice();
      up[offset + at]! += step;
      down[offset + at]! -= step;
      const numeric = ((await loss(up)) - (await loss(down))) / (2 * step);
      expect(Math.abs(numeric - gradient[at]!)).toBeLessThan(1e-3);
    }
  }
});
