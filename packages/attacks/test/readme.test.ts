import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GATE_POLICIES, POISONING_ATTACKS } from '../src/index.ts';

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);

const run = (code: string) =>
  execFileSync(
    process.execPath,
    [
      '--conditions=@zkfl/source',
      '--disable-warning=ExperimentalWarning',
      '--input-type=module-typescript',
      '-e',
      code,
    ],
    { cwd: root, encoding: 'utf8' },
  ).trim();

it('the first example shows the attack winning undefended and losing under the recommended gates', () => {
  const rows = run(examples[0]!)
    .split('\n')
    .map((line) => line.split(' '));
  expect(rows.map(([defence]) => defence)).toEqual(['none', 'norm', 'recommended']);
  const [none, , recommended] = rows.map(([, accuracy]) => Number(accuracy));
  expect(recommended! - none!).toBeGreaterThan(0.1);
  expect(rows[2]!.slice(2)).toEqual(['1', '0']);
});

it('the second example plans a round whose message is accepted', () => {
  const [first, ...rest] = run(examples[1]!).split('\n');
  expect(first!.endsWith('undefined')).toBe(true);
  for (const kind of ['norm', 'direction', 'sphere']) expect(rest.join('\n')).toContain(`kind: '${kind}'`);
});

it('there is no example that is not run, and the tables name every attack and the recommended policy', () => {
  expect(examples).toHaveLength(2);
  for (const name of Object.keys(POISONING_ATTACKS)) expect(readme).toContain(`\`${name}\``);
  expect(GATE_POLICIES['recommended']!.map(({ kind }) => kind)).toEqual([
    'norm-adaptive',
    'layers',
    'direction',
    'sphere',
  ]);
});
