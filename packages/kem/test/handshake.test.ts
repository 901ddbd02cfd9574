import { createInitiator, createResponder, createSuite, hkdfSha512, mlKem768, xWing } from '@zkfl/kem';
import { createInitiatorKeepingEphemeral, forgeKeyPair, openRecordedWire } from '@zkfl/kem/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isKemError } from '../src/errors.ts';
import { defaultSuite } from '../src/suite.ts';
import { connect, expectCode, hex, pattern, staticKeys, text } from './support.ts';

describe('forward secrecy', () => {
  async function recorded() {
    const keys = await staticKeys();
    const context = text('study');
    const { initiator: start, ephemeral } = await createInitiatorKeepingEphemeral({
      keyPair: keys.initiator,
      peerPublicKey: keys.responder.publicKey,
      context,
    });
    const responder = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey, context });
    const message2 = await responder.respond(start.message);
    const { message, session } = await start.finish(message2);
    const peer = await responder.finish(message);
    const records: Uint8Array[] = [];
    const plaintexts = [pattern(900), text('model'), pattern(70_000)];
    records.push(await session.seal(plaintexts[0] as Uint8Array));
    records.push(await peer.seal(plaintexts[1] as Uint8Array));
    records.push(await session.rekey());
    records.push(await session.seal(plaintexts[2] as Uint8Array));
    const wire = { message1: start.message, message2, records };
    return { wire, keys, context, ephemeral, plaintexts };
  }

  test("a recorded wire can't be opened afterwards even with both parties' long-term secret keys", async () => {
    const { wire, keys, context } = await recorded();
    const other = await xWing.generateKeyPair();
    const opened = await openRecordedWire(wire, {
      suite: defaultSuite,
      context,
      initiator: keys.initiator,
      responder: keys.responder,
      candidates: [keys.initiator, keys.responder, other],
      guesses: [new Uint8Array(32), pattern(32)],
    });
    expect(opened).toBeUndefined();
  });

  test('control: with the ephemeral key kept, the same attack opens every record', async () => {
    const { wire, keys, context, ephemeral, plaintexts } = await recorded();
    const knowledge = {
      suite: defaultSuite,
      context,
      initiator: keys.initiator,
      responder: keys.responder,
      candidates: [keys.initiator, ephemeral],
    };
    const opened = await openRecordedWire(wire, knowledge);
    expect(opened?.map(hex)).toEqual(plaintexts.map(hex));
  });

  test('the ephemeral key alone does not open the wire either', async () => {
    const { wire, keys, context, ephemeral } = await recorded();
    const stranger = await xWing.generateKeyPair();
    for (const missing of ['initiator', 'responder'] as const) {
      const own = keys[missing];
      const opened = await openRecordedWire(wire, {
        suite: defaultSuite,
        context,
        ...keys,
        [missing]: forgeKeyPair({ publicKey: own.publicKey, other: stranger }),
        candidates: [ephemeral],
      });
      expect(opened, `without the ${missing}'s static key`).toBeUndefined();
    }
  });
});

