import { classCounts, type Dataset, featureCount, type Preprocessing, sampleCount, subset } from '../dataset.ts';
import { FlCoreError } from '../errors.ts';
import type { SimRng } from '../sim-rng.ts';

/** Seeded stratified split: each class gives each part its share, rounded; the rest is training data. */
export function stratifiedSplit(
  dataset: Dataset,
  shares: { readonly validation: number; readonly test: number },
  rng: SimRng,
): { readonly train: Dataset; readonly validation: Dataset; readonly test: Dataset } {
  const { validation, test } = shares;
  if (!(validation >= 0 && test >= 0 && validation + test < 1))
    throw new FlCoreError('argument', {
      operation: 'stratifiedSplit',
      field: 'shares',
      got: `${validation}, ${test}`,
      want: 'shares ≥ 0 that leave training data',
    });
  const parts: { train: number[]; validation: number[]; test: number[] } = { train: [], validation: [], test: [] };
  for (const [label, count] of classCounts(dataset).entries()) {
    const members: number[] = [];
    for (const [i, l] of dataset.labels.entries()) if (l === label) members.push(i);
    const shuffled = Array.from(rng.stream('split', label).permutation(count), (i) => members[i]!);
    const tests = Math.round(count * test);
    const validations = Math.round(count * validation);
    parts.test.push(...shuffled.slice(0, tests));
    parts.validation.push(...shuffled.slice(tests, tests + validations));
    parts.train.push(...shuffled.slice(tests + validations));
  }
  const mixed = (name: 'train' | 'validation' | 'test') => {
    const order = rng.stream('split order', name).permutation(parts[name].length);
    return subset(
      dataset,
      Array.from(order, (i) => parts[name][i]!),
    );
  };
  return { train: mixed('train'), validation: mixed('validation'), test: mixed('test') };
}

/** Per-feature mean 0 and deviation 1 over `train` alone; a constant feature is only centred. */
export function standardisation(train: Dataset): Preprocessing {
  const width = featureCount(train);
  const samples = sampleCount(train);
  const mean = new Float64Array(width);
  const square = new Float64Array(width);
  for (let row = 0; row < samples; row++)
    for (let j = 0; j < width; j++) mean[j]! += train.features[row * width + j]! / samples;
  for (let row = 0; row < samples; row++)
    for (let j = 0; j < width; j++) square[j]! += (train.features[row * width + j]! - mean[j]!) ** 2 / samples;
  const scale = Array.from(square, (variance) => (variance > 0 ? 1 / Math.sqrt(variance) : 1));
  return {
    description: 'standardised with the mean and deviation of the training samples',
    scale,
    offset: Array.from(mean, (m, j) => -m * scale[j]!),
  };
}

/** x · scale + offset, one value for all features or one a feature. Throws `data-shape` on other lengths. */
export function preprocess(dataset: Dataset, { scale, offset }: Preprocessing): Dataset {
  const width = featureCount(dataset);
  for (const [field, values] of Object.entries({ scale, offset }))
    if (values.length !== 1 && values.length !== width)
      throw new FlCoreError('data-shape', {
        operation: 'preprocess',
        field,
        got: values.length,
        want: `1 or ${width}`,
      });
  const features = new Float32Array(dataset.features.length);
  for (let i = 0; i < features.length; i++) {
    const j = i % width;
    features[i] = dataset.features[i]! * scale[scale.length === 1 ? 0 : j]! + offset[offset.length === 1 ? 0 : j]!;
  }
  return { ...dataset, features };
}
