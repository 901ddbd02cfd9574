import { createSuite, handshakeBytes, KEMS, type KemName, recordType, SEGMENT_BYTES } from '@zkfl/kem';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isKemError } from '../src/errors.ts';
import { collect, connect, digest, expectCode, hex, pattern, staticKeys, text } from './support.ts';

describe('session records', () => {
  test.each(Object.keys(KEMS) as KemName[])(
    '%s: both directions carry records after the handshake, sizes as stated',
    async (kem) => {
      const suite = createSuite({ kem, aead: kem === 'ML-KEM-512' ? 'ChaCha20-Poly1305' : 'AES-256-GCM' });
      const keys = { initiator: await KEMS[kem].generateKeyPair(), responder: await KEMS[kem].generateKeyPair() };
      const { initiator, responder, messages } = await connect(keys, { suite, context: text('study 7') });
      const sizes = handshakeBytes(suite);
      expect(messages.map((m) => m.length)).toEqual([sizes.message1, sizes.message2, sizes.message3]);
      for (let i = 0; i < 3; i++) {
        expect(await responder.open(await initiator.seal(pattern(i * 700)))).toEqual(pattern(i * 700));
        expect(await initiator.open(await responder.seal(pattern(i), text('aad')), text('aad'))).toEqual(pattern(i));
      }
      expect(initiator.counters).toEqual({ sent: 3, received: 3 });
      expect(hex(initiator.sessionId)).toBe(hex(responder.sessionId));
      expect(hex(initiator.peerFingerprint)).toBe(hex(keys.responder.fingerprint));
      expect(hex(responder.peerFingerprint)).toBe(hex(keys.initiator.fingerprint));
      expect((await initiator.seal(new Uint8Array(10))).length).toBe(10 + 26 + 16);
    },
  );

  test('a replayed record is refused and the session goes on', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    const first = await initiator.seal(text('1'));
    await responder.open(first);
    await expectCode(() => responder.open(first), 'replayed');
    const second = await initiator.seal(text('2'));
    expect(await responder.open(second)).toEqual(text('2'));
    await expectCode(() => responder.open(first), 'replayed');
    const [a, b] = await Promise.allSettled([initiator.seal(text('3')), initiator.seal(text('4'))]);
    if (a.status !== 'fulfilled' || b.status !== 'fulfilled') throw new Error('sealing failed');
    const twice = await Promise.allSettled([responder.open(a.value), responder.open(a.value)]);
    expect(twice.map((it) => it.status)).toEqual(['fulfilled', 'rejected']);
  });

  test('reordered and dropped records are refused', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    const records = [await initiator.seal(text('1')), await initiator.seal(text('2')), await initiator.seal(text('3'))];
    await expectCode(() => responder.open(records[1] as Uint8Array), 'out-of-order');
    await responder.open(records[0] as Uint8Array);
    await expectCode(() => responder.open(records[2] as Uint8Array), 'out-of-order');
    expect(await responder.open(records[1] as Uint8Array)).toEqual(text('2'));
    expect(await responder.open(records[2] as Uint8Array)).toEqual(text('3'));
  });

  test('a record renumbered by the wire is refused: its header is authenticated', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    await initiator.seal(text('dropped'));
    const second = await initiator.seal(text('second'));
    second[25] = 0;
    await expectCode(() => responder.open(second), 'authentication-failed');
    second[17] = 1;
    await expectCode(() => responder.open(second), 'out-of-order');
  });

  test('a reflected record is refused, also with its sender flipped', async () => {
    const { initiator } = await connect(await staticKeys());
    const record = await initiator.seal(text('to the responder'));
    await expectCode(() => initiator.open(record), 'reflected');
    record[5] = 1;
    await expectCode(() => initiator.open(record), 'authentication-failed');
  });

  test('a record spliced from another session is refused, also with its session id rewritten', async () => {
    const keys = await staticKeys();
    const [one, two] = [await connect(keys), await connect(keys)];
    const record = await one.initiator.seal(text('session one'));
    await expectCode(() => two.responder.open(record), 'wrong-session');
    record.set(two.initiator.sessionId, 6);
    await expectCode(() => two.responder.open(record), 'authentication-failed');
  });

  test('the aad must be the same', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    const record = await initiator.seal(text('x'), text('round 1'));
    await expectCode(() => responder.open(record, text('round 2')), 'authentication-failed');
    await expectCode(() => responder.open(record), 'authentication-failed');
    expect(await responder.open(record, text('round 1'))).toEqual(text('x'));
  });

  test('every flipped byte and every truncation of a record is refused and changes nothing', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    const record = await initiator.seal(text('thirty bytes of hospital data.'));
    for (let at = 0; at < record.length; at++) {
      const altered = record.slice();
      altered[at] = (altered[at] as number) ^ (1 << (at % 8));
      await expectCode(
        () => responder.open(altered),
        'malformed',
        'authentication-failed',
        'wrong-session',
        'reflected',
        'out-of-order',
        'argument',
      );
      await expectCode(() => responder.open(record.slice(0, at)), 'malformed', 'authentication-failed');
    }
    expect(responder.counters.received).toBe(0);
    expect(await responder.open(record)).toEqual(text('thirty bytes of hospital data.'));
  });

  test('the header has one encoding: other magic, type, sender or a sequence number above 2^53 is malformed', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    const record = await initiator.seal(text('x'));
    for (const [at, value] of [
      [0, 0],
      [3, 0x32],
      [4, 0],
      [4, 4],
      [5, 2],
      [5, 255],
      [18, 0x80],
      [19, 0x20],
    ] as const) {
      const odd = record.slice();
      odd[at] = value;
      for (const call of [() => responder.open(odd), () => responder.accept(odd), () => recordType(odd)])
        await expectCode(call, 'malformed');
    }
    await expectCode(() => recordType(record.slice(0, 25)), 'malformed');
    expect(recordType(record)).toBe('data');
  });

  test('random bytes are refused with typed errors only', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    const good = await initiator.seal(text('seed'));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), fc.nat(26), async (noise, keep) => {
        const record = Uint8Array.from([...good.subarray(0, keep), ...noise]);
        if (hex(record) === hex(good)) return;
        for (const call of [() => responder.open(record), () => responder.accept(record), () => recordType(record)]) {
          try {
            const result = await call();
            if (typeof result !== 'string' || result === 'rekey' || result === 'close')
              expect(recordType(record)).toBe(result);
          } catch (error) {
            expect(isKemError(error), String(error)).toBe(true);
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(responder.counters.received).toBe(0);
    expect(await responder.open(good)).toEqual(text('seed'));
  });
});

