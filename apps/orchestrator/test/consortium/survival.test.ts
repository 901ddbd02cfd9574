import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeMessage } from '../../src/simulate/wire.ts';
import { freePort, Zkfl, zkfl } from './processes.ts';

/** How often each party is killed twice in a row. */
const KILLS = Number(process.env['ZKFL_KILLS'] ?? (process.env['ZKFL_NIGHTLY'] === '1' ? 4 : 1));
const ROUNDS = 3 + KILLS;

let directory: string;
const processes = new Set<Zkfl>();
const start = (...args: string[]): Zkfl => {
  const process = new Zkfl(args);
  processes.add(process);
  return process;
};
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zkfl-survival-'));
});
afterEach(async () => {
  await Promise.all([...processes].map((process) => process.kill()));
  processes.clear();
  await rm(directory, { recursive: true, force: true });
});

async function study(options: readonly string[] = []): Promise<{ port: number; folder: string; id: string }> {
  const port = await freePort();
  const folder = join(directory, 'study');
  const url = `http://127.0.0.1:${port}`;
  const made = await zkfl('init', folder, '--dataset', 'wdbc', '--hospitals', '2', '--url', url, ...options);
  expect(made.err).toContain('fingerprint');
  expect(made.code).toBe(0);
  const { study: id } = JSON.parse(await readFile(join(folder, 'invitations/hospital-0.json'), 'utf8'));
  return { port, folder, id };
}