describe('mutual authentication', () => {
  test('a responder without its static secret key cannot finish (impersonated responder)', async () => {
    const keys = await staticKeys();
    const stranger = await xWing.generateKeyPair();
    const initiator = await createInitiator({ keyPair: keys.initiator, peerPublicKey: keys.responder.publicKey });
    const fake = createResponder({
      keyPair: forgeKeyPair({ publicKey: keys.responder.publicKey, other: stranger }),
      peerPublicKey: keys.initiator.publicKey,
    });
    await expectCode(() => fake.respond(initiator.message), 'authentication-failed');
  });

  test('an initiator without its static secret key cannot finish (impersonated initiator)', async () => {
    const keys = await staticKeys();
    const stranger = await xWing.generateKeyPair();
    const fake = await createInitiator({
      keyPair: forgeKeyPair({ publicKey: keys.initiator.publicKey, other: stranger }),
      peerPublicKey: keys.responder.publicKey,
    });
    const responder = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey });
    const message2 = await responder.respond(fake.message);
    await expectCode(() => fake.finish(message2), 'authentication-failed');
    const guessed = Uint8Array.from([...text('ZKH1'), 3, ...pattern(32)]);
    await expectCode(() => responder.finish(guessed), 'authentication-failed');
  });

  test('key compromise: who has the responder key still cannot pose as a hospital to it', async () => {
    const keys = await staticKeys();
    // The thief owns sk_R, so it knows ss_R and ss_E; ss_I takes sk_I.
    const fake = await createInitiator({
      keyPair: forgeKeyPair({ publicKey: keys.initiator.publicKey, other: keys.responder }),
      peerPublicKey: keys.responder.publicKey,
    });
    const responder = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey });
    await expectCode(async () => fake.finish(await responder.respond(fake.message)), 'authentication-failed');
  });

  test('key compromise: who has the initiator key still cannot pose as the coordinator to it', async () => {
    const keys = await staticKeys();
    const initiator = await createInitiator({ keyPair: keys.initiator, peerPublicKey: keys.responder.publicKey });
    // With sk_I the thief can build a well-formed message 2, but not from the right ss_R.
    const fake = createResponder({
      keyPair: forgeKeyPair({ publicKey: keys.responder.publicKey, other: keys.initiator }),
      peerPublicKey: keys.initiator.publicKey,
    });
    await expectCode(() => fake.respond(initiator.message), 'authentication-failed');
    const elsewhere = await createInitiator({ keyPair: keys.initiator, peerPublicKey: keys.responder.publicKey });
    const honest = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey });
    const spliced = await honest.respond(elsewhere.message);
    await expectCode(() => initiator.finish(spliced), 'authentication-failed');
  });

  test('wrong static keys are refused on either side', async () => {
    const keys = await staticKeys();
    const stranger = await xWing.generateKeyPair();
    const lost = await createInitiator({ keyPair: keys.initiator, peerPublicKey: stranger.publicKey });
    const responder = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey });
    await expectCode(() => responder.respond(lost.message), 'authentication-failed');
    const unknown = await createInitiator({ keyPair: stranger, peerPublicKey: keys.responder.publicKey });
    const again = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey });
    await expectCode(() => again.respond(unknown.message), 'unknown-peer');
  });

  test('a registry finds the initiator; a registry that answers with another key is not believed', async () => {
    const keys = await staticKeys();
    const stranger = await xWing.generateKeyPair();
    const registry = new Map([[hex(keys.initiator.fingerprint), keys.initiator.publicKey]]);
    const options = { keyPair: keys.initiator, peerPublicKey: keys.responder.publicKey };
    const initiator = await createInitiator(options);
    const responder = createResponder({
      keyPair: keys.responder,
      resolvePeer: async (fingerprint) => registry.get(hex(fingerprint)),
    });
    const { message, session } = await initiator.finish(await responder.respond(initiator.message));
    const peer = await responder.finish(message);
    expect(await peer.open(await session.seal(text('x')))).toEqual(text('x'));
    expect(hex(peer.peerFingerprint)).toBe(hex(keys.initiator.fingerprint));
    const wrong = createResponder({ keyPair: keys.responder, resolvePeer: () => stranger.publicKey });
    await expectCode(async () => wrong.respond((await createInitiator(options)).message), 'unknown-peer');
    const empty = createResponder({ keyPair: keys.responder, resolvePeer: () => undefined });
    await expectCode(async () => empty.respond((await createInitiator(options)).message), 'unknown-peer');
  });

  test('the initiator is not named in clear on the wire', async () => {
    const keys = await staticKeys();
    const seen = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const { messages } = await connect(keys);
      const wire = hex(messages[0]) + hex(messages[1]) + hex(messages[2]);
      expect(wire).not.toContain(hex(keys.initiator.fingerprint));
      expect(wire).not.toContain(hex(keys.initiator.publicKey).slice(0, 64));
      seen.add(hex(messages[0].subarray(-48)));
    }
    expect(seen.size).toBe(3);
  });
});

