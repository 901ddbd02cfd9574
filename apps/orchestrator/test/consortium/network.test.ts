import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInitiator, seal, sign } from '@zkfl/kem';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { exportBundle } from '../../src/consortium/audit-bundle.ts';
import { verifyBundle } from '../../src/consortium/audit-verify.ts';
import { enrolmentContext, sessionContext, UPDATE } from '../../src/consortium/domains.ts';
import { canonicalBytes, fromBase64, toBase64 } from '../../src/consortium/encoding.ts';
import { createEnrolment } from '../../src/consortium/enrolment.ts';
import { generateParty } from '../../src/consortium/identity.ts';
import { fetchStudy, Link } from '../../src/consortium/link.ts';
import { updateBytes } from '../../src/consortium/protocol.ts';
import { WorkThreads } from '../../src/consortium/work-threads.ts';
import { digestOf } from '../../src/simulate/bytes.ts';
import { encodeMessage } from '../../src/simulate/wire.ts';
import { DASHBOARD_TOKEN, Scene } from './scene.ts';

const OCTETS = { 'content-type': 'application/octet-stream' };
const post = (url: string, body: Uint8Array | string, headers: Record<string, string> = OCTETS) =>
  fetch(url, { method: 'POST', headers, body: body as Uint8Array<ArrayBuffer> });

let scene: Scene;
afterEach(() => scene.end());

const models = (outcomes: readonly { state: { model: string } }[]) => new Set(outcomes.map(({ state }) => state.model));
const audit = async (
  options: { study?: string; head?: string } = {},
  kind: 'ciphertexts' | 'digests' = 'ciphertexts',
) => {
  const directory = join(scene.directory, `bundle-${Math.random()}`);
  const { Store } = await import('../../src/consortium/store.ts');
  const store = await Store.open(scene.directory, { exclusive: false });
  try {
    await exportBundle(store, directory, kind);
  } finally {
    store.close();
  }
  return { directory, verify: () => verifyBundle({ directory, work: () => new WorkThreads(2), ...options }) };
};