describe('rekey', () => {
  test('each direction rekeys by itself and records go on', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    for (let i = 0; i < 4; i++) {
      const record = await initiator.rekey();
      expect(recordType(record)).toBe('rekey');
      expect(await responder.accept(record)).toBe('rekey');
      expect(await responder.open(await initiator.seal(pattern(100)))).toEqual(pattern(100));
      expect(await initiator.accept(await responder.rekey())).toBe('rekey');
      expect(await initiator.open(await responder.seal(pattern(50)))).toEqual(pattern(50));
    }
  });

  test('a dropped, replayed or forged rekey is refused', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    const rekey = await initiator.rekey();
    const after = await initiator.seal(text('after'));
    await expectCode(() => responder.open(after), 'out-of-order');
    const forged = rekey.slice();
    forged[30] = (forged[30] as number) ^ 1;
    await expectCode(() => responder.accept(forged), 'authentication-failed');
    expect(await responder.accept(rekey)).toBe('rekey');
    await expectCode(() => responder.accept(rekey), 'replayed');
    expect(await responder.open(after)).toEqual(text('after'));
  });

  test('control records are no data and data records no control', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    const data = await initiator.seal(new Uint8Array(0));
    await expectCode(() => responder.accept(data), 'argument');
    const relabelled = data.slice();
    relabelled[4] = 2;
    await expectCode(() => responder.accept(relabelled), 'authentication-failed');
    await responder.open(data);
    await expectCode(async () => responder.open(await initiator.rekey()), 'argument');
  });

  test('a full epoch asks for a rekey before it seals more', async () => {
    const { initiator, responder } = await connect(await staticKeys(), { epochBytes: 200 });
    await responder.open(await initiator.seal(pattern(100)));
    await expectCode(() => initiator.seal(pattern(100)), 'limit');
    await responder.accept(await initiator.rekey());
    expect(await responder.open(await initiator.seal(pattern(100)))).toEqual(pattern(100));
  });
});

describe('the end of a session', () => {
  test('a close record proves that nothing is missing; without it the end may be cut off', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    await responder.open(await initiator.seal(text('1')));
    const last = await initiator.seal(text('2'));
    const close = await initiator.close();
    expect(responder.peerClosed).toBe(false);
    await expectCode(() => responder.accept(close), 'out-of-order');
    await responder.open(last);
    expect(await responder.accept(close)).toBe('close');
    expect(responder.peerClosed).toBe(true);
    await expectCode(() => initiator.seal(text('3')), 'wrong-state');
    expect(await initiator.open(await responder.seal(text('still open')))).toEqual(text('still open'));
  });

  test('a wiped session does nothing any more', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    const record = await responder.seal(text('late'));
    initiator.wipe();
    expect((await expectCode(() => initiator.seal(text('x')), 'wrong-state')).details.got).toBe('wiped');
    expect((await expectCode(() => initiator.open(record), 'wrong-state')).details.field).toBe('session');
    await expectCode(() => initiator.exportKey({ label: text('x'), length: 32 }), 'wrong-state');
    await expectCode(() => initiator.rekey(), 'wrong-state');
  });
});

