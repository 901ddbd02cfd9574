import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** The one thing that the hospital asks of `node:crypto`, in a browser: SHA-256 as hex. */
export function createHash(name: 'sha256') {
  if (name !== 'sha256') throw new Error(`createHash: name: got ${String(name)}, want sha256`);
  const hash = sha256.create();
  return {
    update(bytes: Uint8Array): void {
      hash.update(bytes);
    },
    digest: (_encoding: 'hex'): string => bytesToHex(hash.digest()),
  };
}
