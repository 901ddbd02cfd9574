import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agreedModel } from '../../src/consortium/agreed-model.ts';
import {
  type AuditEvent,
  checkEntry,
  checkEntrySignature,
  entryLine,
  nextEntry,
  readEntryLine,
  type SignedEntry,
} from '../../src/consortium/audit-log.ts';
import { BlobStore } from '../../src/consortium/blobs.ts';
import { draftDemo, studyOf } from '../../src/consortium/draft.ts';
import { canonicalText } from '../../src/consortium/encoding.ts';
import {
  checkEnrolment,
  checkRoster,
  createEnrolment,
  type Member,
  rosterDigest,
} from '../../src/consortium/enrolment.ts';
import { generateParty, type Identity, readIdentity, writeIdentity } from '../../src/consortium/identity.ts';
import { openApiDocument } from '../../src/consortium/openapi.ts';
import { decodeFrame, encodeFrame, requestSchema } from '../../src/consortium/protocol.ts';
import { Store } from '../../src/consortium/store.ts';
import { readStudy, type SignedStudy, signStudy } from '../../src/consortium/study-file.ts';
import { digestOf } from '../../src/simulate/bytes.ts';

const PASSPHRASE = 'correct horse battery';
let directory: string;
let coordinator: Identity;
let signed: SignedStudy;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zkfl-records-'));
  coordinator = await generateParty('coordinator');
  const draft = await draftDemo({ dataset: 'wdbc', hospitals: 3, rounds: 2 });
  signed = await signStudy(studyOf(draft, coordinator, new Date(0)), coordinator);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('a key file', () => {
  it('opens with its passphrase, to the same keys, and is never overwritten', async () => {
    const path = join(directory, 'a.key');
    await writeIdentity(path, coordinator, PASSPHRASE);
    const opened = await readIdentity(path, PASSPHRASE);
    expect(opened.channel.publicKey).toEqual(coordinator.channel.publicKey);
    expect(opened.signature.exportSecretKey()).toEqual(coordinator.signature.exportSecretKey());
    await expect(writeIdentity(path, coordinator, PASSPHRASE)).rejects.toThrow(/never overwritten/);
  });

  it('is refused with another passphrase, other permissions, or a changed field', async () => {
    const path = join(directory, 'b.key');
    await writeIdentity(path, coordinator, PASSPHRASE);
    await expect(readIdentity(path, `${PASSPHRASE}!`)).rejects.toMatchObject({ code: 'identity' });
    await expect(readIdentity(path, `${PASSPHRASE}!`)).rejects.toThrow(/passphrase that does not open it/);
    await chmod(path, 0o640);
    await expect(readIdentity(path, PASSPHRASE)).rejects.toThrow(/got permissions 640, want 600.*chmod 600/s);
    await chmod(path, 0o600);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"name":"coordinator"', '"name":"coordinatoR"'));
    await expect(readIdentity(path, PASSPHRASE)).rejects.toMatchObject({ code: 'identity' });
    await writeFile(path, text.replace('"N":131072', '"N":2'));
    await expect(readIdentity(path, PASSPHRASE)).rejects.toThrow(/kdf\.N/);
  });

  it('holds its secrets sealed, and an identity shows none', async () => {
    const path = join(directory, 'c.key');
    await writeIdentity(path, coordinator, PASSPHRASE);
    const secret = Buffer.from(coordinator.signature.exportSecretKey());
    const shown = [await readFile(path, 'utf8'), JSON.stringify(coordinator), inspect(coordinator, { depth: 9 })];
    for (const text of shown) {
      expect(text).not.toContain(secret.toString('base64').slice(0, 20));
      expect(text).not.toContain(secret.toString('hex').slice(0, 20));
    }
  });
});

