import { readFile } from 'node:fs/promises';
import { bytesToHex } from '@noble/hashes/utils.js';
import {
  inputShape,
  loadWdbc,
  MEDMNIST_CATALOGUE,
  type ModelSpec,
  PRESETS,
  type Preprocessing,
  syntheticPublished,
} from '@zkfl/fl-core';
import type { z } from 'zod';
import { ZkflError } from '../errors.ts';
import { SET } from '../simulate/policy.ts';
import { cohortMinimum } from '../simulate/run.ts';
import { parseBy, parseJsonBy, toBase64 } from './encoding.ts';
import type { Identity } from './identity.ts';
import { policyOf, type StudyFile, studySchema } from './study-file.ts';

export const DEMO_DATA = ['wdbc', 'published', 'pneumoniamnist'] as const;
export type DemoData = (typeof DEMO_DATA)[number];

const policy = studySchema.shape.policy;
/** What a consortium decides; the rest of the study follows from it. */
const draftSchema = studySchema.omit({ version: true, created: true, coordinator: true, policy: true }).extend({
  policy: policy.omit({ keys: true, set: true, betaIndex: true, gates: true, strategy: true }),
});
export type StudyDraft = z.infer<typeof draftSchema>;

export interface DemoSettings {
  readonly dataset: DemoData;
  readonly name?: string | undefined;
  readonly hospitals?: number | undefined;
  readonly rounds?: number | undefined;
  readonly seed?: number | undefined;
  readonly tau?: number | undefined;
  readonly protection?: 'full' | 'kem+he' | undefined;
  readonly deadlineSeconds?: number | undefined;
  readonly cohortMinimum?: number | undefined;
}

const SEED = 42;
const TAU = 5;
const DEADLINE_SECONDS = 600;
/** Of a sum of two, each hospital knows the other's update: it takes its own away. */
const SAFE_COHORT = 3;

async function demoSchema(
  dataset: DemoData,
  seed: number,
): Promise<{ classes: readonly string[]; preprocessing: Preprocessing }> {
  if (dataset === 'pneumoniamnist') {
    const { classes } = MEDMNIST_CATALOGUE.find(({ name }) => name === dataset)!;
    return { classes, preprocessing: { description: 'pixel / 127.5 − 1', scale: [1 / 127.5], offset: [-1] } };
  }
  const { train, preprocessing } = dataset === 'wdbc' ? await loadWdbc({ seed }) : syntheticPublished({ seed });
  return { classes: train.classes, preprocessing };
}

/** A demonstration on a data set that the program knows, with the settings of its preset. */
export async function draftDemo(settings: DemoSettings): Promise<StudyDraft> {
  const { dataset, seed = SEED } = settings;
  const preset = PRESETS[dataset];
  const { hospitals = preset.clients, rounds = preset.rounds } = settings;
  const { classes, preprocessing } = await demoSchema(dataset, seed);
  const { description, scale, offset } = preprocessing;
  const draft = {
    name: settings.name ?? `demonstration on ${dataset}`,
    hospitals,
    model: structuredClone(preset.model),
    training: { ...preset.training },
    data: {
      name: dataset,
      kind: dataset === 'pneumoniamnist' ? 'images' : 'table',
      shape: [...inputShape(preset.model)],
      classes: [...classes],
      preprocessing: { description, scale: [...scale], offset: [...offset] },
      heldOut: 0.2,
    },
    policy: {
      protection: settings.protection ?? 'full',
      tau: settings.tau ?? TAU,
      layerTau: null,
      cohortMinimum: settings.cohortMinimum ?? Math.min(hospitals, Math.max(SAFE_COHORT, cohortMinimum(hospitals))),
      rounds,
      deadlineSeconds: settings.deadlineSeconds ?? DEADLINE_SECONDS,
      reportMetrics: true,
    },
    seed,
  };
  return parseBy(draftSchema, draft, { code: 'config', what: 'init' });
}

/** A consortium's own study. Throws `config`. */
export async function readDraft(path: string): Promise<StudyDraft> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ZkflError('config', `init: ${path}: cannot be read`, { path }, cause);
  }
  return parseJsonBy(draftSchema, text, { code: 'config', what: `init: ${path}` });
}

/** The study that a coordinator signs. */
export function studyOf(draft: StudyDraft, coordinator: Identity, created: Date): StudyFile {
  const { policy: decided, seed, ...rest } = draft;
  const { betaIndex } = policyOf({
    model: draft.model as ModelSpec,
    policy: { ...decided, keys: 'one-key', set: SET, gates: ['norm'], strategy: 'fedavg', betaIndex: 0 },
  } as StudyFile);
  return {
    version: 1,
    created: created.toISOString(),
    coordinator: {
      channelKey: toBase64(coordinator.channel.publicKey),
      channelFingerprint: bytesToHex(coordinator.channel.fingerprint),
      signatureKey: toBase64(coordinator.signature.publicKey),
    },
    ...rest,
    policy: { ...decided, keys: 'one-key', set: SET, betaIndex, gates: ['norm'], strategy: 'fedavg' },
    ...(seed === undefined ? {} : { seed }),
  };
}
