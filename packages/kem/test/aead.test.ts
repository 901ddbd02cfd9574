import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { aesGcmBackends } from '@zkfl/kem/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chaCha20Poly1305 } from '../src/aeads.ts';
import { aesGcmBackend } from '../src/aes-gcm.ts';
import { digest, expectCode, hex, pattern } from './support.ts';

type Bytes = Uint8Array<ArrayBuffer>;
const bytes = (length: number) => pattern(length) as Bytes;

describe('AEADs', () => {
  test('both AES-256-GCM implementations give the same bytes and open each other', async () => {
    expect(aesGcmBackend().name).toBe('node:crypto');
    const [node, web] = await Promise.all(aesGcmBackends.map((backend) => backend.importKey(bytes(32))));
    if (node === undefined || web === undefined) throw new Error('a backend is missing');
    for (const length of [0, 1, 15, 16, 17, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 1 << 20]) {
      const [a, b] = [new Uint8Array(length + 16), new Uint8Array(length + 16)];
      await node.seal(bytes(12), bytes(40), bytes(length), a);
      await web.seal(bytes(12), bytes(40), bytes(length), b);
      expect(digest(a)).toBe(digest(b));
      for (const key of [node, web]) {
        const out = new Uint8Array(length);
        await key.open('test', bytes(12), bytes(40), a, out);
        expect(digest(out)).toBe(digest(bytes(length)));
        a[length >> 1] = (a[length >> 1] as number) ^ 1;
        await expectCode(() => key.open('test', bytes(12), bytes(40), a, out), 'authentication-failed');
        a[length >> 1] = (a[length >> 1] as number) ^ 1;
      }
    }
  });

  test('ChaCha20-Poly1305 writes where it is told, aligned or not', async () => {
    const key = await chaCha20Poly1305.importKey(bytes(32));
    await fc.assert(
      fc.asyncProperty(fc.nat(300), fc.nat(9), async (length, offset) => {
        const room = new Uint8Array(length + 16 + offset);
        await key.seal(bytes(12), bytes(7), bytes(length), room.subarray(offset));
        expect(hex(room.subarray(offset))).toBe(
          hex(chacha20poly1305(bytes(32), bytes(12), bytes(7)).encrypt(bytes(length))),
        );
        const out = new Uint8Array(length + offset);
        await key.open('test', bytes(12), bytes(7), room.subarray(offset), out.subarray(offset));
        expect(hex(out.subarray(offset))).toBe(hex(bytes(length)));
      }),
      { numRuns: 60 },
    );
  });

  test('what was decrypted before a wrong tag is zeroed', async () => {
    const keys = [
      ...aesGcmBackends.map((backend) => backend.importKey(bytes(32))),
      chaCha20Poly1305.importKey(bytes(32)),
    ];
    for (const key of await Promise.all(keys)) {
      const sealed = new Uint8Array(600_016);
      await key.seal(bytes(12), bytes(0), bytes(600_000), sealed);
      sealed[600_001] = (sealed[600_001] as number) ^ 1;
      const out = new Uint8Array(600_000).fill(9);
      await expectCode(() => key.open('test', bytes(12), bytes(0), sealed, out), 'authentication-failed');
      expect(out.every((byte) => byte === 0 || byte === 9)).toBe(true);
      key.wipe();
      await expectCode(() => key.open('test', bytes(12), bytes(0), sealed, out), 'wrong-state');
      await expectCode(() => key.seal(bytes(12), bytes(0), bytes(0), new Uint8Array(16)), 'wrong-state');
    }
  });
});
