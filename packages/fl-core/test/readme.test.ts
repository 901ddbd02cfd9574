import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const examples = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(
  ([, code]) => code!,
);

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
  );

it('the first example of the README trains WDBC', () => {
  const [accuracy, auc] = run(examples[0]!).trim().split(' ').map(Number);
  expect(accuracy).toBeGreaterThanOrEqual(0.93);
  expect(auc).toBeGreaterThanOrEqual(0.95);
});

it('the second resumes a round and prints what its comments say', () => {
  const said = [...examples[1]!.matchAll(/\/\/ (\[.*\])/g)].map(([, text]) => text);
  expect(run(examples[1]!).trim().split('\n')).toEqual(said);
});

it('there is no example that is not run', () => {
  expect(examples).toHaveLength(2);
});
