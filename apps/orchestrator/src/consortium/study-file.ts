import {
  checkModelSpec,
  initialWeights,
  type ModelSpec,
  modelDigest,
  type Preprocessing,
  parameterCount,
  simRng,
  type TrainingOptions,
} from '@zkfl/fl-core';
import { maxClients } from '@zkfl/he-agg';
import { sign, verify } from '@zkfl/kem';
import { z } from 'zod';
import { describeError, ZkflError } from '../errors.ts';
import { digestOf } from '../simulate/bytes.ts';
import { LAXEST_BETA_INDEX, layerBounds, SET, type UpdatePolicy, updatePolicy } from '../simulate/policy.ts';
import { STUDY } from './domains.ts';
import {
  base64,
  canonicalBytes,
  canonicalText,
  digest,
  fromBase64,
  parseBy,
  parseJsonBy,
  toBase64,
} from './encoding.ts';
import type { Identity } from './identity.ts';

const count = (most: number) => z.number().int().min(1).max(most);
const positive = z.number().positive();
const numbers = z.array(z.number()).min(1).max(1_000_000);

const modelSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('mlp'),
    inputs: count(1_000_000),
    hidden: z.array(count(65_536)).max(16),
    classes: count(256),
  }),
  z.strictObject({
    kind: z.literal('cnn'),
    height: count(4096),
    width: count(4096),
    channels: count(16),
    filters: z.array(count(4096)).max(8),
    classes: count(256),
  }),
]);

/** What everybody agrees on before anything is trained. Its digest is the study's name on the wire. */
export const studySchema = z.strictObject({
  version: z.literal(1),
  name: z.string().min(1).max(200),
  created: z.iso.datetime(),
  coordinator: z.strictObject({ channelKey: base64(1216), channelFingerprint: digest, signatureKey: base64(1952) }),
  hospitals: z.number().int().min(2).max(500),
  model: modelSchema,
  training: z.strictObject({
    epochs: count(1000),
    batch: count(65_536),
    learningRate: positive,
    optimiser: z.enum(['sgd', 'adam']),
    proximal: z.number().min(0),
  }),
  data: z.strictObject({
    /** a data set that the program knows, or the consortium's own name for its table */
    name: z.string().min(1).max(200),
    kind: z.enum(['table', 'images']),
    shape: z.array(count(1_000_000)).min(1).max(3),
    classes: z.array(z.string().min(1).max(200)).min(2).max(256),
    /** every hospital applies the same constants: x · scale + offset */
    preprocessing: z.strictObject({ description: z.string().max(1000), scale: numbers, offset: numbers }),
    /** share of its samples that each hospital keeps out of training to measure the model on */
    heldOut: z.number().min(0.05).max(0.5),
  }),
  policy: z.strictObject({
    protection: z.enum(['kem+he', 'full']),
    keys: z.literal('one-key'),
    set: z.literal(SET),
    tau: positive,
    /** bound on every layer's norm, at most τ; null for none */
    layerTau: positive.nullable(),
    /** of β in the proof system's table: follows from the model, stands here for those who read */
    betaIndex: z.number().int().min(0).max(LAXEST_BETA_INDEX),
    gates: z.array(z.literal('norm')).min(1).max(1),
    strategy: z.literal('fedavg'),
    cohortMinimum: z.number().int().min(2),
    rounds: count(1000),
    deadlineSeconds: positive.max(20 * 86_400),
    /** whether hospitals tell the coordinator accuracy and loss on their held-out data */
    reportMetrics: z.boolean(),
  }),
  /** of the initial model, shuffles and stochastic rounding; keys, masks and noise never derive from it */
  seed: z.number().int().min(0).max(0xffff_ffff).optional(),
});
export type StudyFile = z.infer<typeof studySchema>;

const signedSchema = z.strictObject({ study: studySchema, signature: base64(3309) });

/** A study whose signature was checked. */
export interface SignedStudy {
  readonly study: StudyFile;
  /** SHA-256 of the canonical JSON: 64 hex digits */
  readonly id: string;
  /** the file's text, canonical */
  readonly text: string;
}

export const studyId = (study: StudyFile): string => digestOf(canonicalBytes(study));

const bad = (message: string) => new ZkflError('study', `study: ${message}`);

