import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { version } from '../src/version.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const FLAGS = ['--conditions=@zkfl/source', '--disable-warning=ExperimentalWarning'];
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zkfl-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The command as a user runs it, in a folder of its own. */
function zkfl(...args: readonly string[]) {
  const env = { ...process.env, ZKFL_CACHE: join(folder, 'cache') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [...FLAGS, MAIN, ...args], {
    cwd: folder,
    env,
    timeout: 100_000,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const put = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return name;
};

describe('zkfl on the command line', () => {
  it('--version prints the version, --help every command, with an example each', () => {
    expect(zkfl('--version')).toMatchObject({ status: 0, stdout: `${version()}\n` });
    const help = zkfl('--help');
    expect(help.status).toBe(0);
    for (const command of ['simulate', 'evaluate', 'data', 'bench']) {
      expect(help.stdout).toContain(command);
      expect(zkfl(command, '--help').stdout).toMatch(command === 'data' ? /list/ : /Example/);
    }
  });

  const usage: readonly [string, readonly string[], RegExp][] = [
    ['an unknown command', ['simulte'], /unknown command 'simulte'[\s\S]*simulate/],
    ['an unknown option', ['simulate', '--atack', 'published'], /unknown option '--atack'[\s\S]*--attack/],
    ['an unknown attack', ['simulate', '--attack', 'publishd'], /did you mean published/],
    ['an unknown protection', ['simulate', '--protection', 'kem-he'], /did you mean kem\+he/],
    ['a protection twice', ['simulate', '--protection', 'kem', '--protection', 'kem'], /twice/],
    ['a number that is none', ['simulate', '--rounds', '3x'], /want an integer in \[1, 1000\]/],
    ['a bound of zero', ['simulate', '--tau', '0'], /above 0/],
    ['an argument too many', ['simulate', 'now'], /too many arguments/],
    ['data for a built-in set', ['simulate', '--data', 'x.npz'], /wdbc is built in/],
    ['no data for one that is not', ['simulate', '--dataset', 'pneumoniamnist'], /zkfl data get pneumoniamnist/],
    [
      'fewer clients than the attacker needs',
      ['simulate', '--clients', '2', '--attack', 'published'],
      /client 3 attacks/,
    ],
    ['a layer bound above τ', ['simulate', '--layer-tau', '6'], /want ≤ tau = 5/],
    ['a bench that is none', ['bench', 'zx'], /did you mean zk/],
    ['a data set that is none', ['data', 'get', 'pneumonia'], /want one of pneumoniamnist/],
  ];
  it.each(usage)('%s is refused with what was meant, code 2', (_, args, message) => {
    const { status, stderr, stdout } = zkfl(...args);
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(stdout).toBe('');
  });

  const configs: readonly [string, string, RegExp][] = [
    ['an unknown key', '{"round": 3}', /config: .*: round: unknown key; did you mean rounds\?/],
    ['a wrong type', '{"rounds": "3"}', /config: .*: rounds: /],
    ['no JSON', '{rounds: 3}', /not JSON/],
    ['an unknown protection', '{"protection": ["kem", "he"]}', /config: .*: protection\.1: /],
  ];
  it.each(configs)('a configuration file with %s is refused, code 2', (_, content, message) => {
    const { status, stderr } = zkfl('simulate', '--config', put('config.json', content));
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  it('a configuration file that is absent is refused, code 2', () => {
    expect(zkfl('simulate', '--config', 'none.json')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/none\.json: cannot be read/),
    });
  });

  const files: readonly [string, () => string, RegExp][] = [
    ['absent', () => 'absent.npz', /absent\.npz: cannot be read/],
    ['no npz', () => put('text.npz', 'hello'), /data: text\.npz: /],
    ['truncated', () => put('cut.npz', Uint8Array.from([0x50, 0x4b, 3, 4, 20, 0, 0, 0])), /data: cut\.npz: /],
  ];
  it.each(files)('a data file that is %s fails with its name and reason, code 1', (_, path, message) => {
    const { status, stderr } = zkfl('simulate', '--dataset', 'pneumoniamnist', '--data', path());
    expect([status, stderr]).toEqual([1, expect.stringMatching(message)]);
  });

  it('data list names what there is; data check says what is wrong with a file', () => {
    const list = zkfl('data', 'list', '--json', '-');
    const names = (JSON.parse(list.stdout) as { datasets: { name: string; where: string }[] }).datasets;
    expect(names).toContainEqual(expect.objectContaining({ name: 'wdbc', where: 'built in' }));
    expect(names).toContainEqual(expect.objectContaining({ name: 'pneumoniamnist', where: 'to download' }));
    expect(zkfl('data', 'check', 'pneumoniamnist', '--data', put('bad.npz', 'x'))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/data: bad\.npz: /),
    });
  });

  it('simulate writes JSON, report and model beside the table; evaluate uses the model', () => {
    const args = ['--clients', '2', '--rounds', '2', '--protection', 'kem', '--quiet'];
    const run = zkfl('simulate', ...args, '--json', 'out/run.json', '--report', 'run.html', '--model', 'trained');
    expect([run.status, run.stderr]).toEqual([0, '']);
    expect(run.stdout).toContain('2 hospitals × 2 rounds on wdbc');
    expect(run.stdout).not.toContain('\u001b[');
    const result = JSON.parse(readFileSync(join(folder, 'out/run.json'), 'utf8')) as {
      config: { protections: string[] };
      runs: { protection: string }[];
    };
    expect(result.config.protections).toEqual(['kem']);
    expect(result.runs.map(({ protection }) => protection)).toEqual(['plain', 'kem']);
    expect(readdirSync(join(folder, 'trained')).sort()).toEqual(['model.json', 'weights.bin']);

    const table = Array.from(
      { length: 20 },
      (_, i) => `${Array.from({ length: 30 }, (_, j) => (i + j) % 7).join()},${i % 2}`,
    );
    const evaluated = zkfl(
      'evaluate',
      '--model',
      'trained',
      '--data',
      put('rows.csv', table.join('\n')),
      '--json',
      '-',
    );
    expect([evaluated.status, evaluated.stderr]).toEqual([0, '']);
    const figures = JSON.parse(evaluated.stdout) as { samples: number; accuracy: number; run: string };
    expect(figures.samples).toBe(20);
    expect(figures.run).toMatch(/^[0-9a-f]{64}$/);
    expect(zkfl('evaluate', '--model', 'trained', '--data', put('short.csv', '1,2,0\n3,4,1'))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/data: short\.csv: /),
    });
    writeFileSync(join(folder, 'trained/weights.bin'), new Uint8Array(8));
    expect(zkfl('evaluate', '--model', 'trained', '--data', 'rows.csv')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/not a model that zkfl wrote[\s\S]*weights\.bin/),
    });
  });

  it('an output that cannot be written fails and says which', () => {
    const { status, stderr } = zkfl(
      'simulate',
      '--clients',
      '1',
      '--rounds',
      '1',
      '--protection',
      'plain',
      '--quiet',
      '--json',
      'rows.csv/x.json',
    );
    expect([status, stderr]).toEqual([1, expect.stringMatching(/output: rows\.csv\/x\.json: cannot be written/)]);
  });
});
