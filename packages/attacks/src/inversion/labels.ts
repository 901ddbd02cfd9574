import { type ModelSpec, modelLayout } from '@zkfl/fl-core';

/**
 * The label of a single sample: its class is the only one whose last bias has a negative gradient, p_c − 1 < 0
 * (Zhao, Mopuri, Bilen: iDLG, 2020).
 */
export function recoverLabel(spec: ModelSpec, gradient: ArrayLike<number>): number {
  const bias = lastBiasGradient(spec, gradient);
  return bias.indexOf(Math.min(...bias));
}

/**
 * Labels of a batch, as a multiset: sample counts ≈ batch·(p̄_c − gradient_c), p̄ what the model answers on average
 * (uniform where unknown), the classes with the largest remainders rounded up (after Yin et al.: GradInversion, 2021).
 */
export function recoverLabels(
  spec: ModelSpec,
  gradient: ArrayLike<number>,
  batch: number,
  meanProbabilities: readonly number[] = new Array<number>(spec.classes).fill(1 / spec.classes),
): number[] {
  const expected = lastBiasGradient(spec, gradient).map((value, c) =>
    Math.max(0, batch * (meanProbabilities[c]! - value)),
  );
  const counts = expected.map(Math.floor);
  const order = expected.map((_, c) => c).sort((a, b) => expected[b]! - counts[b]! - (expected[a]! - counts[a]!));
  for (let at = 0; counts.reduce((sum, count) => sum + count, 0) < batch; at = (at + 1) % order.length)
    counts[order[at]!]!++;
  return counts.flatMap((count, c) => new Array<number>(count).fill(c)).slice(0, batch);
}

function lastBiasGradient(spec: ModelSpec, gradient: ArrayLike<number>): number[] {
  const { offset, size } = modelLayout(spec).at(-1)!;
  return Array.from({ length: size }, (_, c) => gradient[offset + c]!);
}
