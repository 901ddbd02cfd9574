import type { LayersModel } from '@tensorflow/tfjs-layers';
import { currentBackend } from './backend.ts';
import { inputShape, type ModelSpec, modelLayout, unflatten } from './model-spec.ts';

/** The flat model as a TensorFlow.js layers model (softmax at the end). The caller disposes it. */
export async function toLayersModel(spec: ModelSpec, weights: Float32Array): Promise<LayersModel> {
  const layout = modelLayout(spec);
  const parts = unflatten(spec, weights);
  const { tf } = await currentBackend();
  const layers = await import('@tensorflow/tfjs-layers');
  const model = layers.sequential();
  // Zeros: the weights are set below, and the default initialisers draw from Math.random.
  const kernelInitializer = 'zeros';
  const start = { inputShape: [...inputShape(spec)] };
  const first = () => (model.layers.length === 0 ? start : {});
  if (spec.kind === 'cnn') {
    for (const [i, filters] of spec.filters.entries()) {
      const name = `conv${i + 1}`;
      model.add(
        layers.layers.conv2d({
          ...first(),
          name,
          filters,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
          kernelInitializer,
        }),
      );
      model.add(layers.layers.maxPooling2d({ name: `pool${i + 1}`, poolSize: 2, strides: 2 }));
    }
    model.add(layers.layers.flatten({ ...first(), name: 'flatten' }));
  }
  const widths = spec.kind === 'mlp' ? [...spec.hidden, spec.classes] : [spec.classes];
  for (const [i, units] of widths.entries()) {
    const activation = i === widths.length - 1 ? 'softmax' : 'relu';
    model.add(layers.layers.dense({ ...first(), name: `dense${i + 1}`, units, activation, kernelInitializer }));
  }
  const tensors = parts.map((part, i) => tf.tensor(part.slice(), [...layout[i]!.shape]));
  try {
    model.setWeights(tensors);
  } finally {
    tf.dispose(tensors);
  }
  return model;
}
