import type { Bytes } from './bytes.ts';
import { KemError } from './errors.ts';

/** Bytes of a key, a nonce and a tag; the same for both algorithms. */
export const AEAD_KEY_BYTES = 32;
export const AEAD_NONCE_BYTES = 12;
export const AEAD_TAG_BYTES = 16;

export type AeadName = 'AES-256-GCM' | 'ChaCha20-Poly1305';

/** A key inside an AEAD; the bytes it was made from may be wiped at once. */
export interface AeadKey {
  /** Writes ciphertext ‖ tag into `out`, 16 bytes longer than `plaintext`. Never twice with one nonce. */
  seal(nonce: Bytes, aad: Bytes, plaintext: Bytes, out: Bytes): Promise<void>;
  /** Writes the plaintext into `out`, 16 bytes shorter than `sealed`; throws `authentication-failed` and leaves no plaintext. */
  open(operation: string, nonce: Bytes, aad: Bytes, sealed: Bytes, out: Bytes): Promise<void>;
  wipe(): void;
}

export interface Aead {
  readonly name: AeadName;
  /** HPKE's AEAD id. */
  readonly id: number;
  importKey(key: Bytes): Promise<AeadKey>;
}

export function refused(operation: string, cause: unknown): KemError {
  return new KemError(
    'authentication-failed',
    { operation, field: 'tag', got: 'a mismatch', want: 'the tag of these bytes under this key' },
    cause,
  );
}

export function wiped(operation: string): KemError {
  return new KemError('wrong-state', { operation, field: 'key', got: 'wiped', want: 'a live key' });
}
