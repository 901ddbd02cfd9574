import { AttackError, refuseUnknownOptions, requireNumber } from '../errors.ts';
import { median } from '../vectors.ts';

/** How the bound of the next round follows from the norms' proved buckets. All lengths in the update's own units. */
export interface ThresholdRule {
  /** The bound never falls below this, so that a converged round can't lock everyone out. */
  readonly floor: number;
  /** The bound never rises above this, so that a majority of liars can't lift it without end. */
  readonly ceiling: number;
  /** Deviations (1.4826·MAD, in octaves) above the median; default 3. */
  readonly width?: number;
  /** Least distance above the median, octaves; default 0.5, one coarse bucket. */
  readonly headroom?: number;
  /** Greatest distance above the median, octaves; default 1. */
  readonly reach?: number;
}

/**
 * τ = 2^{median + clamp(width·1.4826·MAD, headroom, reach)} over log₂ of the proved bounds, clamped to [floor, ceiling].
 * Fewer than half of the clients, lying as they like, can't move the median outside of the honest values.
 * `proved`: upper ends of the proved (or, in a first round, declared) buckets, at least one, all positive.
 */
export function adaptiveThreshold(rule: ThresholdRule, proved: readonly number[]): number {
  checkThresholdRule(rule);
  if (proved.length === 0 || !proved.every((bound) => bound > 0 && Number.isFinite(bound)))
    throw new AttackError('argument', {
      operation: 'adaptiveThreshold',
      field: 'proved',
      got: proved.length === 0 ? 'none' : proved.join(', '),
      want: 'positive bounds, at least one',
    });
  const { width = 3, headroom = 0.5, reach = 1 } = rule;
  const octaves = proved.map(Math.log2);
  const centre = median(octaves);
  const spread = 1.4826 * median(octaves.map((octave) => Math.abs(octave - centre)));
  const above = Math.min(Math.max(width * spread, headroom), reach);
  return Math.min(Math.max(2 ** (centre + above), rule.floor), rule.ceiling);
}

/** Throws `argument` or `unknown-option`; returns its argument. */
export function checkThresholdRule(rule: ThresholdRule): ThresholdRule {
  const operation = 'threshold';
  refuseUnknownOptions(operation, rule, ['floor', 'ceiling', 'width', 'headroom', 'reach']);
  requireNumber(operation, 'floor', rule.floor, Number.MIN_VALUE);
  requireNumber(operation, 'ceiling', rule.ceiling, rule.floor);
  requireNumber(operation, 'width', rule.width ?? 3, 0);
  requireNumber(operation, 'headroom', rule.headroom ?? 0.5, 0);
  requireNumber(operation, 'reach', rule.reach ?? 1, rule.headroom ?? 0.5);
  return rule;
}
