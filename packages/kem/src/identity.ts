import { bytesToHex } from '@noble/hashes/utils.js';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { asBytes, ascii, type Bytes, exactBytes, randomBytes, wipe } from './bytes.ts';
import { KemError } from './errors.ts';
import { checkOptions } from './options.ts';
import { TAG, taggedHash } from './tags.ts';

/** ML-DSA-65, FIPS 204 table 2: bytes. */
export const ML_DSA_65_PUBLIC_KEY_BYTES = 1952;
export const ML_DSA_65_SIGNATURE_BYTES = 3309;
/** The seed ξ of FIPS 204 algorithm 1; what `exportSecretKey` gives. */
export const ML_DSA_65_SEED_BYTES = 32;
const MAX_CONTEXT_BYTES = 255;

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** A long-term ML-DSA-65 signing key, as redacted as a `KemKeyPair`. */
export class IdentityKeyPair {
  readonly #publicKey: Bytes;
  readonly #seed: Bytes;
  #secretKey: Bytes | undefined;

  /** Takes `seed` over. */
  constructor(seed: Bytes) {
    const { publicKey, secretKey } = ml_dsa65.keygen(seed);
    this.#publicKey = publicKey as Bytes;
    this.#secretKey = secretKey as Bytes;
    this.#seed = seed;
  }

  get publicKey(): Uint8Array {
    return this.#publicKey.slice();
  }

  /** 32 bytes that name the public key. */
  get fingerprint(): Uint8Array {
    return taggedHash(TAG.fingerprint, ascii('ML-DSA-65'), this.#publicKey);
  }

  /** The 32-byte seed, for a key store; the copy is the caller's to wipe. */
  exportSecretKey(): Uint8Array {
    this.#live('exportSecretKey');
    return this.#seed.slice();
  }

  wipe(): void {
    wipe(this.#seed, this.#secretKey);
    this.#secretKey = undefined;
  }

  [Symbol.dispose](): void {
    this.wipe();
  }

  toJSON(): { algorithm: 'ML-DSA-65'; fingerprint: string; secretKey: '[redacted]' } {
    return { algorithm: 'ML-DSA-65', fingerprint: bytesToHex(this.fingerprint), secretKey: '[redacted]' };
  }

  [INSPECT](): string {
    return `IdentityKeyPair { fingerprint: '${bytesToHex(this.fingerprint)}', secretKey: [redacted] }`;
  }

  #live(operation: string): Bytes {
    if (this.#secretKey === undefined)
      throw new KemError('wrong-state', { operation, field: 'key pair', got: 'wiped', want: 'a live key pair' });
    return this.#secretKey;
  }

  /** ML-DSA.Sign for this package; `rnd` is 32 bytes of a CSPRNG, or false for the deterministic variant. */
  static sign(operation: string, pair: IdentityKeyPair, message: Bytes, context: Bytes, rnd: Bytes | false): Bytes {
    return ml_dsa65.sign(message, pair.#live(operation), { context, extraEntropy: rnd }) as Bytes;
  }
}

function contextOf(operation: string, value: unknown): Bytes {
  const context = asBytes(operation, 'context', value);
  if (context.length > MAX_CONTEXT_BYTES)
    throw new KemError('argument', {
      operation,
      field: 'context length',
      got: context.length,
      want: `at most ${MAX_CONTEXT_BYTES}`,
    });
  return context;
}

/** A fresh identity from the platform's CSPRNG. */
export async function generateIdentity(): Promise<IdentityKeyPair> {
  return new IdentityKeyPair(randomBytes(ML_DSA_65_SEED_BYTES));
}

/** The identity of a stored 32-byte seed; the array is copied. Throws `invalid-key`. */
export async function importIdentity(options: { readonly secretKey: Uint8Array }): Promise<IdentityKeyPair> {
  checkOptions('importIdentity', options, ['secretKey']);
  const seed = exactBytes('importIdentity', 'secretKey', options.secretKey, ML_DSA_65_SEED_BYTES, 'invalid-key');
  return new IdentityKeyPair(seed.slice());
}

/** Hedged ML-DSA-65 (FIPS 204 algorithm 2): 3309 bytes. `context` of 0..255 bytes separates uses of one key. */
export async function sign(options: {
  readonly keyPair: IdentityKeyPair;
  readonly message: Uint8Array;
  readonly context: Uint8Array;
}): Promise<Uint8Array> {
  checkOptions('sign', options, ['keyPair', 'message', 'context']);
  if (!(options.keyPair instanceof IdentityKeyPair))
    throw new KemError('argument', {
      operation: 'sign',
      field: 'keyPair',
      got: typeof options.keyPair,
      want: 'an IdentityKeyPair',
    });
  const rnd = randomBytes(32);
  try {
    const message = asBytes('sign', 'message', options.message);
    return IdentityKeyPair.sign('sign', options.keyPair, message, contextOf('sign', options.context), rnd);
  } finally {
    wipe(rnd);
  }
}

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/**
 * ML-DSA.Verify, FIPS 204 algorithm 3. Wrong lengths throw `malformed` or `invalid-key`; a signature that does not
 * verify is `{ ok: false, reason }`.
 */
export async function verify(options: {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly context: Uint8Array;
}): Promise<Verdict> {
  const operation = 'verify';
  checkOptions(operation, options, ['publicKey', 'message', 'signature', 'context']);
  const publicKey = exactBytes(operation, 'publicKey', options.publicKey, ML_DSA_65_PUBLIC_KEY_BYTES, 'invalid-key');
  const signature = exactBytes(operation, 'signature', options.signature, ML_DSA_65_SIGNATURE_BYTES);
  const message = asBytes(operation, 'message', options.message);
  const context = contextOf(operation, options.context);
  if (ml_dsa65.verify(signature, message, publicKey, { context })) return { ok: true };
  return { ok: false, reason: 'the signature is not of this message and context under this key' };
}
