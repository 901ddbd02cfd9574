import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createTrainer,
  currentBackend,
  type Dataset,
  evaluate,
  initBackend,
  initialWeights,
  type ModelSpec,
  predict,
  simRng,
  smallCnn,
  type TrainingOptions,
} from '../src/index.ts';

const mlp: ModelSpec = { kind: 'mlp', inputs: 6, hidden: [8], classes: 3 };
const training: TrainingOptions = { epochs: 2, batch: 8, learningRate: 0.1, optimiser: 'sgd', proximal: 0 };

function toy(spec: ModelSpec, samples = 29): Dataset {
  const rng = simRng(9, 'toy');
  const shape = spec.kind === 'mlp' ? [spec.inputs] : [28, 28, 1];
  const width = shape.reduce((product, n) => product * n, 1);
  const labels = Uint8Array.from({ length: samples }, () => rng.integer(spec.classes));
  const features = new Float32Array(samples * width);
  for (let i = 0; i < features.length; i++)
    features[i] = rng.normal(i % spec.classes === labels[Math.floor(i / width)] ? 1 : 0, 0.5);
  return { name: 'toy', features, labels, shape, classes: Array.from({ length: spec.classes }, (_, i) => String(i)) };
}

const trainer = (
  spec: ModelSpec,
  changes: Partial<TrainingOptions> = {},
  gradients: 'direct' | 'autodiff' = 'direct',
) => createTrainer({ spec, dataset: toy(spec), training: { ...training, ...changes }, seed: 5, client: 1, gradients });
const start = (spec: ModelSpec) => initialWeights(spec, simRng(5, 'initial'));
const norm = (x: Float32Array) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));

beforeAll(async () => {
  await initBackend({ backend: 'wasm' });
});

describe.each([
  ['MLP', mlp],
  ['CNN', smallCnn(2)],
] as const)('training an %s', (_, spec) => {
  it.each(['sgd', 'adam'] as const)('is exactly repeatable with %s', async (optimiser) => {
    const request = { weights: start(spec), round: 3 };
    const one = await (await trainer(spec, { optimiser })).train(request);
    const two = await (await trainer(spec, { optimiser })).train(request);
    expect(one).toEqual(two);
    expect(norm(one.update)).toBeGreaterThan(0);
  });

  it('shuffles anew for another round, client or seed', async () => {
    const weights = start(spec);
    const one = await (await trainer(spec)).train({ weights, round: 1 });
    expect((await (await trainer(spec)).train({ weights, round: 2 })).update).not.toEqual(one.update);
    for (const change of [{ client: 2 }, { seed: 6 }]) {
      const other = await createTrainer({ spec, dataset: toy(spec), training, seed: 5, client: 1, ...change });
      expect((await other.train({ weights, round: 1 })).update).not.toEqual(one.update);
    }
  });

  it.each(['sgd', 'adam'] as const)('keeps no tensor after a round with %s', async (optimiser) => {
    const { tf } = await currentBackend();
    const worker = await trainer(spec, { optimiser, proximal: 0.1 });
    const weights = start(spec);
    await worker.train({ weights, round: 1 });
    await evaluate(spec, weights, toy(spec));
    const before = { tensors: tf.memory().numTensors, buffers: tf.memory().numDataBuffers };
    for (let round = 2; round < 5; round++) {
      await worker.train({ weights, round });
      await evaluate(spec, weights, toy(spec));
    }
    expect({ tensors: tf.memory().numTensors, buffers: tf.memory().numDataBuffers }).toEqual(before);
  });

  it('written-out gradients train as autodiff does', async () => {
    const request = { weights: start(spec), round: 1 };
    const direct = await (await trainer(spec)).train(request);
    const autodiff = await (await trainer(spec, {}, 'autodiff')).train(request);
    const difference = direct.update.map((x, i) => x - autodiff.update[i]!);
    expect(norm(difference)).toBeLessThan(1e-3 * norm(direct.update));
    expect(direct.loss).toBeCloseTo(autodiff.loss, 4);
  });

  it('lowers the loss and leaves the global weights alone', async () => {
    const weights = start(spec);
    const kept = weights.slice();
    const { update, samples } = await (await trainer(spec, { epochs: 4 })).train({ weights, round: 1 });
    expect(weights).toEqual(kept);
    expect(samples).toBe(29);
    const trained = weights.map((w, i) => w + update[i]!);
    const before = await evaluate(spec, weights, toy(spec));
    const after = await evaluate(spec, trained, toy(spec));
    expect(after.loss).toBeLessThan(before.loss);
  });
});

