import { FlCoreError } from './errors.ts';

/** Samples in memory. Features are what the model sees: scaled or standardised already. */
export interface Dataset {
  readonly name: string;
  /** samples × (product of `shape`) values, row-major; all finite. */
  readonly features: Float32Array<ArrayBuffer>;
  /** Class index of each sample, 0 … classes.length − 1. */
  readonly labels: Uint8Array<ArrayBuffer>;
  /** Shape of one sample, e.g. [30] or [28, 28, 1]. */
  readonly shape: readonly number[];
  readonly classes: readonly string[];
}

/** How raw features become model inputs; travels with a saved model. Applied as (x · scale[j] + offset[j]). */
export interface Preprocessing {
  readonly description: string;
  /** One value for all features, or one a feature. */
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** A data set with its fixed roles: rounds are chosen on `validation`, never on `test`. */
export interface SplitDataset {
  readonly name: string;
  readonly train: Dataset;
  readonly validation: Dataset;
  readonly test: Dataset;
  readonly preprocessing: Preprocessing;
  /** Whom to credit and under which licence. */
  readonly attribution: string;
}

/** Number of samples. */
export const sampleCount = (dataset: Dataset): number => dataset.labels.length;

/** Number of features of one sample. */
export const featureCount = (dataset: Dataset): number => dataset.shape.reduce((product, n) => product * n, 1);

/** A data set's own invariants; throws `data-shape`, `data-labels` or `not-finite`. Returns its argument. */
export function checkDataset(dataset: Dataset): Dataset {
  const operation = `dataset ${dataset.name}`;
  const want = sampleCount(dataset) * featureCount(dataset);
  if (dataset.features.length !== want)
    throw new FlCoreError('data-shape', { operation, field: 'features', got: dataset.features.length, want });
  if (dataset.classes.length < 2 || dataset.classes.length > 256)
    throw new FlCoreError('data-labels', { operation, field: 'classes', got: dataset.classes.length, want: '2 … 256' });
  for (const [i, label] of dataset.labels.entries())
    if (label >= dataset.classes.length)
      throw new FlCoreError('data-labels', {
        operation,
        field: `labels[${i}]`,
        got: label,
        want: `< ${dataset.classes.length}`,
      });
  const bad = dataset.features.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0)
    throw new FlCoreError('not-finite', {
      operation,
      field: `features[${bad}]`,
      got: String(dataset.features[bad]),
      want: 'a finite number',
    });
  return dataset;
}

/** A copy of the samples at `indices`, in that order. */
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  const width = featureCount(dataset);
  const features = new Float32Array(indices.length * width);
  const labels = new Uint8Array(indices.length);
  for (let row = 0; row < indices.length; row++) {
    const from = indices[row]!;
    if (!(from >= 0 && from < sampleCount(dataset)))
      throw new FlCoreError('argument', {
        operation: 'subset',
        field: `indices[${row}]`,
        got: from,
        want: `< ${sampleCount(dataset)}`,
      });
    features.set(dataset.features.subarray(from * width, (from + 1) * width), row * width);
    labels[row] = dataset.labels[from]!;
  }
  return { ...dataset, features, labels };
}

/** Samples of each class. */
export function classCounts(dataset: Dataset): number[] {
  const counts = new Array<number>(dataset.classes.length).fill(0);
  for (const label of dataset.labels) counts[label]!++;
  return counts;
}