/** What the fields must mean together. Throws `study`. */
function checkStudy(study: StudyFile): void {
  const { model, data, policy, hospitals } = study;
  try {
    checkModelSpec(model as ModelSpec);
  } catch (cause) {
    throw new ZkflError('study', `study: model: ${describeError(cause)}`, {}, cause);
  }
  const width = data.shape.reduce((product, n) => product * n, 1);
  const inputs = model.kind === 'mlp' ? [model.inputs] : [model.height, model.width, model.channels];
  const fits = model.kind === 'mlp' ? width === model.inputs : inputs.join() === data.shape.join();
  if (!fits) throw bad(`data.shape: got ${data.shape.join('×')}, want the model's ${inputs.join('×')}`);
  if (data.classes.length !== model.classes)
    throw bad(`data.classes: got ${data.classes.length}, want the model's ${model.classes}`);
  if (new Set(data.classes).size !== data.classes.length) throw bad('data.classes: got one twice, want each once');
  for (const field of ['scale', 'offset'] as const) {
    const { length } = data.preprocessing[field];
    if (length !== 1 && length !== width) throw bad(`data.preprocessing.${field}: got ${length}, want 1 or ${width}`);
  }
  if (policy.cohortMinimum > hospitals)
    throw bad(`policy.cohortMinimum: got ${policy.cohortMinimum}, want ≤ ${hospitals} hospitals`);
  if (policy.layerTau !== null && policy.layerTau > policy.tau)
    throw bad(`policy.layerTau: got ${policy.layerTau}, want ≤ tau = ${policy.tau}`);
  const { betaIndex } = policyOf(study);
  if (policy.betaIndex !== betaIndex)
    throw bad(`policy.betaIndex: got ${policy.betaIndex}, want ${betaIndex} for this model`);
  const most = maxClients(SET, parameterCount(model as ModelSpec));
  if (hospitals > most) throw bad(`hospitals: got ${hospitals}, want ≤ ${most} for a model of this size`);
}

/** Signs a study as its coordinator; returns the file's text. Throws `study`. */
export async function signStudy(study: StudyFile, coordinator: Identity): Promise<SignedStudy> {
  parseBy(studySchema, study, { code: 'study', what: 'study' });
  checkStudy(study);
  const signature = await sign({ keyPair: coordinator.signature, message: canonicalBytes(study), context: STUDY });
  const text = canonicalText({ study, signature: toBase64(signature) });
  return { study, id: studyId(study), text };
}

/** Reads a study file: strict, canonical, consistent, signed by the coordinator that it names. Throws `study`. */
export async function readStudy(text: string): Promise<SignedStudy> {
  const { study, signature } = parseJsonBy(signedSchema, text, { code: 'study', what: 'study' });
  if (canonicalText({ study, signature }) !== text.trimEnd())
    throw bad('encoding: got another spelling, want canonical JSON (RFC 8785)');
  const verdict = await verify({
    publicKey: fromBase64(study.coordinator.signatureKey),
    message: canonicalBytes(study),
    signature: fromBase64(signature),
    context: STUDY,
  });
  if (!verdict.ok)
    throw bad(
      'signature: got one that does not verify, want the coordinator’s: the file was changed; ask for it again',
    );
  checkStudy(study);
  return { study, id: studyId(study), text: text.trimEnd() };
}

/** How updates become integers under this study. */
export const policyOf = ({ model, policy }: Pick<StudyFile, 'model' | 'policy'>): UpdatePolicy =>
  updatePolicy({
    dimension: parameterCount(model as ModelSpec),
    tau: policy.tau,
    layers: layerBounds(model as ModelSpec, policy.layerTau),
  });

/** The model that round 1 starts from: of the study's seed or, where it has none, of its digest. */
export function initialModel({ study, id }: SignedStudy): Float32Array<ArrayBuffer> {
  const seed = study.seed ?? Number.parseInt(id.slice(0, 12), 16);
  return initialWeights(study.model as ModelSpec, simRng(seed));
}

export const initialModelDigest = (signed: SignedStudy): string => modelDigest(initialModel(signed));

export const trainingOf = ({ training }: StudyFile): TrainingOptions => training;
export const preprocessingOf = ({ data }: StudyFile): Preprocessing => data.preprocessing;

/** For people who decide: everything that matters, in a few lines. */
export function summariseStudy({ study, id }: SignedStudy, spell: (hex: string) => string): string {
  const { model, data, policy, training } = study;
  const proofs = policy.protection === 'full' ? 'encrypted and proven' : 'encrypted, NOT proven';
  return [
    `study        ${study.name} (${study.created})`,
    `fingerprint  ${spell(id)}`,
    `model        ${model.kind}, ${parameterCount(model as ModelSpec)} parameters, all ${proofs}`,
    `training     ${training.epochs} local epochs, ${training.optimiser} ${training.learningRate}, batch ${training.batch}`,
    `data         ${data.name}: ${data.kind} ${data.shape.join('×')}, classes ${data.classes.join(', ')}; ${100 * data.heldOut} % held out`,
    `policy       ${study.hospitals} hospitals, ${policy.rounds} rounds, sums of at least ${policy.cohortMinimum}, τ = ${policy.tau}, ${policy.deadlineSeconds} s a round`,
    ...(policy.cohortMinimum < 3
      ? [
          '             A SUM OF TWO hides nothing from the two: each can take its own update away. Demonstrations only.',
        ]
      : []),
    `metrics      ${policy.reportMetrics ? 'accuracy and loss on held-out data go to the coordinator' : 'stay at the hospital'}`,
    `keys         one decryption key, shared by the hospitals. It protects updates only while NO hospital works with the coordinator:`,
    `             the coordinator with any one hospital's key can open every hospital's updates.`,
  ].join('\n');
}
