export type { Backend, BackendName, BackendOptions, TensorFlow } from './backend.ts';
export { currentBackend, initBackend } from './backend.ts';
export type { CsvOptions } from './data/csv.ts';
export { parseCsv } from './data/csv.ts';
export type { DownloadPorts, DownloadProgress } from './data/download.ts';
export { checkDownload, obtainDataset } from './data/download.ts';
export { parseMedMnist } from './data/medmnist.ts';
export type { CatalogueEntry } from './data/medmnist-catalogue.ts';
export { MEDMNIST_CATALOGUE } from './data/medmnist-catalogue.ts';
export type { ByteArray } from './data/npy.ts';
export { parseNpy } from './data/npy.ts';
export { parseNpz } from './data/npz.ts';
export type { Partition } from './data/partition.ts';
export { partition } from './data/partition.ts';
export { preprocess, standardisation, stratifiedSplit } from './data/split.ts';
export { syntheticPublished } from './data/synthetic.ts';
export { loadWdbc } from './data/wdbc.ts';
export type { Dataset, Preprocessing, SplitDataset } from './dataset.ts';
export { checkDataset, classCounts, featureCount, sampleCount, subset } from './dataset.ts';
export type { FlCoreErrorCode, FlCoreErrorDetails } from './errors.ts';
export { FlCoreError } from './errors.ts';
export { evaluate, predict } from './evaluator.ts';
export { toLayersModel } from './layers-model.ts';
export { evaluatePredictions, rocAuc } from './metrics.ts';
export type { ModelFiles, TrainedModel } from './model-files.ts';
export { modelDigest, readModelFiles, writeModelFiles } from './model-files.ts';
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
export type { Preset } from './presets.ts';
export { PRESETS } from './presets.ts';
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
export { parseRoundState } from './stored-state.ts';
export type { FedAdamOptions, PlaintextStrategy, Strategy, StrategyState, SumStrategy } from './strategy.ts';
export { fedAdam, fedAvg, fedProx, requireFinite, sumUpdates } from './strategy.ts';
export type { TrainerOptions } from './trainer.ts';
export { createTrainer } from './trainer.ts';
export type { Optimiser, TrainingOptions } from './training.ts';
export { checkTrainingOptions, PUBLISHED_TRAINING } from './training.ts';
