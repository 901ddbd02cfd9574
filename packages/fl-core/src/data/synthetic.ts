import { type Dataset, type SplitDataset, subset } from '../dataset.ts';
import { refuseUnknownOptions } from '../errors.ts';
import { simRng } from '../sim-rng.ts';

const CLASSES = ['normal', 'benign', 'malignant A', 'malignant B'];
const FEATURES = 784;
const PER_CLASS = 250;
const TRAIN = 800;

/**
 * The published experiment's data (arXiv 2603.03398): 1,000 samples × 784, four classes of 250. Class k has a mean
 * ~ N(0, 0.5²) a feature, raised by 0.3·(k+1) on its first 196·(k+1) features; samples ~ N(mean, 0.3²); then, left to
 * right, x[j] += 0.2·x[j−1]. Shuffled; the first 800 train, the last 200 test; no validation part.
 */
export function syntheticPublished(options: { readonly seed: number }): SplitDataset {
  refuseUnknownOptions('syntheticPublished', options, ['seed']);
  const rng = simRng(options.seed, 'published synthetic');
  const samples = CLASSES.length * PER_CLASS;
  const features = new Float32Array(samples * FEATURES);
  const labels = new Uint8Array(samples);
  for (let k = 0; k < CLASSES.length; k++) {
    const normals = rng.stream('class', k);
    const mean = Array.from(
      { length: FEATURES },
      (_, j) => normals.normal(0, 0.5) + (j < 196 * (k + 1) ? 0.3 * (k + 1) : 0),
    );
    for (let s = 0; s < PER_CLASS; s++) {
      const row = k * PER_CLASS + s;
      labels[row] = k;
      let left = 0;
      for (let j = 0; j < FEATURES; j++) {
        left = normals.normal(mean[j]!, 0.3) + 0.2 * left;
        features[row * FEATURES + j] = left;
      }
    }
  }
  const all: Dataset = { name: 'published', features, labels, shape: [FEATURES], classes: CLASSES };
  const order = rng.stream('order').permutation(samples);
  return {
    name: 'published',
    train: subset(all, order.subarray(0, TRAIN)),
    validation: subset(all, []),
    test: subset(all, order.subarray(TRAIN)),
    preprocessing: { description: 'none', scale: [1], offset: [0] },
    attribution: 'generated; distribution of arXiv 2603.03398',
  };
}
