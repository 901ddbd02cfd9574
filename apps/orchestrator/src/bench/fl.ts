import {
  type BackendName,
  createTrainer,
  type Dataset,
  fedAvg,
  initBackend,
  initialWeights,
  type ModelSpec,
  PRESETS,
  PUBLISHED_MLP,
  parseMedMnist,
  partition,
  simRng,
  smallCnn,
  subset,
  sumUpdates,
  syntheticPublished,
  type Trainer,
  type TrainingOptions,
} from '@zkfl/fl-core';
import { unzipSync, zipSync } from 'fflate';
import type { BenchRow } from './row.ts';

const SEED = 42;
const RUNS = 7;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** Milliseconds of both, taken in turns so that load from elsewhere meets both alike. */
async function interleave(
  ours: () => unknown,
  theirs: () => unknown,
): Promise<{ readonly value: number; readonly baseline: number }> {
  const times: [number[], number[]] = [[], []];
  await ours();
  await theirs();
  for (let i = 0; i < RUNS; i++)
    for (const [side, run] of [ours, theirs].entries()) {
      const start = performance.now();
      await run();
      times[side]!.push(performance.now() - start);
    }
  return { value: median(times[0]), baseline: median(times[1]) };
}

const row = (name: string, { value, baseline }: { readonly value: number; readonly baseline: number }): BenchRow => ({
  name,
  value,
  unit: 'ms',
  baseline,
  ratio: value / baseline,
});

/** One round of the published experiment: five clients, 800 samples, three epochs, one after the other. */
async function publishedRound(): Promise<BenchRow> {
  const { train } = syntheticPublished({ seed: SEED });
  const { model: spec, training, clients } = PRESETS.published;
  const parts = partition(train, { kind: 'iid', clients }, simRng(SEED, 'partition'));
  const weights = initialWeights(spec, simRng(SEED, 'initial'));
  const round = async (gradients: 'direct' | 'autodiff') => {
    const trainers = await Promise.all(
      parts.map((part, client) =>
        createTrainer({ spec, dataset: subset(train, part), training, seed: SEED, client, gradients }),
      ),
    );
    return async () => {
      for (const trainer of trainers) await trainer.train({ weights, round: 1 });
    };
  };
  return row(
    'train/published-round vs TensorFlow.js autodiff',
    await interleave(await round('direct'), await round('autodiff')),
  );
}

/** One SGD step of 32 samples with our trainer on wasm, beside the same on TensorFlow.js' own cpu engine. */
async function stepAgainstCpu(name: string, spec: ModelSpec): Promise<BenchRow> {
  const rng = simRng(SEED, 'bench');
  const shape = spec.kind === 'mlp' ? [spec.inputs] : [spec.height, spec.width, spec.channels];
  const width = shape.reduce((product, n) => product * n, 1);
  const dataset: Dataset = {
    name,
    features: Float32Array.from({ length: 32 * width }, () => rng.normal(0, 1)),
    labels: Uint8Array.from({ length: 32 }, () => rng.integer(spec.classes)),
    shape,
    classes: Array.from({ length: spec.classes }, (_, i) => String(i)),
  };
  const training: TrainingOptions = { epochs: 1, batch: 32, learningRate: 0.01, optimiser: 'sgd', proximal: 0 };
  const weights = initialWeights(spec, simRng(SEED));
  const times: Partial<Record<BackendName, number>> = {};
  for (const [backend, repeats] of [
    ['wasm', 20],
    ['cpu', 1],
  ] as const) {
    await initBackend({ backend });
    const trainer: Trainer = await createTrainer({ spec, dataset, training, seed: SEED, client: 0 });
    const samples: number[] = [];
    for (let i = 0; i <= RUNS; i++) {
      const start = performance.now();
      for (let repeat = 0; repeat < repeats; repeat++) await trainer.train({ weights, round: 1 });
      // The first run compiles.
      if (i > 0) samples.push((performance.now() - start) / repeats);
    }
    times[backend] = median(samples);
  }
  await initBackend({ backend: 'wasm' });
  return row(`step/${name} vs TensorFlow.js cpu`, { value: times.wasm!, baseline: times.cpu! });
}

/** Checked sum and mean of five updates of the published model, beside the bare loops. */
async function federatedAverage(): Promise<BenchRow> {
  const rng = simRng(SEED, 'bench updates');
  const weights = initialWeights(PUBLISHED_MLP, rng);
  const updates = Array.from({ length: 5 }, () => weights.map(() => rng.normal(0, 0.01)));
  const ours = () => fedAvg().apply({ weights, sum: sumUpdates(updates), clients: 5 });
  const bare = () => {
    const next = new Float32Array(weights.length);
    for (const update of updates) for (let i = 0; i < next.length; i++) next[i] = next[i]! + update[i]!;
    for (let i = 0; i < next.length; i++) next[i] = weights[i]! + next[i]! / 5;
    return next;
  };
  const often = (run: () => unknown) => () => {
    for (let i = 0; i < 20; i++) run();
  };
  const { value, baseline } = await interleave(often(ours), often(bare));
  return row('fedavg/5x108996 vs bare loops', { value: value / 20, baseline: baseline / 20 });
}

/** Reading 1,000 pictures of noise from a MedMNIST archive, beside only unpacking it. */
async function readArchive(): Promise<BenchRow> {
  const rng = simRng(SEED, 'bench archive');
  const npy = (shape: readonly number[], data: Uint8Array) => {
    const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`.padEnd(117);
    const bytes = new Uint8Array(128 + data.length);
    bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
    bytes.set(new TextEncoder().encode(`${header}\n`), 10);
    bytes.set(data, 128);
    return bytes;
  };
  const files: Record<string, Uint8Array> = {};
  for (const [role, samples] of [
    ['train', 800],
    ['val', 100],
    ['test', 100],
  ] as const) {
    // Six bits of noise pack about as well as an X-ray does.
    files[`${role}_images.npy`] = npy(
      [samples, 28, 28],
      Uint8Array.from({ length: samples * 784 }, () => rng.integer(64)),
    );
    files[`${role}_labels.npy`] = npy(
      [samples, 1],
      Uint8Array.from({ length: samples }, () => rng.integer(2)),
    );
  }
  const archive = zipSync(files);
  return row(
    'npz/1000x28x28 vs unpacking',
    await interleave(
      () => parseMedMnist(archive, 'pneumoniamnist'),
      () => unzipSync(archive),
    ),
  );
}

/** fl-core beside what it builds on, in the same run. */
export async function benchFl(): Promise<BenchRow[]> {
  await initBackend({ backend: 'wasm' });
  return [
    await publishedRound(),
    await stepAgainstCpu('mlp-784-128-64-4', PUBLISHED_MLP),
    await stepAgainstCpu('cnn-2818', smallCnn(2)),
    await federatedAverage(),
    await readArchive(),
  ];
}
