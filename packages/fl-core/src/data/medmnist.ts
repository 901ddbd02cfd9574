import type { Dataset, Preprocessing, SplitDataset } from '../dataset.ts';
import { FlCoreError } from '../errors.ts';
import { MEDMNIST_CATALOGUE } from './medmnist-catalogue.ts';
import type { ByteArray } from './npy.ts';
import { parseNpz } from './npz.ts';

const ARRAYS = ['train_images', 'train_labels', 'val_images', 'val_labels', 'test_images', 'test_labels'] as const;

/** Grey value 0 … 255 → −1 … 1: a constant, so that hospitals needn't share statistics of their images. */
const PREPROCESSING: Preprocessing = Object.freeze({
  description: 'pixel / 127.5 − 1',
  scale: Object.freeze([1 / 127.5]),
  offset: Object.freeze([-1]),
});

/**
 * Reads a MedMNIST .npz with its official split. `name` picks the class names from {@link MEDMNIST_CATALOGUE}; a set
 * that is not listed gets numbers. Throws what the .npz reader throws, `data-shape` and `data-labels`.
 */
export function parseMedMnist(bytes: Uint8Array<ArrayBuffer>, name: string): SplitDataset {
  const arrays = parseNpz(bytes, ARRAYS, name);
  const listed = MEDMNIST_CATALOGUE.find((entry) => entry.name === name);
  const largest = arrays.train_labels.data.reduce((most, label) => Math.max(most, label), 1);
  const classes = listed?.classes ?? Array.from({ length: largest + 1 }, (_, i) => String(i));
  const [, ...shape] = arrays.train_images.shape;
  const part = (images: ByteArray, labels: ByteArray, role: string) =>
    toDataset(images, labels, { name: `${name}/${role}`, classes, shape });
  return {
    name,
    train: part(arrays.train_images, arrays.train_labels, 'train'),
    validation: part(arrays.val_images, arrays.val_labels, 'val'),
    test: part(arrays.test_images, arrays.test_labels, 'test'),
    preprocessing: PREPROCESSING,
    attribution: listed?.attribution ?? `${name}: see its publisher`,
  };
}

function toDataset(
  images: ByteArray,
  labels: ByteArray,
  want: { readonly name: string; readonly classes: readonly string[]; readonly shape: readonly number[] },
): Dataset {
  const operation = `medmnist ${want.name}`;
  const [samples = 0, ...shape] = images.shape;
  if ((shape.length !== 2 && !(shape.length === 3 && shape[2] === 3)) || shape.join() !== want.shape.join())
    throw new FlCoreError('data-shape', {
      operation,
      field: 'images',
      got: images.shape.join('×'),
      want: 'N×height×width or N×height×width×3, the same in every part',
    });
  if (labels.shape.length !== 2 || labels.shape[0] !== samples || labels.shape[1] !== 1)
    throw new FlCoreError('data-shape', {
      operation,
      field: 'labels',
      got: labels.shape.join('×'),
      want: `${samples}×1`,
    });
  const bad = labels.data.findIndex((label) => label >= want.classes.length);
  if (bad >= 0)
    throw new FlCoreError('data-labels', {
      operation,
      field: `labels[${bad}]`,
      got: labels.data[bad]!,
      want: `< ${want.classes.length}`,
    });
  const features = new Float32Array(images.data.length);
  for (let i = 0; i < features.length; i++) features[i] = images.data[i]! / 127.5 - 1;
  return {
    name: want.name,
    features,
    labels: labels.data.slice(),
    shape: shape.length === 2 ? [...shape, 1] : shape,
    classes: want.classes,
  };
}
