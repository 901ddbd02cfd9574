import { inspect } from 'node:util';
import {
  createInitiator,
  createResponder,
  createSuite,
  generateIdentity,
  hkdfSha256,
  type Kdf,
  KEMS,
  open,
  seal,
} from '@zkfl/kem';
import { describe, expect, test } from 'vitest';
import { connect, expectCode, hex, staticKeys, text } from './support.ts';

/** HKDF that keeps every array it was handed or gave out, to look at them afterwards. */
function watchedKdf(): { kdf: Kdf; given: Uint8Array[]; made: Uint8Array[] } {
  const given: Uint8Array[] = [];
  const made: Uint8Array[] = [];
  return {
    given,
    made,
    kdf: {
      name: 'watched',
      id: hkdfSha256.id,
      derive(input) {
        const out = hkdfSha256.derive(input) as Uint8Array;
        given.push(input.secret);
        made.push(out);
        return out;
      },
    },
  };
}
const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

describe('secrets are wiped', () => {
  test('seal and open leave neither shared secrets nor derived keys behind', async () => {
    const { kdf, given, made } = watchedKdf();
    const suite = createSuite({ kdf });
    const keyPair = (await staticKeys()).responder;
    const message = await seal({ recipient: keyPair.publicKey, plaintext: text('x'), suite });
    await open({ keyPair, message, suite });
    message[message.length - 1] = (message[message.length - 1] as number) ^ 1;
    await expectCode(() => open({ keyPair, message, suite }), 'authentication-failed');
    expect(given.length).toBe(3);
    expect(given.every(isZero)).toBe(true);
    expect(made.every(isZero)).toBe(true);
  });

  test('a finished handshake leaves no KEM secret, chain or confirmation key behind', async () => {
    const { kdf, given, made } = watchedKdf();
    const suite = createSuite({ kdf });
    await connect(await staticKeys(), { suite });
    expect(given.length).toBeGreaterThanOrEqual(4);
    expect(given.every(isZero)).toBe(true);
    // The identity tag is public; everything else that came out of the KDF is gone.
    expect(made.filter((out) => out.length !== 16).every(isZero)).toBe(true);
  });

  test('a failed handshake wipes as well', async () => {
    const { kdf, given, made } = watchedKdf();
    const suite = createSuite({ kdf });
    const keys = await staticKeys();
    const initiator = await createInitiator({
      keyPair: keys.initiator,
      peerPublicKey: keys.responder.publicKey,
      suite,
    });
    const responder = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey, suite });
    const message2 = await responder.respond(initiator.message);
    message2[message2.length - 1] = (message2[message2.length - 1] as number) ^ 1;
    await expectCode(() => initiator.finish(message2), 'authentication-failed');
    await expectCode(() => responder.finish(new Uint8Array(37)), 'malformed');
    expect(given.every(isZero)).toBe(true);
    expect(made.filter((out) => out.length !== 16).every(isZero)).toBe(true);
  });

  test('rekey wipes the old secrets in both directions, and an old record no longer opens', async () => {
    const { kdf, given, made } = watchedKdf();
    const suite = createSuite({ kdf });
    const { initiator, responder } = await connect(await staticKeys(), { suite });
    await responder.open(await initiator.seal(text('epoch 0')));
    await initiator.open(await responder.seal(text('epoch 0')));
    given.length = 0;
    made.length = 0;
    for (let i = 0; i < 2; i++) {
      await responder.accept(await initiator.rekey());
      await responder.open(await initiator.seal(text('next')));
      await initiator.accept(await responder.rekey());
      await initiator.open(await responder.seal(text('next')));
    }
    // Each epoch secret was handed to the KDF once, and is zero since.
    expect(given.length).toBe(8);
    expect(given.every(isZero)).toBe(true);
    expect(made.every(isZero)).toBe(true);
  });

  test('a wiped key pair and a wiped identity are of no use', async () => {
    for (const kem of Object.values(KEMS)) {
      const keyPair = await kem.generateKeyPair();
      const { ciphertext } = await kem.encapsulate({ publicKey: keyPair.publicKey });
      keyPair.wipe();
      await expectCode(() => kem.decapsulate({ keyPair, ciphertext }), 'wrong-state');
      await expectCode(() => keyPair.exportSecretKey(), 'wrong-state');
    }
    const identity = await generateIdentity();
    identity.wipe();
    await expectCode(() => identity.exportSecretKey(), 'wrong-state');
  });

  test('what the caller owns stays: keys and plaintexts handed in are not touched', async () => {
    const [kem] = [KEMS['ML-KEM-768']];
    const pair = await kem.generateKeyPair();
    const secretKey = pair.exportSecretKey();
    const before = hex(secretKey);
    const copy = await kem.importKeyPair({ secretKey });
    copy.wipe();
    expect(hex(secretKey)).toBe(before);
    expect(hex(pair.exportSecretKey())).toBe(before);
    const plaintext = text('mine');
    await seal({ recipient: (await staticKeys()).initiator.publicKey, plaintext });
    expect(plaintext).toEqual(text('mine'));
  });
});

describe('secrets are redacted', () => {
  test('JSON and inspection of keys, handshakes and sessions show no secret byte', async () => {
    const keys = await staticKeys();
    const identity = await generateIdentity();
    const { initiator, responder } = await connect(keys);
    const start = await createInitiator({ keyPair: keys.initiator, peerPublicKey: keys.responder.publicKey });
    const objects = [keys.initiator, identity, initiator, responder, start];
    const secrets = [keys.initiator.exportSecretKey(), identity.exportSecretKey()];
    for (const object of objects) {
      const shown =
        JSON.stringify(object) + inspect(object, { depth: 9, showHidden: true }) + JSON.stringify({ ...object });
      expect(shown).toContain('[redacted]');
      for (const secret of secrets) {
        expect(shown).not.toContain(hex(secret).slice(0, 16));
        expect(shown).not.toContain(secret.subarray(0, 8).join(','));
        expect(shown).not.toContain(secret.subarray(0, 8).join(', '));
      }
    }
  });

  test('public keys are handed out as copies', async () => {
    const { initiator } = await staticKeys();
    initiator.publicKey.fill(0);
    initiator.fingerprint.fill(0);
    expect(initiator.publicKey.some((byte) => byte !== 0)).toBe(true);
    expect(initiator.fingerprint.some((byte) => byte !== 0)).toBe(true);
  });
});
