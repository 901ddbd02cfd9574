import { x25519 } from '@noble/curves/ed25519.js';
import { type Bytes, randomBytes, wipe } from './bytes.ts';
import { KemError } from './errors.ts';

export const X25519_BYTES = 32;

/** A private X25519 key held by a backend. */
export interface X25519Key {
  /** The u-coordinate, 32 bytes. */
  readonly publicKey: Bytes;
  /** X25519(k, u) of RFC 7748 section 5; throws `invalid-ciphertext` where the result is all zero (section 6.1). */
  agree(u: Bytes): Promise<Bytes>;
  wipe(): void;
}

export interface X25519Backend {
  readonly name: 'WebCrypto' | '@noble/curves';
  generate(): Promise<X25519Key>;
  /** From a 32-byte scalar; the array stays the caller's. */
  fromScalar(scalar: Bytes): Promise<X25519Key>;
}

function lowOrder(cause: unknown): KemError {
  return new KemError(
    'invalid-ciphertext',
    {
      operation: 'X25519',
      field: 'u-coordinate',
      got: 'a point of low order',
      want: 'a shared secret other than zero',
    },
    cause,
  );
}

function gone(): KemError {
  return new KemError('wrong-state', { operation: 'X25519', field: 'key', got: 'wiped', want: 'a live key' });
}

function nobleKey(scalar: Bytes): X25519Key {
  let live = true;
  return {
    publicKey: x25519.getPublicKey(scalar) as Bytes,
    async agree(u) {
      if (!live) throw gone();
      try {
        return x25519.getSharedSecret(scalar, u) as Bytes;
      } catch (cause) {
        throw lowOrder(cause);
      }
    },
    wipe() {
      live = false;
      wipe(scalar);
    },
  };
}

export const nobleX25519: X25519Backend = Object.freeze({
  name: '@noble/curves',
  generate: async () => nobleKey(randomBytes(X25519_BYTES)),
  fromScalar: async (scalar: Bytes) => nobleKey(scalar.slice()),
});

// RFC 8410 section 7: the DER of a PrivateKeyInfo up to the 32 bytes of CurvePrivateKey.
const PKCS8_PREFIX = Uint8Array.of(
  0x30,
  0x2e,
  0x02,
  0x01,
  0x00,
  0x30,
  0x05,
  0x06,
  0x03,
  0x2b,
  0x65,
  0x6e,
  0x04,
  0x22,
  0x04,
  0x20,
);
const BASE_POINT = new Uint8Array(X25519_BYTES);
BASE_POINT[0] = 9;

const ALGORITHM = { name: 'X25519' } as const;

function importPublic(u: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', u, ALGORITHM, false, []);
}

function webCryptoKey(privateKey: CryptoKey, publicKey: Bytes): X25519Key {
  let key: CryptoKey | undefined = privateKey;
  return {
    publicKey,
    async agree(u) {
      const held = key;
      if (held === undefined) throw gone();
      const peer = await importPublic(u);
      try {
        const secret = new Uint8Array(await crypto.subtle.deriveBits({ ...ALGORITHM, public: peer }, held, 256));
        // Some engines return zeros where the specification throws.
        let any = 0;
        for (const byte of secret) any |= byte;
        if (any === 0) throw new Error('all-zero shared secret');
        return secret;
      } catch (cause) {
        throw lowOrder(cause);
      }
    },
    wipe() {
      key = undefined;
    },
  };
}

export const webCryptoX25519: X25519Backend = Object.freeze({
  name: 'WebCrypto',
  async generate() {
    const pair = (await crypto.subtle.generateKey(ALGORITHM, false, ['deriveBits'])) as CryptoKeyPair;
    return webCryptoKey(pair.privateKey, new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
  },
  async fromScalar(scalar: Bytes) {
    const pkcs8 = new Uint8Array(PKCS8_PREFIX.length + X25519_BYTES);
    pkcs8.set(PKCS8_PREFIX);
    pkcs8.set(scalar, PKCS8_PREFIX.length);
    try {
      const [key, base] = await Promise.all([
        crypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['deriveBits']),
        importPublic(BASE_POINT),
      ]);
      const publicKey = await crypto.subtle.deriveBits({ ...ALGORITHM, public: base }, key, 256);
      return webCryptoKey(key, new Uint8Array(publicKey));
    } finally {
      wipe(pkcs8);
    }
  },
});

let chosen: Promise<X25519Backend> | undefined;

/** WebCrypto where it knows X25519, else @noble/curves; asked once. */
export function x25519Backend(): Promise<X25519Backend> {
  chosen ??= (async () => {
    try {
      (await webCryptoX25519.generate()).wipe();
      return webCryptoX25519;
    } catch {
      return nobleX25519;
    }
  })();
  return chosen;
}
