import {
  type Dataset,
  type Evaluation,
  evaluate,
  FlCoreError,
  parseCsv,
  parseMedMnist,
  preprocess,
  type TrainedModel,
} from '@zkfl/fl-core';
import { readDataFile, reading } from './data-file.ts';
import { ZkflError } from './errors.ts';
import { readModel } from './model-directory.ts';

/** A table whose first line is words, or counts as in scikit-learn's `569,30,malignant,benign`, or data already. */
export function tableOf(text: string): { readonly rows: string; readonly cells: readonly string[] } {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const columns = (line = '') => line.split(',');
  const first = columns(lines[0]);
  const heads = first.length !== columns(lines[1]).length || first.some((cell) => !Number.isFinite(Number(cell)));
  const body = heads && lines.length > 1 ? lines.slice(1) : lines;
  return { rows: body.join('\n'), cells: body.map((line) => columns(line).at(-1) ?? '') };
}

function datasetOf(trained: TrainedModel, path: string, bytes: Uint8Array<ArrayBuffer>): Dataset {
  if (path.toLowerCase().endsWith('.npz')) return reading(path, () => parseMedMnist(bytes, trained.dataset).test);
  const { rows, cells } = tableOf(new TextDecoder().decode(bytes));
  const numbered = trained.classes.map((_, index) => String(index));
  const classes = cells.every((cell) => numbered.includes(cell)) ? numbered : trained.classes;
  return reading(path, () => preprocess(parseCsv(rows, { name: path, header: false, classes }), trained.preprocessing));
}

/** Accuracy, loss and AUC of a stored model. Throws `model` and `data`. */
export async function evaluateModel(directory: string, path: string): Promise<Evaluation & { readonly run: string }> {
  const trained = await readModel(directory);
  const dataset = datasetOf(trained, path, await readDataFile(path));
  try {
    return { ...(await evaluate(trained.spec, trained.weights, dataset)), run: trained.run };
  } catch (cause) {
    if (!(cause instanceof FlCoreError)) throw cause;
    throw new ZkflError('data', `data: ${path}: does not fit the model: ${cause.message}`, { path }, cause);
  }
}
