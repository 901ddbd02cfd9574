import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { md5 } from '@noble/hashes/legacy.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CatalogueEntry,
  checkDownload,
  classCounts,
  type Dataset,
  type DownloadPorts,
  loadWdbc,
  MEDMNIST_CATALOGUE,
  obtainDataset,
  parseMedMnist,
  partition,
  sampleCount,
  simRng,
  subset,
  syntheticPublished,
} from '../src/index.ts';

const folder = process.env['ZKFL_DATA'] ?? join(import.meta.dirname, '../../../../shared/data');
const pneumonia = join(folder, 'pneumoniamnist.npz');

describe('WDBC', () => {
  it('is 569 patients, 212 malignant, split by class and standardised by training statistics', async () => {
    const data = await loadWdbc({ seed: 1 });
    expect(
      classCounts(data.train).map((n, k) => n + classCounts(data.validation)[k]! + classCounts(data.test)[k]!),
    ).toEqual([212, 357]);
    expect(classCounts(data.test)).toEqual([42, 71]);
    expect(classCounts(data.validation)).toEqual([34, 57]);
    const moments = (part: Dataset, j: number) => {
      const column = Array.from(part.labels, (_, row) => part.features[row * 30 + j]!);
      const mean = column.reduce((a, b) => a + b, 0) / column.length;
      return [mean, column.reduce((a, b) => a + (b - mean) ** 2, 0) / column.length] as const;
    };
    for (let j = 0; j < 30; j++) {
      const [mean, variance] = moments(data.train, j);
      expect(Math.abs(mean)).toBeLessThan(1e-5);
      expect(Math.abs(variance - 1)).toBeLessThan(1e-4);
    }
    expect(Math.abs(moments(data.test, 0)[0])).toBeGreaterThan(1e-4);
    // First patient of the table, radius 17.99, undone by the stored constants.
    const { scale, offset } = data.preprocessing;
    const radii = Array.from(data.train.labels, (_, r) => (data.train.features[r * 30]! - offset[0]!) / scale[0]!);
    expect(Math.min(...radii)).toBeGreaterThan(6.9);
    expect(Math.max(...radii)).toBeLessThan(28.2);
    expect(data.attribution).toContain('CC BY 4.0');
  });

  it('no patient is in two parts, and the split follows the seed', async () => {
    const one = await loadWdbc({ seed: 1 });
    const rows = (part: Dataset) =>
      Array.from(part.labels, (_, r) =>
        Array.from({ length: 30 }, (_, j) =>
          ((part.features[r * 30 + j]! - one.preprocessing.offset[j]!) / one.preprocessing.scale[j]!).toPrecision(4),
        ).join(),
      );
    const all = [one.train, one.validation, one.test].flatMap(rows);
    expect(new Set(all).size).toBe(569);
    expect(await loadWdbc({ seed: 1 })).toEqual(one);
    expect((await loadWdbc({ seed: 2 })).test.features).not.toEqual(one.test.features);
  });
});

describe('the published generator', () => {
  it('has the published sizes and is the same for a seed', () => {
    const data = syntheticPublished({ seed: 42 });
    expect([sampleCount(data.train), sampleCount(data.validation), sampleCount(data.test)]).toEqual([800, 0, 200]);
    expect(classCounts(data.train).map((n, k) => n + classCounts(data.test)[k]!)).toEqual([250, 250, 250, 250]);
    expect(syntheticPublished({ seed: 42 })).toEqual(data);
    expect(syntheticPublished({ seed: 43 }).train.features).not.toEqual(data.train.features);
  });

  it('has the published distribution: class means, noise 0.3, running filter 0.2', () => {
    const { train } = syntheticPublished({ seed: 7 });
    for (let k = 0; k < 4; k++) {
      const rows = Array.from(train.labels.entries())
        .filter(([, l]) => l === k)
        .map(([r]) => r);
      const unfiltered = (r: number, j: number) =>
        train.features[r * 784 + j]! - (j > 0 ? 0.2 * train.features[r * 784 + j - 1]! : 0);
      const means = Array.from({ length: 784 }, (_, j) => rows.reduce((s, r) => s + unfiltered(r, j), 0) / rows.length);
      const raised = 196 * (k + 1);
      const average = (x: readonly number[]) => x.reduce((a, b) => a + b, 0) / x.length;
      // Standard error of the average of n means ~ N(0, 0.5²).
      expect(Math.abs(average(means.slice(0, raised)) - 0.3 * (k + 1))).toBeLessThan((5 * 0.5) / Math.sqrt(raised));
      if (raised < 784)
        expect(Math.abs(average(means.slice(raised)))).toBeLessThan((5 * 0.5) / Math.sqrt(784 - raised));
      let residual = 0;
      for (const r of rows) for (let j = 0; j < 784; j++) residual += (unfiltered(r, j) - means[j]!) ** 2;
      expect(Math.sqrt(residual / ((rows.length - 1) * 784))).toBeCloseTo(0.3, 2);
      const spread = Math.sqrt(average(means.map((m, j) => (m - (j < raised ? 0.3 * (k + 1) : 0)) ** 2)));
      expect(Math.abs(spread - 0.5)).toBeLessThan(0.07);
    }
  });
});

