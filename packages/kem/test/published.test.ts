import { shake128 } from '@noble/hashes/sha3.js';
import { ml_kem512, ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { hkdfSha256, mlKem512, mlKem768, mlKem1024, xWing } from '@zkfl/kem';
import { insecureMlKem, insecureXWing, x25519Backends } from '@zkfl/kem/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accumulatedMlDsa65, accumulatedMlKem } from './accumulated.ts';
import { digest, hex, unhex } from './support.ts';

describe('published values that need no file', () => {
  // ML-KEM-768: Go 1.26 crypto/mlkem TestAccumulated; 512 and 1024: values on which PQClean, kyber-py and CIRCL agree.
  test.each([
    ['ML-KEM-512', '86b1b4703b8ffef6f7f3290c6dbce4ad954498a0673ded401a94828e8c519a59'],
    ['ML-KEM-768', '1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415'],
    ['ML-KEM-1024', '800018fec3e2723f73f1d657fe239b4d5d8782efaade297e8cd448e54cc2ac00'],
  ] as const)('%s: 100 accumulated tests have the published digest', async (name, want) => {
    expect(await accumulatedMlKem(name, 100)).toBe(want);
  });

  test('ML-DSA-65: 100 accumulated deterministic signatures have the published digest', async () => {
    expect(await accumulatedMlDsa65(100)).toBe('8358a1843220194417cadbc2651295cd8fc65125b5a5c1a239a16dc8b57ca199');
  });

  // The draft draws seed (32) and eseed (64) of each vector from SHAKE128 of nothing; pk and ct are pinned by SHA-256.
  const X_WING = [
    {
      ss: 'd2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384',
      pk: '2e816deebcd76c5c80d0cd2d174478871658e8e2ff42bc9d4a6e486372e856bb',
      ct: '17cd532d657e44c897ca6583e548a5424fc70bf54f99515a4d2bcf99e3469f33',
    },
    {
      ss: 'f2e86241c64d60f6649fbc6c5b7d17180b780a3f34355e64a85749949c45f150',
      pk: 'c42ba5f8430d7d2c83739338203819f090e8303ce9c8b02107c272bfa5376916',
      ct: '1661ea86d608a1924ba30840cb0a65f13ae051e3aec9cf0f064efc0bc92f2154',
    },
    {
      ss: '953f7f4e8c5b5049bdc771d1dffada0dd961477d1a2ae0988baa7ea6898d893f',
      pk: '6b080d6b84f095342092fa7a22423e58bd681397ad0ef00eac92bd254db4fa95',
      ct: 'd3ca5578500344b5896cffc4fd740c9311946b82951df155e6fd86a7966b43c6',
    },
  ];

  test.each(x25519Backends)('X-Wing: the three vectors of the draft ($name)', async (backend) => {
    const stream = shake128.create();
    for (const want of X_WING) {
      const seed = stream.xof(32);
      const eseed = stream.xof(64);
      const keyPair = await insecureXWing.keyPair(seed, backend);
      const made = await insecureXWing.encapsulate(keyPair.publicKey, eseed, backend);
      expect(digest(keyPair.publicKey)).toBe(want.pk);
      expect(digest(made.ciphertext)).toBe(want.ct);
      expect(hex(made.sharedSecret)).toBe(want.ss);
      expect(hex(await xWing.decapsulate({ keyPair, ciphertext: made.ciphertext }))).toBe(want.ss);
      expect(hex(keyPair.exportSecretKey())).toBe(hex(seed));
      const imported = await xWing.importKeyPair({ secretKey: seed });
      expect(hex(imported.publicKey)).toBe(hex(keyPair.publicKey));
    }
  });

  test.each(x25519Backends)('X25519: RFC 7748 section 5.2, 1 and 1,000 iterations ($name)', async (backend) => {
    let k = unhex(`09${'00'.repeat(31)}`) as Uint8Array<ArrayBuffer>;
    let u = k;
    const rounds = backend.name === 'WebCrypto' ? 1000 : 100;
    for (let i = 1; i <= rounds; i++) {
      const key = await backend.fromScalar(k);
      const next = await key.agree(u);
      u = k;
      k = next;
      if (i === 1) expect(hex(k)).toBe('422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079');
    }
    if (rounds === 1000) expect(hex(k)).toBe('684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51');
  });

  test('HKDF-SHA-256: RFC 5869 appendix A.1', async () => {
    const okm = await hkdfSha256.derive({
      secret: unhex('0b'.repeat(22)),
      salt: unhex('000102030405060708090a0b0c'),
      info: unhex('f0f1f2f3f4f5f6f7f8f9'),
      length: 42,
    });
    expect(hex(okm)).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865');
  });
});

describe('two independent implementations agree', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  test.each([
    ['ML-KEM-512', mlKem512, ml_kem512] as const,
    ['ML-KEM-768', mlKem768, ml_kem768] as const,
    ['ML-KEM-1024', mlKem1024, ml_kem1024] as const,
  ])('%s: mlkem and @noble/post-quantum, implicit rejection included', async (name, kem, other) => {
    const own = insecureMlKem(name);
    await fc.assert(
      fc.asyncProperty(bytes(64), bytes(32), fc.nat(), async (coins, m, position) => {
        const { ek, dk } = await own.keyGen(coins);
        const theirs = other.keygen(coins);
        expect(hex(ek)).toBe(hex(theirs.publicKey));
        expect(hex(dk)).toBe(hex(theirs.secretKey));
        const a = await own.encaps(ek, m);
        const b = other.encapsulate(ek, m);
        expect(hex(a.ciphertext)).toBe(hex(b.cipherText));
        expect(hex(a.sharedSecret)).toBe(hex(b.sharedSecret));
        const keyPair = await kem.importKeyPair({ secretKey: dk });
        expect(hex(await kem.decapsulate({ keyPair, ciphertext: a.ciphertext }))).toBe(hex(a.sharedSecret));
        const altered = a.ciphertext.slice();
        altered[position % altered.length] = (altered[position % altered.length] as number) ^ 1;
        const rejected = hex(await kem.decapsulate({ keyPair, ciphertext: altered }));
        expect(rejected).toBe(hex(other.decapsulate(altered, dk)));
        expect(rejected).not.toBe(hex(a.sharedSecret));
      }),
      { numRuns: 15 },
    );
  });
});
