import { sha256 } from '@noble/hashes/sha2.js';
import { ascii, type Bytes, prefixed } from './bytes.ts';

/** Every hash and KDF call outside of a standard's own inputs starts with one of these. */
export const TAG = {
  fingerprint: ascii('zkfl/v1/kem/fingerprint'),
  aad: ascii('zkfl/v1/kem/aad'),
  envelope: ascii('zkfl/v1/kem/envelope'),
  prologue: ascii('zkfl/v1/kem/session/prologue'),
  message1: ascii('zkfl/v1/kem/session/message1'),
  transcript: ascii('zkfl/v1/kem/session/transcript'),
  identity: ascii('zkfl/v1/kem/session/identity'),
  identityTag: ascii('zkfl/v1/kem/session/identity-tag'),
  master: ascii('zkfl/v1/kem/session/master'),
  epoch: ascii('zkfl/v1/kem/session/epoch'),
  exporter: ascii('zkfl/v1/kem/session/exporter'),
} as const;

/** SHA-256 of `prefixed(tag) ‖ prefixed(part) ‖ …`: 32 bytes, injective in the list of parts. */
export function taggedHash(tag: Uint8Array, ...parts: readonly Uint8Array[]): Bytes {
  const hash = sha256.create().update(prefixed(tag));
  for (const part of parts) hash.update(prefixed(part));
  return new Uint8Array(hash.digest());
}
