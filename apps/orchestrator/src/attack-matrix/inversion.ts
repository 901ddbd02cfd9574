import {
  analyticInversion,
  deepLeakage,
  type GreyImage,
  improvedDeepLeakage,
  invertingGradients,
  type MatchingOptions,
  recoverLabels,
  type Summary,
  scoreInversion,
  stretched,
  summarise,
} from '@zkfl/attacks';
import {
  createTrainer,
  type Dataset,
  initialWeights,
  type ModelSpec,
  parameterCount,
  simRng,
  smallCnn,
  subset,
} from '@zkfl/fl-core';
import { createEngine, encryptIntegers, generateKeys, parameterSet, wipeWitness } from '@zkfl/he-agg';
import type { PictureGrid } from './pictures.ts';
import { XRAY_MLP } from './workloads.ts';

/** Whose eyes: what the attacker holds of a round. */
export type View =
  | 'plaintext update'
  | 'plaintext update, CNN'
  | 'aggregate of 2'
  | 'aggregate of 5'
  | 'coordinator under full';
export type Method = 'analytic' | 'dlg' | 'idlg' | 'inverting-gradients';

export interface InversionRow {
  readonly view: View;
  readonly method: Method;
  /** Of the best candidate against the picture that it resembles most; the attacker is favoured. */
  readonly ssim: Summary;
  readonly psnr: Summary;
  /** Mean SSIM of those pictures with pictures of other patients. */
  readonly otherPatient: Summary;
  /** Share of trials whose labels were recovered as a multiset. */
  readonly labels: number;
}

export interface InversionOutcome {
  readonly rows: readonly InversionRow[];
  readonly grid: PictureGrid;
}

const SIDE = { height: 28, width: 28 };
const METHODS: readonly Method[] = ['analytic', 'dlg', 'idlg', 'inverting-gradients'];
const DENSE = { spec: XRAY_MLP, methods: METHODS };

/** One party's look at a round of `hospitals` single-picture steps. */
const VIEWS: readonly {
  readonly view: View;
  readonly spec: ModelSpec;
  readonly methods: readonly Method[];
  readonly hospitals: number;
  readonly encrypted: boolean;
}[] = [
  { ...DENSE, view: 'plaintext update', hospitals: 1, encrypted: false },
  {
    view: 'plaintext update, CNN',
    spec: smallCnn(2),
    methods: ['inverting-gradients'],
    hospitals: 1,
    encrypted: false,
  },
  { ...DENSE, view: 'aggregate of 2', hospitals: 2, encrypted: false },
  { ...DENSE, view: 'aggregate of 5', hospitals: 5, encrypted: false },
  { ...DENSE, view: 'coordinator under full', hospitals: 1, encrypted: true },
];

/** Reconstructions of one trial. */
export const STEPS_A_TRIAL: number = VIEWS.reduce((sum, { methods }) => sum + methods.length, 0);
const RATE = 0.01;
/** Integers per update unit; the largest update coordinate stays far inside the plaintext space. */
const SCALE = 2 ** 20;

/**
 * Each hospital takes one SGD step on one chest X-ray (784-32-2, and the small CNN; fresh weights).
 * `data`: PneumoniaMNIST's training part.
 */
export async function measureInversion(options: {
  readonly data: Dataset;
  readonly trials: number;
  readonly iterations: number;
  readonly onStep: (done: number, total: number, note: string) => void;
}): Promise<InversionOutcome> {
  const { data, trials, iterations, onStep } = options;
  const seal = await ciphertextViews();
  const scores = new Map<string, { ssim: number[]; psnr: number[]; other: number[]; labels: number }>();
  const rows: (GreyImage | undefined)[][] = [];
  let done = 0;
  try {
    for (let trial = 0; trial < trials; trial++) {
      const rng = simRng(trial, 'inversion');
      const order = rng.permutation(data.labels.length);
      const others = Array.from(order.subarray(10, 40), (row) => picture(data, row));
      const shown: (GreyImage | undefined)[] = [picture(data, order[0]!)];
      for (const { view, spec, methods, hospitals, encrypted } of VIEWS) {
        const weights = initialWeights(spec, simRng(trial, 'initial'));
        const patients = order.subarray(0, hospitals);
        const update = await aggregateOf(spec, data, patients, weights);
        const observed = Float64Array.from(encrypted ? seal.view(update) : update, (value) => -value / RATE);
        const truths = Array.from(patients, (row) => picture(data, row));
        const labels = Array.from(patients, (row) => data.labels[row]!).sort();
        for (const method of methods) {
          const found = invert(method, spec, {
            weights,
            observed,
            batch: hospitals,
            iterations,
            rng: rng.stream(view, method),
          });
          const images = found.inputs.map(toImage);
          const score = scoreInversion(images, truths, others);
          const key = `${view}/${method}`;
          const entry = scores.get(key) ?? { ssim: [], psnr: [], other: [], labels: 0 };
          entry.ssim.push(score.ssim);
          entry.psnr.push(Math.min(score.psnr, 100));
          entry.other.push(score.otherPatient);
          entry.labels += Number(found.labels.toSorted().join() === labels.join());
          scores.set(key, entry);
          if (SHOWN.some(([v, m]) => v === view && m === method)) shown.push(visible(images[score.candidate]!));
          onStep(++done, trials * STEPS_A_TRIAL, `${view}, ${method}`);
        }
      }
      if (rows.length < 5) rows.push(shown);
    }
  } finally {
    seal.dispose();
  }
  const table = VIEWS.flatMap(({ view, methods }) =>
    methods.map((method): InversionRow => {
      const { ssim, psnr, other, labels } = scores.get(`${view}/${method}`)!;
      return {
        view,
        method,
        ssim: summarise(ssim),
        psnr: summarise(psnr),
        otherPatient: summarise(other),
        labels: labels / trials,
      };
    }),
  );
  const columns = ['the patient', ...SHOWN.map(([view, method]) => `${view}: ${method}`)];
  return { rows: table, grid: { title: 'Reconstructions', columns, rows } };
}

