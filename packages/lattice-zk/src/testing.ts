// INSECURE things only: seeded randomness, toy sets, and the prover's steps one by one for malicious provers.
export { type Challenge, challengeOf, sampleChallenge } from './challenge.ts';
export { type Instance, withInstance } from './instance.ts';
export { type Loaded, loadRelation } from './linear.ts';
export { allocateProof, decodeProof, encodeProof, maxProofBytes, type ProofParts } from './proof.ts';
export { withProver } from './prove.ts';
export {
  type AggregationStep,
  aggregateRelations,
  type CommittedWitness,
  centredIntegers,
  commitMessage,
  commitWitness,
  type DerivedWitness,
  drawChallenge,
  garbageMessage,
  maskResponses,
  openState,
  openWitness,
  type ProjectionStep,
  type ProverState,
  placeIntegers,
  projectWitness,
  proveWitness,
  type ResponseMasks,
  respond,
  type StepOptions,
} from './prover.ts';
export { deriveGammas, linearPart, quadraticPart, quadraticRelation } from './quadratic.ts';
export { committedLayout, type Relation, splitIndex } from './relation.ts';
export type { Ptr } from './ring/kernels.ts';
export type { SecretStream, Sponge } from './ring/xof.ts';
export { aggregationState, challengeSeed, challengeStream, projectionState } from './stages.ts';
export { encryptForTest, type TestEncryption, type TestEncryptionOptions } from './testing/encryption.ts';
export {
  INSECURE_N64,
  insecureRelationStatement,
  insecureUpdateStatement,
  seededProof,
  seededStream,
} from './testing/seeded.ts';
export { checkNorms, checkRelations } from './verify.ts';
