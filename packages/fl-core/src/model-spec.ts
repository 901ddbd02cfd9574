import { FlCoreError, refuseUnknownOptions, requireInteger } from './errors.ts';
import type { SimRng } from './sim-rng.ts';

/** Dense ReLU layers, softmax at the end. */
export interface MlpSpec {
  readonly kind: 'mlp';
  readonly inputs: number;
  readonly hidden: readonly number[];
  readonly classes: number;
}

/** For each filter count: 3×3 convolution (same padding), ReLU, 2×2 max-pooling; then one dense softmax layer. */
export interface CnnSpec {
  readonly kind: 'cnn';
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly filters: readonly number[];
  readonly classes: number;
}

/** A model as plain data: it travels to workers and into reports. */
export type ModelSpec = MlpSpec | CnnSpec;

/** One tensor of a model. */
export interface ParameterTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** First coordinate in the flat model. */
  readonly offset: number;
  readonly size: number;
  /** 0 for a bias. */
  readonly fanIn: number;
}

/** 784-128-64-4, 108,996 parameters: the published experiment's model. */
export const PUBLISHED_MLP: MlpSpec = Object.freeze({
  kind: 'mlp',
  inputs: 784,
  hidden: Object.freeze([128, 64]),
  classes: 4,
});

/** 30-32-16-2, 1,554 parameters. */
export const WDBC_MLP: MlpSpec = Object.freeze({
  kind: 'mlp',
  inputs: 30,
  hidden: Object.freeze([32, 16]),
  classes: 2,
});

/** conv8-pool-conv16-pool-dense on 28×28×1; 2,818 parameters with two classes. */
export const smallCnn = (classes: number, channels = 1): CnnSpec => ({
  kind: 'cnn',
  height: 28,
  width: 28,
  channels,
  filters: [8, 16],
  classes,
});

/** Throws `argument` or `unknown-option` unless `spec` is a model that can be built. Returns its argument. */
export function checkModelSpec(spec: ModelSpec): ModelSpec {
  const operation = 'model';
  if (spec.kind === 'mlp') {
    refuseUnknownOptions(operation, spec, ['kind', 'inputs', 'hidden', 'classes']);
    requireInteger(operation, 'inputs', spec.inputs, 1);
    for (const units of spec.hidden) requireInteger(operation, 'hidden', units, 1);
  } else if (spec.kind === 'cnn') {
    refuseUnknownOptions(operation, spec, ['kind', 'height', 'width', 'channels', 'filters', 'classes']);
    for (const field of ['height', 'width', 'channels'] as const) requireInteger(operation, field, spec[field], 1);
    for (const filters of spec.filters) requireInteger(operation, 'filters', filters, 1);
    const [height, width] = pooledSize(spec);
    requireInteger(operation, 'height after pooling', height, 1);
    requireInteger(operation, 'width after pooling', width, 1);
  } else {
    const got = String((spec as { kind: unknown }).kind);
    throw new FlCoreError('argument', { operation, field: 'kind', got, want: 'mlp or cnn' });
  }
  requireInteger(operation, 'classes', spec.classes, 2, 256);
  return spec;
}

/** Shape of one input sample. */
export const inputShape = (spec: ModelSpec): readonly number[] =>
  spec.kind === 'mlp' ? [spec.inputs] : [spec.height, spec.width, spec.channels];

/**
 * The flat model: kernel then bias of each layer, first layer first, row-major (dense [in, out], convolution
 * [3, 3, in, out]). This order is a promise: a stored or encrypted update is read by it.
 */
export function modelLayout(spec: ModelSpec): readonly ParameterTensor[] {
  checkModelSpec(spec);
  const tensors: ParameterTensor[] = [];
  let offset = 0;
  const add = (name: string, shape: readonly number[], fanIn: number) => {
    const size = shape.reduce((product, n) => product * n, 1);
    tensors.push({ name, shape, offset, size, fanIn });
    offset += size;
  };
  const dense = (index: number, inputs: number, outputs: number) => {
    add(`dense${index}/kernel`, [inputs, outputs], inputs);
    add(`dense${index}/bias`, [outputs], 0);
  };
  if (spec.kind === 'mlp') {
    const widths = [spec.inputs, ...spec.hidden, spec.classes];
    for (let i = 1; i < widths.length; i++) dense(i, widths[i - 1]!, widths[i]!);
  } else {
    let channels = spec.channels;
    for (const [i, filters] of spec.filters.entries()) {
      add(`conv${i + 1}/kernel`, [3, 3, channels, filters], 9 * channels);
      add(`conv${i + 1}/bias`, [filters], 0);
      channels = filters;
    }
    const [height, width] = pooledSize(spec);
    dense(1, height * width * channels, spec.classes);
  }
  return tensors;
}

/** D, the coordinates of the flat model. */
export function parameterCount(spec: ModelSpec): number {
  const last = modelLayout(spec).at(-1)!;
  return last.offset + last.size;
}

/** He-normal kernels, N(0, 2/fan-in), and zero biases: the flat initial model for a seed. */
export function initialWeights(spec: ModelSpec, rng: SimRng): Float32Array<ArrayBuffer> {
  const weights = new Float32Array(parameterCount(spec));
  for (const { name, offset, size, fanIn } of modelLayout(spec)) {
    if (fanIn === 0) continue;
    const normals = rng.stream('weights', name);
    const deviation = Math.sqrt(2 / fanIn);
    for (let i = offset; i < offset + size; i++) weights[i] = normals.normal(0, deviation);
  }
  return weights;
}

/** The flat model as one view a tensor, in layout order; the views share its memory. */
export function unflatten(spec: ModelSpec, weights: Float32Array): readonly Float32Array[] {
  const layout = modelLayout(spec);
  requireModelSize('unflatten', weights, parameterCount(spec));
  return layout.map(({ offset, size }) => weights.subarray(offset, offset + size));
}

/** The inverse of {@link unflatten}; throws `model-size` on any other list of tensors. */
export function flatten(spec: ModelSpec, tensors: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const layout = modelLayout(spec);
  if (tensors.length !== layout.length)
    throw new FlCoreError('model-size', {
      operation: 'flatten',
      field: 'tensors',
      got: tensors.length,
      want: layout.length,
    });
  const weights = new Float32Array(parameterCount(spec));
  for (const [i, { name, offset, size }] of layout.entries()) {
    if (tensors[i]!.length !== size)
      throw new FlCoreError('model-size', { operation: 'flatten', field: name, got: tensors[i]!.length, want: size });
    weights.set(tensors[i]!, offset);
  }
  return weights;
}

/** Throws `model-size` unless `weights` has `want` coordinates. */
export function requireModelSize(operation: string, weights: ArrayLike<number>, want: number): void {
  if (weights.length !== want)
    throw new FlCoreError('model-size', { operation, field: 'coordinates', got: weights.length, want });
}

function pooledSize(spec: CnnSpec): readonly [number, number] {
  const halvings = 2 ** spec.filters.length;
  return [Math.floor(spec.height / halvings), Math.floor(spec.width / halvings)];
}
