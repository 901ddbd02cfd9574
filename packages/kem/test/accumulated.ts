import { shake128 } from '@noble/hashes/sha3.js';
import { importIdentity, verify } from '@zkfl/kem';
import { insecureMlKem, signDeterministic } from '@zkfl/kem/testing';
import { hex } from './support.ts';

type MlKemName = Parameters<typeof insecureMlKem>[0];
const CIPHERTEXT = { 'ML-KEM-512': 768, 'ML-KEM-768': 1088, 'ML-KEM-1024': 1568 } as const;
const EMPTY = new Uint8Array(0);

/**
 * The accumulated test of Go's crypto/mlkem: d ‖ z, m and a random ciphertext from SHAKE128(""); ek, c, K and the
 * implicit rejection's K are hashed.
 */
export async function accumulatedMlKem(name: MlKemName, count: number): Promise<string> {
  const kem = insecureMlKem(name);
  const inputs = shake128.create();
  const outputs = shake128.create();
  for (let i = 0; i < count; i++) {
    const { ek, dk } = await kem.keyGen(inputs.xof(64));
    const { ciphertext, sharedSecret } = await kem.encaps(ek, inputs.xof(32));
    if (hex(await kem.decaps(dk, ciphertext)) !== hex(sharedSecret))
      throw new Error(`test ${i}: decapsulation differs`);
    const rejected = await kem.decaps(dk, inputs.xof(CIPHERTEXT[name]));
    for (const part of [ek, ciphertext, sharedSecret, rejected]) outputs.update(part);
  }
  return hex(outputs.xof(32));
}

/** The accumulated test of C2SP/CCTV for ML-DSA-65: deterministic signatures of the empty message. */
export async function accumulatedMlDsa65(count: number): Promise<string> {
  const inputs = shake128.create();
  const outputs = shake128.create();
  for (let i = 0; i < count; i++) {
    const pair = await importIdentity({ secretKey: inputs.xof(32) });
    const { publicKey } = pair;
    const signature = signDeterministic(pair, EMPTY, EMPTY);
    const verdict = await verify({ publicKey, message: EMPTY, signature, context: EMPTY });
    if (!verdict.ok) throw new Error(`test ${i}: ${verdict.reason}`);
    outputs.update(publicKey).update(signature);
  }
  return hex(outputs.xof(32));
}
