import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import {
  generateIdentity,
  importIdentity,
  ML_DSA_65_PUBLIC_KEY_BYTES,
  ML_DSA_65_SIGNATURE_BYTES,
  sign,
  verify,
} from '@zkfl/kem';
import { describe, expect, test } from 'vitest';
import { expectCode, hex, pattern, text } from './support.ts';

describe('ML-DSA-65 identities', () => {
  test('a signature verifies under its key, message and context only', async () => {
    const keyPair = await generateIdentity();
    const { publicKey } = keyPair;
    const message = text('round 3: accepted a, b, c');
    const context = text('zkfl/audit');
    const signature = await sign({ keyPair, message, context });
    expect(publicKey.length).toBe(ML_DSA_65_PUBLIC_KEY_BYTES);
    expect(signature.length).toBe(ML_DSA_65_SIGNATURE_BYTES);
    expect(await verify({ publicKey, message, signature, context })).toEqual({ ok: true });
    const other = await generateIdentity();
    for (const changed of [
      { publicKey: other.publicKey, message, signature, context },
      { publicKey, message: text('round 4'), signature, context },
      { publicKey, message, signature, context: text('zkfl/other') },
      { publicKey, message, signature, context: new Uint8Array(0) },
    ]) {
      const verdict = await verify(changed);
      expect(verdict.ok).toBe(false);
      expect(verdict).toHaveProperty('reason');
    }
  });

  test('flipped bytes of a signature do not verify', async () => {
    const keyPair = await generateIdentity();
    const { publicKey } = keyPair;
    const [message, context] = [text('m'), text('c')];
    const signature = await sign({ keyPair, message, context });
    for (let at = 0; at < signature.length; at += 61) {
      const altered = signature.slice();
      altered[at] = (altered[at] as number) ^ 1;
      expect((await verify({ publicKey, message, signature: altered, context })).ok).toBe(false);
    }
  });

  test('signing is hedged: two signatures of one message differ, both verify', async () => {
    const keyPair = await generateIdentity();
    const it = { message: text('m'), context: text('c') };
    const [a, b] = [await sign({ keyPair, ...it }), await sign({ keyPair, ...it })];
    expect(hex(a)).not.toBe(hex(b));
    expect((await verify({ publicKey: keyPair.publicKey, signature: b, ...it })).ok).toBe(true);
  });

  test('a stored seed gives the same identity', async () => {
    const keyPair = await generateIdentity();
    const copy = await importIdentity({ secretKey: keyPair.exportSecretKey() });
    expect(hex(copy.publicKey)).toBe(hex(keyPair.publicKey));
    expect(hex(copy.fingerprint)).toBe(hex(keyPair.fingerprint));
    expect(hex((await importIdentity({ secretKey: pattern(32) })).publicKey)).toBe(
      hex(ml_dsa65.keygen(pattern(32)).publicKey),
    );
  });

  test('malformed inputs throw typed errors', async () => {
    const keyPair = await generateIdentity();
    const it = { publicKey: keyPair.publicKey, message: text('m'), context: text('c') };
    const signature = await sign({ keyPair, message: it.message, context: it.context });
    await expectCode(() => verify({ ...it, signature: signature.slice(1) }), 'malformed');
    await expectCode(() => verify({ ...it, signature, publicKey: it.publicKey.slice(1) }), 'invalid-key');
    await expectCode(() => verify({ ...it, signature, context: new Uint8Array(256) }), 'argument');
    await expectCode(() => sign({ keyPair, message: it.message, context: new Uint8Array(256) }), 'argument');
    await expectCode(() => sign({ keyPair, message: it.message } as never), 'argument');
    await expectCode(() => sign({ keyPair: {} as never, message: it.message, context: it.context }), 'argument');
    await expectCode(() => importIdentity({ secretKey: new Uint8Array(31) }), 'invalid-key');
    const odd = { ...it, signature, ctx: text('x') };
    await expectCode(() => verify(odd), 'argument');
  });
});
