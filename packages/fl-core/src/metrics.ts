import { requireInteger } from './errors.ts';
import type { Evaluation } from './ports.ts';

/**
 * Area under the ROC curve as the Mann–Whitney statistic, ties counted half; undefined where one side is empty.
 * `positive[i]` says whether sample i belongs to the class that `scores[i]` speaks for.
 */
export function rocAuc(scores: ArrayLike<number>, positive: ArrayLike<boolean>): number | undefined {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    // Ranks start + 1 … end share their mean.
    const rank = (start + 1 + end) / 2;
    for (let i = start; i < end; i++)
      if (positive[order[i]!]) {
        positives++;
        rankSum += rank;
      }
    start = end;
  }
  const negatives = order.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Metrics of predicted class probabilities, [samples, classes] row-major. Two classes: the AUC of class 1. */
export function evaluatePredictions(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): Evaluation {
  requireInteger('evaluate', 'probabilities', probabilities.length, labels.length * classes, labels.length * classes);
  const samples = labels.length;
  let right = 0;
  let loss = 0;
  for (let row = 0; row < samples; row++) {
    let best = 0;
    for (let c = 1; c < classes; c++)
      if (probabilities[row * classes + c]! > probabilities[row * classes + best]!) best = c;
    if (best === labels[row]) right++;
    // The least positive float32 stands for 0 and NaN: the loss of a ruined model stays finite.
    const likelihood = probabilities[row * classes + labels[row]!]!;
    loss -= Math.log(likelihood > 0 ? likelihood : 2 ** -149);
  }
  const auc = macroAuc(probabilities, labels, classes);
  const rates = samples === 0 ? { accuracy: 0, loss: 0 } : { accuracy: right / samples, loss: loss / samples };
  return auc === undefined ? { ...rates, samples } : { ...rates, auc, samples };
}

function macroAuc(probabilities: Float32Array, labels: ArrayLike<number>, classes: number): number | undefined {
  const speaksFor = classes === 2 ? [1] : Array.from({ length: classes }, (_, c) => c);
  let total = 0;
  for (const c of speaksFor) {
    const scores = Float32Array.from({ length: labels.length }, (_, row) => {
      const score = probabilities[row * classes + c]!;
      return Number.isNaN(score) ? 0 : score;
    });
    const positive = Array.from({ length: labels.length }, (_, row) => labels[row] === c);
    const auc = rocAuc(scores, positive);
    if (auc === undefined) return undefined;
    total += auc;
  }
  return total / speaksFor.length;
}
