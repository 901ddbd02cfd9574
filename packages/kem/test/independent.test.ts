import { gcm } from '@noble/ciphers/aes.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { ml_kem768_x25519 } from '@noble/post-quantum/hybrid.js';
import {
  createInitiator,
  createResponder,
  type KemKeyPair,
  open,
  openStream,
  SEGMENT_BYTES,
  type Session,
  seal,
  xWing,
} from '@zkfl/kem';
import { describe, expect, test } from 'vitest';
import { digest, expectCode, hex, pattern, text } from './support.ts';

// A second implementation, written from docs/kem-protocol.md with other libraries; it shares no code with src.

const S = Uint8Array.of(0x64, 0x7a, 0, 1, 0, 2);
const EMPTY = new Uint8Array(0);
function cat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}
function be(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** (bytes - 1 - i)) % 256);
}
const P = (x: Uint8Array) => cat(be(x.length, 4), x);
const H = (tag: string, ...xs: Uint8Array[]) => sha256(cat(P(text(tag)), ...xs.map(P)));
const KDF = (secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number) =>
  hkdf(sha256, secret, salt, info, length);
const info = (tag: string, ...more: Uint8Array[]) => cat(P(text(tag)), S, ...more);
const fingerprint = (pk: Uint8Array) => H('zkfl/v1/kem/fingerprint', be(0x647a, 2), pk);
const xor = (a: Uint8Array, b: Uint8Array) => a.map((byte, i) => byte ^ (b[i] as number));

interface Place {
  k: Uint8Array;
  v: Uint8Array;
  n: number;
  a: Uint8Array;
}
const nonce = ({ v, n }: Place, i: number, last: boolean) => xor(v, cat(be(n, 8), be(2 * i + (last ? 1 : 0), 4)));

function sealBody(place: Place, plaintext: Uint8Array, extra = 0): Uint8Array {
  const parts: Uint8Array[] = [];
  const count = Math.max(1, Math.ceil(plaintext.length / SEGMENT_BYTES)) + extra;
  for (let i = 0; i < count; i++) {
    const part = plaintext.subarray(i * SEGMENT_BYTES, (i + 1) * SEGMENT_BYTES);
    parts.push(gcm(place.k, nonce(place, i, i === count - 1), place.a).encrypt(part));
  }
  return cat(...parts);
}

function openBody(place: Place, body: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  const sealed = SEGMENT_BYTES + 16;
  const count = Math.max(1, Math.ceil(body.length / sealed));
  for (let i = 0; i < count; i++)
    parts.push(
      gcm(place.k, nonce(place, i, i === count - 1), place.a).decrypt(body.subarray(i * sealed, (i + 1) * sealed)),
    );
  return cat(...parts);
}

function envelopeKey(ss: Uint8Array, header: Uint8Array, pk: Uint8Array, context: Uint8Array, aad: Uint8Array): Place {
  const okm = KDF(ss, H('zkfl/v1/kem/envelope', header, pk, context), info('zkfl/v1/kem/envelope'), 44);
  return { k: okm.subarray(0, 32), v: okm.subarray(32), n: 0, a: H('zkfl/v1/kem/aad', aad) };
}

