import { bytesToHex } from '@noble/hashes/utils.js';
import { type Bytes, u16 } from './bytes.ts';
import { KemError } from './errors.ts';
import { TAG, taggedHash } from './tags.ts';

/** The secret half, however its KEM keeps it. */
export interface SecretState {
  decapsulate(ciphertext: Bytes): Promise<Bytes>;
  exportSecretKey(): Bytes;
  wipe(): void;
}

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** 32 bytes that name a public key: SHA-256 over the KEM's id and the key. */
export function fingerprintOf(kemId: number, publicKey: Uint8Array): Bytes {
  return taggedHash(TAG.fingerprint, u16(kemId), publicKey);
}

/**
 * A KEM key pair whose secret half stays inside: JSON and inspection show `[redacted]`,
 * `exportSecretKey` is the one way out and `wipe` the end.
 */
export class KemKeyPair {
  /** Name of the KEM. */
  readonly kem: string;
  readonly #publicKey: Bytes;
  readonly #id: number;
  #fingerprint: Bytes | undefined;
  #secret: SecretState | undefined;

  constructor(kem: { readonly name: string; readonly id: number }, publicKey: Bytes, secret: SecretState) {
    this.kem = kem.name;
    this.#publicKey = publicKey;
    this.#id = kem.id;
    this.#secret = secret;
  }

  /** A copy of the public key. */
  get publicKey(): Uint8Array {
    return this.#publicKey.slice();
  }

  /** A copy of the 32 bytes that name the public key. */
  get fingerprint(): Uint8Array {
    this.#fingerprint ??= fingerprintOf(this.#id, this.#publicKey);
    return this.#fingerprint.slice();
  }

  /** The serialised secret key, for a key store; the copy is the caller's to wipe. Throws `wrong-state` after `wipe`. */
  exportSecretKey(): Uint8Array {
    return this.#live('exportSecretKey').exportSecretKey();
  }

  /** Zeroes the secret half; every later use throws `wrong-state`. */
  wipe(): void {
    this.#secret?.wipe();
    this.#secret = undefined;
  }

  [Symbol.dispose](): void {
    this.wipe();
  }

  toJSON(): { kem: string; fingerprint: string; secretKey: '[redacted]' } {
    return { kem: this.kem, fingerprint: bytesToHex(this.fingerprint), secretKey: '[redacted]' };
  }

  [INSPECT](): string {
    return `KemKeyPair { kem: '${this.kem}', fingerprint: '${bytesToHex(this.fingerprint)}', secretKey: [redacted] }`;
  }

  #live(operation: string): SecretState {
    if (this.#secret === undefined)
      throw new KemError('wrong-state', { operation, field: 'key pair', got: 'wiped', want: 'a live key pair' });
    return this.#secret;
  }

  /** Raw decapsulation for this package; `ciphertext` has the KEM's length. */
  static decapsulate(operation: string, pair: KemKeyPair, ciphertext: Bytes): Promise<Bytes> {
    return pair.#live(operation).decapsulate(ciphertext);
  }
}

/** `value` as a key pair of the KEM `name`. */
export function asKeyPair(operation: string, field: string, value: unknown, name: string): KemKeyPair {
  if (!(value instanceof KemKeyPair))
    throw new KemError('argument', { operation, field, got: typeof value, want: 'a KemKeyPair' });
  if (value.kem !== name) throw new KemError('suite-mismatch', { operation, field, got: value.kem, want: name });
  return value;
}