/** In the order in which the loops above meet them. */
const SHOWN: readonly (readonly [View, Method])[] = [
  ['plaintext update', 'analytic'],
  ['plaintext update', 'dlg'],
  ['plaintext update', 'inverting-gradients'],
  ['plaintext update, CNN', 'inverting-gradients'],
  ['aggregate of 2', 'inverting-gradients'],
  ['aggregate of 5', 'inverting-gradients'],
  ['coordinator under full', 'analytic'],
  ['coordinator under full', 'inverting-gradients'],
];

async function aggregateOf(
  spec: ModelSpec,
  data: Dataset,
  patients: Uint32Array,
  weights: Float32Array,
): Promise<Float32Array> {
  const sum = new Float32Array(weights.length);
  for (const [client, patient] of patients.entries()) {
    const trainer = await createTrainer({
      spec,
      dataset: subset(data, [patient]),
      training: { epochs: 1, batch: 1, learningRate: RATE, optimiser: 'sgd', proximal: 0 },
      seed: 1,
      client,
    });
    const { update } = await trainer.train({ weights, round: 1 });
    for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + update[i]! / patients.length;
    await trainer.dispose();
  }
  return sum;
}

function invert(
  method: Method,
  spec: ModelSpec,
  options: Pick<MatchingOptions, 'weights' | 'observed' | 'batch' | 'rng'> & { readonly iterations: number },
): { readonly inputs: readonly Float32Array<ArrayBuffer>[]; readonly labels: readonly number[] } {
  const matching: MatchingOptions = { ...options, network: { spec, activation: 'relu' }, picture: SIDE };
  if (method === 'dlg') return deepLeakage(matching);
  if (method === 'idlg') return improvedDeepLeakage(matching);
  if (spec.kind === 'cnn') return invertingGradients({ ...matching, learningRate: 0.1, totalVariation: 0.1 });
  if (method === 'inverting-gradients') return invertingGradients(matching);
  return {
    inputs: analyticInversion(spec, options.observed).map(({ input }) => input),
    labels: recoverLabels(spec, options.observed, options.batch),
  };
}

/**
 * What the coordinator can make of a ciphertext under `full`: it has no key, so it reads c0 = p0·u + e0 + Δ·m as if the
 * mask p0·u were not there, coefficient by coefficient, and scales back.
 */
async function ciphertextViews(): Promise<{ view(update: Float32Array): Float64Array; dispose(): void }> {
  const set = 'n4096-q60';
  const engine = await createEngine({ set });
  const { publicKey, secretKey } = generateKeys(engine);
  const { degree, modulus: q, delta } = parameterSet(set);
  return {
    view(update) {
      const message = Int32Array.from(update, (value) => Math.round(value * SCALE));
      const { description, witness } = encryptIntegers(engine, { publicKey, message });
      wipeWitness(witness);
      return Float64Array.from({ length: parameterCount(XRAY_MLP) }, (_, d) => {
        const residue = description.ciphertexts[Math.floor(d / degree)]!.c0[d % degree]!;
        return Number(residue > q / 2n ? residue - q : residue) / Number(delta) / SCALE;
      });
    },
    dispose: () => secretKey.wipe(),
  };
}

const picture = (data: Dataset, row: number): GreyImage => toImage(data.features.subarray(row * 784, (row + 1) * 784));

/** From the model's [−1, 1] to grey. */
const toImage = (input: ArrayLike<number>): GreyImage => ({
  ...SIDE,
  pixels: Float32Array.from(input, (value) => (value + 1) / 2),
});

/** Values far outside of the grey range are noise: stretched, so that one sees that they are. */
const visible = (image: GreyImage): GreyImage =>
  image.pixels.some((value) => value < -0.5 || value > 1.5) ? stretched(image) : image;
