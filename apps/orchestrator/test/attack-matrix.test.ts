import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LADDER_SIZE, ladderSquared } from '@zkfl/attacks';
import { simRng } from '@zkfl/fl-core';
import { BETA_BUCKETS, betaSquaredOf } from '@zkfl/lattice-zk';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { proveAgreement, proveRuns } from '../src/attack-matrix/agreement.ts';
import { measureHarvest } from '../src/attack-matrix/harvest.ts';
import { measureInversion } from '../src/attack-matrix/inversion.ts';
import { openJournal } from '../src/attack-matrix/journal.ts';
import { gridPng } from '../src/attack-matrix/pictures.ts';
import { cellKey, cellsOf, type MatrixConfig, settleMatrix } from '../src/attack-matrix/plan.ts';
import type { MatrixResult } from '../src/attack-matrix/result.ts';
import { loadSplit } from '../src/attack-matrix/workloads.ts';
import { runCli } from '../src/cli.ts';

let folder: string;
let printed: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkfl-attack-'));
  printed = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      printed.push(String(text));
      return true;
    });
});
afterAll(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

const SMALL = [
  'attack',
  '--attack',
  'none',
  '--attack',
  'sign-flip',
  '--defence',
  'none',
  '--defence',
  'recommended',
  '--partition',
  'iid',
  '--seeds',
  '2',
  '--rounds',
  '3',
  '--threads',
  '2',
  '--no-privacy',
  '--no-proofs',
  '--quiet',
];

const zkfl = async (...args: string[]): Promise<{ code: number; output: string }> => {
  printed.length = 0;
  const code = await runCli(args);
  return { code, output: printed.join('') };
};
const resultAt = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as MatrixResult;
const withoutTimes = ({ cells }: MatrixResult) => cells.map(({ seconds, ...cell }) => cell);

describe('zkfl attack', () => {
  it('writes the promised JSON, CSV and a report that asks for nothing from outside', async () => {
    const paths = ['a.json', 'a.csv', 'a.html'].map((name) => join(folder, name)) as [string, string, string];
    const { code } = await zkfl(...SMALL, '--json', paths[0], '--csv', paths[1], '--report', paths[2]);
    expect(code).toBe(0);
    const result = await resultAt(paths[0]);
    expect(result.cells).toHaveLength(8);
    for (const cell of result.cells) {
      expect(cell).toMatchObject({ data: 'wdbc', partition: 'iid' });
      expect(cell.accuracy).toBeGreaterThanOrEqual(0);
      expect(cell.accuracy).toBeLessThanOrEqual(1);
      expect(cell.rounds).toHaveLength(3);
      expect([null, 0, 1]).toContain(cell.attack === 'none' ? cell.tpr : cell.fpr);
    }
    expect(result.cells.filter((c) => c.attack === 'sign-flip' && c.defence === 'recommended')).toMatchObject([
      { tpr: 1, fpr: 0 },
      { tpr: 1, fpr: 0 },
    ]);
    expect(result.table.find((row) => row.attack === 'sign-flip')!.seeds).toEqual([1, 2]);
    expect(result.policies.every(({ reveals, firstRound }) => reveals !== '' && firstRound !== '')).toBe(true);
    expect((await readFile(paths[1], 'utf8')).trim().split('\n')).toHaveLength(9);
    const html = await readFile(paths[2], 'utf8');
    expect(html).toMatch(/<svg/);
    expect(html.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:\/\/|src="(?!data:)/);
    expect(existsSync(`${paths[0]}.journal`)).toBe(false);
  });

  it('resumes an interrupted matrix: finished cells are kept, a torn line is run again, the result is the same', async () => {
    const whole = await resultAt(join(folder, 'a.json'));
    const path = join(folder, 'b.json');
    const { version, threads, ...config } = whole.config;
    const marked = whole.cells.slice(0, 3).map((cell) => ({ ...cell, seconds: 12345 }));
    const lines = [{ format: 'zkfl attack journal v1', config }, ...marked].map((line) => JSON.stringify(line));
    await writeFile(`${path}.journal`, `${lines.join('\n')}\n${JSON.stringify(whole.cells[3]).slice(0, 50)}`);
    expect((await zkfl(...SMALL, '--json', path)).code).toBe(0);
    const resumed = await resultAt(path);
    expect(resumed.cells.filter(({ seconds }) => seconds === 12345)).toHaveLength(3);
    expect(withoutTimes(resumed)).toEqual(withoutTimes(whole));
  });

  it('refuses the journal of another matrix', async () => {
    const path = join(folder, 'c.json');
    await writeFile(`${path}.journal`, '{"format":"zkfl attack journal v1","config":{}}\n');
    const { code, output } = await zkfl(...SMALL, '--json', path);
    expect(code).toBe(2);
    expect(output).toMatch(/journal .*another matrix/);
  });

  it('refuses unknown names with the nearest match, and combinations that cannot be run', async () => {
    const refused = async (...args: string[]) => {
      const { code, output } = await zkfl('attack', ...args);
      expect(code).toBe(2);
      return output;
    };
    expect(await refused('--attack', 'sign-flp')).toMatch(/did you mean sign-flip/);
    expect(await refused('--defence', 'recomended')).toMatch(/did you mean recommended/);
    expect(await refused('--partition', 'dirichlet-0')).toMatch(/dirichlet-ALPHA/);
    expect(await refused('--partition', 'iid', '--partition', 'iid')).toMatch(/want each once/);
    expect(await refused('--malicious', '0.7')).toMatch(/share in \(0, 0\.5\]/);
    expect(await refused('--defence', 'krum', '--protection', 'full')).toMatch(/nobody sees a single update/);
    expect(await refused('--defence', 'bulyan')).toMatch(/clients: got 10, want ≥ 11/);
    expect(await refused('--results', folder, '--seeds', '2')).toMatch(/want one as it is named/);
    expect(await refused('--documented')).toMatch(/want both/);
    expect(await refused('--documented', '--seeds', '3')).toMatch(/seeds: got a value beside --documented/);
    const { code, output } = await zkfl('attack', '--dataset', 'pneumoniamnist');
    expect(code).toBe(1);
    expect(output).toMatch(/want the path of pneumoniamnist\.npz/);
  });

  it('the default matrix has at least 20 cells, five seeds, IID and α = 0.5; the full one every partition and data set', () => {
    const config = settleMatrix({});
    const cells = cellsOf(config);
    expect(cells.length).toBeGreaterThanOrEqual(20);
    expect(new Set(cells.map(cellKey)).size).toBe(cells.length);
    expect(config).toMatchObject({ seeds: [1, 2, 3, 4, 5], partitions: ['iid', 'dirichlet-0.5'] });
    const full = settleMatrix({ matrix: 'full' });
    expect(full.partitions).toEqual(['iid', 'dirichlet-1', 'dirichlet-0.5', 'dirichlet-0.1']);
    expect(full.datasets).toEqual(['wdbc', 'pneumoniamnist', 'published']);
  });
});

describe('journal', () => {
  it('keeps nothing without a path and says when a file cannot be read', async () => {
    const config: MatrixConfig = settleMatrix({ matrix: 'small' });
    expect((await openJournal(undefined, config)).done.size).toBe(0);
    await expect(openJournal(folder, config)).rejects.toThrow(/cannot be read/);
  });
});

describe('the integer predicate of the matrix is what proofs show', () => {
  it('for every gate a real proof accepts and refuses exactly what the predicate does', async () => {
    const rows = await proveAgreement();
    for (const row of rows) expect(row, `${row.policy}: ${row.message}`).toMatchObject({ agree: true });
    const refusedBy = new Set(rows.map(({ predicate }) => predicate.split(' ')[0]));
    expect([...refusedBy].sort()).toEqual(['accepted', 'direction', 'layer', 'norm', 'sphere']);
    expect(rows.some(({ predicate, weakerProofPasses }) => predicate !== 'accepted' && weakerProofPasses)).toBe(false);
  });

  it('a run for each policy decided by real proofs is the run decided by the predicate', async () => {
    for (const run of await proveRuns()) {
      expect(run, run.policy).toMatchObject({ messages: 10, disagreements: 0, sameAccuracy: true });
      expect(run.rejected, run.policy).toBeGreaterThan(0);
    }
  });

  it('both packages list the same norm bounds', () => {
    expect(LADDER_SIZE).toBe(BETA_BUCKETS);
    for (let index = 0; index < LADDER_SIZE; index++) expect(ladderSquared(index)).toBe(betaSquaredOf(index));
  });
});

describe('what an eavesdropper and a curious coordinator see', () => {
  it('a recorded wire gives up an update only to the controls', async () => {
    const rows = await measureHarvest();
    expect(rows.filter(({ control }) => control)).toHaveLength(2);
    for (const { control, recovered, protection, later } of rows)
      if (control) expect(recovered, `${protection}, ${later}`).toBe(1);
      else expect(recovered, `${protection}, ${later}`).toBeLessThan(0.01);
  });

  it('a picture grid is a PNG of the stated size', () => {
    const image = (value: number) => ({ height: 28, width: 28, pixels: new Float32Array(784).fill(value) });
    const png = decode(
      gridPng({
        title: 't',
        columns: ['a', 'b'],
        rows: [
          [image(0), image(1)],
          [undefined, image(2)],
        ],
      }),
    );
    expect([png.width, png.height, png.channels]).toEqual([2 * 118 + 6, 2 * 118 + 6, 1]);
    expect([png.data[10 * png.width + 10], png.data[10 * png.width + 130], png.data[130 * png.width + 10]]).toEqual([
      0, 255, 255,
    ]);
  });

  it('inversion reads made-up pictures off a plaintext update and nothing off a ciphertext', async () => {
    const rng = simRng(1, 'pictures');
    const features = new Float32Array(60 * 784);
    for (let row = 0; row < 60; row++) {
      const [cx, cy, size] = [6 + rng.integer(16), 6 + rng.integer(16), 3 + rng.integer(5)];
      for (let i = 0; i < 784; i++)
        features[row * 784 + i] =
          2 * Math.exp(-(((i % 28) - cx) ** 2 + (Math.floor(i / 28) - cy) ** 2) / size ** 2) - 1;
    }
    const labels = Uint8Array.from({ length: 60 }, (_, row) => row % 2);
    const data = { name: 'blobs', features, labels, shape: [28, 28, 1], classes: ['normal', 'pneumonia'] };
    const { rows, grid } = await measureInversion({ data, trials: 1, iterations: 50, onStep: () => {} });
    const ssim = (view: string, method: string) =>
      rows.find((row) => row.view === view && row.method === method)!.ssim.mean;
    expect(ssim('plaintext update', 'analytic')).toBeGreaterThan(0.99);
    expect(ssim('plaintext update', 'inverting-gradients')).toBeGreaterThan(0.5);
    for (const row of rows.filter(({ view }) => view === 'coordinator under full'))
      expect(row.ssim.mean, row.method).toBeLessThan(Math.max(0.15, row.otherPatient.mean));
    expect(grid.rows[0]).toHaveLength(grid.columns.length);
  });

  it('chest X-rays need their file, and the message says which', async () => {
    await expect(loadSplit('pneumoniamnist', undefined, 1)).rejects.toThrow(/pneumoniamnist\.npz/);
  });
});
