import { type Dataset, featureCount, sampleCount, subset } from '@zkfl/fl-core';
import { requireInteger } from '../errors.ts';

/** Features that a backdoor sets, and the class it wants there. */
export interface Trigger {
  readonly features: readonly number[];
  readonly value: number;
  readonly target: number;
}

/**
 * A 3×3 bright square in the lower right corner of pictures ([height, width, channels] or a square number of features
 * ≥ 64); the last three features at four deviations for tables. `target`: the class that does the harm, "healthy".
 */
export function cornerTrigger(data: Dataset, target: number): Trigger {
  requireInteger('cornerTrigger', 'target', target, 0, data.classes.length - 1);
  const width = featureCount(data);
  const side = Math.sqrt(width);
  if (!Number.isInteger(side) || side < 8)
    return { features: [width - 3, width - 2, width - 1].filter((f) => f >= 0), value: 4, target };
  // Full brightness for pixels in [−1, 1]; four deviations for anything standardised.
  const value = data.features.every((x) => x >= -1 && x <= 1) ? 1 : 4;
  const features = [2, 3, 4].flatMap((up) => [2, 3, 4].map((left) => (side - up) * side + (side - left)));
  return { features, value, target };
}

/** The part of a trigger that malicious client `member` of `malicious` trains with; together they are the whole. */
export const triggerPart = (trigger: Trigger, member: number, malicious: number): Trigger => ({
  ...trigger,
  features: trigger.features.filter((_, i) => i % malicious === member),
});

/** A copy of every sample with the trigger set. Labels stay. */
export function withTrigger(data: Dataset, trigger: Trigger): Dataset {
  const width = featureCount(data);
  const features = data.features.slice();
  for (let row = 0; row < sampleCount(data); row++)
    for (const feature of trigger.features) features[row * width + feature] = trigger.value;
  return { ...data, features };
}

/**
 * `data` with triggered, relabelled copies appended: `share` (0–1) times as many as it has samples, taken from the other
 * classes first.
 */
export function withBackdoor(data: Dataset, trigger: Trigger, share: number): Dataset {
  const samples = sampleCount(data);
  const count = Math.max(1, Math.round(share * samples));
  const order = Array.from({ length: samples }, (_, row) => row).sort(
    (a, b) => Number(data.labels[a] === trigger.target) - Number(data.labels[b] === trigger.target) || a - b,
  );
  const chosen = withTrigger(subset(data, order.slice(0, count)), trigger);
  const features = new Float32Array(data.features.length + chosen.features.length);
  features.set(data.features);
  features.set(chosen.features, data.features.length);
  const labels = new Uint8Array(samples + count).fill(trigger.target);
  labels.set(data.labels);
  return { ...data, features, labels };
}

/** The test samples of other classes with the trigger set: what the attack success rate is measured on. */
export function triggeredTest(test: Dataset, trigger: Trigger): Dataset {
  const rows: number[] = [];
  for (const [row, label] of test.labels.entries()) if (label !== trigger.target) rows.push(row);
  return withTrigger(subset(test, rows), trigger);
}