describe('a study over real sockets', () => {
  it('ends with one model at every hospital, and an auditor without keys re-checks all of it, byte by byte', async () => {
    scene = await Scene.create({ hospitals: 3, rounds: 2 });
    const { coordinator, url } = await scene.start();
    const outcomes = await Promise.all([0, 1, 2].map((client) => scene.hospital(client)));
    expect(models(outcomes).size).toBe(1);
    expect(coordinator.status).toBe('finished');
    for (const { state } of outcomes) {
      expect(state.history.map(({ own }) => own)).toEqual(['accepted', 'accepted']);
      expect(state.history[1]!.metrics!.accuracy).toBeGreaterThan(0.85);
    }
    const view = await fetch(`${url}/v1/dashboard/state`, { headers: { authorization: `Bearer ${DASHBOARD_TOKEN}` } });
    const shown = (await view.json()) as { status: string; rounds: { accepted: number[]; accuracy: number }[] };
    expect(shown.status).toBe('finished');
    expect(shown.rounds.map(({ accepted }) => accepted)).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
    expect(shown.rounds[1]!.accuracy).toBeGreaterThan(0.85);

    const told = scene.logged.join('');
    expect(told).toContain('round 2 applied');
    for (const secret of [...scene.tokens, DASHBOARD_TOKEN]) expect(told).not.toContain(secret);
    for (const seed of [scene.identity.signature.exportSecretKey(), scene.identity.channel.exportSecretKey()]) {
      expect(told).not.toContain(toBase64(seed).slice(0, 16));
      expect(told).not.toContain(Buffer.from(seed).toString('hex').slice(0, 16));
    }

    const head = outcomes[0]!.head;
    const { directory, verify } = await audit({ study: scene.signed.id, head });
    const report = await verify();
    expect(report.findings).toEqual([]);
    expect(report.checked).toMatchObject({ proofs: 6, sums: 2, rounds: 2 });
    expect(report.model).toBe(outcomes[0]!.state.model);

    // One changed byte anywhere is named by its file, and in the log by its line.
    const blobs = (await readdir(join(directory, 'blobs'))).map((name) => `blobs/${name}`);
    for (const name of ['bundle.json', 'study.json', 'log.jsonl', ...blobs]) {
      const path = join(directory, name);
      const bytes = await readFile(path);
      const at = Math.floor((bytes.length - 1) * 0.61);
      const changed = Uint8Array.from(bytes);
      changed[at]! ^= 1;
      await writeFile(path, changed);
      const where =
        name === 'log.jsonl' ? `log.jsonl line ${bytes.subarray(0, at).toString().split('\n').length}` : name;
      const { ok, findings } = await verify();
      expect(ok).toBe(false);
      expect(findings.map((finding) => finding.where)).toContain(where);
      await writeFile(path, bytes);
    }
    const log = await readFile(join(directory, 'log.jsonl'), 'utf8');
    const lines = log.trimEnd().split('\n');
    await truncate(join(directory, 'log.jsonl'), log.length - lines.at(-1)!.length - 1);
    expect((await verify()).findings.map(({ problem }) => problem).join()).toMatch(/cut short/);
    await writeFile(join(directory, 'log.jsonl'), log);
    await appendFile(join(directory, 'blobs', 'ff'), 'x');
    expect((await verify()).findings).toEqual([{ where: 'blobs/ff', problem: expect.stringMatching(/does not name/) }]);

    const digests = await audit({}, 'digests');
    expect((await readdir(join(digests.directory, 'blobs'))).length).toBe(1);
    expect((await digests.verify()).ok).toBe(true);
  });

  it('a round closes without an absent hospital, which returns and catches up to the same model', async () => {
    scene = await Scene.create({ hospitals: 3, rounds: 3, deadlineSeconds: 6, cohortMinimum: 2, protection: 'kem+he' });
    const { coordinator } = await scene.start();
    const away = new AbortController();
    const all = [0, 1, 2].map((client) => scene.hospital(client, client === 2 ? { signal: away.signal } : {}));
    const gone = expect(all[2]).rejects.toThrow();
    while (coordinator.status !== 'running') await coordinator.changed(coordinator.revision, 1000);
    away.abort(new Error('power cut'));
    await gone;
    while (coordinator.round < 3) await coordinator.changed(coordinator.revision, 1000);
    const missing = coordinator.state!.history.map((record) => record.missing);
    expect(missing.flat()).toContain(2);
    const back = await scene.hospital(2);
    const outcomes = [...(await Promise.all(all.slice(0, 2))), back];
    expect(models(outcomes).size).toBe(1);
    expect((await (await audit()).verify()).findings).toEqual([]);
  });

  it('a false proof is rejected by name and reason while the round goes on', async () => {
    scene = await Scene.create({ hospitals: 3, rounds: 1, cohortMinimum: 2 });
    const { coordinator, url } = await scene.start();
    const honest = [0, 1].map((client) => scene.hospital(client));
    const identity = await scene.party(2);
    const { enrolAt } = await import('../../src/consortium/link.ts');
    const enrolment = await createEnrolment(identity, scene.signed.id);
    const client = await enrolAt({ url, signed: scene.signed, token: scene.tokens[2]!, enrolment });
    while (coordinator.status !== 'running') await coordinator.changed(coordinator.revision, 1000);
    const link = new Link({ url, keyPair: identity.channel, signed: scene.signed });
    const study = scene.signed.id;
    const bytes = encodeMessage({
      kind: 'update',
      study,
      round: 1,
      client,
      model: coordinator.state!.model,
      payload: crypto.getRandomValues(new Uint8Array(61_500)),
      proof: new Uint8Array(1000),
    });
    const digest = digestOf(bytes);
    const signature = toBase64(
      await sign({ keyPair: identity.signature, message: updateBytes(study, 1, client, digest), context: UPDATE }),
    );
    const begin = { type: 'upload-begin', round: 1, digest, bytes: bytes.length, signature } as const;
    await link.call<'upload-begin'>(begin);
    await link.call<'upload-chunk'>({ type: 'upload-chunk', round: 1, digest, offset: 0 }, bytes.subarray(0, 40_000));
    // A connection that was lost goes on where the coordinator has it; a chunk that comes twice counts once.
    link.close();
    expect((await link.call<'upload-begin'>(begin)).message.next).toBe(40_000);
    const again = await link.call<'upload-chunk'>(
      { type: 'upload-chunk', round: 1, digest, offset: 0 },
      bytes.subarray(0, 40_000),
    );
    expect(again.message.next).toBe(40_000);
    await link.call<'upload-chunk'>({ type: 'upload-chunk', round: 1, digest, offset: 40_000 }, bytes.subarray(40_000));
    expect((await link.call<'upload-commit'>({ type: 'upload-commit', round: 1, digest })).message.received).toBe(true);
    const outcomes = await Promise.all(honest);
    expect(models(outcomes).size).toBe(1);
    const [record] = coordinator.state!.history;
    expect(record!.accepted).toEqual([0, 1]);
    expect(record!.rejected).toEqual([{ client: 2, reason: expect.stringMatching(/got|malformed/) }]);
    expect((await (await audit()).verify()).findings).toEqual([]);
    // The round is over: neither its update nor another one is taken.
    const late = { ...begin, digest: '0'.repeat(64) };
    await expect(link.call<'upload-begin'>(late)).rejects.toThrow(/after the deadline/);
    await expect(link.call<'upload-begin'>({ ...late, round: 2 })).rejects.toThrow(/that round is not open/);
    link.close();
  });

  it('a full disk only delays the round: nothing is lost and the hospitals are told', async () => {
    scene = await Scene.create({ hospitals: 2, rounds: 1, protection: 'kem+he' });
    const { coordinator } = await scene.start();
    const { storageError } = await import('../../src/consortium/blobs.ts');
    const full = () => storageError('test', Object.assign(new Error('full'), { code: 'ENOSPC' }));
    const { store } = coordinator;
    vi.spyOn(store.blobs, 'writePartial').mockRejectedValueOnce(full());
    vi.spyOn(store.blobs, 'requireSpace').mockRejectedValueOnce(full());
    vi.spyOn(store, 'putVerdict').mockImplementationOnce(() => {
      throw full();
    });
    vi.spyOn(store, 'putSum').mockImplementationOnce(() => {
      throw full();
    });
    const outcomes = await Promise.all([0, 1].map((client) => scene.hospital(client)));
    expect(models(outcomes).size).toBe(1);
    expect(coordinator.state!.history[0]!.accepted).toEqual([0, 1]);
    expect(scene.logged.join('')).toMatch(/ENOSPC.*free some space/);
    expect((await (await audit()).verify()).findings).toEqual([]);
  });

  it('a coordinator that shows another list than it signed, or swaps a hospital’s keys, gets nothing', async () => {
    scene = await Scene.create({ hospitals: 3, rounds: 1, cohortMinimum: 2, protection: 'kem+he' });
    const { coordinator } = await scene.start();
    const real = coordinator.acceptedOf.bind(coordinator);
    const lie = vi.spyOn(coordinator, 'acceptedOf');
    lie.mockImplementation((round) =>
      coordinator.state?.phase.is === 'applying' ? real(round).slice(1) : real(round),
    );
    const settled = await Promise.allSettled([0, 1, 2].map((client) => scene.hospital(client)));
    for (const outcome of settled) {
      expect(outcome.status).toBe('rejected');
      expect(String((outcome as PromiseRejectedResult).reason)).toMatch(/accepted list/);
    }
    lie.mockRestore();
    const mallory = await createEnrolment(await generateParty('hospital 1'), scene.signed.id);
    const members = coordinator.members.map((m) => (m.client === 1 ? { client: 1, enrolment: mallory } : m));
    vi.spyOn(coordinator, 'members', 'get').mockReturnValue(members);
    await expect(scene.hospital(0)).rejects.toThrow(/roster/);
  });
});

