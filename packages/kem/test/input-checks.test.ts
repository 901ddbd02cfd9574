import { createSuite, type Kem, mlKem512, mlKem768, mlKem1024, open, seal, xWing } from '@zkfl/kem';
import { insecureXWing } from '@zkfl/kem/testing';
import { describe, expect, test } from 'vitest';
import { checkDecapsulationKey, checkEncapsulationKey } from '../src/ml-kem.ts';
import { expectCode, hex, pattern, text } from './support.ts';

const ML_KEMS = [
  ['ML-KEM-512', mlKem512, 2],
  ['ML-KEM-768', mlKem768, 3],
  ['ML-KEM-1024', mlKem1024, 4],
] as const;

/** Writes a 12-bit value at coefficient `index` of a ByteEncode12 string. */
function setCoefficient(ek: Uint8Array, index: number, value: number): void {
  const at = (index >> 1) * 3;
  if (index % 2 === 0) {
    ek[at] = value & 255;
    ek[at + 1] = ((ek[at + 1] as number) & 0xf0) | (value >> 8);
  } else {
    ek[at + 1] = ((ek[at + 1] as number) & 0x0f) | ((value & 15) << 4);
    ek[at + 2] = value >> 4;
  }
}

describe('input checks of FIPS 203 section 7', () => {
  test.each(ML_KEMS)(
    '%s: an encapsulation key with a coefficient of q or more is refused, at every place',
    async (name, kem, k) => {
      const { publicKey } = await kem.generateKeyPair();
      for (let index = 0; index < 256 * k; index++) {
        for (const value of [3329, 4095]) {
          const ek = publicKey.slice();
          setCoefficient(ek, index, value);
          const error = await expectCode(() => checkEncapsulationKey('test', name, ek), 'invalid-key');
          expect(error.details.got).toBe(value);
          expect(error.details.field).toContain(`coefficient ${index}`);
        }
        const ek = publicKey.slice();
        setCoefficient(ek, index, 3328);
        checkEncapsulationKey('test', name, ek);
      }
      const bad = publicKey.slice();
      setCoefficient(bad, 7, 3329);
      await expectCode(() => kem.encapsulate({ publicKey: bad }), 'invalid-key');
      await expectCode(() => kem.checkPublicKey(bad), 'invalid-key');
      if (name === 'ML-KEM-768') {
        const hybrid = new Uint8Array(1216);
        hybrid.set(bad);
        await expectCode(() => xWing.encapsulate({ publicKey: hybrid }), 'invalid-key');
      }
    },
  );

  test.each(ML_KEMS)(
    '%s: a decapsulation key whose hash does not fit its encapsulation key is refused',
    async (name, kem, k) => {
      const dk = (await kem.generateKeyPair()).exportSecretKey();
      checkDecapsulationKey('test', name, dk);
      // One byte in ek (rho), each byte of H(ek): FIPS 203 section 7.3 catches these and only these.
      for (const at of [768 * k, 768 * k + 31, ...Array.from({ length: 32 }, (_, i) => 768 * k + 32 + i)]) {
        const altered = dk.slice();
        altered[at] = (altered[at] as number) ^ 1;
        await expectCode(() => kem.importKeyPair({ secretKey: altered }), 'invalid-key');
      }
    },
  );

  test.each<[string, Kem]>([...ML_KEMS.map(([name, kem]) => [name, kem] as [string, Kem]), ['X-Wing', xWing]])(
    '%s: every length but the right one is refused',
    async (_name, kem) => {
      const keyPair = await kem.generateKeyPair();
      for (const delta of [-1, 1, -kem.ciphertextBytes]) {
        const ciphertext = new Uint8Array(Math.max(0, kem.ciphertextBytes + delta));
        await expectCode(() => kem.decapsulate({ keyPair, ciphertext }), 'invalid-ciphertext');
        const publicKey = new Uint8Array(kem.publicKeyBytes + (delta > 0 ? 1 : -1));
        await expectCode(() => kem.encapsulate({ publicKey }), 'invalid-key');
        const secretKey = new Uint8Array(kem.secretKeyBytes + (delta > 0 ? 1 : -1));
        await expectCode(() => kem.importKeyPair({ secretKey }), 'invalid-key');
      }
      await expectCode(() => kem.encapsulate({ publicKey: 'key' as unknown as Uint8Array }), 'argument');
    },
  );

  test('X-Wing: an X25519 share of low order is refused', async () => {
    const keyPair = await xWing.generateKeyPair();
    const { ciphertext } = await insecureXWing.encapsulate(keyPair.publicKey, pattern(64));
    for (const u of [0, 1]) {
      const low = ciphertext.slice();
      low.fill(0, 1088);
      low[1088] = u;
      await expectCode(() => xWing.decapsulate({ keyPair, ciphertext: low }), 'invalid-ciphertext');
    }
    const publicKey = keyPair.publicKey;
    publicKey.fill(0, 1184);
    await expectCode(() => xWing.encapsulate({ publicKey }), 'invalid-ciphertext');
  });

  test('ML-KEM decapsulation never says no: an altered ciphertext gives another secret', async () => {
    const keyPair = await mlKem768.generateKeyPair();
    const { ciphertext, sharedSecret } = await mlKem768.encapsulate({ publicKey: keyPair.publicKey });
    expect(hex(await mlKem768.decapsulate({ keyPair, ciphertext }))).toBe(hex(sharedSecret));
    ciphertext[100] = (ciphertext[100] as number) ^ 4;
    expect(hex(await mlKem768.decapsulate({ keyPair, ciphertext }))).not.toBe(hex(sharedSecret));
  });
});

describe('unknown options are refused', () => {
  test('a mistyped option is an error everywhere, not a silent default', async () => {
    const keyPair = await xWing.generateKeyPair();
    const recipient = keyPair.publicKey;
    const plaintext = text('x');
    const sealed = { recipient, plaintext, ctx: text('study') };
    await expectCode(() => seal(sealed), 'argument');
    const message = await seal({ recipient, plaintext });
    const opened = { keyPair, message, AAD: text('x') };
    await expectCode(() => open(opened), 'argument');
    const suite = { kem: 'X-Wing', cipher: 'AES' } as const;
    await expectCode(() => createSuite(suite), 'argument');
    await expectCode(() => createSuite({ kem: 'Kyber' as 'X-Wing' }), 'argument');
    await expectCode(() => createSuite({ aead: 'toString' as 'AES-256-GCM' }), 'argument');
    await expectCode(() => createSuite({ kdf: { name: 'x', id: 0, derive: () => new Uint8Array() } }), 'argument');
    const foreign = { ...createSuite() };
    await expectCode(() => seal({ recipient, plaintext, suite: foreign }), 'argument');
    const encapsulation = { publicKey: recipient, seed: new Uint8Array(32) };
    await expectCode(() => xWing.encapsulate(encapsulation), 'argument');
    await expectCode(() => seal(null as never), 'argument');
    const missing = await expectCode(() => seal({ recipient } as never), 'argument');
    expect(missing.details).toMatchObject({ field: 'plaintext', want: 'a value' });
  });
});