describe('the transcript binds', () => {
  test('context and suite: ends that differ do not connect', async () => {
    const keys = await staticKeys();
    const base = { keyPair: keys.initiator, peerPublicKey: keys.responder.publicKey };
    const initiator = await createInitiator({ ...base, context: text('study A') });
    const other = createResponder({
      keyPair: keys.responder,
      peerPublicKey: keys.initiator.publicKey,
      context: text('study B'),
    });
    await expectCode(() => other.respond(initiator.message), 'authentication-failed');
    const suite = createSuite({ kdf: hkdfSha512 });
    const more = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey, suite });
    await expectCode(() => more.respond(initiator.message), 'suite-mismatch');
    const relabelled = initiator.message;
    relabelled[8] = 3;
    const again = createResponder({
      keyPair: keys.responder,
      peerPublicKey: keys.initiator.publicKey,
      suite,
      context: text('study A'),
    });
    await expectCode(() => again.respond(relabelled), 'authentication-failed');
  });

  test('a flipped byte anywhere in the three messages ends the handshake', { timeout: 240_000 }, async () => {
    const keys = await staticKeys();
    const positions = (length: number, from: number) =>
      Array.from({ length: 24 }, (_, i) => from + Math.floor(((length - from - 1) * i) / 23));
    const codes = [
      'malformed',
      'suite-mismatch',
      'authentication-failed',
      'invalid-key',
      'invalid-ciphertext',
    ] as const;
    const flip = (bytes: Uint8Array, at: number) => {
      const out = bytes.slice();
      out[at] = (out[at] as number) ^ 1;
      return out;
    };
    for (const which of [1, 2, 3]) {
      const length = which === 1 ? 2395 : which === 2 ? 2277 : 37;
      for (const at of new Set([0, 4, 5, ...positions(length, 6), length - 1])) {
        const initiator = await createInitiator({ keyPair: keys.initiator, peerPublicKey: keys.responder.publicKey });
        const responder = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey });
        await expectCode(
          async () => {
            const message1 = initiator.message;
            const message2 = await responder.respond(which === 1 ? flip(message1, at) : message1);
            const { message } = await initiator.finish(which === 2 ? flip(message2, at) : message2);
            await responder.finish(which === 3 ? flip(message, at) : message);
          },
          ...codes,
        );
      }
    }
  });

  test('a message of another step or another protocol is refused as malformed', async () => {
    const keys = await staticKeys();
    const { messages } = await connect(keys);
    for (const at of [0, 3, 4]) {
      const responder = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey });
      const initiator = await createInitiator({ keyPair: keys.initiator, peerPublicKey: keys.responder.publicKey });
      const [m1, m2, m3] = messages.map((message) => {
        const odd = message.slice();
        odd[at] = (odd[at] as number) ^ 8;
        return odd;
      }) as [Uint8Array, Uint8Array, Uint8Array];
      const other = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey });
      await other.respond(messages[0]);
      await expectCode(() => responder.respond(m1), 'malformed');
      await expectCode(() => initiator.finish(m2), 'malformed');
      await expectCode(() => other.finish(m3), 'malformed');
    }
  });

  test('messages of two handshakes cannot be mixed', async () => {
    const keys = await staticKeys();
    const start = () => createInitiator({ keyPair: keys.initiator, peerPublicKey: keys.responder.publicKey });
    const wait = () => createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey });
    const [a, b] = [await start(), await start()];
    const [ra, rb] = [wait(), wait()];
    const [a2, b2] = [await ra.respond(a.message), await rb.respond(b.message)];
    await expectCode(() => a.finish(b2), 'authentication-failed');
    const { message } = await b.finish(b2);
    await expectCode(() => ra.finish(message), 'authentication-failed');
    await rb.finish(message);
    expect(a2.length).toBe(b2.length);
  });

  test('a replayed message 1 gives its sender nothing: message 3 is out of reach', async () => {
    const keys = await staticKeys();
    const { messages } = await connect(keys);
    const responder = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey });
    const fresh = await responder.respond(messages[0]);
    expect(hex(fresh)).not.toBe(hex(messages[1]));
    await expectCode(() => responder.finish(messages[2]), 'authentication-failed');
  });

  test('every step happens once and in order', async () => {
    const keys = await staticKeys();
    const initiator = await createInitiator({ keyPair: keys.initiator, peerPublicKey: keys.responder.publicKey });
    const responder = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey });
    await expectCode(() => responder.finish(new Uint8Array(37)), 'wrong-state');
    const message2 = await responder.respond(initiator.message);
    await expectCode(() => responder.respond(initiator.message), 'wrong-state');
    const { message } = await initiator.finish(message2);
    await expectCode(() => initiator.finish(message2), 'wrong-state');
    await responder.finish(message);
    await expectCode(() => responder.finish(message), 'wrong-state');
    const aborted = await createInitiator({ keyPair: keys.initiator, peerPublicKey: keys.responder.publicKey });
    aborted.abort();
    await expectCode(() => aborted.finish(message2), 'wrong-state');
  });

  test('random bytes are refused with typed errors only', async () => {
    const keys = await staticKeys();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2500, size: 'max' }), fc.nat(2), async (noise, which) => {
        const responder = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey });
        const initiator = await createInitiator({ keyPair: keys.initiator, peerPublicKey: keys.responder.publicKey });
        if (which > 0) await responder.respond(initiator.message);
        try {
          if (which === 0) await responder.respond(noise);
          else if (which === 1) await responder.finish(noise);
          else await initiator.finish(noise);
          throw new Error('accepted noise');
        } catch (error) {
          expect(isKemError(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('bad options are refused', async () => {
    const keys = await staticKeys();
    const peerPublicKey = keys.responder.publicKey;
    const odd = { keyPair: keys.initiator, peerPublicKey, psk: pattern(32) };
    await expectCode(() => createInitiator(odd), 'argument');
    await expectCode(() => createInitiator({ keyPair: keys.initiator, peerPublicKey, epochBytes: 0 }), 'argument');
    await expectCode(
      () => createInitiator({ keyPair: keys.initiator, peerPublicKey, epochBytes: 2 ** 40 }),
      'argument',
    );
    await expectCode(() => createResponder({ keyPair: keys.responder }), 'argument');
    await expectCode(
      () => createResponder({ keyPair: keys.responder, peerPublicKey, resolvePeer: () => undefined }),
      'argument',
    );
    const pure = await mlKem768.generateKeyPair();
    await expectCode(() => createInitiator({ keyPair: pure, peerPublicKey }), 'suite-mismatch');
    await expectCode(() => createInitiator({ keyPair: {} as never, peerPublicKey }), 'argument');
    await expectCode(
      () => createInitiator({ keyPair: keys.initiator, peerPublicKey: new Uint8Array(5) }),
      'invalid-key',
    );
    await expectCode(
      () => createResponder({ keyPair: keys.responder, peerPublicKey: new Uint8Array(1216).fill(255) }),
      'invalid-key',
    );
  });
});
