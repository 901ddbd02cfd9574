import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { kmac256 } from '@noble/hashes/sha3-addons.js';
import { asBytes, type Bytes } from './bytes.ts';
import { KemError } from './errors.ts';

/** One key derivation: `length` bytes (44..160 here) out of `secret`, bound to `salt` and `info`. */
export interface KdfInput {
  /** Shared secrets, concatenated; a multiple of 32 bytes. The callee must not keep it. */
  readonly secret: Uint8Array;
  /** Public, 0 or 32 bytes. */
  readonly salt: Uint8Array;
  /** Public; injectively encoded by the caller. */
  readonly info: Uint8Array;
  readonly length: number;
}

/**
 * The KDF step, pluggable: an HSM in FIPS mode that may not run HKDF on an ML-KEM secret brings its own `derive`.
 * `id` names the function that is computed, so two implementations of one function share it; 0xff00..0xffff are private.
 */
export interface Kdf {
  readonly name: string;
  /** 16 bits, written into every header. */
  readonly id: number;
  derive(input: KdfInput): Uint8Array | Promise<Uint8Array>;
}

/** HKDF with HMAC-SHA-256 (RFC 5869); HPKE's id 0x0001. */
export const hkdfSha256: Kdf = Object.freeze({
  name: 'HKDF-SHA-256',
  id: 0x0001,
  derive: ({ secret, salt, info, length }: KdfInput) => hkdf(sha256, secret, salt, info, length),
});

/** HKDF with HMAC-SHA-512 (RFC 5869); HPKE's id 0x0003. */
export const hkdfSha512: Kdf = Object.freeze({
  name: 'HKDF-SHA-512',
  id: 0x0003,
  derive: ({ secret, salt, info, length }: KdfInput) => hkdf(sha512, secret, salt, info, length),
});

// SP 800-56C Rev. 2, 4.1: the default salt of option 3 with KMAC256 is 132 zero bytes.
const KMAC256_DEFAULT_SALT = new Uint8Array(132);
const KMAC_CUSTOMIZATION = Uint8Array.of(0x4b, 0x44, 0x46);
const COUNTER_ONE = Uint8Array.of(0, 0, 0, 1);

/** One-step KDF of SP 800-56C Rev. 2 section 4, option 3 (KMAC256, customization "KDF"); private id 0xff01. */
export const kmac256OneStep: Kdf = Object.freeze({
  name: 'KMAC256-ONE-STEP',
  id: 0xff01,
  derive: ({ secret, salt, info, length }: KdfInput) =>
    kmac256
      .create(salt.length === 0 ? KMAC256_DEFAULT_SALT : salt, { dkLen: length, personalization: KMAC_CUSTOMIZATION })
      .update(COUNTER_ONE)
      .update(secret)
      .update(info)
      .digest(),
});

/** Runs `kdf` and checks what a foreign implementation gives back. The result is the caller's to wipe. */
export async function runKdf(operation: string, kdf: Kdf, input: KdfInput): Promise<Bytes> {
  const out = asBytes(operation, `kdf ${kdf.name}`, await kdf.derive(input));
  if (out.length !== input.length)
    throw new KemError('argument', {
      operation,
      field: `kdf ${kdf.name} output length`,
      got: out.length,
      want: input.length,
    });
  return out;
}
