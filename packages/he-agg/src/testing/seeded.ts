import { sha256 } from '@noble/hashes/sha2.js';
import { encryptFrom, plainRange } from '../encrypt.ts';
import { type Engine, requireEngine } from '../engine.ts';
import { generateKeysFrom, type SecretKey } from '../keys.ts';
import type { ByteSource } from '../random.ts';
import type { Encryption, PublicKey } from '../types.ts';

declare const brand: unique symbol;
/** INSECURE: repeats for its seed. A type of its own, so that no key or encryption outside of tests can take it. */
export type SeededSource = ByteSource & { readonly [brand]: 'seeded' };

/** SHA-256 in counter mode: 32 bytes a call of seed ‖ counter. */
export function seededSource(seed: number): SeededSource {
  const block = new Uint8Array(12);
  const view = new DataView(block.buffer);
  view.setFloat64(0, seed, true);
  let counter = 0;
  const source: ByteSource = (target) => {
    for (let i = 0; i < target.length; i += 32) {
      view.setUint32(8, counter++, true);
      target.set(sha256(block).subarray(0, Math.min(32, target.length - i)), i);
    }
  };
  return source as SeededSource;
}

/** INSECURE: a key pair that repeats for its seed. */
export function seededKeys(engine: Engine, source: SeededSource): { publicKey: PublicKey; secretKey: SecretKey } {
  return generateKeysFrom(engine, source);
}

/** INSECURE: an encryption whose randomness repeats for its seed; any |m| ≤ (t − 3)/2. */
export function encryptSeeded(
  engine: Engine,
  options: { readonly publicKey: PublicKey; readonly message: Int32Array; readonly source: SeededSource },
): Encryption {
  const { publicKey, message, source } = options;
  requireEngine('encryptSeeded', engine);
  return encryptFrom('encryptSeeded', engine, { publicKey, message }, plainRange(engine, 'encryptSeeded'), source);
}
