import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SimulateResult } from '../src/simulate/result.ts';
import { version } from '../src/version.ts';

const APP = join(import.meta.dirname, '..');
const ROOT = join(APP, '../..');
const PACKAGES = ['kem', 'he-agg', 'lattice-zk', 'fl-core', 'attacks'];
let folder: string;

/** Third parties from where they are installed, our own packages from the fresh builds. */
function linkDependencies(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name === '@zkfl') {
      mkdirSync(join(to, name));
      for (const sibling of PACKAGES) symlinkSync(join(folder, 'packages', sibling), join(to, name, sibling), 'dir');
    } else if (name.startsWith('@')) linkDependencies(join(from, name), join(to, name));
    else if (!name.startsWith('.')) symlinkSync(realpathSync(join(from, name)), join(to, name), 'dir');
  }
}

/** Builds every package as it is published and lays them out as an installation does, far from the sources. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zkfl-dist-'));
  const tsup = join(ROOT, 'node_modules/tsup/dist/cli-default.js');
  for (const name of [...PACKAGES.map((name) => `packages/${name}`), 'apps/orchestrator']) {
    const target = join(folder, name);
    mkdirSync(target, { recursive: true });
    execFileSync(
      process.execPath,
      [tsup, '--no-dts', '--no-sourcemap', '--out-dir', join(target, 'dist'), '--silent'],
      {
        cwd: join(ROOT, name),
      },
    );
    cpSync(join(ROOT, name, 'package.json'), join(target, 'package.json'));
    linkDependencies(join(ROOT, name, 'node_modules'), join(target, 'node_modules'));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [join(folder, 'apps/orchestrator/dist/main.js'), ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 100_000,
  });

it('the built command prints its version', () => {
  expect(run('--version')).toMatchObject({ status: 0, stdout: `${version()}\n` });
});

it('the built command simulates with its built workers: hospitals, proofs and verifiers', () => {
  const { status, stderr } = run(
    'simulate',
    '--clients',
    '2',
    '--rounds',
    '1',
    '--protection',
    'full',
    '--quiet',
    '--json',
    'o.json',
  );
  expect([status, stderr]).toEqual([0, '']);
  const result = JSON.parse(readFileSync(join(folder, 'o.json'), 'utf8')) as SimulateResult;
  expect(result.runs.map(({ protection, rounds }) => [protection, rounds[0]?.accepted])).toEqual([
    ['plain', [0, 1]],
    ['full', [0, 1]],
  ]);
  expect(result.runs[1]?.coverage.proven).toBe(1554);
});
