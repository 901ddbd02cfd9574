import { inspect } from 'node:util';
import {
  createInitiator,
  createResponder,
  createSuite,
  generateIdentity,
  hkdfSha256,
  type Kdf,
  KEMS,
  type KemKeyPair,
  open,
  seal,
} from '@zkfl/kem';
import { describe, expect, test } from 'vitest';
import { Initiator } from '../src/initiator.ts';
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

interface Piece {
  readonly of: Uint8Array;
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** Follows what is copied out of `roots` (transitively) and what was copied into other arrays while `work` runs. */
async function follow<T>(
  roots: Uint8Array[],
  work: () => Promise<T>,
): Promise<{ result: T; pieces: Piece[]; copied: [Uint8Array, Uint8Array][] }> {
  const pieces: Piece[] = [];
  const copied: [Uint8Array, Uint8Array][] = [];
  const { slice, set } = Uint8Array.prototype;
  const known = (bytes: Uint8Array) => roots.includes(bytes) || pieces.some((piece) => piece.bytes === bytes);
  Uint8Array.prototype.slice = function (this: Uint8Array, ...range: [number?, number?]) {
    const bytes = slice.apply(this, range);
    if (known(this)) pieces.push({ of: this, start: range[0] ?? 0, bytes });
    return bytes;
  } as typeof slice;
  Uint8Array.prototype.set = function (this: Uint8Array, source: ArrayLike<number>, offset?: number) {
    if (source instanceof Uint8Array) copied.push([this, source]);
    return set.call(this, source, offset);
  };
  try {
    return { result: await work(), pieces, copied };
  } finally {
    Object.assign(Uint8Array.prototype, { slice, set });
  }
}

const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);
/** Lengths of what the KDF gives: identity secrets, master secrets, an epoch, an envelope key. */
const IDENTITY = 96;
const MASTER = 160;
const EPOCH = 76;
const ENVELOPE = 44;