describe('kill -9', () => {
  it(
    'of the coordinator and of a hospital, twice in a row each: the study goes on, nothing is lost, nothing counts twice',
    async () => {
      const { port, folder, id } = await study(['--rounds', String(ROUNDS)]);
      const coordinator = () => start('coordinator', folder, '--port', String(port), '--log-level', 'warn');
      const hospital = (client: number) =>
        start(
          ...['hospital', join(directory, `h${client}`), '--share', '--trust-roster', '--approve', id],
          ...[
            '--invitation',
            join(folder, `invitations/hospital-${client}.json`),
            '--json',
            join(directory, `h${client}.json`),
          ],
        );
      let running = coordinator();
      const first = hospital(0);
      let second = hospital(1);
      await first.said('round 1: training');
      for (let kill = 0; kill < KILLS; kill += 1) {
        // Twice in a row: the second strikes while the first is being recovered from.
        await sleep(150 + 700 * Math.random());
        await running.kill();
        running = coordinator();
        await running.said('listening');
        await sleep(400 * Math.random());
        await running.kill();
        running = coordinator();
        await sleep(500 * Math.random());
        await second.kill();
        second = hospital(1);
        await second.said(/resuming|enrolled/);
        await sleep(1500 * Math.random());
        await second.kill();
        second = hospital(1);
      }
      for (const { done } of [first, second]) {
        const { code, err } = await done;
        expect(err).toMatch(/finished: model \w+ is the audit log's/);
        expect(code).toBe(0);
      }
      running.child.kill('SIGTERM');
      expect((await running.done).code).toBe(0);

      const results = await Promise.all(
        [0, 1].map(async (client) => JSON.parse(await readFile(join(directory, `h${client}.json`), 'utf8'))),
      );
      expect(results[0].model).toBe(results[1].model);
      expect(results[0].rounds.map(({ outcome }: { outcome: string }) => outcome)).toEqual(
        Array.from({ length: ROUNDS }, () => 'applied'),
      );
      const bundle = join(directory, 'bundle');
      expect((await zkfl('audit', 'export', folder, '--out', bundle)).code).toBe(0);
      const verified = await zkfl('audit', 'verify', bundle, '--study', id, '--json', '-');
      expect(verified.err).toBe('');
      const report = JSON.parse(verified.out);
      expect(report.checked).toMatchObject({ rounds: ROUNDS, sums: ROUNDS, proofs: 2 * ROUNDS });
      expect(report.head).toBe(results[0].audit);

      // No two ciphertexts share a half: no mask was used twice. Each hospital counts once a round.
      const log = (await readFile(join(bundle, 'log.jsonl'), 'utf8')).trimEnd().split('\n');
      const events = log.map((line) => JSON.parse(line).entry.event);
      const received = events.filter(({ type }) => type === 'received');
      expect(new Set(received.map(({ round, client }) => `${round} ${client}`)).size).toBe(received.length);
      const halves = new Set<string>();
      for (const { update } of received) {
        const message = decodeMessage(new Uint8Array(await readFile(join(bundle, 'blobs', update))));
        if (message.kind !== 'update') throw new Error('not an update');
        halves.add(Buffer.from(message.payload.slice(-2000)).toString('hex'));
      }
      expect(halves.size).toBe(received.length);
    },
    KILLS * 60_000 + 120_000,
  );
});

describe('bad input ends with a clear message, exit code ≠ 0 and nothing half-written', () => {
  it('passphrase, key permissions, port, study signature, database, token, fingerprint, data', async () => {
    const { port, folder, id } = await study(['--rounds', '1']);
    const invitation = join(folder, 'invitations/hospital-0.json');
    const fails = async (message: RegExp, ...args: string[]) => {
      const { code, err, out } = await zkfl(...args);
      expect(err).toMatch(message);
      expect(code).not.toBe(0);
      expect(out).toBe('');
      // One message for people, no stack.
      expect(err).not.toMatch(/\n\s+at /);
    };
    await fails(/not empty, want a new one/, 'init', folder, '--dataset', 'wdbc');
    await fails(/cannot be read: make a study with zkfl init/, 'coordinator', join(directory, 'nowhere'));

    const wrong = new Zkfl(['coordinator', folder, '--port', String(port)], { ZKFL_PASSPHRASE: 'another one' });
    const refused = await wrong.done;
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/passphrase that does not open it/);

    const running = start('coordinator', folder, '--port', String(port), '--log-level', 'warn');
    await running.said('listening');
    await fails(/another zkfl process/, 'coordinator', folder, '--port', String(port));
    const other = join(directory, 'other');
    expect((await zkfl('init', other, '--dataset', 'wdbc', '--hospitals', '2')).code).toBe(0);
    await fails(/port: got 127\.0\.0\.1:\d+, which another process uses/, 'coordinator', other, '--port', String(port));

    const hospital = (...more: string[]) => ['hospital', join(directory, 'h'), '--invitation', invitation, ...more];
    await fails(/fingerprint: got .* want 00 of --approve/s, ...hospital('--share', '--approve', '00'));
    await fails(/want the path of a file/, ...hospital('--approve', id));
    const csv = join(directory, 'bad.csv');
    const { writeFile } = await import('node:fs/promises');
    await writeFile(csv, '1,2,3,0\n4,5,6,1\n');
    await fails(/columns: got 3 and a class, want 30 and a class/, ...hospital('--data', csv, '--approve', id));
    expect((await readdir(join(directory, 'h'))).filter((name) => /key|study|state/.test(name))).toEqual([]);

    const forged = join(directory, 'forged.json');
    const original = JSON.parse(await readFile(invitation, 'utf8'));
    await writeFile(forged, JSON.stringify({ ...original, token: Buffer.alloc(32).toString('base64') }));
    await fails(
      /token: got one that is not of this study/,
      ...['hospital', join(directory, 'h2'), '--invitation', forged, '--share', '--approve', id],
    );
    await writeFile(forged, JSON.stringify({ ...original, study: '0'.repeat(64) }));
    await fails(/another study/, 'hospital', join(directory, 'h3'), '--invitation', forged, '--share', '--approve', id);
    expect((await zkfl('status', `http://127.0.0.1:${port}`)).out).toMatch(/enrolling: round 0 of 1; 0 of 2/);
    await running.kill();

    const text = await readFile(join(folder, 'study.json'), 'utf8');
    await copyFile(join(folder, 'study.json'), join(directory, 'study.json'));
    await writeFile(join(folder, 'study.json'), text.replace('"tau":5', '"tau":6'));
    await fails(/signature: got one that does not verify/, 'coordinator', folder);
    await copyFile(join(directory, 'study.json'), join(folder, 'study.json'));
    const { chmod } = await import('node:fs/promises');
    await chmod(join(folder, 'coordinator.key'), 0o644);
    await fails(/got permissions 644, want 600/, 'coordinator', folder);
    await fails(
      /got a folder without study\.db/,
      'audit',
      'export',
      join(directory, 'h'),
      '--out',
      join(directory, 'b'),
    );
    await fails(/study\.json: cannot be read|bundle/, 'audit', 'verify', directory);
  }, 300_000);
});
