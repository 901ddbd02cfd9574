import type { SetName } from './parameters.ts';
import type { CiphertextDescription, DecryptedSum, Encryption, EncryptionWitness, PublicKey } from './types.ts';

export { HeAggError, type HeAggErrorCode, type HeAggErrorDetails } from './errors.ts';
export {
  ciphertextCount,
  MAX_DIMENSION,
  maxClients,
  messageLimit,
  noiseBoundSquared,
  noisePerClient,
  PARAMETER_SETS,
  type ParameterSet,
  parameterSet,
  type SetName,
} from './parameters.ts';
export type { CiphertextDescription, DecryptedSum, Encryption, EncryptionWitness, PublicKey } from './types.ts';

/** SEAL, one context, one thread: create it once per worker, dispose of it at the end. */
export interface Engine {
  readonly set: SetName;
  dispose(): void;
}
/** Ternary secret; redacted in JSON and inspection; `wipe()` overwrites it, later use throws `state`. */
export interface SecretKey {
  readonly set: SetName;
  wipe(): void;
}
export interface Quantised {
  readonly message: Int32Array<ArrayBuffer>;
  /** factor the update was multiplied with to fit the l2 norm, 1 if it fitted */
  readonly shrunk: number;
  /** coordinates that met the per-coordinate limit */
  readonly clipped: number;
}
/** Streaming sum; one `add` is all or nothing. */
export interface Aggregator {
  readonly count: number;
  /** gates the bytes first. @throws {HeAggError} encoding, transparent, too-many-clients, state */
  add(bytes: Uint8Array): void;
  /** canonical sum bytes (count in the header); ends the aggregator */
  finish(): { readonly bytes: Uint8Array<ArrayBuffer>; readonly count: number };
}
/** `wasm`: SEAL's bytes or a compiled module where it can't be located (bundled browsers). */
export declare function createEngine(options: {
  set: SetName;
  wasm?: Uint8Array | WebAssembly.Module;
  locateFile?: (file: string) => string;
}): Promise<Engine>;
export declare function generateKeys(engine: Engine): { publicKey: PublicKey; secretKey: SecretKey };
export declare function encodePublicKey(key: PublicKey): Uint8Array<ArrayBuffer>;
export declare function decodePublicKey(bytes: Uint8Array): PublicKey;
export declare function encodeSecretKey(key: SecretKey): Uint8Array<ArrayBuffer>;
export declare function decodeSecretKey(bytes: Uint8Array): SecretKey;
export declare function quantise(options: {
  update: Float32Array | Float64Array;
  /** τ: the update's l2 norm is clipped to τ·(1 − 2⁻⁹) */
  clipNorm: number;
  /** S, integers per unit */
  scale: number;
  /** per coordinate |m| ≤ limit, e.g. messageLimit(set, clients) */
  limit: number;
  /** β: ‖m‖₂ ≤ β; the rounding is drawn again where it misses */
  maxNorm?: number;
  /** uniform in [0, 1); a seeded source makes a study repeatable; default: the platform's CSPRNG */
  random?: () => number;
}): Quantised;
export declare function dequantise(options: {
  sum: Int32Array;
  count: number;
  scale: number;
}): Float64Array<ArrayBuffer>;
/** Refuses |m| above messageLimit(set, clients). */
export declare function encrypt(
  engine: Engine,
  options: { publicKey: PublicKey; message: Int32Array; clients?: number },
): Encryption;
/** For simulated attackers: any |m| ≤ (t−3)/2. */
export declare function encryptIntegers(
  engine: Engine,
  options: { publicKey: PublicKey; message: Int32Array },
): Encryption;
/** Gate and description of an update's wire bytes. */
export declare function describe(options: {
  set: SetName;
  dimension: number;
  publicKey: PublicKey;
  bytes: Uint8Array;
}): CiphertextDescription;
export declare function createAggregator(options: { set: SetName; dimension: number; clients?: number }): Aggregator;
export declare function decrypt(
  engine: Engine,
  options: { secretKey: SecretKey; sum: Uint8Array; dimension: number },
): DecryptedSum;
export declare function wipeWitness(witness: EncryptionWitness): void;
