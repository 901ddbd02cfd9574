import { LatticeZkError } from './errors.ts';
import type { Ring } from './ring/ring.ts';
import { SEED_BYTES, SecretStream } from './ring/xof.ts';
import { TAGS } from './tags.ts';
import { FrameHash } from './transcript.ts';

declare const secret: unique symbol;
/** 32 bytes from a cryptographic generator; only `systemKey` and the testing door make one. */
export type SecretKey = Uint8Array & { readonly [secret]: true };

let previous = '';

/**
 * 32 fresh bytes of the platform's generator.
 * @throws LatticeZkError `randomness` if there is none, or if it repeats itself
 */
export function systemKey(): SecretKey {
  const key = new Uint8Array(SEED_BYTES);
  try {
    globalThis.crypto.getRandomValues(key);
  } catch (cause) {
    throw new LatticeZkError({ code: 'randomness', operation: 'prove', field: 'crypto.getRandomValues', cause });
  }
  return key as SecretKey;
}

/**
 * The prover's stream for one proof: the key is hashed with the statement, so that even a failing generator never masks
 * two different statements alike.
 */
export function keyedStream(ring: Ring, key: SecretKey, digest: Uint8Array): SecretStream {
  const mark = ring.mark();
  const seed = new FrameHash(ring, TAGS.secretStream).text('stream').bytes(key).bytes(digest).digest(SEED_BYTES);
  ring.release(mark);
  try {
    return new SecretStream(ring, seed);
  } finally {
    seed.fill(0);
  }
}

/**
 * `keyedStream` of a fresh system key, whose fingerprint is remembered until the next proof.
 * @throws LatticeZkError `randomness` if the generator fails, or repeats itself
 */
export function systemStream(ring: Ring, digest: Uint8Array): SecretStream {
  const key = systemKey();
  try {
    const mark = ring.mark();
    const fingerprint = new FrameHash(ring, TAGS.secretStream).text('fingerprint').bytes(key).digest(16).join();
    ring.release(mark);
    if (fingerprint === previous || key.every((byte) => byte === 0)) {
      throw new LatticeZkError({
        code: 'randomness',
        operation: 'prove',
        field: 'crypto.getRandomValues',
        got: 'the same bytes again',
        want: 'fresh randomness',
      });
    }
    previous = fingerprint;
    return keyedStream(ring, key, digest);
  } finally {
    key.fill(0);
  }
}