describe('streams', () => {
  const cut = async function* (bytes: AsyncIterable<Uint8Array>, size: number) {
    for await (const part of bytes) for (let at = 0; at < part.length; at += size) yield part.subarray(at, at + size);
  };

  test('many MB pass in pieces of any size, between other records, and equal a record in one piece', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    const data = pattern(5 * SEGMENT_BYTES + 12_345);
    await responder.open(await initiator.seal(text('before')));
    const got = await collect(responder.openStream(cut(initiator.sealStream([data]), 99_991)));
    expect(digest(got)).toBe(digest(data));
    await responder.open(await initiator.seal(text('after')));
    const record = await collect(initiator.sealStream([data.subarray(0, 10), data.subarray(10)], text('a')));
    expect(digest(await responder.open(record, text('a')))).toBe(digest(data));
    expect(digest(await collect(responder.openStream([await initiator.seal(data)])))).toBe(digest(data));
  });

  test('truncated, reordered and replayed streams are refused', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    const record = await initiator.seal(pattern(3 * SEGMENT_BYTES));
    const sealed = SEGMENT_BYTES + 16;
    const header = record.subarray(0, 26);
    const segment = (i: number) => record.subarray(26 + i * sealed, 26 + (i + 1) * sealed);
    for (const source of [[header], [header.subarray(0, 20)], [header, segment(0).subarray(0, 15)], []])
      await expectCode(() => collect(responder.openStream(source)), 'malformed');
    for (const source of [
      [header, segment(1), segment(0), segment(2)],
      [header, segment(0).subarray(0, 1000)],
      [header, new Uint8Array(16)],
    ])
      await expectCode(() => collect(responder.openStream(source)), 'authentication-failed');
    expect(responder.counters.received).toBe(0);
    for (const source of [
      [header, segment(0), segment(1)],
      [header, segment(0), segment(1), segment(2).subarray(0, 77)],
    ]) {
      const other = await connect(await staticKeys());
      const same = await other.initiator.seal(pattern(3 * SEGMENT_BYTES));
      const cutOff = source.map((_, i) =>
        i === 0
          ? same.subarray(0, 26)
          : same.subarray(26 + (i - 1) * sealed, 26 + (i - 1) * sealed + (source[i] as Uint8Array).length),
      );
      await expectCode(() => collect(other.responder.openStream(cutOff)), 'authentication-failed');
    }
    expect((await collect(responder.openStream([record]))).length).toBe(3 * SEGMENT_BYTES);
    await expectCode(() => collect(responder.openStream([record])), 'replayed');
  });

  test('a rekey during a stream does not break it', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    const stream = initiator.sealStream([pattern(3 * SEGMENT_BYTES)]);
    const parts: Uint8Array[] = [];
    for (let i = 0; i < 2; i++) parts.push((await stream.next()).value as Uint8Array);
    const rekey = await initiator.rekey();
    for await (const part of stream) parts.push(part);
    expect((await collect(responder.openStream(parts))).length).toBe(3 * SEGMENT_BYTES);
    expect(await responder.accept(rekey)).toBe('rekey');
    expect(await responder.open(await initiator.seal(text('x')))).toEqual(text('x'));
  });

  test('an epoch that fills up in the middle of a stream ends it with a typed error', async () => {
    const { initiator } = await connect(await staticKeys(), { epochBytes: 2 * SEGMENT_BYTES + 100 });
    await expectCode(() => collect(initiator.sealStream([pattern(3 * SEGMENT_BYTES)])), 'limit');
  });
});

describe('exporter', () => {
  test('both ends derive the same secrets, another label another one', async () => {
    const { initiator, responder } = await connect(await staticKeys());
    const a = await initiator.exportKey({ label: text('audit'), length: 48 });
    expect(a.length).toBe(48);
    expect(hex(await responder.exportKey({ label: text('audit'), length: 48 }))).toBe(hex(a));
    expect(hex(await responder.exportKey({ label: text('other'), length: 48 }))).not.toBe(hex(a));
    for (const length of [0, -1, 1.5, 8161])
      await expectCode(() => initiator.exportKey({ label: text('x'), length }), 'argument');
  });
});