describe('partitions', () => {
  const labelled = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 80 }).map(
    (labels): Dataset => ({
      name: 'p',
      features: new Float32Array(labels.length),
      labels: Uint8Array.from(labels),
      shape: [1],
      classes: ['a', 'b', 'c', 'd'],
    }),
  );
  const clients = fc.integer({ min: 1, max: 9 });

  it('iid: every sample once where there are enough, sizes differ by at most 1', () => {
    fc.assert(
      fc.property(labelled, clients, fc.nat(), (data, n, seed) => {
        const parts = partition(data, { kind: 'iid', clients: n }, simRng(seed));
        expect(parts).toHaveLength(n);
        if (sampleCount(data) < n) return;
        expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from(data.labels, (_, i) => i));
        const sizes = parts.map((part) => part.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('dirichlet: every sample once, but for the refill of a client that got none; nobody is empty', () => {
    fc.assert(
      fc.property(labelled, clients, fc.constantFrom(0.01, 0.1, 0.5, 1, 100), fc.nat(), (data, n, alpha, seed) => {
        const parts = partition(data, { kind: 'dirichlet', alpha, clients: n }, simRng(seed));
        const owners = new Map<number, number>();
        for (const part of parts) {
          expect(part.length).toBeGreaterThan(0);
          expect(new Set(part).size).toBe(part.length);
          for (const index of part) owners.set(index, (owners.get(index) ?? 0) + 1);
        }
        expect(owners.size).toBe(sampleCount(data));
        const total = parts.reduce((sum, part) => sum + part.length, 0);
        const refill = Math.min(10, sampleCount(data));
        expect((total - sampleCount(data)) % refill).toBe(0);
        expect(partition(data, { kind: 'dirichlet', alpha, clients: n }, simRng(seed))).toEqual(parts);
      }),
    );
  });

  it('a small α separates the classes and a large one mixes them', () => {
    const data = syntheticPublished({ seed: 42 }).train;
    const skew = (alpha: number) => {
      let total = 0;
      for (let seed = 0; seed < 20; seed++)
        for (const part of partition(data, { kind: 'dirichlet', alpha, clients: 5 }, simRng(seed)))
          total += Math.max(...classCounts(subset(data, part))) / part.length / 100;
      return total;
    };
    expect(skew(0.1)).toBeGreaterThan(0.75);
    expect(skew(1000)).toBeLessThan(0.35);
  });

  it('refuses what it can not deal', () => {
    const data = syntheticPublished({ seed: 1 }).train;
    expect(() => partition(data, { kind: 'dirichlet', alpha: 0, clients: 5 }, simRng(1))).toThrow('alpha: got 0');
    expect(() => partition(data, { kind: 'iid', clients: 0 }, simRng(1))).toThrow('clients: got 0');
    expect(() => partition(data, { kind: 'shards', clients: 2 } as never, simRng(1))).toThrow('kind: got shards');
    expect(() => subset(data, [800])).toThrow('indices[0]: got 800, want < 800');
  });
});

describe('a download', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
  const entry: CatalogueEntry = { ...MEDMNIST_CATALOGUE[0]!, md5: bytesToHex(md5(bytes)) };
  function ports(served: Uint8Array, cached?: Uint8Array<ArrayBuffer>) {
    const log: string[] = [];
    const stored = new Map(cached ? [[`${entry.name}.npz`, cached]] : []);
    const made: DownloadPorts = {
      fetch: async (url) => {
        log.push(url);
        return {
          length: served.length,
          chunks: (async function* () {
            for (let at = 0; at < served.length; at += 300) yield served.subarray(at, at + 300);
          })(),
        };
      },
      cache: {
        read: async (name) => stored.get(name),
        write: async (name, data) => {
          stored.set(name, data.slice());
        },
      },
    };
    return { made, log, stored };
  }

  it('fetches the official address, reports progress, checks, then caches', async () => {
    const { made, log, stored } = ports(bytes);
    const seen: [number, number | undefined][] = [];
    expect(await obtainDataset(entry, made, ({ received, total }) => seen.push([received, total]))).toEqual(bytes);
    expect(log).toEqual(['https://zenodo.org/records/10519652/files/pneumoniamnist.npz?download=1']);
    expect(seen).toEqual([300, 600, 900, 1000].map((received) => [received, 1000]));
    expect(stored.get('pneumoniamnist.npz')).toEqual(bytes);
    await obtainDataset(entry, made);
    expect(log).toHaveLength(1);
  });

  it('a damaged cache is fetched again', async () => {
    const { made, log, stored } = ports(bytes, bytes.slice(1));
    expect(await obtainDataset(entry, made)).toEqual(bytes);
    expect(log).toHaveLength(1);
    expect(stored.get('pneumoniamnist.npz')).toEqual(bytes);
  });

  it('wrong or short bytes are refused and never cached', async () => {
    for (const served of [bytes.slice(0, 999), bytes.with(5, 0), new Uint8Array(0)]) {
      const { made, stored } = ports(served);
      await expect(obtainDataset(entry, made)).rejects.toMatchObject({ code: 'data-digest' });
      expect(stored.size).toBe(0);
    }
    expect(() => checkDownload(MEDMNIST_CATALOGUE[0]!, bytes)).toThrow('28209eda62fecd6e6a2d98b1501bb15f');
  });
});

describe('PneumoniaMNIST', () => {
  it.skipIf(!existsSync(pneumonia))('has the published counts (needs pneumoniamnist.npz in ZKFL_DATA)', () => {
    const data = parseMedMnist(new Uint8Array(readFileSync(pneumonia)), 'pneumoniamnist');
    expect([data.train, data.validation, data.test].map(classCounts)).toEqual([
      [1214, 3494],
      [135, 389],
      [234, 390],
    ]);
    const mean = data.train.features.reduce((sum, x) => sum + x, 0) / data.train.features.length;
    expect((mean + 1) / 2).toBeCloseTo(0.5719, 3);
  });
});
