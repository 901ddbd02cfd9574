import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ciphertextCount, messageLimit, PARAMETER_SETS } from '../src/index.ts';
import { updateBytes } from '../src/wire.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const tables = readme.replace(/ +/g, ' ');

it('the README’s program runs as it stands', () => {
  const [, program] = /```ts\n([\s\S]*?)```/.exec(readme)!;
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--conditions=@zkfl/source', '--input-type=module-typescript', '-'],
    { cwd: root, input: program!, encoding: 'utf8' },
  );
  expect(stderr.replace(/.*ExperimentalWarning.*\n|.*--trace-warnings.*\n/g, '')).toBe('');
  expect(status).toBe(0);
});

it('the README’s parameter table says what the code computes', () => {
  const number = (value: number) => value.toLocaleString('en-US');
  const sets = [PARAMETER_SETS['n4096-q60'], PARAMETER_SETS['n4096-q106']];
  const row = (of: (set: (typeof sets)[number]) => string) => sets.map(of).join(' | ');
  expect(tables).toContain(`| honest integers, 500 clients | ${row((set) => `±${number(messageLimit(set.name))}`)} |`);
  const update = (dimension: number) => row((set) => `${number(updateBytes(set, dimension))} B`);
  expect(tables).toContain(`| update of 108,996 coordinates | ${update(108_996)} |`);
  const key = row((set) => `${number(updateBytes(set, 1))} B / ${number(16 + set.degree / 4)} B`);
  expect(tables).toContain(`| public key / secret key | ${key} |`);
  expect(ciphertextCount('n4096-q60', 108_996)).toBe(27);
});
