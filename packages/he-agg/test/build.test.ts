import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
let folder: string;

const node = (script: string, type: 'module' | 'commonjs') =>
  execFileSync(process.execPath, [`--input-type=${type}`, '-'], {
    cwd: folder,
    input: script,
    encoding: 'utf8',
  }).trim();

const ROUND = `async (he) => {
  const engine = await he.createEngine({ set: 'n4096-q60' });
  const { publicKey, secretKey } = he.generateKeys(engine);
  const aggregator = he.createAggregator({ set: 'n4096-q60', dimension: 2 });
  for (const client of [1, 2]) aggregator.add(he.encrypt(engine, { publicKey, message: Int32Array.of(client, -9) }).bytes);
  const { sum } = he.decrypt(engine, { secretKey, sum: aggregator.finish().bytes, dimension: 2 });
  return sum.join();
}`;
const SEEDED = `async (testing) => {
  const engine = await testing.createEngine({ set: 'n4096-q60' });
  const source = testing.seededSource(1);
  const { publicKey } = testing.seededKeys(engine, source);
  return testing.encryptSeeded(engine, { publicKey, message: Int32Array.of(1), source }).bytes.slice(16, 32).join();
}`;

beforeAll(() => {
  const place = join(root, 'node_modules', '.build-test');
  mkdirSync(place, { recursive: true });
  folder = mkdtempSync(join(place, 'run-'));
  const tsup = join(root, '../../node_modules/tsup/dist/cli-default.js');
  execFileSync(process.execPath, [tsup, '--no-dts', '--out-dir', folder], { cwd: root });
});
afterAll(() => rmSync(join(root, 'node_modules', '.build-test'), { recursive: true, force: true }));

it('the built package works under import and under require', () => {
  expect(node(`import('./index.js').then(${ROUND}).then(console.log)`, 'module')).toBe('3,-18');
  expect(node(`Promise.resolve(require('./index.cjs')).then(${ROUND}).then(console.log)`, 'commonjs')).toBe('3,-18');
});

it('the testing door gives the same seeded bytes in both', () => {
  const esm = node(`import('./testing.js').then(${SEEDED}).then(console.log)`, 'module');
  expect(esm.split(',')).toHaveLength(16);
  expect(node(`Promise.resolve(require('./testing.cjs')).then(${SEEDED}).then(console.log)`, 'commonjs')).toBe(esm);
});
