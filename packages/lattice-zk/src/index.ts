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
export { type EncryptionWitness, prove, proveRelation, type RelationWitness } from './prove.ts';
export type {
  DerivedPolynomial,
  Form,
  LinearTerm,
  MaskedCopy,
  NormForm,
  ProductForm,
  RingElement,
  VectorTerm,
} from './relation.ts';
export {
  type ProjectionClaim,
  type RelationClaims,
  type RelationOptions,
  relationStatement,
} from './relation-statement.ts';
export { compileKernels } from './ring/kernels.ts';
export type { RelationStatement, Statement } from './statement.ts';
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
