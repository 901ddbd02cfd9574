export {
  aesGcmBackends,
  type InsecureMlKem,
  insecureMlKem,
  insecureXWing,
  signDeterministic,
  x25519Backends,
} from './testing/derandomized.ts';
export { createInitiatorKeepingEphemeral, forgeKeyPair } from './testing/insecure.ts';
export { openRecordedWire, type RecordedWire, type WireKnowledge } from './testing/recorded-wire.ts';
