import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const APP = join(import.meta.dirname, '..');
const ROOT = join(APP, '../..');
const DOCUMENTS = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'docs/architecture.md',
  'docs/threat-model.md',
  'docs/results.md',
  'apps/orchestrator/README.md',
];

describe('the documents', () => {
  it('the round in the README runs and gives the mean that it should', () => {
    const program = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))![1]!;
    expect(program.split('\n').length).toBeLessThanOrEqual(30);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--conditions=@zkfl/source', '--disable-warning=ExperimentalWarning', '--input-type=module-typescript'],
      { cwd: APP, input: program, encoding: 'utf8', timeout: 60_000 },
    );
    expect([status, stderr]).toEqual([0, '']);
    const [, mean] = /^3 hospitals; coordinate 1 of their mean: (\S+)\n$/.exec(stdout)!;
    expect(Number(mean)).toBeCloseTo(Math.sin(1) / 50, 3);
  });

  it.each(DOCUMENTS)('%s links to files that exist', (document) => {
    const text = readFileSync(join(ROOT, document), 'utf8');
    const links = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target]) => target!);
    const local = links.filter((target) => !/^[a-z]+:/.test(target));
    expect(local.filter((target) => !existsSync(join(ROOT, dirname(document), target)))).toEqual([]);
  });
});
