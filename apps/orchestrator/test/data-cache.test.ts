import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MEDMNIST_CATALOGUE, obtainDataset } from '@zkfl/fl-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchChunks, fileCache } from '../src/data-cache.ts';

const BYTES = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) & 0xff);
let folder: string;
let server: Server;
let base: string;
let served = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zkfl-cache-'));
  server = createServer((request, response) => {
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': BYTES.length });
      response.write(BYTES.subarray(0, 1000), () => response.destroy());
      return;
    }
    if (request.url !== '/set.npz') {
      response.writeHead(404).end();
      return;
    }
    served += 1;
    response.writeHead(200, { 'content-length': BYTES.length }).end(BYTES);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const entry = (path: string, bytes: Uint8Array = BYTES) => ({
  ...MEDMNIST_CATALOGUE[0]!,
  url: `${base}${path}`,
  md5: createHash('md5').update(bytes).digest('hex'),
});
const ports = () => ({ fetch: fetchChunks, cache: fileCache(join(folder, 'cache')) });
const file = () => join(folder, 'cache', 'pneumoniamnist.npz');

describe('downloads', () => {
  it('nothing is cached of an answer that is not 200, of a torn one, or of other bytes', async () => {
    await expect(obtainDataset(entry('/none'), ports())).rejects.toMatchObject({ code: 'download', message: /404/ });
    await expect(obtainDataset(entry('/cut'), ports())).rejects.toThrow();
    await expect(obtainDataset(entry('/set.npz', new Uint8Array(3)), ports())).rejects.toMatchObject({
      code: 'data-digest',
    });
    await expect(obtainDataset({ ...entry('/set.npz'), url: 'http://127.0.0.1:1/' }, ports())).rejects.toMatchObject({
      code: 'download',
    });
    expect(existsSync(file())).toBe(false);
  });

  it('a file that fits its MD5 is cached whole, with progress, and not asked for again', async () => {
    const progress: number[] = [];
    served = 0;
    await obtainDataset(entry('/set.npz'), ports(), ({ received }) => progress.push(received));
    expect(progress.at(-1)).toBe(BYTES.length);
    expect(new Uint8Array(readFileSync(file()))).toEqual(BYTES);
    expect(readdirSync(join(folder, 'cache'))).toEqual(['pneumoniamnist.npz']);
    await obtainDataset(entry('/set.npz'), ports());
    expect(served).toBe(1);
  });

  it('a cached file that was damaged is fetched again', async () => {
    writeFileSync(file(), BYTES.subarray(1));
    expect(await obtainDataset(entry('/set.npz'), ports())).toEqual(BYTES);
    expect(new Uint8Array(readFileSync(file()))).toEqual(BYTES);
  });
});
