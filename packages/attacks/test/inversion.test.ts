import { existsSync, readFileSync } from 'node:fs';
import {
  type CnnSpec,
  createTrainer,
  type Dataset,
  initialWeights,
  type MlpSpec,
  parseMedMnist,
  simRng,
  subset,
} from '@zkfl/fl-core';
import { describe, expect, it } from 'vitest';
import {
  AttackError,
  analyticInversion,
  deepLeakage,
  type GreyImage,
  gradients,
  improvedDeepLeakage,
  invertingGradients,
  type Network,
  oneHot,
  recoverLabel,
  recoverLabels,
  scoreInversion,
} from '../src/index.ts';

const spec: MlpSpec = { kind: 'mlp', inputs: 144, hidden: [24], classes: 3 };
const smooth: Network = { spec, activation: 'sigmoid' };
const relu: Network = { spec, activation: 'relu' };
const weights = Float64Array.from(initialWeights(spec, simRng(1, 'victim')));
const picture = { height: 12, width: 12 };

/** Soft blobs in [−1, 1]: pictures with structure. */
const blob = (seed: number) => {
  const rng = simRng(seed, 'blob');
  const [cx, cy, width] = [2 + rng.integer(8), 2 + rng.integer(8), 2 + rng.integer(3)];
  return Float64Array.from({ length: 144 }, (_, i) => {
    const [x, y] = [i % 12, Math.floor(i / 12)];
    return 2 * Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (width * width)) - 1;
  });
};
const batchOf = (seeds: number[], labels: number[]) => ({
  inputs: Float64Array.from(seeds.flatMap((seed) => [...blob(seed)])),
  targets: oneHot(labels, 3),
  size: seeds.length,
});
const grey = (values: ArrayLike<number>): GreyImage => ({
  ...picture,
  pixels: Float32Array.from(values, (v) => (v + 1) / 2),
});
const others = [31, 32, 33, 34].map((seed) => grey(blob(seed)));

describe('gradients of the victim', () => {
  it.each([relu, smooth])('$activation: by weights, inputs and targets, against finite differences', (network) => {
    const batch = batchOf([1, 2], [0, 2]);
    const exact = gradients(network, weights, batch);
    const difference = (values: Float64Array, at: number) => {
      const kept = values[at]!;
      const loss = (value: number) => {
        values[at] = value;
        return gradients(network, weights, batch).loss;
      };
      const slope = (loss(kept + 1e-6) - loss(kept - 1e-6)) / 2e-6;
      values[at] = kept;
      return slope;
    };
    for (const at of [0, 7, 1000, 3456, 3470, weights.length - 1])
      expect(exact.weights[at]).toBeCloseTo(difference(weights, at), 6);
    for (const at of [0, 50, 200]) expect(exact.inputs[at]).toBeCloseTo(difference(batch.inputs, at), 6);
    for (const at of [0, 1, 5]) expect(exact.targets[at]).toBeCloseTo(difference(batch.targets, at), 5);
  });

  it('of a convolutional network: against finite differences, and those that fl-core trains with', async () => {
    const cnn: CnnSpec = { kind: 'cnn', height: 12, width: 12, channels: 1, filters: [3, 4], classes: 3 };
    const start = Float64Array.from(initialWeights(cnn, simRng(4, 'victim')));
    const batch = batchOf([1, 2], [0, 2]);
    const network: Network = { spec: cnn, activation: 'relu' };
    const exact = gradients(network, start, batch);
    for (const [values, slopes] of [
      [start, exact.weights],
      [batch.inputs, exact.inputs],
    ] as const)
      for (const at of [0, 5, 29, 40, 100, values.length - 1]) {
        const kept = values[at]!;
        const loss = (value: number) => {
          values[at] = value;
          return gradients(network, start, batch).loss;
        };
        const slope = (loss(kept + 1e-6) - loss(kept - 1e-6)) / 2e-6;
        values[at] = kept;
        expect(slopes[at]).toBeCloseTo(slope, 6);
      }
    const data: Dataset = {
      name: 'blobs',
      features: Float32Array.from(batch.inputs),
      labels: Uint8Array.from([0, 2]),
      shape: [12, 12, 1],
      classes: ['a', 'b', 'c'],
    };
    const training = { epochs: 1, batch: 2, learningRate: 0.5, optimiser: 'sgd', proximal: 0 } as const;
    const trainer = await createTrainer({ spec: cnn, dataset: data, training, seed: 1, client: 0 });
    const { update } = await trainer.train({ weights: Float32Array.from(start), round: 1 });
    for (let i = 0; i < start.length; i++) expect(Math.abs(update[i]! + 0.5 * exact.weights[i]!)).toBeLessThan(1e-5);
  });

  it('are those that fl-core trains with: one SGD step is −rate times them', async () => {
    const data: Dataset = {
      name: 'blobs',
      features: Float32Array.from([...blob(1), ...blob(2)]),
      labels: Uint8Array.from([0, 2]),
      shape: [144],
      classes: ['a', 'b', 'c'],
    };
    const training = { epochs: 1, batch: 2, learningRate: 0.5, optimiser: 'sgd', proximal: 0 } as const;
    const trainer = await createTrainer({ spec, dataset: data, training, seed: 1, client: 0 });
    const { update } = await trainer.train({ weights: Float32Array.from(weights), round: 1 });
    const exact = gradients(relu, weights, batchOf([1, 2], [0, 2])).weights;
    for (let i = 0; i < exact.length; i++) expect(Math.abs(update[i]! + 0.5 * exact[i]!)).toBeLessThan(1e-5);
  });
});

