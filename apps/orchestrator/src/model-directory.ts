import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FlCoreError, readModelFiles, type TrainedModel, writeModelFiles } from '@zkfl/fl-core';
import { ZkflError } from './errors.ts';
import { writeWhole } from './output.ts';
import type { SimulateResult } from './simulate/result.ts';
import type { Study } from './study.ts';

const MODEL = 'model.json';
const WEIGHTS = 'weights.bin';

/** SHA-256 of the run's record as `--json` writes it. */
export const runDigest = (result: SimulateResult): string =>
  createHash('sha256')
    .update(`${JSON.stringify(result, null, 2)}\n`)
    .digest('hex');

/** Writes the TF.js layers format with preprocessing, classes and the run's digest. Throws `output` and `model`. */
export async function writeModel(
  directory: string,
  trained: { readonly study: Study; readonly result: SimulateResult; readonly weights: Float32Array },
): Promise<void> {
  const { study, result, weights } = trained;
  let files: Awaited<ReturnType<typeof writeModelFiles>>;
  try {
    files = await writeModelFiles({
      spec: study.model,
      weights,
      preprocessing: study.data.preprocessing,
      classes: study.data.train.classes,
      dataset: study.data.name,
      run: runDigest(result),
    });
  } catch (cause) {
    if (!(cause instanceof FlCoreError)) throw cause;
    throw new ZkflError('model', `model: ${cause.message}`, {}, cause);
  }
  await writeWhole(join(directory, WEIGHTS), files.weightsBin);
  await writeWhole(join(directory, MODEL), files.modelJson);
}

/** Reads a directory that {@link writeModel} wrote; throws `model` for anything else. */
export async function readModel(directory: string): Promise<TrainedModel> {
  try {
    const [modelJson, weights] = await Promise.all([
      readFile(join(directory, MODEL), 'utf8'),
      readFile(join(directory, WEIGHTS)),
    ]);
    return readModelFiles({ modelJson, weightsBin: new Uint8Array(weights) });
  } catch (cause) {
    throw new ZkflError('model', `model: ${directory}: not a model that zkfl wrote`, { directory }, cause);
  }
}
