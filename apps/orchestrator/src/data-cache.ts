import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { DownloadPorts } from '@zkfl/fl-core';
import { ZkflError } from './errors.ts';

/** `ZKFL_CACHE`, else where this system keeps caches. */
export function cacheDirectory(): string {
  const { ZKFL_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (ZKFL_CACHE) return ZKFL_CACHE;
  if (process.platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'zkfl', 'cache');
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'zkfl');
}

/** Files under `directory`, written whole or not at all. */
export function fileCache(directory: string): DownloadPorts['cache'] {
  return {
    async read(name) {
      try {
        return new Uint8Array(await readFile(join(directory, name)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw new ZkflError('data', `cache: ${join(directory, name)}: cannot be read`, {}, error);
      }
    },
    async write(name, bytes) {
      const target = join(directory, name);
      const partial = `${target}.${process.pid}.partial`;
      await mkdir(directory, { recursive: true });
      await writeFile(partial, bytes);
      await rename(partial, target);
    },
  };
}

/** The body of an HTTP answer in chunks; anything but success throws `download`. */
export const fetchChunks: DownloadPorts['fetch'] = async (url) => {
  let response: Response;
  try {
    response = await fetch(url, { redirect: 'follow' });
  } catch (cause) {
    throw new ZkflError('download', `download: ${url}: no answer`, { url }, cause);
  }
  if (!response.ok || response.body === null)
    throw new ZkflError('download', `download: ${url}: got HTTP ${response.status}, want 200`, { url });
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  return Number.isFinite(length) ? { chunks: response.body, length } : { chunks: response.body };
};
