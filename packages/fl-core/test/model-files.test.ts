import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  currentBackend,
  initBackend,
  initialWeights,
  type ModelFiles,
  type ModelSpec,
  modelDigest,
  predict,
  readModelFiles,
  simRng,
  smallCnn,
  type TrainedModel,
  toLayersModel,
  WDBC_MLP,
  writeModelFiles,
} from '../src/index.ts';

const trained = (spec: ModelSpec): TrainedModel => ({
  spec,
  weights: initialWeights(spec, simRng(3)),
  preprocessing: { description: 'pixel / 127.5 − 1', scale: [1 / 127.5], offset: [-1] },
  classes: ['no', 'yes'],
  dataset: 'toy',
  run: 'ab'.repeat(32),
});

beforeAll(async () => {
  await initBackend({ backend: 'wasm' });
});

describe.each([
  ['MLP', WDBC_MLP],
  ['CNN', smallCnn(2)],
] as const)('a saved %s', (_, spec) => {
  it('is read back exactly', async () => {
    const model = trained(spec);
    expect(readModelFiles(await writeModelFiles(model))).toEqual(model);
  });

  it('is a TF.js layers model that predicts what ours does', async () => {
    const { tf } = await currentBackend();
    const { loadLayersModel } = await import('@tensorflow/tfjs-layers');
    const model = trained(spec);
    const { modelJson, weightsBin } = await writeModelFiles(model);
    const { modelTopology, weightsManifest, ...rest } = JSON.parse(modelJson);
    expect(rest).toMatchObject({
      format: 'layers-model',
      userDefinedMetadata: { 'zkfl/v1/model': { run: model.run } },
    });
    const loaded = await loadLayersModel(
      tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData: weightsBin.buffer }),
    );
    const rng = simRng(4);
    const shape = spec.kind === 'mlp' ? [spec.inputs] : [28, 28, 1];
    const width = shape.reduce((product, n) => product * n, 1);
    const features = Float32Array.from({ length: 5 * width }, () => rng.normal(0, 1));
    const ours = await predict(spec, model.weights, {
      name: 'toy',
      features,
      labels: new Uint8Array(5),
      shape,
      classes: ['no', 'yes'],
    });
    const theirs = loaded.predict(tf.tensor(features, [5, ...shape]));
    if (Array.isArray(theirs)) throw new Error('one output was expected');
    for (const [i, p] of theirs.dataSync().entries()) expect(p).toBeCloseTo(ours[i]!, 5);
  });
});

describe('model files', () => {
  const written = () => writeModelFiles(trained(WDBC_MLP));
  const edited = async (edit: (json: ReturnType<typeof JSON.parse>) => void): Promise<ModelFiles> => {
    const { modelJson, weightsBin } = await written();
    const json = JSON.parse(modelJson);
    edit(json);
    return { modelJson: JSON.stringify(json), weightsBin };
  };

  it.each<[string, string, (json: ReturnType<typeof JSON.parse>) => void]>([
    ['another weight order', 'data-shape', (json) => json.weightsManifest[0].weights.reverse()],
    [
      'a quantised weight',
      'data-shape',
      (json) => {
        json.weightsManifest[0].weights[0].dtype = 'uint8';
      },
    ],
    [
      'no metadata',
      'data-format',
      (json) => {
        delete json.userDefinedMetadata;
      },
    ],
    [
      'another digest',
      'data-digest',
      (json) => {
        json.userDefinedMetadata['zkfl/v1/model'].weights = 'cd'.repeat(32);
      },
    ],
    ['a class less', 'data-shape', (json) => json.userDefinedMetadata['zkfl/v1/model'].classes.pop()],
    [
      'a run that is no digest',
      'data-format',
      (json) => {
        json.userDefinedMetadata['zkfl/v1/model'].run = 'x';
      },
    ],
    [
      'preprocessing of another width',
      'data-shape',
      (json) => {
        json.userDefinedMetadata['zkfl/v1/model'].preprocessing.scale = [1, 2];
      },
    ],
    [
      'preprocessing with words',
      'data-format',
      (json) => {
        json.userDefinedMetadata['zkfl/v1/model'].preprocessing.offset = ['1'];
      },
    ],
    [
      'a model that can not be built',
      'argument',
      (json) => {
        json.userDefinedMetadata['zkfl/v1/model'].spec.inputs = -1;
      },
    ],
  ])('with %s are refused', async (_, code, edit) => {
    const files = await edited(edit);
    expect(() => readModelFiles(files)).toThrow(expect.objectContaining({ code }));
  });

  it('any changed byte of the weights is found', async () => {
    const { modelJson, weightsBin } = await written();
    fc.assert(
      fc.property(fc.nat(weightsBin.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = weightsBin.slice();
        damaged[at]! ^= flip;
        expect(() => readModelFiles({ modelJson, weightsBin: damaged })).toThrow(/weights.bin|coordinate/);
      }),
    );
    expect(() => readModelFiles({ modelJson, weightsBin: weightsBin.slice(4) })).toThrow('got 6212, want 6216');
    expect(() => readModelFiles({ modelJson: modelJson.slice(1), weightsBin })).toThrow('model.json');
  });

  it('a model with NaN is not written', async () => {
    const model = trained(WDBC_MLP);
    model.weights[7] = Number.NaN;
    await expect(writeModelFiles(model)).rejects.toMatchObject({ code: 'not-finite' });
  });

  it('saving keeps no tensor', async () => {
    const { tf } = await currentBackend();
    await written();
    const before = tf.memory().numTensors;
    await written();
    expect(tf.memory().numTensors).toBe(before);
    (await toLayersModel(WDBC_MLP, trained(WDBC_MLP).weights)).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('the digest is of the little-endian float32 bytes', () => {
  // SHA-256 of 00 00 80 3f 00 00 00 c0
  expect(modelDigest(Float32Array.of(1, -2))).toBe('ee4ac73c2bd27756ab82780f27c73a7bc4d3f0bb6acb37e008bc27eccd7e588b');
});
