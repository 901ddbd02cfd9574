await import('@tensorflow/tfjs-layers');

import { autodiffLossAndGradients, batchShape, lossAndGradients } from './src/gradients.ts';
import * as fl from './src/index.ts';

for (const backend of ['wasm', 'cpu'] as const) {
  const { tf, name } = await fl.initBackend({ backend });
  console.log(name);
  for (const spec of [
    fl.PUBLISHED_MLP,
    fl.smallCnn(2),
    { kind: 'cnn', height: 9, width: 7, channels: 3, filters: [4, 5], classes: 3 } as const,
  ]) {
    const rng = fl.simRng(1);
    const w = fl.initialWeights(spec, rng);
    const B = 8;
    const n = fl.inputShape(spec).reduce((a, b) => a * b, 1);
    const x = tf.tensor(
      Float32Array.from({ length: B * n }, () => rng.normal(0, 1)),
      batchShape(spec, B),
    );
    const y = Int32Array.from({ length: B }, () => rng.integer(spec.classes));
    const L = fl.modelLayout(spec);
    const v = fl.unflatten(spec, w).map((p, i) => tf.variable(tf.tensor(p.slice(), [...L[i]!.shape])));
    const a = lossAndGradients(tf, spec, v, x, y),
      b = autodiffLossAndGradients(tf, spec, v, x, y);
    console.log(
      spec.kind,
      a.loss.dataSync()[0],
      b.loss.dataSync()[0],
      a.gradients
        .map((g, i) => {
          const d = tf.sub(g, b.gradients[i]!);
          return (tf.norm(d).dataSync()[0]! / tf.norm(b.gradients[i]!).dataSync()[0]!).toExponential(1);
        })
        .join(' '),
    );
  }
}
await fl.initBackend({ backend: 'wasm' });
{
  const spec = fl.smallCnn(2),
    n = 784;
  const rng = fl.simRng(2);
  const N = 1000;
  const dataset = {
    name: 'x',
    features: Float32Array.from({ length: N * n }, () => rng.uniform()),
    labels: Uint8Array.from({ length: N }, () => rng.integer(2)),
    shape: [28, 28, 1],
    classes: ['a', 'b'],
  };
  for (const gradients of ['direct', 'autodiff'] as const) {
    const t = await fl.createTrainer({
      spec,
      dataset,
      training: { epochs: 1, batch: 32, learningRate: 0.01, optimiser: 'adam', proximal: 0 },
      seed: 1,
      client: 0,
      gradients,
    });
    const w = fl.initialWeights(spec, rng);
    for (let i = 0; i < 3; i++) {
      const s = performance.now();
      const r = await t.train({ weights: w, round: 1 });
      console.log(gradients, 'cnn epoch ms', (performance.now() - s).toFixed(0), r.loss);
    }
  }
}
{
  const spec = fl.PUBLISHED_MLP,
    n = 784;
  const rng = fl.simRng(2);
  const N = 160;
  const dataset = {
    name: 'x',
    features: Float32Array.from({ length: N * n }, () => rng.uniform()),
    labels: Uint8Array.from({ length: N }, () => rng.integer(4)),
    shape: [784],
    classes: ['a', 'b', 'c', 'd'],
  };
  for (const gradients of ['direct', 'autodiff'] as const) {
    const t = await fl.createTrainer({ spec, dataset, training: fl.PUBLISHED_TRAINING, seed: 1, client: 0, gradients });
    const w = fl.initialWeights(spec, rng);
    for (let i = 0; i < 6; i++) {
      const s = performance.now();
      const r = await t.train({ weights: w, round: 1 });
      console.log(gradients, 'mlp 15 steps ms', (performance.now() - s).toFixed(1), r.loss);
    }
  }
}