describe('secrets are wiped', () => {
  test('seal and open leave neither shared secrets nor derived keys behind', async () => {
    const { kdf, given, made } = watchedKdf();
    const suite = createSuite({ kdf });
    const keyPair = (await staticKeys()).responder;
    const { result: message, pieces } = await follow(made, async () => {
      const sealed = await seal({ recipient: keyPair.publicKey, plaintext: text('x'), suite });
      await open({ keyPair, message: sealed, suite });
      return sealed;
    });
    expect(pieces.map(({ of }) => of.length)).toEqual(Array(pieces.length).fill(ENVELOPE));
    expect(pieces.length).toBe(4);
    expect(pieces.every(({ bytes }) => isZero(bytes))).toBe(true);
    message[message.length - 1] = (message[message.length - 1] as number) ^ 1;
    await expectCode(() => open({ keyPair, message, suite }), 'authentication-failed');
    expect(given.length).toBe(3);
    expect(given.every(isZero)).toBe(true);
    expect(made.every(isZero)).toBe(true);
  });

  test('a finished handshake leaves no KEM secret, chain or confirmation key behind; a wiped session nothing', async () => {
    const { kdf, given, made } = watchedKdf();
    const suite = createSuite({ kdf });
    const { result, pieces, copied } = await follow(made, async () => connect(await staticKeys(), { suite }));
    expect(given.length).toBe(6);
    expect(given.every(isZero)).toBe(true);
    // The identity tag is public; everything else that came out of the KDF is gone.
    expect(made.filter((out) => out.length !== 16).every(isZero)).toBe(true);
    // chain, ssE and ssI on their way into the master secrets of both ends.
    const mixed = copied
      .filter(([target]) => target.length === 96 && given.includes(target))
      .map(([, source]) => source);
    expect(mixed.length).toBe(6);
    expect(mixed.every(isZero)).toBe(true);
    const identity = pieces.filter(({ of }) => of.length === IDENTITY);
    expect(identity.length).toBe(6);
    expect(identity.every(({ bytes }) => isZero(bytes))).toBe(true);
    const master = pieces.filter(({ of }) => of.length === MASTER);
    expect(master.length).toBe(10);
    for (const { start, bytes } of master) expect(isZero(bytes), `master secret at ${start}`).toBe(start < 64);
    result.initiator.wipe();
    result.responder.wipe();
    expect(master.every(({ bytes }) => isZero(bytes))).toBe(true);
  });

  test('the ephemeral key is wiped when the initiator has finished, or failed, or given up', async () => {
    const keys = await staticKeys();
    for (const end of ['finish', 'fail', 'abort'] as const) {
      const made: KemKeyPair[] = [];
      const initiator = await Initiator.start(
        { keyPair: keys.initiator, peerPublicKey: keys.responder.publicKey },
        async ({ kem }) => {
          const pair = await kem.generateKeyPair();
          made.push(pair);
          return pair;
        },
      );
      const responder = createResponder({ keyPair: keys.responder, peerPublicKey: keys.initiator.publicKey });
      const message2 = await responder.respond(initiator.message);
      made[0]?.exportSecretKey();
      if (end === 'finish') {
        const both = await Promise.allSettled([initiator.finish(message2), initiator.finish(message2)]);
        expect(both.map((it) => it.status)).toEqual(['fulfilled', 'rejected']);
      } else if (end === 'fail') await expectCode(() => initiator.finish(new Uint8Array(2277)), 'malformed');
      else initiator.abort();
      expect(made.length).toBe(1);
      await expectCode(() => made[0]?.exportSecretKey(), 'wrong-state');
    }
  });

  test('a failed handshake wipes as well', async () => {
    const { kdf, given, made } = watchedKdf();
    const suite = createSuite({ kdf });
    const keys = await staticKeys();
    const { pieces, copied } = await follow(made, async () => {
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
    });
    expect(given.every(isZero)).toBe(true);
    expect(made.filter((out) => out.length !== 16).every(isZero)).toBe(true);
    const secret = pieces.filter(({ of }) => of.length === IDENTITY || of.length === MASTER);
    expect(secret.length).toBe(16);
    for (const { of, start, bytes } of secret) expect(isZero(bytes), `${of.length} at ${start}`).toBe(true);
    expect(copied.filter(([target]) => given.includes(target)).every(([, source]) => isZero(source))).toBe(true);
  });

  test('rekey wipes the old key, iv and secret in both directions', async () => {
    const { kdf, given, made } = watchedKdf();
    // ChaCha20-Poly1305 keeps its key as bytes, so its wiping can be seen.
    const suite = createSuite({ kdf, aead: 'ChaCha20-Poly1305' });
    const { initiator, responder } = await connect(await staticKeys(), { suite });
    made.length = 0;
    given.length = 0;
    const { pieces } = await follow(made, async () => {
      await responder.open(await initiator.seal(text('epoch 0')));
      await initiator.open(await responder.seal(text('epoch 0')));
    });
    // Of each epoch and end: raw key, its copy in the AEAD, iv, next secret.
    expect(pieces.length).toBe(16);
    const live = pieces.filter(({ bytes }) => !isZero(bytes));
    expect(live.length).toBe(12);
    await responder.accept(await initiator.rekey());
    expect(live.filter(({ bytes }) => !isZero(bytes)).length).toBe(6);
    await initiator.accept(await responder.rekey());
    expect(live.filter(({ bytes }) => !isZero(bytes)).length).toBe(0);
    expect(made.every((out) => out.length === EPOCH && isZero(out))).toBe(true);
    await responder.open(await initiator.seal(text('next')));
    await initiator.open(await responder.seal(text('next')));
    // Each epoch secret was handed to the KDF once, and is zero since.
    expect(given.length).toBe(8);
    expect(given.every(isZero)).toBe(true);
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

  test('wiping a key pair zeroes the copy of the secret key that it kept', async () => {
    for (const kem of Object.values(KEMS)) {
      const secretKey = (await kem.generateKeyPair()).exportSecretKey();
      const { result, pieces } = await follow([secretKey], () => kem.importKeyPair({ secretKey }));
      const kept = pieces.filter(({ of }) => of === secretKey);
      expect(kept.length).toBe(1);
      expect(isZero(kept[0]?.bytes as Uint8Array)).toBe(false);
      result.wipe();
      expect(isZero(kept[0]?.bytes as Uint8Array)).toBe(true);
    }
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

describe('bytes of another kind', () => {
  test('Buffers are copied where a copy is meant: their slice is a view', async () => {
    for (const kem of Object.values(KEMS)) {
      const original = await kem.generateKeyPair();
      const stored = Buffer.from(original.exportSecretKey());
      const before = stored.toString('hex');
      const keyPair = await kem.importKeyPair({ secretKey: stored });
      const { ciphertext, sharedSecret } = await kem.encapsulate({ publicKey: Buffer.from(keyPair.publicKey) });
      stored.fill(0);
      expect(hex(await kem.decapsulate({ keyPair, ciphertext: Buffer.from(ciphertext) }))).toBe(hex(sharedSecret));
      const again = Buffer.from(before, 'hex');
      (await kem.importKeyPair({ secretKey: again })).wipe();
      expect(again.toString('hex')).toBe(before);
    }
  });

  test('a whole session works on Buffers and on shared memory', async () => {
    const keys = await staticKeys();
    const context = Buffer.from('study');
    const peerPublicKey = Buffer.from(keys.responder.publicKey);
    const initiator = await createInitiator({ keyPair: keys.initiator, peerPublicKey, context });
    const mine = Buffer.from(keys.initiator.publicKey);
    const responder = createResponder({ keyPair: keys.responder, peerPublicKey: mine, context });
    // The caller's arrays may change afterwards: what was bound is bound.
    mine.fill(0);
    peerPublicKey.fill(0);
    context.fill(0);
    const message2 = Buffer.from(await responder.respond(Buffer.from(initiator.message)));
    const { message, session } = await initiator.finish(message2);
    const peer = await responder.finish(Buffer.from(message));
    const shared = new Uint8Array(new SharedArrayBuffer(64)).fill(7);
    expect(await peer.open(Buffer.from(await session.seal(shared)))).toEqual(new Uint8Array(64).fill(7));
    const parts: Uint8Array[] = [];
    for await (const part of session.sealStream([Buffer.from('a stream')])) parts.push(Buffer.from(part));
    for await (const part of peer.openStream(parts)) expect(part).toEqual(text('a stream'));
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