describe('a coordinator under abuse goes on serving', () => {
  it('slow clients, garbage, 10,000 malformed requests, floods, replays and messages of other studies', async () => {
    scene = await Scene.create({ hospitals: 2, rounds: 2, protection: 'kem+he' });
    const { coordinator, url, server } = await scene.start({ perMinute: 120 });
    server.server.headersTimeout = 1000;
    const { port, hostname: host } = new URL(url);
    const alive = async () => expect((await fetch(`${url}/v1/health`)).status).toBe(200);

    // Slow: 50 connections that never finish their headers.
    const slow = Array.from({ length: 50 }, () => {
      const socket = connect(Number(port), host);
      socket.on('error', () => {});
      socket.resume();
      socket.write('POST /v1/enrol HTTP/1.1\r\nHost: x\r\nContent-Le');
      return socket;
    });
    // Garbage that is no HTTP.
    for (let i = 0; i < 20; i += 1) {
      const socket = connect(Number(port), host);
      socket.on('error', () => {});
      socket.end(crypto.getRandomValues(new Uint8Array(500)));
    }
    await alive();

    const hospitals = [0, 1].map((client) => scene.hospital(client));
    // 10,000 malformed requests from 16 clients at once, while the study runs.
    const statuses = new Map<number, number>();
    let sent = 0;
    const paths = [
      '/v1/enrol',
      '/v1/sessions',
      `/v1/sessions/${'a'.repeat(32)}`,
      `/v1/sessions/${'a'.repeat(32)}/finish`,
      '/v1/sessions/..%2f..%2fetc',
      '/v1/dashboard/state',
    ];
    const noise = async () => {
      while (sent < 10_000) {
        sent += 1;
        const body = crypto.getRandomValues(new Uint8Array(sent % 300));
        const response = await post(url + paths[sent % paths.length]!, body);
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        await response.arrayBuffer();
      }
    };
    const [outcomes] = await Promise.all([Promise.all(hospitals), ...Array.from({ length: 16 }, noise)]);
    expect(models(outcomes).size).toBe(1);
    expect(coordinator.state!.history.map(({ accepted }) => accepted)).toEqual([
      [0, 1],
      [0, 1],
    ]);
    for (const status of statuses.keys()) expect([400, 401, 403, 404, 405, 415, 429]).toContain(status);
    expect(statuses.get(429)).toBeGreaterThan(1000);
    await alive();
    await vi.waitFor(() => expect(slow.every((socket) => socket.destroyed)).toBe(true), {
      timeout: 20_000,
    });
    for (const socket of slow) socket.destroy();
  });

  it('tokens, sizes, replays, other studies and other sessions are refused for what they are', async () => {
    scene = await Scene.create({ hospitals: 2, rounds: 1, protection: 'kem+he' });
    const { url, coordinator } = await scene.start();
    const identity = await scene.party(0);
    const { signed } = scene;
    const { enrolAt } = await import('../../src/consortium/link.ts');
    const enrol = async (token: string, party = identity, study = signed.id) =>
      enrolAt({ url, signed, token, enrolment: await createEnrolment(party, study) });

    await expect(enrol(toBase64(new Uint8Array(32)))).rejects.toThrow(/token: got one that is not of this study/);
    await expect(enrol(scene.tokens[0]!, identity, '0'.repeat(64))).rejects.toThrow(/another study/);
    expect(await enrol(scene.tokens[0]!)).toBe(0);
    expect(await enrol(scene.tokens[0]!)).toBe(0);
    await expect(enrol(scene.tokens[0]!, await generateParty('thief'))).rejects.toThrow(/token: got one that was used/);
    await expect(enrol(scene.tokens[1]!)).rejects.toThrow(/another hospital's/);
    await expect(fetchStudy({ url, study: '0'.repeat(64) })).rejects.toThrow(/another study/);

    // An enrolment recorded on the wire and sent to another study does not open there.
    const request = canonicalBytes({ token: scene.tokens[1]!, enrolment: await createEnrolment(identity, signed.id) });
    const recipient = fromBase64(signed.study.coordinator.channelKey);
    const foreign = await seal({ recipient, plaintext: request, context: enrolmentContext('1'.repeat(64)) });
    expect((await post(`${url}/v1/enrol`, foreign)).status).toBe(400);
    expect((await post(`${url}/v1/enrol`, new Uint8Array(20_000))).status).toBe(413);
    expect((await post(`${url}/v1/enrol`, '{}', { 'content-type': 'application/json' })).status).toBe(415);

    const handshake = async (context: string) => {
      const initiator = await createInitiator({
        keyPair: identity.channel,
        peerPublicKey: recipient,
        context: sessionContext(context),
      });
      return { initiator, response: await post(`${url}/v1/sessions`, initiator.message) };
    };
    expect((await handshake('1'.repeat(64))).response.status).toBe(403);
    const stranger = await createInitiator({
      keyPair: (await generateParty('stranger')).channel,
      peerPublicKey: recipient,
      context: sessionContext(signed.id),
    });
    expect((await post(`${url}/v1/sessions`, stranger.message)).status).toBe(403);

    const { initiator, response } = await handshake(signed.id);
    const id = response.headers.get('zkfl-session')!;
    const { message, session } = await initiator.finish(new Uint8Array(await response.arrayBuffer()));
    expect((await post(`${url}/v1/sessions/${id}/finish`, message)).status).toBe(204);
    expect((await post(`${url}/v1/sessions/${id}/finish`, message)).status).toBe(404);
    const { encodeFrame } = await import('../../src/consortium/protocol.ts');
    const ask = (study: string) =>
      session.seal(
        encodeFrame({
          message: { version: 1, study, round: 0, type: 'state', since: 0, wait: 0 },
          body: new Uint8Array(),
        }),
      );
    const record = await ask(signed.id);
    const first = await post(`${url}/v1/sessions/${id}`, record);
    expect(first.status).toBe(200);
    await session.open(new Uint8Array(await first.arrayBuffer()));
    const replay = await post(`${url}/v1/sessions/${id}`, record);
    expect(replay.status).toBe(400);
    expect(await replay.text()).toMatch(/sequence/);
    const garbage = await post(`${url}/v1/sessions/${id}`, crypto.getRandomValues(new Uint8Array(200)));
    expect(garbage.status).toBe(400);
    // Neither has harmed the session; a request for another study is answered with a refusal inside it.
    const crossed = await post(`${url}/v1/sessions/${id}`, await ask('1'.repeat(64)));
    const reply = new TextDecoder().decode(await session.open(new Uint8Array(await crossed.arrayBuffer())));
    expect(reply).toContain('"type":"refused"');
    expect(reply).toContain('another study');

    expect((await fetch(`${url}/v1/dashboard/state`)).status).toBe(401);
    expect((await fetch(`${url}/v1/metrics`, { headers: { authorization: 'Bearer x' } })).status).toBe(401);
    const metrics = await fetch(`${url}/v1/metrics`, { headers: { authorization: `Bearer ${DASHBOARD_TOKEN}` } });
    expect(await metrics.text()).toContain('zkfl_hospitals_enrolled 1');
    expect(coordinator.members.length).toBe(1);
  });
});

describe('clocks', () => {
  it('a clock that went back is refused at the start, with what to do', async () => {
    scene = await Scene.create({ hospitals: 2, rounds: 1 });
    await (await scene.start()).stop();
    await expect(scene.start({ now: () => Date.now() - 3_600_000 })).rejects.toThrow(
      /clock: got .* set this machine's clock/,
    );
  });
});
