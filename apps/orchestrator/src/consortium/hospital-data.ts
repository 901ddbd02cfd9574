import { parseCsv, parseMedMnist, preprocess, type SplitDataset, simRng, stratifiedSplit } from '@zkfl/fl-core';
import { readDataFile, reading } from '../data-file.ts';
import { ZkflError } from '../errors.ts';
import { tableOf } from '../evaluation.ts';
import { builtInData, checkData, dealShare, type HospitalData } from './hospital-share.ts';
import type { StudyFile } from './study-file.ts';

export interface DataSource {
  /** a CSV or MedMNIST .npz of the hospital's own; null for a data set that the program brings along */
  readonly path: string | null;
  /** take the part that a simulation with the study's seed deals to this hospital, of data that is everybody's */
  readonly share: number | null;
}

/** Loads and checks against the study's schema, before anything is sent. Throws `data`. */
export async function loadHospitalData(study: StudyFile, source: DataSource): Promise<HospitalData> {
  const data = source.share === null ? await ownData(study, source.path) : await sharedData(study, source);
  checkData(study, data, source.path ?? 'built in');
  return data;
}

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
  const builtIn = await builtInData(study);
  if (builtIn !== null) return builtIn;
  const { name } = study.data;
  if (path === null) throw new ZkflError('data', `data: got nothing, want the path of ${name}.npz`);
  const bytes = await readDataFile(path);
  return reading(path, () => parseMedMnist(bytes, name));
}

const sharedData = async (study: StudyFile, { path, share }: DataSource): Promise<HospitalData> =>
  dealShare(study, await wholeData(study, path), share!);
