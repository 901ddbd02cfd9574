import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { type Aead, type AeadKey, type AeadName, refused, wiped } from './aead.ts';
import { aesGcmBackend } from './aes-gcm.ts';
import { type Bytes, wipe } from './bytes.ts';

async function importChaCha(raw: Bytes): Promise<AeadKey> {
  const key = raw.slice();
  let live = true;
  return {
    async seal(nonce, aad, plaintext, out) {
      if (!live) throw wiped('seal');
      chacha20poly1305(key, nonce, aad).encrypt(plaintext, out);
    },
    async open(operation, nonce, aad, sealed, out) {
      if (!live) throw wiped(operation);
      try {
        chacha20poly1305(key, nonce, aad).decrypt(sealed, out);
      } catch (cause) {
        wipe(out);
        throw refused(operation, cause);
      }
    },
    wipe() {
      live = false;
      wipe(key);
    },
  };
}

/** AES-256-GCM of the platform (SP 800-38D). */
export const aes256Gcm: Aead = Object.freeze({
  name: 'AES-256-GCM',
  id: 0x0002,
  importKey: (key: Bytes) => aesGcmBackend().importKey(key),
});

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
