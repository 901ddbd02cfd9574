import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { type Bytes, wipe } from './bytes.ts';
import { KemError } from './errors.ts';

/** Bytes of a key, a nonce and a tag; the same for both algorithms. */
export const AEAD_KEY_BYTES = 32;
export const AEAD_NONCE_BYTES = 12;
export const AEAD_TAG_BYTES = 16;

export type AeadName = 'AES-256-GCM' | 'ChaCha20-Poly1305';

/** A key inside an AEAD; the bytes it was made from may be wiped at once. */
export interface AeadKey {
  /** ciphertext ‖ tag. Never twice with one nonce. */
  seal(nonce: Bytes, aad: Bytes, plaintext: Bytes): Promise<Bytes>;
  /** The plaintext; throws `authentication-failed`. */
  open(operation: string, nonce: Bytes, aad: Bytes, ciphertext: Bytes): Promise<Bytes>;
  wipe(): void;
}

export interface Aead {
  readonly name: AeadName;
  /** HPKE's AEAD id. */
  readonly id: number;
  importKey(key: Bytes): Promise<AeadKey>;
}

function failed(operation: string, cause: unknown): KemError {
  return new KemError(
    'authentication-failed',
    { operation, field: 'tag', got: 'a mismatch', want: 'the tag of these bytes under this key' },
    cause,
  );
}

function gone(operation: string): KemError {
  return new KemError('wrong-state', { operation, field: 'key', got: 'wiped', want: 'a live key' });
}

function webCrypto(): SubtleCrypto {
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined)
    throw new KemError('unsupported', {
      operation: 'aead',
      field: 'AES-256-GCM',
      got: 'no WebCrypto (insecure context?)',
      want: "crypto.subtle, or aead 'ChaCha20-Poly1305'",
    });
  return subtle;
}

async function importAesGcm(raw: Bytes): Promise<AeadKey> {
  const subtle = webCrypto();
  let key: CryptoKey | undefined = await subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
  return {
    async seal(nonce, aad, plaintext) {
      if (key === undefined) throw gone('seal');
      return new Uint8Array(await subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData: aad }, key, plaintext));
    },
    async open(operation, nonce, aad, ciphertext) {
      if (key === undefined) throw gone(operation);
      try {
        return new Uint8Array(
          await subtle.decrypt({ name: 'AES-GCM', iv: nonce, additionalData: aad }, key, ciphertext),
        );
      } catch (cause) {
        throw failed(operation, cause);
      }
    },
    wipe() {
      key = undefined;
    },
  };
}

async function importChaCha(raw: Bytes): Promise<AeadKey> {
  const key = raw.slice();
  let live = true;
  return {
    async seal(nonce, aad, plaintext) {
      if (!live) throw gone('seal');
      return chacha20poly1305(key, nonce, aad).encrypt(plaintext) as Bytes;
    },
    async open(operation, nonce, aad, ciphertext) {
      if (!live) throw gone(operation);
      try {
        return chacha20poly1305(key, nonce, aad).decrypt(ciphertext) as Bytes;
      } catch (cause) {
        throw failed(operation, cause);
      }
    },
    wipe() {
      live = false;
      wipe(key);
    },
  };
}

/** AES-256-GCM by WebCrypto (SP 800-38D). */
export const aes256Gcm: Aead = Object.freeze({ name: 'AES-256-GCM', id: 0x0002, importKey: importAesGcm });

/** ChaCha20-Poly1305 (RFC 8439) by @noble/ciphers, for platforms without WebCrypto or AES hardware. */
export const chaCha20Poly1305: Aead = Object.freeze({
  name: 'ChaCha20-Poly1305',
  id: 0x0003,
  importKey: importChaCha,
});

export const AEADS: Readonly<Record<AeadName, Aead>> = Object.freeze({
  'AES-256-GCM': aes256Gcm,
  'ChaCha20-Poly1305': chaCha20Poly1305,
});
