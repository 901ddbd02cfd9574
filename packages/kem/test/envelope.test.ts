import {
  createSuite,
  envelopeOverhead,
  hkdfSha256,
  hkdfSha512,
  type Kdf,
  KEMS,
  type KemName,
  kmac256OneStep,
  open,
  openStream,
  SEGMENT_BYTES,
  seal,
  sealStream,
  xWing,
} from '@zkfl/kem';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isKemError, type KemErrorCode } from '../src/errors.ts';
import { collect, digest, expectCode, hex, pattern, text } from './support.ts';

const AEADS = ['AES-256-GCM', 'ChaCha20-Poly1305'] as const;

describe('seal and open', () => {
  test.each(Object.keys(KEMS) as KemName[])(
    '%s: every KDF and AEAD round-trips and has the stated size',
    async (name) => {
      const keyPair = await KEMS[name].generateKeyPair();
      for (const kdf of [hkdfSha256, hkdfSha512, kmac256OneStep]) {
        for (const aead of AEADS) {
          const suite = createSuite({ kem: name, kdf, aead });
          const plaintext = pattern(1000);
          const message = await seal({
            recipient: keyPair.publicKey,
            plaintext,
            suite,
            context: text('c'),
            aad: text('a'),
          });
          expect(message.length).toBe(1000 + envelopeOverhead(suite));
          expect(hex(await open({ keyPair, message, suite, context: text('c'), aad: text('a') }))).toBe(hex(plaintext));
        }
      }
    },
  );

  test('lengths around a segment round-trip, in one piece and as a stream, in either direction', async () => {
    const keyPair = await xWing.generateKeyPair();
    const recipient = keyPair.publicKey;
    for (const length of [
      0,
      1,
      SEGMENT_BYTES - 1,
      SEGMENT_BYTES,
      SEGMENT_BYTES + 1,
      2 * SEGMENT_BYTES,
      5 * SEGMENT_BYTES + 3,
    ]) {
      const plaintext = pattern(length);
      const message = await seal({ recipient, plaintext });
      expect(message.length).toBe(
        length + envelopeOverhead() + 16 * Math.max(0, Math.ceil(length / SEGMENT_BYTES) - 1),
      );
      expect(digest(await open({ keyPair, message }))).toBe(digest(plaintext));
      expect(digest(await collect(openStream({ keyPair, source: [message] })))).toBe(digest(plaintext));
      const streamed = await collect(
        sealStream({ recipient, source: [plaintext.subarray(0, 17), plaintext.subarray(17)] }),
      );
      expect(digest(await open({ keyPair, message: streamed }))).toBe(digest(plaintext));
    }
  });

  test('any plaintext, context and aad round-trip; another context or aad does not open', async () => {
    const keyPair = await xWing.generateKeyPair();
    const recipient = keyPair.publicKey;
    const bytes = fc.uint8Array({ maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(bytes, bytes, bytes, bytes, async (plaintext, context, aad, other) => {
        const message = await seal({ recipient, plaintext, context, aad });
        expect(await open({ keyPair, message, context, aad })).toEqual(plaintext);
        if (hex(other) !== hex(context))
          await expectCode(() => open({ keyPair, message, context: other, aad }), 'authentication-failed');
        if (hex(other) !== hex(aad))
          await expectCode(() => open({ keyPair, message, context, aad: other }), 'authentication-failed');
      }),
      { numRuns: 40 },
    );
  });

  test('bytes cannot be moved between context and aad', async () => {
    const keyPair = await xWing.generateKeyPair();
    const message = await seal({
      recipient: keyPair.publicKey,
      plaintext: text('m'),
      context: text('ab'),
      aad: text('c'),
    });
    await expectCode(() => open({ keyPair, message, context: text('a'), aad: text('bc') }), 'authentication-failed');
  });

  test('every flipped byte of a small message is refused with a typed error', async () => {
    const keyPair = await xWing.generateKeyPair();
    const message = await seal({ recipient: keyPair.publicKey, plaintext: text('beta = 5') });
    for (let at = 0; at < message.length; at++) {
      const altered = message.slice();
      altered[at] = (altered[at] as number) ^ (1 << (at % 8));
      await expectCode(
        () => open({ keyPair, message: altered }),
        ...(at < 4
          ? ['malformed' as const]
          : at < 10
            ? ['suite-mismatch' as const]
            : ['authentication-failed' as const]),
      );
    }
  });

  test('every truncation and every extension of a small message is refused', async () => {
    const keyPair = await xWing.generateKeyPair();
    const message = await seal({ recipient: keyPair.publicKey, plaintext: text('beta = 5') });
    for (let length = 0; length < message.length; length += length < 1100 ? 37 : 1)
      await expectCode(
        () => open({ keyPair, message: message.slice(0, length) }),
        'malformed',
        'authentication-failed',
      );
    const longer = new Uint8Array(message.length + 1);
    longer.set(message);
    await expectCode(() => open({ keyPair, message: longer }), 'authentication-failed');
  });

  test('only the recipient opens it', async () => {
    const [alice, bob] = await Promise.all([xWing.generateKeyPair(), xWing.generateKeyPair()]);
    const message = await seal({ recipient: alice.publicKey, plaintext: text('for alice') });
    await expectCode(() => open({ keyPair: bob, message }), 'authentication-failed');
  });

  test('a message of another suite is refused by name: the receiver states its suite, nothing is negotiated', async () => {
    const keyPair = await xWing.generateKeyPair();
    const weaker = createSuite({ kdf: hkdfSha512 });
    const message = await seal({ recipient: keyPair.publicKey, plaintext: text('x'), suite: weaker });
    await expectCode(() => open({ keyPair, message }), 'suite-mismatch');
    await expectCode(() => open({ keyPair, message, suite: createSuite({ kem: 'ML-KEM-768' }) }), 'suite-mismatch');
  });

  test('a relabelled suite does not open: its id is bound into the key', async () => {
    const keyPair = await xWing.generateKeyPair();
    const message = await seal({ recipient: keyPair.publicKey, plaintext: text('x') });
    message[9] = 0x03;
    const suite = createSuite({ aead: 'ChaCha20-Poly1305' });
    await expectCode(() => open({ keyPair, message, suite }), 'authentication-failed');
  });

  test('random bytes are refused with typed errors only', async () => {
    const keyPair = await xWing.generateKeyPair();
    const good = await seal({ recipient: keyPair.publicKey, plaintext: text('seed') });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 1400 }), fc.boolean(), async (noise, header) => {
        const message = header ? Uint8Array.from([...good.subarray(0, 10), ...noise]) : noise;
        try {
          await open({ keyPair, message });
          throw new Error('opened noise');
        } catch (error) {
          expect(isKemError(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('a KDF of the caller is used for every derivation and interoperates under its id', async () => {
    const calls: number[] = [];
    const hsm: Kdf = {
      name: 'HKDF-SHA-256 in an HSM',
      id: hkdfSha256.id,
      async derive(input) {
        calls.push(input.secret.length);
        return hkdfSha256.derive(input);
      },
    };
    const keyPair = await xWing.generateKeyPair();
    const suite = createSuite({ kdf: hsm });
    const message = await seal({ recipient: keyPair.publicKey, plaintext: text('x'), suite });
    expect(await open({ keyPair, message })).toEqual(text('x'));
    expect(calls).toEqual([32]);
    const short: Kdf = { name: 'short', id: 0xff33, derive: () => new Uint8Array(3) };
    await expectCode(
      () => seal({ recipient: keyPair.publicKey, plaintext: text('x'), suite: createSuite({ kdf: short }) }),
      'argument',
    );
  });
});

describe('envelope streams', () => {
  const cut = async function* (bytes: Uint8Array, size: number) {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };

  test('truncated, extended, cut and reordered streams are refused', async () => {
    const keyPair = await xWing.generateKeyPair();
    const plaintext = pattern(3 * SEGMENT_BYTES);
    const message = await seal({ recipient: keyPair.publicKey, plaintext });
    const head = envelopeOverhead() - 16;
    const sealed = SEGMENT_BYTES + 16;
    const segment = (i: number) => message.subarray(head + i * sealed, head + (i + 1) * sealed);
    const header = message.subarray(0, head);
    const streams: Record<string, Uint8Array[]> = {
      'the last segment gone': [header, segment(0), segment(1)],
      'all segments gone': [header],
      'half a tag': [header, segment(0), segment(1), segment(2).subarray(0, 8)],
      'cut inside the last segment': [header, segment(0), segment(1), segment(2).subarray(0, 5000)],
      'a byte more': [message, Uint8Array.of(0)],
      'a segment twice': [header, segment(0), segment(0), segment(2)],
      reordered: [header, segment(1), segment(0), segment(2)],
      'a segment left out': [header, segment(0), segment(2)],
      'an empty last segment': [header, segment(0), segment(1), segment(2), new Uint8Array(16)],
    };
    const malformed = ['all segments gone', 'half a tag'];
    for (const [name, source] of Object.entries(streams)) {
      const whole = collectSync(source);
      const codes: KemErrorCode[] = [malformed.includes(name) ? 'malformed' : 'authentication-failed'];
      // In one piece the odd end is seen first, in a stream the third segment that is no longer the last.
      if (name === 'a byte more' || name === 'an empty last segment') codes.push('malformed');
      for (const call of [() => collect(openStream({ keyPair, source })), () => open({ keyPair, message: whole })])
        await expectCode(call, ...codes).catch((error) => {
          throw new Error(name, { cause: error });
        });
    }
    expect(digest(await collect(openStream({ keyPair, source: cut(message, 65_537) })))).toBe(digest(plaintext));
  });

  test('memory stays bounded: an endless source is refused or sealed segment by segment, never gathered', async () => {
    const keyPair = await xWing.generateKeyPair();
    let pulled = 0;
    const endless = async function* () {
      for (;;) {
        pulled += 65_536;
        yield new Uint8Array(65_536);
      }
    };
    await expectCode(() => collect(openStream({ keyPair, source: endless() })), 'malformed');
    expect(pulled).toBe(65_536);
    pulled = 0;
    let got = 0;
    for await (const part of sealStream({ recipient: keyPair.publicKey, source: endless() })) {
      got += part.length;
      // What was read ahead is less than a segment and one piece more than what came out.
      expect(pulled - got).toBeLessThanOrEqual(SEGMENT_BYTES + 65_536);
      if (got > 6 * SEGMENT_BYTES) break;
    }
    expect(pulled).toBeLessThan(9 * SEGMENT_BYTES);
  });

  test('web streams are read too, and a source of something else is refused', async () => {
    const keyPair = await xWing.generateKeyPair();
    const message = await seal({ recipient: keyPair.publicKey, plaintext: pattern(70_000) });
    const stream = new Blob([message as Uint8Array<ArrayBuffer>]).stream();
    expect(await collect(openStream({ keyPair, source: stream }))).toEqual(pattern(70_000));
    await expectCode(() => collect(openStream({ keyPair, source: message as never })), 'argument');
    await expectCode(() => collect(openStream({ keyPair, source: ['text'] as never })), 'argument');
  });
});

function collectSync(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
