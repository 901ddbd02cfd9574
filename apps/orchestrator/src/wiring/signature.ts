import { generateIdentity, sign, verify } from '@zkfl/kem';

/** The coordinator's signature key: ML-DSA-65. */
export interface Signer {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Promise<Uint8Array>;
  dispose(): Promise<void>;
}

const context = new TextEncoder().encode('zkfl/v1/orchestrator/accepted-updates');

export async function createSigner(): Promise<Signer> {
  const keyPair = await generateIdentity();
  return {
    publicKey: keyPair.publicKey,
    sign: (message) => sign({ keyPair, message, context }),
    dispose: async () => keyPair.wipe(),
  };
}

export function createSignatureCheck(
  publicKey: Uint8Array,
): (message: Uint8Array, signature: Uint8Array) => Promise<boolean> {
  return async (message, signature) => (await verify({ publicKey, message, signature, context })).ok;
}
