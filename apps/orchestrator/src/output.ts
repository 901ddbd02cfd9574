import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ZkflError } from './errors.ts';

/** Writes a whole file or none: beside its place first, then under its name. Throws `output`. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const target = resolve(path);
  const partial = `${target}.${process.pid}.partial`;
  try {
    await mkdir(dirname(target), { recursive: true });
    await writeFile(partial, content);
    await rename(partial, target);
  } catch (cause) {
    throw new ZkflError('output', `output: ${path}: cannot be written`, { path }, cause);
  }
}

/** `-` is standard output. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  if (path === '-') process.stdout.write(text);
  else await writeWhole(path, text);
}
