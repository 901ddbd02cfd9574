import {
  type Dataset,
  loadWdbc,
  PRESETS,
  partition,
  type SplitDataset,
  sampleCount,
  simRng,
  subset,
  syntheticPublished,
} from '@zkfl/fl-core';
import { ZkflError } from '../errors.ts';
import type { StudyFile } from './study-file.ts';

/** What one hospital trains on and what it measures the model on; neither leaves it. */
export interface HospitalData {
  readonly train: Dataset;
  readonly heldOut: Dataset;
}

/** Throws `data` unless both parts are what the study's model takes; `where` names them to people. */
export function checkData(study: StudyFile, data: HospitalData, where: string): void {
  const { shape, classes } = study.data;
  const bad = (message: string) => new ZkflError('data', `data: ${where}: ${message}`, { path: where });
  for (const part of [data.train, data.heldOut]) {
    if (part.shape.join() !== shape.join())
      throw bad(`shape of a sample: got ${part.shape.join('×')}, want ${shape.join('×')} of the study`);
    if (part.classes.length !== classes.length)
      throw bad(`classes: got ${part.classes.length}, want ${classes.length} of the study`);
    if (sampleCount(part) === 0) throw bad('samples: got none to train on or to hold out, want more');
  }
}

/** The seed of a study whose data can be dealt to its hospitals; throws `data` where it has none. */
function dealingSeed({ seed }: StudyFile): number {
  if (seed === undefined) throw new ZkflError('data', 'data: share: got a study without a seed, want one with a seed');
  return seed;
}

/** A data set of a demonstration that the program brings along; null for any other. */
export async function builtInData(study: StudyFile): Promise<SplitDataset | null> {
  const { name } = study.data;
  if (name === 'wdbc') return loadWdbc({ seed: dealingSeed(study) });
  if (name === 'published') return syntheticPublished({ seed: dealingSeed(study) });
  return null;
}

/** The same samples that `simulate` deals to hospital `share` with the same seed; everybody measures on the test set. */
export function dealShare(study: StudyFile, whole: SplitDataset, share: number): HospitalData {
  const { hospitals, data } = study;
  const seed = dealingSeed(study);
  if (!Object.hasOwn(PRESETS, data.name))
    throw new ZkflError('data', `data: share: got ${data.name}, want one of ${Object.keys(PRESETS).join(', ')}`);
  const preset = PRESETS[data.name as keyof typeof PRESETS];
  const parts = partition(whole.train, { ...preset.partition, clients: hospitals }, simRng(seed, 'partition'));
  return { train: subset(whole.train, parts[share]!), heldOut: whole.test };
}
