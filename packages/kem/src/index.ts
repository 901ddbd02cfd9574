export type { AeadName } from './aead.ts';
export {
  type EnvelopeBinding,
  envelopeOverhead,
  type OpenOptions,
  type OpenStreamOptions,
  open,
  openStream,
  type SealOptions,
  type SealStreamOptions,
  seal,
  sealStream,
} from './envelope.ts';
export { isKemError, KemError, type KemErrorCode, type KemErrorDetails } from './errors.ts';
export { type HandshakeBinding, handshakeBytes } from './handshake.ts';
export {
  generateIdentity,
  type IdentityKeyPair,
  importIdentity,
  ML_DSA_65_PUBLIC_KEY_BYTES,
  ML_DSA_65_SEED_BYTES,
  ML_DSA_65_SIGNATURE_BYTES,
  sign,
  type Verdict,
  verify,
} from './identity.ts';
export { createInitiator, type Initiator, type InitiatorOptions } from './initiator.ts';
export { hkdfSha256, hkdfSha512, type Kdf, type KdfInput, kmac256OneStep } from './kdf.ts';
export {
  type Encapsulation,
  KEMS,
  type Kem,
  type KemName,
  mlKem512,
  mlKem768,
  mlKem1024,
  SHARED_SECRET_BYTES,
  xWing,
} from './kem.ts';
export type { KemKeyPair } from './key-pair.ts';
export { RECORD_HEADER_BYTES, type RecordType, type Role } from './record.ts';
export { createResponder, type ResolvePeer, type Responder, type ResponderOptions } from './responder.ts';
export { type ByteSource, SEGMENT_BYTES } from './segments.ts';
export { recordType, type Session } from './session.ts';
export { createSuite, defaultSuite, type Suite } from './suite.ts';
