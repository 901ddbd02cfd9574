import { afterEach, describe, expect, it } from 'vitest';
import { createTrainer, currentBackend, initBackend, initialWeights, simRng, toLayersModel } from '../src/index.ts';

afterEach(async () => {
  await initBackend({ backend: 'wasm' });
});

const spec = { kind: 'mlp', inputs: 4, hidden: [3], classes: 2 } as const;

async function update(): Promise<Float32Array> {
  const rng = simRng(1);
  const dataset = {
    name: 'toy',
    features: Float32Array.from({ length: 40 }, () => rng.normal(0, 1)),
    labels: Uint8Array.from({ length: 10 }, () => rng.integer(2)),
    shape: [4],
    classes: ['0', '1'],
  };
  const training = { epochs: 2, batch: 4, learningRate: 0.1, optimiser: 'sgd', proximal: 0 } as const;
  const trainer = await createTrainer({ spec, dataset, training, seed: 1, client: 0 });
  return (await trainer.train({ weights: initialWeights(spec, simRng(1)), round: 1 })).update;
}

describe('the engine', () => {
  it('is wasm by default', async () => {
    // Below Node 23 the optional peer is tried first; its binding is not part of this workspace.
    const { name, passedOver } = await initBackend();
    expect(name).toBe('wasm');
    expect(passedOver.length).toBe(Number.parseInt(process.versions.node, 10) < 23 ? 1 : 0);
  });

  it('falls back with the reason where the native engine does not load', async () => {
    const { name, passedOver } = await initBackend({
      importNative: () => Promise.reject(new Error('tfjs_binding.node can not be found')),
    });
    expect(name).toBe('wasm');
    expect(passedOver).toEqual([{ name: 'tensorflow', reason: 'tfjs_binding.node can not be found' }]);
  });

  it('falls back where the native engine loads and then computes wrongly or fails', async () => {
    const { tf } = await currentBackend();
    const cpu = await import('@tensorflow/tfjs-backend-cpu');
    const importNative = async () => {
      tf.registerBackend('tensorflow', () => new cpu.MathBackendCPU());
    };
    // No kernel is registered for this engine: its first operation throws, as tfjs-node 4.22 does on Node 24.
    const { name, passedOver } = await initBackend({ importNative });
    expect(name).toBe('wasm');
    expect(passedOver).toMatchObject([{ name: 'tensorflow', reason: expect.stringContaining('Kernel') }]);
    tf.removeBackend('tensorflow');
  });

  it('uses a native engine that loads and computes', async () => {
    const { tf } = await initBackend({ backend: 'cpu' });
    const cpu = await import('@tensorflow/tfjs-backend-cpu');
    const reference = await update();
    const importNative = async () => {
      tf.registerBackend('tensorflow', () => new cpu.MathBackendCPU());
      tf.copyRegisteredKernels('cpu', 'tensorflow');
    };
    expect((await initBackend({ importNative })).name).toBe('tensorflow');
    expect(tf.getBackend()).toBe('tensorflow');
    expect(await update()).toEqual(reference);
    await initBackend({ backend: 'wasm' });
    tf.removeBackend('tensorflow');
  });

  it('an engine that was asked for by name and is not there is an error with its cause', async () => {
    const importNative = () => Promise.reject(new Error('no binding'));
    const error = await initBackend({ backend: 'tensorflow', importNative }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'backend', cause: { message: 'no binding' } });
    await expect(initBackend({ backend: 'gpu' as never })).rejects.toMatchObject({ code: 'backend' });
    expect((await currentBackend()).name).toBe('wasm');
  });

  it('cpu and wasm agree up to rounding', async () => {
    const wasm = await update();
    await initBackend({ backend: 'cpu' });
    const cpu = await update();
    for (const [i, value] of wasm.entries()) expect(value).toBeCloseTo(cpu[i]!, 5);
  });

  it('convolution gradients are registered for layers models too', async () => {
    const { tf } = await initBackend({ backend: 'wasm' });
    const cnn = { kind: 'cnn', height: 6, width: 6, channels: 1, filters: [2], classes: 2 } as const;
    const model = await toLayersModel(cnn, initialWeights(cnn, simRng(2)));
    model.compile({ optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy' });
    const x = tf.ones([4, 6, 6, 1]);
    const y = tf.tensor2d([1, 0, 1, 0, 1, 0, 1, 0], [4, 2]);
    const losses = [];
    for (let i = 0; i < 3; i++) losses.push(Number(await model.trainOnBatch(x, y)));
    expect(losses[2]!).toBeLessThan(losses[0]!);
  });
});
