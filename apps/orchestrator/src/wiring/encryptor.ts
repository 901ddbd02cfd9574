import { type EncryptedUpdate, type RoundContext, simRng, type UpdateEncryptor } from '@zkfl/fl-core';
import {
  type CiphertextDescription,
  createEngine,
  decodePublicKey,
  decodeSecretKey,
  decrypt,
  dequantise,
  type Encryption,
  type EncryptionWitness,
  type Engine,
  encodePublicKey,
  encodeSecretKey,
  encrypt,
  encryptIntegers,
  generateKeys,
  messageLimit,
  type PublicKey,
  quantise,
  type SecretKey,
  wipeWitness,
} from '@zkfl/he-agg';
import { SET, type UpdatePolicy } from '../simulate/policy.ts';

/** What the prover needs beside the payload. Secret: the prover wipes it, or `encrypt` does where nothing is proven. */
export interface BfvWitness {
  readonly description: CiphertextDescription;
  readonly secret: EncryptionWitness;
}

export interface BfvKeys {
  readonly publicKey: PublicKey;
  readonly secretKey: SecretKey;
}

export interface BfvEncryptor extends UpdateEncryptor<BfvWitness> {
  /** For the simulated attacker: neither the norm nor a coordinate is clipped to more than the plaintext space. */
  encryptUnclipped(update: Float32Array, context: RoundContext): Promise<EncryptedUpdate<BfvWitness>>;
}

export const createBfvEngine = (): Promise<Engine> => createEngine({ set: SET });

export const generateBfvKeys = (engine: Engine): BfvKeys => generateKeys(engine);

/** Both keys for a hospital that trusts us: only ever sent on a channel between the two. */
export function encodeBfvKeys(keys: BfvKeys): { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array } {
  return { publicKey: encodePublicKey(keys.publicKey), secretKey: encodeSecretKey(keys.secretKey) };
}

export function decodeBfvKeys(bytes: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array }): BfvKeys {
  return { publicKey: decodePublicKey(bytes.publicKey), secretKey: decodeSecretKey(bytes.secretKey) };
}

/** BFV over he-agg: every coordinate is encrypted; the rounding is the study's, the randomness the platform's. */
export function createBfvEncryptor(options: {
  readonly engine: Engine;
  readonly keys: BfvKeys;
  readonly policy: UpdatePolicy;
  readonly seed: number;
  /** whether a prover will need the witnesses */
  readonly proofs: boolean;
}): BfvEncryptor {
  const { engine, keys, policy, seed, proofs } = options;
  const { publicKey } = keys;
  const { dimension, clipNorm, scale, maxNorm, clients } = policy;
  const limit = messageLimit(SET, clients);
  const rounding = ({ round, client }: RoundContext) => {
    const stream = simRng(seed, 'rounding', round, client);
    return () => stream.uniform();
  };
  const encrypted = ({ bytes, description, witness: secret }: Encryption): EncryptedUpdate<BfvWitness> => {
    if (!proofs) wipeWitness(secret);
    return { payload: bytes, encryptedCoordinates: description.dimension, witness: { description, secret } };
  };
  return {
    async encrypt(update, context) {
      const random = rounding(context);
      const { message } = quantise({ update: clipLayers(update, policy), clipNorm, scale, limit, maxNorm, random });
      return encrypted(encrypt(engine, { publicKey, message, clients }));
    },
    async encryptUnclipped(update) {
      // ±(t − 3)/2 is what the plaintext space holds.
      const largest = messageLimit(SET, 1);
      const message = Int32Array.from(update, (x) => Math.max(-largest, Math.min(largest, Math.round(x * scale))));
      return encrypted(encryptIntegers(engine, { publicKey, message }));
    },
    async openSum(sum, count) {
      const opened = decrypt(engine, { secretKey: keys.secretKey, sum, dimension });
      if (opened.count !== count) throw new Error(`openSum: clients: got ${opened.count}, want ${count}`);
      return new Float32Array(dequantise({ sum: opened.sum, count: 1, scale }));
    },
    async dispose() {
      keys.secretKey.wipe();
    },
  };
}

/** What is left for the rounding below a layer's bound: he-agg leaves as much below β. */
const MARGIN = 1 - 2 ** -9;

/** Shrinks each layer that is above its bound to just below it. */
function clipLayers(update: Float32Array, { layers }: UpdatePolicy): Float32Array {
  if (layers.length === 0) return update;
  const clipped = update.slice();
  for (const { from, to, norm } of layers) {
    const layer = clipped.subarray(from, to);
    const length = Math.sqrt(layer.reduce((sum, x) => sum + x * x, 0));
    if (length > norm * MARGIN) for (let i = 0; i < layer.length; i++) layer[i] = (layer[i]! * norm * MARGIN) / length;
  }
  return clipped;
}
