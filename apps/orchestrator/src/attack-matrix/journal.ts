import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CellResult } from '@zkfl/attacks';
import { ZkflError } from '../errors.ts';
import { writeWhole } from '../output.ts';
import { cellKey, type MatrixConfig } from './plan.ts';

/** Finished cells on disk, a line each, so that an interrupted matrix goes on where it stopped. */
export interface Journal {
  /** Cells that an earlier run of the same matrix finished, by `cellKey`. */
  readonly done: ReadonlyMap<string, CellResult>;
  append(result: CellResult): Promise<void>;
  /** The matrix is complete and written elsewhere. */
  remove(): Promise<void>;
}

const FORMAT = 'zkfl attack journal v1';

/** Without a path: nothing is kept. Throws `config` where the file is the journal of another matrix. */
export async function openJournal(path: string | undefined, config: MatrixConfig): Promise<Journal> {
  const done = new Map<string, CellResult>();
  if (path === undefined) return { done, append: async () => {}, remove: async () => {} };
  const header = JSON.stringify({ format: FORMAT, config });
  const lines = (await readIfThere(path))?.split('\n');
  if (lines === undefined) {
    await mkdir(dirname(path), { recursive: true });
    await writeWhole(path, `${header}\n`);
  } else {
    if (lines[0] !== header)
      throw new ZkflError(
        'config',
        `attack: journal ${path}: got that of another matrix, want this one's (remove the file to start over)`,
      );
    for (const line of lines.slice(1)) {
      const result = parsed(line);
      if (result !== undefined) done.set(cellKey(result), result);
    }
    // A line that a kill cut short must not swallow the next one.
    await writeWhole(path, `${[header, ...[...done.values()].map((result) => JSON.stringify(result))].join('\n')}\n`);
  }
  let writing: Promise<void> = Promise.resolve();
  return {
    done,
    append(result) {
      writing = writing.then(() => appendFile(path, `${JSON.stringify(result)}\n`));
      return writing;
    },
    remove: () => rm(path, { force: true }),
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ZkflError('output', `attack: journal ${path}: cannot be read`, {}, error);
  }
}

/** Only our own complete lines: anything else is run again. */
function parsed(line: string): CellResult | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'accuracy' in value && 'rounds' in value
      ? (value as CellResult)
      : undefined;
  } catch {
    return undefined;
  }
}
