import { readFile } from 'node:fs/promises';
import { FlCoreError } from '@zkfl/fl-core';
import { ZkflError } from './errors.ts';

/** The bytes of a data file; throws `data`. */
export async function readDataFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new ZkflError('data', `data: ${path}: cannot be read`, { path }, cause);
  }
}

/** Reads a data file with fl-core's strict reader; its typed error becomes `data` with the path in front. */
export function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof FlCoreError) throw new ZkflError('data', `data: ${path}: ${cause.message}`, { path }, cause);
    throw cause;
  }
}
