import {
  type Dataset,
  loadWdbc,
  PRESETS,
  parseCsv,
  parseMedMnist,
  partition,
  preprocess,
  type SplitDataset,
  sampleCount,
  simRng,
  stratifiedSplit,
  subset,
  syntheticPublished,
} from '@zkfl/fl-core';
import { readDataFile, reading } from '../data-file.ts';
import { ZkflError } from '../errors.ts';
import { tableOf } from '../evaluation.ts';
import type { StudyFile } from './study-file.ts';

/** What one hospital trains on and what it measures the model on; neither leaves it. */
export interface HospitalData {
  readonly train: Dataset;
  readonly heldOut: Dataset;
}

export interface DataSource {
  /** a CSV or MedMNIST .npz of the hospital's own; null for a data set that the program brings along */
  readonly path: string | null;
  /** take the part that a simulation with the study's seed deals to this hospital, of data that is everybody's */
  readonly share: number | null;
}

/** Loads and checks against the study's schema, before anything is sent. Throws `data`. */
export async function loadHospitalData(study: StudyFile, source: DataSource): Promise<HospitalData> {
  const data = source.share === null ? await ownData(study, source.path) : await sharedData(study, source);
  const { shape, classes } = study.data;
  for (const part of [data.train, data.heldOut]) {
    if (part.shape.join() !== shape.join())
      throw bad(source, `shape of a sample: got ${part.shape.join('×')}, want ${shape.join('×')} of the study`);
    if (part.classes.length !== classes.length)
      throw bad(source, `classes: got ${part.classes.length}, want ${classes.length} of the study`);
    if (sampleCount(part) === 0) throw bad(source, 'samples: got none to train on or to hold out, want more');
  }
  return data;
}

const bad = (source: DataSource, message: string): ZkflError =>
  new ZkflError('data', `data: ${source.path ?? 'built in'}: ${message}`, { path: source.path });

async function ownData(study: StudyFile, path: string | null): Promise<HospitalData> {
  if (path === null)
    throw new ZkflError('data', 'data: got nothing, want the path of a file (--data), or --share for a demonstration');
  const { data, seed = 0 } = study;
  const bytes = await readDataFile(path);
  if (data.kind === 'images') {
    const { train, test } = reading(path, () => parseMedMnist(bytes, data.name));
    return { train, heldOut: test };
  }
  const { rows, cells } = tableOf(new TextDecoder().decode(bytes));
  const numbered = data.classes.map((_, index) => String(index));
  const classes = cells.every((cell) => numbered.includes(cell)) ? numbered : data.classes;
  const table = reading(path, () => parseCsv(rows, { name: path, header: false, classes }));
  const width = table.shape[0]!;
  if (width !== data.shape[0])
    throw new ZkflError('data', `data: ${path}: columns: got ${width} and a class, want ${data.shape[0]} and a class`);
  const ready = reading(path, () => preprocess({ ...table, classes: data.classes }, data.preprocessing));
  const { train, test } = stratifiedSplit(ready, { validation: 0, test: data.heldOut }, simRng(seed, 'held out'));
  return { train, heldOut: test };
}

/** The whole data set of a demonstration, as `simulate` reads it. */
async function wholeData(study: StudyFile, path: string | null): Promise<SplitDataset> {
  const { name } = study.data;
  const seed = study.seed!;
  if (name === 'wdbc') return loadWdbc({ seed });
  if (name === 'published') return syntheticPublished({ seed });
  if (path === null) throw new ZkflError('data', `data: got nothing, want the path of ${name}.npz`);
  const bytes = await readDataFile(path);
  return reading(path, () => parseMedMnist(bytes, name));
}

/** The same samples that `simulate` deals to hospital `share` with the same seed; everybody measures on the test set. */
async function sharedData(study: StudyFile, { path, share }: DataSource): Promise<HospitalData> {
  const { seed, hospitals, data } = study;
  if (seed === undefined) throw new ZkflError('data', 'data: share: got a study without a seed, want one with a seed');
  const preset = PRESETS[data.name as keyof typeof PRESETS];
  if (!Object.hasOwn(PRESETS, data.name))
    throw new ZkflError('data', `data: share: got ${data.name}, want one of ${Object.keys(PRESETS).join(', ')}`);
  const whole = await wholeData(study, path);
  const parts = partition(whole.train, { ...preset.partition, clients: hospitals }, simRng(seed, 'partition'));
  return { train: subset(whole.train, parts[share!]!), heldOut: whole.test };
}
