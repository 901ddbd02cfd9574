export type { Backend, BackendName, BackendOptions, TensorFlow } from './backend.ts';
export { currentBackend, initBackend } from './backend.ts';
export type { Dataset, Preprocessing, SplitDataset } from './dataset.ts';
export { checkDataset, classCounts, featureCount, sampleCount, subset } from './dataset.ts';
export type { FlCoreErrorCode, FlCoreErrorDetails } from './errors.ts';
export { FlCoreError } from './errors.ts';
export { evaluate, predict } from './evaluator.ts';
export { evaluatePredictions, rocAuc } from './metrics.ts';
export type { CnnSpec, MlpSpec, ModelSpec, ParameterTensor } from './model-spec.ts';
export {
  checkModelSpec,
  flatten,
  initialWeights,
  inputShape,
  modelLayout,
  PUBLISHED_MLP,
  parameterCount,
  smallCnn,
  unflatten,
  WDBC_MLP,
} from './model-spec.ts';
export type {
  Aggregator,
  Clock,
  EncryptedUpdate,
  Evaluation,
  RoundContext,
  RoundStore,
  SecureChannel,
  Trainer,
  TrainRequest,
  TrainResult,
  Transport,
  UpdateEncryptor,
  UpdateProver,
  UpdateVerifier,
  Verdict,
} from './ports.ts';
export { advance, createStudy, pendingEffects } from './round.ts';
export type {
  ClientId,
  ClientStanding,
  Phase,
  RefusalReason,
  Rejection,
  RoundEffect,
  RoundEvent,
  RoundRecord,
  RoundState,
  Step,
  StudyPlan,
} from './round-state.ts';
export type { Csprng, SimRng } from './sim-rng.ts';
export { csprng, simRng } from './sim-rng.ts';
export type { FedAdamOptions, PlaintextStrategy, Strategy, StrategyState, SumStrategy } from './strategy.ts';
export { fedAdam, fedAvg, fedProx, requireFinite, sumUpdates } from './strategy.ts';
export type { TrainerOptions } from './trainer.ts';
export { createTrainer } from './trainer.ts';
export type { Optimiser, TrainingOptions } from './training.ts';
export { checkTrainingOptions, PUBLISHED_TRAINING } from './training.ts';
