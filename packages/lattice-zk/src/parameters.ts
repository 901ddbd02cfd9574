export { accept, acceptance, decryptionNoise, type Inequality, moduleSisNorm } from './parameters/acceptance.ts';
export { MULTIPLIER_LIMIT, SIGMA_BIN_SQUARED } from './parameters/base-variance.ts';
export {
  type Derived,
  derive,
  keyNormBoundSquared,
  logRejectionFactor,
  noiseBoundSquared,
  type Projection,
  projection,
  provenNorm,
  type ResponseClaim,
  type ResponseGroup,
  responseWidths,
  type SlackField,
  type StatementShape,
  samplerTakes,
  type Width,
  width,
} from './parameters/bounds.ts';
export { BETA_BUCKETS, betaSquaredOf, defaultBetaIndex } from './parameters/buckets.ts';
export { bitLength, ceilDiv, isPrime, isqrt, isqrtUp, type Rational } from './parameters/integers.ts';
export {
  type ChallengeShape,
  describeSet,
  getSet,
  PARAMETER_SETS,
  type ParameterRecord,
  type ParameterSet,
  parameterSet,
  type SetName,
} from './parameters/sets.ts';
