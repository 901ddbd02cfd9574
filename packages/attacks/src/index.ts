export type { Adversary, Goal, PoisoningAttack, PoisoningContext } from './attack.ts';
export type { AttackErrorCode, AttackErrorDetails } from './errors.ts';
export { AttackError } from './errors.ts';
export { GATE_POLICIES, gatePolicy } from './gates/catalogue.ts';
export { conform, depth, findAnchor, stochasticRound } from './gates/conform.ts';
export {
  COARSE_STEP,
  defaultLadderIndex,
  integerRoot,
  LADDER_SIZE,
  ladderBound,
  ladderSquared,
} from './gates/ladder.ts';
export type { GatePolicy, PolicyRule, ReferenceSource } from './gates/policy.ts';
export { checkPolicy, firstRound, needsTrustedUpdate, reveals } from './gates/policy.ts';
export type { Gate } from './gates/predicate.ts';
export { exactInnerProduct, firstFailure, gateName, gateValue, passes } from './gates/predicate.ts';
export type { LayerRange, QuantisedUpdate, RoundKnowledge, RoundPlan, RuleRecord } from './gates/round-plan.ts';
export { conformUpdate, judge, planRound, provedBound, quantiseAsIs } from './gates/round-plan.ts';
export type { ThresholdRule } from './gates/threshold.ts';
export { adaptiveThreshold, checkThresholdRule } from './gates/threshold.ts';
export type { AnalyticCandidate } from './inversion/analytic.ts';
export { analyticInversion } from './inversion/analytic.ts';
export type { MatchingOptions, Reconstruction } from './inversion/gradient-matching.ts';
export { deepLeakage, improvedDeepLeakage, invertingGradients } from './inversion/gradient-matching.ts';
export { recoverLabel, recoverLabels } from './inversion/labels.ts';
export type { Batch, Gradients, Network } from './inversion/network.ts';
export { gradients, oneHot } from './inversion/network.ts';
export type { InversionScore } from './inversion/score.ts';
export { scoreInversion } from './inversion/score.ts';
export type { CellConfig, CellOverrides, CellResult, CellRound } from './matrix/cell.ts';
export { runCell } from './matrix/cell.ts';
export type { ControlOutcome } from './matrix/control.ts';
export { BACKDOOR, controls, RUIN } from './matrix/control.ts';
export type { Defence } from './matrix/defence.ts';
export { DEFENCE_NAMES, defence, ROBUST_RULES, requireCompatible, usesTrustedUpdate } from './matrix/defence.ts';
export type { GatedMessage, Judge } from './matrix/gated-round.ts';
export { gateMessages } from './matrix/gated-round.ts';
export type { TableRow } from './matrix/table.ts';
export { tableOf } from './matrix/table.ts';
export type { Workload, WorkloadOptions } from './matrix/workload.ts';
export { createWorkload, partitionNamed } from './matrix/workload.ts';
export type { DetectionRates, GateDecision } from './metrics/detection.ts';
export { detectionRates } from './metrics/detection.ts';
export type { GreyImage } from './metrics/image.ts';
export { meanSquaredError, peakSignalToNoise, stretched, structuralSimilarity } from './metrics/image.ts';
export type { RocInput } from './metrics/roc.ts';
export { areaUnderRoc, truePositiveRateAt } from './metrics/roc.ts';
export type { Summary } from './metrics/summary.ts';
export { accuracyDrop, summarise } from './metrics/summary.ts';
export { POISONING_ATTACKS, poisoningAttack } from './poisoning/catalogue.ts';
export {
  backdoor,
  distributedBackdoor,
  harmfulTrigger,
  harmlessClass,
  labelFlip,
  modelReplacement,
} from './poisoning/data-poisoning.ts';
export type { GaussianOptions, PrefixPoisonOptions } from './poisoning/gaussian.ts';
export { gaussian, PUBLISHED_DEVIATION, prefixPoison } from './poisoning/gaussian.ts';
export type { Trigger } from './poisoning/trigger.ts';
export { cornerTrigger, triggeredTest, triggerPart, withBackdoor, withTrigger } from './poisoning/trigger.ts';
export {
  adaptive,
  freeRider,
  innerProductManipulation,
  littleIsEnough,
  littleIsEnoughDeviations,
  minMax,
  minSum,
  scaling,
  signFlip,
} from './poisoning/update-poisoning.ts';
export type { HarvestOutcome, LaterOpener, RecordedWire } from './privacy/harvest.ts';
export { harvest } from './privacy/harvest.ts';
export type { MembershipScore, ScoredData } from './privacy/membership.ts';
export { membershipInference } from './privacy/membership.ts';
export { bulyan } from './robust/bulyan.ts';
export { coordinateMedian, trimmedMean } from './robust/coordinate.ts';
export { geometricMedian } from './robust/geometric-median.ts';
export { krum, multiKrum } from './robust/krum.ts';
export { centredClipping, flTrust, foolsGold } from './robust/reference-based.ts';
export type { RobustInput, RobustOutcome, RobustRule } from './robust/rule.ts';