describe('FedProx', () => {
  it('one step from the global weights is the FedAvg step, and a larger μ keeps later steps nearer', async () => {
    const weights = start(mlp);
    const update = async (changes: Partial<TrainingOptions>) =>
      (await (await trainer(mlp, changes)).train({ weights, round: 1 })).update;
    const once = { epochs: 1, batch: 29 };
    expect(await update({ ...once, proximal: 3 })).toEqual(await update(once));
    const norms = [];
    for (const proximal of [0, 0.5, 2, 8]) norms.push(norm(await update({ epochs: 6, proximal })));
    expect(norms).toEqual([...norms].sort((a, b) => b - a));
    expect(norms[3]!).toBeLessThan(0.6 * norms[0]!);
  });

  it('two full-batch steps match w − η(g(w) + μ(w − w₀)) by hand', async () => {
    const weights = start(mlp);
    const step = async (w: Float32Array) =>
      (await (await trainer(mlp, { epochs: 1, batch: 29 })).train({ weights: w, round: 1 })).update;
    const first = await step(weights);
    const moved = weights.map((w, i) => w + first[i]!);
    const second = await step(moved);
    const mu = 0.7;
    const want = first.map((u, i) => u + second[i]! - training.learningRate * mu * u);
    const { update } = await (await trainer(mlp, { epochs: 2, batch: 29, proximal: mu })).train({ weights, round: 1 });
    for (const [i, u] of update.entries()) expect(Math.abs(u - want[i]!)).toBeLessThan(1e-5);
  });
});

describe('the forward pass', () => {
  it('gives probabilities, and batches of it agree with one', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const weights = initialWeights(mlp, simRng(seed));
        const many = toy(mlp, 300);
        const all = await predict(mlp, weights, many);
        const tail = await predict(mlp, weights, {
          ...many,
          features: many.features.slice(290 * 6),
          labels: many.labels.slice(290),
        });
        for (let row = 0; row < 300; row++)
          expect(all[3 * row]! + all[3 * row + 1]! + all[3 * row + 2]!).toBeCloseTo(1, 5);
        for (const [i, p] of tail.entries()) expect(p).toBeCloseTo(all[290 * 3 + i]!, 6);
      }),
      { numRuns: 10 },
    ));
});

describe('bad input', () => {
  const options = { spec: mlp, dataset: toy(mlp), training, seed: 1, client: 0 };
  it.each<[string, object, string, string]>([
    [
      'features of another width',
      { dataset: { ...toy(mlp), shape: [5] } },
      'data-shape',
      'features: got 174, want 145',
    ],
    ['data of another model', { spec: { ...mlp, inputs: 7 } }, 'data-shape', 'sample shape: got 6, want 7'],
    ['other classes', { spec: { ...mlp, classes: 4 } }, 'data-labels', 'classes: got 3, want 4'],
    [
      'a label out of range',
      { dataset: { ...toy(mlp), labels: new Uint8Array(29).fill(3) } },
      'data-labels',
      'labels[0]: got 3',
    ],
    [
      'a NaN feature',
      { dataset: { ...toy(mlp), features: toy(mlp).features.fill(Number.NaN, 7, 8) } },
      'not-finite',
      'features[7]: got NaN',
    ],
    ['no sample', { dataset: toy(mlp, 0) }, 'argument', 'dataset: got 0'],
    ['an unknown option', { epochs: 3 }, 'unknown-option', 'epochs'],
    ['an unknown training option', { training: { ...training, lr: 1 } }, 'unknown-option', 'lr'],
    ['zero epochs', { training: { ...training, epochs: 0 } }, 'argument', 'epochs: got 0'],
    ['an unknown optimiser', { training: { ...training, optimiser: 'lion' } }, 'argument', 'optimiser: got lion'],
  ])('%s is refused', async (_, change, code, message) => {
    const attempt = createTrainer({ ...options, ...change } as never);
    await expect(attempt).rejects.toMatchObject({ code });
    await expect(attempt).rejects.toThrow(message);
  });

  it('weights of another size or with NaN are refused, and a diverged training says so', async () => {
    const worker = await createTrainer(options);
    await expect(worker.train({ weights: new Float32Array(3), round: 1 })).rejects.toMatchObject({
      code: 'model-size',
    });
    const nan = start(mlp).fill(Number.NaN, 4, 5);
    await expect(worker.train({ weights: nan, round: 1 })).rejects.toMatchObject({ code: 'not-finite' });
    const wild = await createTrainer({ ...options, training: { ...training, learningRate: 1e30, epochs: 5 } });
    const { tf } = await currentBackend();
    const before = tf.memory().numTensors;
    await expect(wild.train({ weights: start(mlp), round: 1 })).rejects.toMatchObject({ code: 'not-finite' });
    expect(tf.memory().numTensors).toBe(before);
  });
});
