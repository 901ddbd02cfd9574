import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ZkflError } from './errors.ts';
import { didYouMean } from './nearest.ts';

export const PROTECTIONS = ['plain', 'kem', 'kem+he', 'full'] as const;
export type Protection = (typeof PROTECTIONS)[number];

export const ATTACKS = [
  'published',
  'prefix-256',
  'prefix-512',
  'foreign-proof',
  'replayed-proof',
  'lying-flag',
] as const;
export type AttackName = (typeof ATTACKS)[number];

export const DATASETS = ['wdbc', 'published', 'pneumoniamnist'] as const;
export type DatasetName = (typeof DATASETS)[number];

const positive = z.number().positive().finite();

/** Everything a study may say, in a configuration file or by options; options win over the file, both over the preset. */
export const simulateConfig = z.strictObject({
  /** `published`: the experiment of arXiv 2603.03398, to the letter */
  preset: z.enum(['published']).optional(),
  dataset: z.enum(DATASETS).optional(),
  /** path of the data file, for data sets that are not built in */
  data: z.string().min(1).optional(),
  clients: z.number().int().min(1).max(64).optional(),
  rounds: z.number().int().min(1).max(1000).optional(),
  seed: z.number().int().min(0).max(0xffff_ffff).optional(),
  attack: z.enum([...ATTACKS, 'all']).optional(),
  protection: z.array(z.enum(PROTECTIONS)).min(1).optional(),
  /** the largest l2 norm of an accepted update */
  tau: positive.optional(),
  /** the largest l2 norm of each layer (kernel and bias) of an accepted update; at most tau */
  layerTau: positive.optional(),
  /** passes over a hospital's own data a round */
  localEpochs: z.number().int().min(1).max(1000).optional(),
  batchSize: z.number().int().min(1).max(65_536).optional(),
  learningRate: positive.optional(),
  optimizer: z.enum(['sgd', 'adam']).optional(),
  /** Dirichlet concentration of each class over the hospitals; `null` deals the samples out evenly */
  alpha: positive.nullable().optional(),
});
export type SimulateConfig = z.infer<typeof simulateConfig>;

function describeIssue(issue: z.core.$ZodIssue, where: string): string {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    return `${where}: ${path ? `${path}.` : ''}${key}: unknown key${didYouMean(key, Object.keys(simulateConfig.shape))}`;
  }
  return `${where}: ${path || 'value'}: ${issue.message}`;
}

/** Checks `input` against the schema; throws `config` with the first problem in words. */
export function parseSimulateConfig(input: unknown, where: string): SimulateConfig {
  const parsed = simulateConfig.safeParse(input);
  if (parsed.success) return parsed.data;
  const messages = parsed.error.issues.map((issue) => describeIssue(issue, where));
  throw new ZkflError('config', messages.join('\n'), { where });
}

/** A JSON file of the same shape; throws `config` where it is absent, not JSON, or holds what the schema does not know. */
export async function readSimulateConfig(path: string): Promise<SimulateConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ZkflError('config', `config: ${path}: cannot be read`, { path }, cause);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ZkflError('config', `config: ${path}: not JSON`, { path }, cause);
  }
  return parseSimulateConfig(value, `config: ${path}`);
}