describe('a study file', () => {
  it('reads back, and every changed byte is refused', async () => {
    expect((await readStudy(signed.text)).id).toBe(signed.id);
    await fc.assert(
      fc.asyncProperty(fc.nat(signed.text.length - 1), async (at) => {
        const code = signed.text.charCodeAt(at);
        const changed = signed.text.slice(0, at) + String.fromCharCode(code ^ 1) + signed.text.slice(at + 1);
        await expect(readStudy(changed)).rejects.toMatchObject({ code: 'study' });
      }),
      { numRuns: 40 },
    );
  });

  it('is refused with an unknown key, in another spelling, or under another coordinator’s signature', async () => {
    const file = JSON.parse(signed.text);
    const other = await generateParty('other');
    const forged = await signStudy(signed.study, other);
    await expect(readStudy(canonicalText({ ...file, more: 1 }))).rejects.toMatchObject({ code: 'study' });
    await expect(readStudy(JSON.stringify(file, null, 1))).rejects.toThrow(/canonical JSON/);
    await expect(readStudy(forged.text)).rejects.toThrow(/signature/);
  });

  it('must be consistent: model, schema, policy', async () => {
    const { study } = signed;
    const cases: [object, RegExp][] = [
      [{ data: { ...study.data, shape: [31] } }, /data\.shape: got 31, want the model's 30/],
      [{ data: { ...study.data, classes: ['a', 'b', 'c'] } }, /data\.classes: got 3/],
      [{ policy: { ...study.policy, cohortMinimum: 4 } }, /cohortMinimum: got 4, want ≤ 3/],
      [{ policy: { ...study.policy, cohortMinimum: 1 } }, /cohortMinimum/],
      [{ policy: { ...study.policy, betaIndex: study.policy.betaIndex + 1 } }, /betaIndex/],
      [{ policy: { ...study.policy, protection: 'kem' } }, /protection/],
    ];
    for (const [change, message] of cases) {
      const changed = { ...study, ...change } as typeof study;
      await expect(signStudy(changed, coordinator)).rejects.toThrow(message);
    }
  });
});

describe('a roster', () => {
  it('names its keys: one swapped key changes its fingerprint, and an enrolment is its key’s own', async () => {
    const parties = await Promise.all([0, 1].map((client) => generateParty(`hospital ${client}`)));
    const members: Member[] = [];
    for (const [client, party] of parties.entries())
      members.push({ client, enrolment: await createEnrolment(party, signed.id) });
    await checkRoster(signed.id, members);
    const mallory = await createEnrolment(await generateParty('hospital 1'), signed.id);
    const swapped: Member[] = [members[0]!, { client: 1, enrolment: mallory }];
    expect(rosterDigest(signed.id, swapped)).not.toBe(rosterDigest(signed.id, members));
    const mixed = { ...members[1]!.enrolment, channelKey: mallory.channelKey };
    await expect(checkEnrolment(mixed, signed.id)).rejects.toThrow(/signature/);
    await expect(checkRoster(signed.id, [members[0]!, members[0]!])).rejects.toThrow(/twice/);
    await expect(checkEnrolment(members[0]!.enrolment, '0'.repeat(64))).rejects.toThrow(/another study/);
  });
});

describe('the audit log', () => {
  const events: readonly AuditEvent[] = [
    { type: 'study' },
    { type: 'opened', round: 1, closesAt: 600_000 },
    { type: 'deadline', round: 1 },
    { type: 'aborted', reason: 'a test' },
  ];
  let log: SignedEntry[];

  beforeAll(async () => {
    log = [];
    for (const event of events) {
      const after = log.at(-1) ?? null;
      const signer = coordinator.signature;
      log.push(await nextEntry({ study: signed.id, after, at: 1000, event, signer }));
    }
  });

  it('is a chain: no entry is changed, dropped, repeated or moved unnoticed', async () => {
    const check = (entries: readonly SignedEntry[]) => {
      for (const [i, next] of entries.entries()) checkEntry({ study: signed.id, before: entries[i - 1] ?? null, next });
    };
    expect(() => check(log)).not.toThrow();
    expect(() => check([log[0]!, log[2]!, log[3]!])).toThrow(/log entry 1: seq/);
    expect(() => check([log[0]!, log[1]!, log[1]!])).toThrow(/log entry 2: seq/);
    expect(() => check([log[0]!, { ...log[1]!, entry: { ...log[1]!.entry, at: 2000 } }])).toThrow(/hash/);
    const fork = await nextEntry({
      study: signed.id,
      after: log[0]!,
      at: 1000,
      event: { type: 'aborted', reason: 'another history' },
      signer: coordinator.signature,
    });
    expect(() => check([log[0]!, fork, log[2]!])).toThrow(/log entry 2: prev/);
  });

  it('is signed: a changed byte of a line is refused, whatever its position', async () => {
    const line = entryLine(log[1]!);
    const publicKey = coordinator.signature.publicKey;
    await checkEntrySignature(readEntryLine(line, 'line'), publicKey);
    await fc.assert(
      fc.asyncProperty(fc.nat(line.length - 1), fc.constantFrom(1, 2, 4), async (at, bit) => {
        const changed = line.slice(0, at) + String.fromCharCode(line.charCodeAt(at) ^ bit) + line.slice(at + 1);
        const read = async () => checkEntrySignature(readEntryLine(changed, 'line'), publicKey);
        await expect(read()).rejects.toMatchObject({ code: 'audit' });
      }),
      { numRuns: 40 },
    );
  });

  it('never goes back in time', async () => {
    const next = await nextEntry({
      study: signed.id,
      after: log[3]!,
      at: 5,
      event: { type: 'study' },
      signer: coordinator.signature,
    });
    expect(next.entry.at).toBe(1000);
  });
});

describe('the store', () => {
  it('refuses the database of a newer version and leaves it as it is', async () => {
    const folder = join(directory, 'newer');
    (await Store.open(folder, { exclusive: true })).close();
    const db = new DatabaseSync(join(folder, 'study.db'));
    db.exec('PRAGMA user_version = 99');
    db.close();
    await expect(Store.open(folder, { exclusive: true })).rejects.toThrow(/version: got 99, want ≤ 1: a newer zkfl/);
  });

  it('has one writer at a time', async () => {
    const folder = join(directory, 'one-writer');
    const store = await Store.open(folder, { exclusive: true });
    await expect(Store.open(folder, { exclusive: true })).rejects.toThrow(/another zkfl process/);
    store.close();
    (await Store.open(folder, { exclusive: true })).close();
  });

  it('writes all of a transaction or nothing', async () => {
    const store = await Store.open(join(directory, 'atomic'), { exclusive: true });
    expect(() =>
      store.transaction(() => {
        store.setMeta('study', 'x');
        store.addToken('same', 1);
        store.addToken('same', 2);
      }),
    ).toThrow(/store/);
    expect(store.meta('study')).toBeNull();
    expect(store.clientOfToken('same')).toBeNull();
    store.close();
  });
});

describe('blobs', () => {
  it('are what their names say: an upload with other bytes is dropped, a changed file is refused', async () => {
    const blobs = await BlobStore.open(join(directory, 'blobs-test'));
    const bytes = crypto.getRandomValues(new Uint8Array(5000));
    await blobs.writePartial('p', 0, bytes.subarray(0, 3000));
    await blobs.writePartial('p', 3000, bytes.subarray(3000));
    expect(await blobs.partialBytes('p')).toBe(5000);
    expect(await blobs.commitPartial('p', digestOf(bytes))).toBe(true);
    expect(await blobs.get(digestOf(bytes))).toEqual(bytes);
    await blobs.writePartial('q', 0, bytes);
    expect(await blobs.commitPartial('q', '0'.repeat(64))).toBe(false);
    expect(await blobs.partialBytes('q')).toBe(0);
    await writeFile(blobs.path(digestOf(bytes)), 'other');
    await expect(blobs.get(digestOf(bytes))).rejects.toThrow(/other bytes/);
  });

  it.skipIf(!existsSync('/dev/full'))('are not written where the disk is full, and say so', async () => {
    // /dev/full takes no byte: what a full disk does, on any machine that has it.
    const blobs = await BlobStore.open(join(directory, 'full'));
    await symlink('/dev/full', join(directory, 'full', 'partials', 'r'));
    await expect(blobs.writePartial('r', 0, new Uint8Array(10))).rejects.toThrow(/ENOSPC.*free some space/);
  });
});

describe('messages inside a session', () => {
  const study = '1'.repeat(64);
  const sane = encodeFrame({
    message: { version: 1, study, round: 1, type: 'upload-chunk', digest: '2'.repeat(64), offset: 7 },
    body: Uint8Array.of(1, 2, 3),
  });

  it('are read as they were written', () => {
    const { message, body } = decodeFrame(sane, requestSchema, 'request');
    expect(message).toMatchObject({ type: 'upload-chunk', offset: 7 });
    expect(body).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('of another protocol version are refused with what to do', () => {
    const other = encodeFrame({ message: { version: 2, study, round: 1, type: 'roster' }, body: new Uint8Array() });
    expect(() => decodeFrame(other, requestSchema, 'request')).toThrow(/version: got 2, want 1: both ends must run/);
  });

  it('that do not fit throw a typed error and nothing else, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(sane.length - 1), fc.nat(255), (noise, at, value) => {
        const mutated = sane.slice();
        mutated[at] = value;
        for (const bytes of [noise, mutated, sane.subarray(0, at)])
          try {
            decodeFrame(bytes, requestSchema, 'request');
          } catch (error) {
            expect(error).toMatchObject({ name: 'ZkflError', code: 'message' });
          }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the model of a round', () => {
  it('is what most accepted hospitals hold; a lone liar is on record, a tie is nobody’s', () => {
    const reports = (...models: string[]) => models.map((model, client) => ({ client, model }));
    expect(agreedModel(reports('a', 'a', 'a'))).toEqual({ is: 'agreed', model: 'a', dissent: [] });
    expect(agreedModel(reports('a', 'b', 'a'))).toEqual({ is: 'agreed', model: 'a', dissent: [1] });
    expect(agreedModel(reports('a', 'b'))).toEqual({ is: 'tied', votes: 1 });
  });
});

describe('the documents', () => {
  it('docs/api/coordinator.json is what the program serves', async () => {
    const file = new URL('../../../../docs/api/coordinator.json', import.meta.url);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
  });
});
