import { join } from 'node:path';
import {
  checkDownload,
  FlCoreError,
  MEDMNIST_CATALOGUE,
  obtainDataset,
  parseMedMnist,
  sampleCount,
} from '@zkfl/fl-core';
import { cacheDirectory, fetchChunks, fileCache } from './data-cache.ts';
import { readDataFile, reading } from './data-file.ts';
import { ZkflError } from './errors.ts';
import { didYouMean } from './nearest.ts';
import { writeJson } from './output.ts';
import { createProgress, paints } from './terminal.ts';

interface Listed {
  readonly name: string;
  readonly where: 'built in' | 'cached' | 'to download';
  readonly samples: number;
  readonly classes: number;
  readonly licence: string;
}

const BUILT_IN: readonly Listed[] = [
  { name: 'wdbc', where: 'built in', samples: 569, classes: 2, licence: 'CC BY 4.0' },
  { name: 'published', where: 'built in', samples: 1000, classes: 4, licence: 'generated' },
];

function entryOf(name: string) {
  const entry = MEDMNIST_CATALOGUE.find((candidate) => candidate.name === name);
  const names = MEDMNIST_CATALOGUE.map((candidate) => candidate.name);
  if (entry === undefined)
    throw new ZkflError('usage', `data: name: got ${name}, want one of ${names.join(', ')}${didYouMean(name, names)}`);
  return entry;
}

/** `zkfl data list` */
export async function listDatasets({ json }: { readonly json?: string }): Promise<void> {
  const cache = fileCache(cacheDirectory());
  const listed = [...BUILT_IN];
  for (const { name, samples, classes, licence } of MEDMNIST_CATALOGUE)
    listed.push({
      name,
      where: (await cache.read(`${name}.npz`)) === undefined ? 'to download' : 'cached',
      samples: samples.train + samples.validation + samples.test,
      classes: classes.length,
      licence,
    });
  if (json !== undefined) await writeJson(json, { cache: cacheDirectory(), datasets: listed });
  if (json === '-') return;
  for (const { name, where, samples, classes, licence } of listed)
    process.stdout.write(
      `${name.padEnd(16)}${where.padEnd(13)}${String(samples).padStart(7)} samples  ${classes} classes  ${licence}\n`,
    );
  process.stdout.write(paints(process.stdout).dim(`cache: ${cacheDirectory()}\n`));
}

/** `zkfl data get` */
export async function getDataset(name: string, { quiet }: { readonly quiet?: boolean }): Promise<void> {
  const entry = entryOf(name);
  const directory = cacheDirectory();
  const progress = createProgress({ quiet: quiet ?? false });
  let percent = -1;
  const onProgress = ({ received, total }: { readonly received: number; readonly total?: number | undefined }) => {
    if (percent < 0) progress.start(name, 100);
    const now = total === undefined ? 0 : Math.floor((100 * received) / total);
    if (now === percent) return;
    percent = now;
    progress.step(now, `${(received / 1e6).toFixed(1)} MB`);
  };
  try {
    await obtainDataset(entry, { fetch: fetchChunks, cache: fileCache(directory) }, onProgress);
  } catch (cause) {
    if (cause instanceof FlCoreError) throw new ZkflError('data', `data: ${cause.message}`, {}, cause);
    throw cause;
  } finally {
    if (percent >= 0) progress.stop();
  }
  process.stdout.write(`${join(directory, `${name}.npz`)}\n`);
}

/** `zkfl data check`. Damage first, provenance second: a file that reads well but is not the official one says so and fails. */
export async function checkDataset(
  name: string,
  { data, json }: { readonly data?: string; readonly json?: string },
): Promise<void> {
  const entry = entryOf(name);
  const path = data ?? join(cacheDirectory(), `${name}.npz`);
  const bytes = await readDataFile(path);
  const split = reading(path, () => parseMedMnist(bytes, name));
  const samples = {
    train: sampleCount(split.train),
    validation: sampleCount(split.validation),
    test: sampleCount(split.test),
  };
  let official = true;
  try {
    checkDownload(entry, bytes);
  } catch (error) {
    if (!(error instanceof FlCoreError)) throw error;
    official = false;
    if (json !== undefined) await writeJson(json, { name, path, samples, official });
    throw new ZkflError(
      'data',
      `data: ${path}: ${error.message} (it reads well: ${samples.train}/${samples.validation}/${samples.test} samples, but it is not the official file)`,
      { path, samples },
      error,
    );
  }
  if (json !== undefined) await writeJson(json, { name, path, samples, official });
  if (json === '-') return;
  process.stdout.write(
    `${path}: the official ${name}, ${samples.train}/${samples.validation}/${samples.test} samples\n`,
  );
}
