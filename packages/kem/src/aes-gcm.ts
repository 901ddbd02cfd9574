import { AEAD_TAG_BYTES, type AeadKey, refused, wiped } from './aead.ts';
import type { Bytes } from './bytes.ts';
import { wipe } from './bytes.ts';
import { KemError } from './errors.ts';

/** AES-256-GCM of the platform. */
export interface AesGcmBackend {
  readonly name: 'node:crypto' | 'WebCrypto';
  importKey(raw: Bytes): Promise<AeadKey>;
}

type NodeCrypto = typeof import('node:crypto');

/** Node's own crypto without an import that a bundler would follow; undefined elsewhere. */
function nodeCrypto(): NodeCrypto | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } };
  return process?.getBuiltinModule?.('node:crypto') as NodeCrypto | undefined;
}

/** Bytes that pass OpenSSL at once: its output then still sits in the cache when it is moved to its place. */
const STEP = 1 << 18;

function nodeKey(node: NodeCrypto, raw: Bytes): AeadKey {
  let key: ReturnType<NodeCrypto['createSecretKey']> | undefined = node.createSecretKey(raw);
  const options = { authTagLength: AEAD_TAG_BYTES } as const;
  return {
    async seal(nonce, aad, plaintext, out) {
      if (key === undefined) throw wiped('seal');
      const cipher = node.createCipheriv('aes-256-gcm', key, nonce, options);
      cipher.setAAD(aad);
      for (let at = 0; at < plaintext.length; at += STEP) out.set(cipher.update(plaintext.subarray(at, at + STEP)), at);
      cipher.final();
      out.set(cipher.getAuthTag(), plaintext.length);
    },
    async open(operation, nonce, aad, sealed, out) {
      if (key === undefined) throw wiped(operation);
      if (sealed.length < AEAD_TAG_BYTES) throw refused(operation, 'fewer bytes than a tag');
      const length = sealed.length - AEAD_TAG_BYTES;
      const decipher = node.createDecipheriv('aes-256-gcm', key, nonce, options);
      decipher.setAAD(aad);
      decipher.setAuthTag(sealed.subarray(length));
      try {
        for (let at = 0; at < length; at += STEP) {
          const part = decipher.update(sealed.subarray(at, Math.min(length, at + STEP)));
          out.set(part, at);
          wipe(part);
        }
        decipher.final();
      } catch (cause) {
        // What was decrypted before the tag was seen must not be used.
        wipe(out);
        throw refused(operation, cause);
      }
    },
    wipe() {
      key = undefined;
    },
  };
}

async function webCryptoKey(raw: Bytes): Promise<AeadKey> {
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined)
    throw new KemError('unsupported', {
      operation: 'aead',
      field: 'AES-256-GCM',
      got: 'no WebCrypto (insecure context?)',
      want: "crypto.subtle, or aead 'ChaCha20-Poly1305'",
    });
  let key: CryptoKey | undefined = await subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
  return {
    async seal(nonce, aad, plaintext, out) {
      if (key === undefined) throw wiped('seal');
      const algorithm = { name: 'AES-GCM', iv: nonce, additionalData: aad };
      out.set(new Uint8Array(await subtle.encrypt(algorithm, key, plaintext)));
    },
    async open(operation, nonce, aad, sealed, out) {
      if (key === undefined) throw wiped(operation);
      let plaintext: Bytes;
      try {
        const algorithm = { name: 'AES-GCM', iv: nonce, additionalData: aad };
        plaintext = new Uint8Array(await subtle.decrypt(algorithm, key, sealed));
      } catch (cause) {
        throw refused(operation, cause);
      }
      out.set(plaintext);
      wipe(plaintext);
    },
    wipe() {
      key = undefined;
    },
  };
}

export const webCryptoAesGcm: AesGcmBackend = Object.freeze({ name: 'WebCrypto', importKey: webCryptoKey });

/** The platform's AES-256-GCM without a thread hop or a copy of the input: same OpenSSL as Node's WebCrypto. */
export const nodeAesGcm: AesGcmBackend = Object.freeze({
  name: 'node:crypto',
  async importKey(raw: Bytes) {
    const node = nodeCrypto();
    return node === undefined ? webCryptoKey(raw) : nodeKey(node, raw);
  },
});

/** node:crypto where it exists, else WebCrypto. */
export function aesGcmBackend(): AesGcmBackend {
  return nodeCrypto() === undefined ? webCryptoAesGcm : nodeAesGcm;
}
