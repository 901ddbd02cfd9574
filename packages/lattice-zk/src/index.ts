export { LatticeZkError, type LatticeZkErrorCode, type LatticeZkErrorDetails } from './errors.ts';
export {
  acceptance,
  BETA_BUCKETS,
  betaSquaredOf,
  type Derived,
  defaultBetaIndex,
  getSet,
  type Inequality,
  noiseBoundSquared,
  PARAMETER_SETS,
  type ParameterSet,
  type SetName,
  type StatementShape,
} from './parameters.ts';
export { type EncryptionWitness, prove } from './prove.ts';
export type { Statement } from './statement.ts';
export { type TransformTiming, timeTransform } from './timing.ts';
export {
  type CiphertextDescription,
  type Direction,
  type Layer,
  type Sphere,
  type UpdateClaims,
  type UpdateStatementOptions,
  updateStatement,
} from './update.ts';
export { type RejectionReason, type Verdict, verify } from './verify.ts';