/** One direction of a session as section 5 has it. */
class Line {
  #s: Uint8Array;
  #j = 0;
  #n = 0;
  #keys: { k: Uint8Array; v: Uint8Array };
  readonly #h2: Uint8Array;
  readonly #d: number;
  constructor(s: Uint8Array, h2: Uint8Array, d: number) {
    this.#s = s;
    this.#h2 = h2;
    this.#d = d;
    this.#keys = this.#derive();
  }
  #derive(): { k: Uint8Array; v: Uint8Array } {
    const place = info('zkfl/v1/kem/session/epoch', Uint8Array.of(this.#d), be(this.#j, 4));
    const okm = KDF(this.#s, this.#h2, place, 76);
    this.#s = okm.subarray(44);
    return { k: okm.subarray(0, 32), v: okm.subarray(32, 44) };
  }
  #header(type: number): Uint8Array {
    const id = this.#h2.subarray(0, 8);
    return cat(text('ZKR1'), Uint8Array.of(type, this.#d), id, be(this.#j, 4), be(this.#n, 8));
  }
  #place(header: Uint8Array, aad: Uint8Array): Place {
    return { ...this.#keys, n: this.#n++, a: H('zkfl/v1/kem/aad', header, aad) };
  }
  seal(type: number, plaintext: Uint8Array, aad: Uint8Array): Uint8Array {
    const header = this.#header(type);
    return cat(header, sealBody(this.#place(header, aad), plaintext));
  }
  open(type: number, record: Uint8Array, aad: Uint8Array): Uint8Array {
    const header = this.#header(type);
    expect(hex(record.subarray(0, 26))).toBe(hex(header));
    return openBody(this.#place(header, aad), record.subarray(26));
  }
  next(): void {
    this.#j++;
    this.#keys = this.#derive();
  }
}

describe('an implementation written from docs/kem-protocol.md', () => {
  test('opens the envelopes of the package, and the package opens its envelopes', async () => {
    const seed = pattern(32);
    const { publicKey, secretKey } = ml_kem768_x25519.keygen(seed);
    const keyPair = await xWing.importKeyPair({ secretKey: seed });
    expect(hex(keyPair.publicKey)).toBe(hex(publicKey));
    const [context, aad] = [text('study 7'), text('round 3')];
    for (const length of [0, 11, SEGMENT_BYTES + 5]) {
      const plaintext = pattern(length);
      const message = await seal({ recipient: publicKey, plaintext, context, aad });
      expect(hex(message.subarray(0, 10))).toBe(hex(cat(text('ZKE1'), S)));
      const header = message.subarray(0, 1130);
      const ss = ml_kem768_x25519.decapsulate(header.subarray(10), secretKey);
      const opened = openBody(envelopeKey(ss, header, publicKey, context, aad), message.subarray(1130));
      expect(digest(opened)).toBe(digest(plaintext));

      const made = ml_kem768_x25519.encapsulate(publicKey);
      const own = cat(text('ZKE1'), S, made.cipherText);
      const body = sealBody(envelopeKey(made.sharedSecret, own, publicKey, context, aad), plaintext);
      expect(digest(await open({ keyPair, message: cat(own, body), context, aad }))).toBe(digest(plaintext));
    }
  });

  test('a body that ends with an empty segment is malformed although its tags are right: one encoding only', async () => {
    const keyPair = await xWing.generateKeyPair();
    const { publicKey } = keyPair;
    const made = ml_kem768_x25519.encapsulate(publicKey);
    const header = cat(text('ZKE1'), S, made.cipherText);
    const key = envelopeKey(made.sharedSecret, header, publicKey, EMPTY, EMPTY);
    const message = cat(header, sealBody(key, pattern(SEGMENT_BYTES), 1));
    await expectCode(() => open({ keyPair, message }), 'malformed');
    await expectCode(async () => {
      for await (const _ of openStream({ keyPair, source: [message] }));
    }, 'malformed');
  });

  const master = (chain: Uint8Array, ssE: Uint8Array, ssI: Uint8Array, h2: Uint8Array) => {
    const okm = KDF(cat(chain, ssE, ssI), h2, info('zkfl/v1/kem/session/master'), 160);
    return [0, 32, 64, 96, 128].map((at) => okm.subarray(at, at + 32)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
  };

  async function speak(
    session: Session,
    lines: { toPeer: Line; fromPeer: Line; secret: Uint8Array },
    exporter: Uint8Array,
    h2: Uint8Array,
  ) {
    expect(hex(session.sessionId)).toBe(hex(h2.subarray(0, 8)));
    const odd = new Line(lines.secret, h2, session.role === 'initiator' ? 1 : 0);
    const full = await expectCode(() => session.accept(odd.seal(2, text('x'), text('rekey'))), 'malformed');
    expect(full.details.field).toBe('rekey record length');
    for (let round = 0; round < 2; round++) {
      expect(hex(await session.open(lines.toPeer.seal(1, text('hello'), text('a')), text('a')))).toBe(
        hex(text('hello')),
      );
      expect(hex(lines.fromPeer.open(1, await session.seal(pattern(300), text('b')), text('b')))).toBe(
        hex(pattern(300)),
      );
      expect(await session.accept(lines.toPeer.seal(2, EMPTY, text('rekey')))).toBe('rekey');
      lines.toPeer.next();
      expect(lines.fromPeer.open(2, await session.rekey(), text('rekey')).length).toBe(0);
      lines.fromPeer.next();
    }
    const label = text('audit');
    const want = KDF(exporter, h2, info('zkfl/v1/kem/session/exporter', be(40, 4), label), 40);
    expect(hex(await session.exportKey({ label, length: 40 }))).toBe(hex(want));
    expect(await session.accept(lines.toPeer.seal(3, EMPTY, text('close')))).toBe('close');
  }

  async function world(): Promise<{ own: { publicKey: Uint8Array; secretKey: Uint8Array }; theirs: KemKeyPair }> {
    return { own: ml_kem768_x25519.keygen(), theirs: await xWing.generateKeyPair() };
  }

  test('is a responder for the package', async () => {
    const { own, theirs } = await world();
    const context = text('study 7');
    const initiator = await createInitiator({ keyPair: theirs, peerPublicKey: own.publicKey, context });
    const m1 = initiator.message;
    expect(hex(m1.subarray(0, 11))).toBe(hex(cat(text('ZKH1'), Uint8Array.of(1), S)));
    const [epk, ctR, hidden] = [m1.subarray(11, 1227), m1.subarray(1227, 2347), m1.subarray(2347)];
    const ssR = ml_kem768_x25519.decapsulate(ctR, own.secretKey);
    const h0 = H('zkfl/v1/kem/session/prologue', S, context, fingerprint(own.publicKey));
    const h1 = H('zkfl/v1/kem/session/message1', h0, m1.subarray(0, 2347));
    const okm = KDF(ssR, h1, info('zkfl/v1/kem/session/identity'), 96);
    const masked = hidden.subarray(0, 32);
    expect(hex(hidden.subarray(32))).toBe(
      hex(KDF(okm.subarray(64), h1, info('zkfl/v1/kem/session/identity-tag', masked), 16)),
    );
    const fI = xor(masked, okm.subarray(32, 64));
    expect(hex(fI)).toBe(hex(theirs.fingerprint));
    const e = ml_kem768_x25519.encapsulate(epk);
    const i = ml_kem768_x25519.encapsulate(theirs.publicKey);
    const h2 = H('zkfl/v1/kem/session/transcript', h1, hidden, fI, e.cipherText, i.cipherText);
    const [confirmR, confirmI, eI, eR, exporter] = master(okm.subarray(0, 32), e.sharedSecret, i.sharedSecret, h2);
    const m2 = cat(text('ZKH1'), Uint8Array.of(2), e.cipherText, i.cipherText, confirmR);
    const { message, session } = await initiator.finish(m2);
    expect(hex(message)).toBe(hex(cat(text('ZKH1'), Uint8Array.of(3), confirmI)));
    await speak(session, { toPeer: new Line(eR, h2, 1), fromPeer: new Line(eI, h2, 0), secret: eR }, exporter, h2);
  });

  test('is an initiator for the package', async () => {
    const { own, theirs } = await world();
    const context = text('study 7');
    const responder = createResponder({ keyPair: theirs, peerPublicKey: own.publicKey, context });
    const ephemeral = ml_kem768_x25519.keygen();
    const r = ml_kem768_x25519.encapsulate(theirs.publicKey);
    const clear = cat(text('ZKH1'), Uint8Array.of(1), S, ephemeral.publicKey, r.cipherText);
    const h0 = H('zkfl/v1/kem/session/prologue', S, context, fingerprint(theirs.publicKey));
    const h1 = H('zkfl/v1/kem/session/message1', h0, clear);
    const okm = KDF(r.sharedSecret, h1, info('zkfl/v1/kem/session/identity'), 96);
    const fI = fingerprint(own.publicKey);
    const masked = xor(fI, okm.subarray(32, 64));
    const tag = KDF(okm.subarray(64), h1, info('zkfl/v1/kem/session/identity-tag', masked), 16);
    const m2 = await responder.respond(cat(clear, masked, tag));
    const [ctE, ctI] = [m2.subarray(5, 1125), m2.subarray(1125, 2245)];
    const h2 = H('zkfl/v1/kem/session/transcript', h1, cat(masked, tag), fI, ctE, ctI);
    const [confirmR, confirmI, eI, eR, exporter] = master(
      okm.subarray(0, 32),
      ml_kem768_x25519.decapsulate(ctE, ephemeral.secretKey),
      ml_kem768_x25519.decapsulate(ctI, own.secretKey),
      h2,
    );
    expect(hex(m2.subarray(2245))).toBe(hex(confirmR));
    const session = await responder.finish(cat(text('ZKH1'), Uint8Array.of(3), confirmI));
    await speak(session, { toPeer: new Line(eI, h2, 0), fromPeer: new Line(eR, h2, 1), secret: eI }, exporter, h2);
  });
});
