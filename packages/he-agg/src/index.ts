export { type Aggregator, createAggregator } from './aggregate.ts';
export { checkUpdate } from './check.ts';
export { decrypt } from './decrypt.ts';
export { describe } from './describe.ts';
export { type EncryptOptions, encrypt, encryptIntegers, wipeWitness } from './encrypt.ts';
export { createEngine, type Engine } from './engine.ts';
export { HeAggError, type HeAggErrorCode, type HeAggErrorDetails } from './errors.ts';
export {
  decodePublicKey,
  decodeSecretKey,
  encodePublicKey,
  encodeSecretKey,
  generateKeys,
  type SecretKey,
} from './keys.ts';
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
export { dequantise, type Quantised, type QuantiseOptions, quantise } from './quantise.ts';
export type { CiphertextDescription, DecryptedSum, Encryption, EncryptionWitness, PublicKey } from './types.ts';