describe('inversion on a plaintext gradient', () => {
  const one = gradients(relu, weights, batchOf([5], [1])).weights;

  it('analytic: a dense layer gives away a single sample exactly', () => {
    const [best] = analyticInversion(spec, one);
    const truth = blob(5);
    for (let i = 0; i < 144; i++) expect(best!.input[i]).toBeCloseTo(truth[i]!, 5);
    expect(() => analyticInversion(spec, one.slice(0, 10))).toThrow(AttackError);
  });

  it('label recovery: one sample always, a batch as a multiset', () => {
    for (const label of [0, 1, 2])
      expect(recoverLabel(spec, gradients(relu, weights, batchOf([8], [label])).weights)).toBe(label);
    let right = 0;
    for (let trial = 0; trial < 20; trial++) {
      const rng = simRng(trial, 'labels');
      const labels = [0, 1, 2, 3].map(() => rng.integer(3)).sort();
      const seeds = labels.map((_, i) => 100 * trial + i);
      const small = weights.map((w) => 0.1 * w);
      const gradient = gradients(relu, small, batchOf(seeds, labels)).weights;
      right += Number(recoverLabels(spec, gradient, 4).sort().join() === labels.join());
    }
    expect(right).toBeGreaterThanOrEqual(18);
  });

  it.each([
    ['DLG', deepLeakage, smooth, 0.6],
    ['iDLG', improvedDeepLeakage, smooth, 0.6],
    ['inverting gradients', invertingGradients, relu, 0.8],
  ] as const)('%s reconstructs a single picture', (_, attack, network, least) => {
    const observed = gradients(network, weights, batchOf([5], [1])).weights;
    const result = attack({ network, weights, observed, batch: 1, picture, iterations: 1500, rng: simRng(2, 'start') });
    const score = scoreInversion(result.inputs.map(grey), [grey(blob(5))], others);
    expect(score.ssim).toBeGreaterThan(least);
    expect(score.ssim).toBeGreaterThan(score.otherPatient + 0.2);
    expect(result.labels).toEqual([1]);
  });

  it('what does not depend on the picture gives nothing: the same attack on noise of the same size', () => {
    const rng = simRng(9, 'ciphertext');
    const size = Math.sqrt(one.reduce((sum, x) => sum + x * x, 0) / one.length);
    const observed = one.map(() => rng.normal(0, size));
    const result = invertingGradients({ network: relu, weights, observed, batch: 1, picture, iterations: 400, rng });
    const candidates = [...result.inputs, ...analyticInversion(spec, observed).map(({ input }) => input)].map(grey);
    expect(scoreInversion(candidates, [grey(blob(5))], others).ssim).toBeLessThan(0.4);
  });

  it('refuses a picture size that is not the input’s and a foreign gradient', () => {
    const options = { network: relu, weights, observed: one, batch: 1, picture, rng: simRng(1, 'x') };
    expect(() => deepLeakage({ ...options, picture: { height: 10, width: 10 } })).toThrow(/144 pixels/);
    expect(() => deepLeakage({ ...options, observed: one.slice(1) })).toThrow(AttackError);
    // @ts-expect-error no such option
    expect(() => deepLeakage({ ...options, steps: 5 })).toThrow(/steps/);
  });
});

const npz = [process.env['ZKFL_DATA'], new URL('../../../../shared/data', import.meta.url).pathname]
  .filter((folder) => folder !== undefined)
  .map((folder) => `${folder}/pneumoniamnist.npz`)
  .find(existsSync);

describe.skipIf(npz === undefined)('inversion of a chest X-ray (needs pneumoniamnist.npz in ZKFL_DATA)', () => {
  it('the plaintext update of a batch of 1 gives a recognisable picture, SSIM ≥ 0.5', async () => {
    const data = parseMedMnist(new Uint8Array(readFileSync(npz!)), 'pneumoniamnist');
    const xray: MlpSpec = { kind: 'mlp', inputs: 784, hidden: [32], classes: 2 };
    const start = initialWeights(xray, simRng(1, 'initial'));
    const training = { epochs: 1, batch: 1, learningRate: 0.01, optimiser: 'sgd', proximal: 0 } as const;
    const trainer = await createTrainer({ spec: xray, dataset: subset(data.train, [7]), training, seed: 1, client: 0 });
    const { update } = await trainer.train({ weights: start, round: 1 });
    const image = (row: number): GreyImage => ({
      height: 28,
      width: 28,
      pixels: data.train.features.slice(row * 784, (row + 1) * 784).map((v) => (v + 1) / 2),
    });
    const observed = update.map((value) => -value / 0.01);
    const analytic = analyticInversion(xray, observed).map(({ input }) => input);
    const matched = invertingGradients({
      network: { spec: xray, activation: 'relu' },
      weights: start,
      observed,
      batch: 1,
      picture: { height: 28, width: 28 },
      iterations: 300,
      rng: simRng(3, 'start'),
    }).inputs;
    for (const inputs of [analytic, matched]) {
      const pictures = inputs.map((input) => ({ height: 28, width: 28, pixels: input.map((v) => (v + 1) / 2) }));
      expect(scoreInversion(pictures, [image(7)], [image(8), image(9)]).ssim).toBeGreaterThan(0.9);
    }
  });
});
