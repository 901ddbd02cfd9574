import type { Dataset } from '@zkfl/fl-core';
import { AttackError } from '../errors.ts';
import { areaUnderRoc, truePositiveRateAt } from '../metrics/roc.ts';

/** How well members of the training data can be told from others. 0.5 and 0.01 are chance. */
export interface MembershipScore {
  readonly auc: number;
  /** Members found at one false alarm in a hundred. */
  readonly tprAt1: number;
}

/** Class probabilities, [samples × classes], of a model on `data`. */
export interface ScoredData {
  readonly data: Pick<Dataset, 'labels' | 'classes'>;
  readonly probabilities: ArrayLike<number>;
  /** The same of a model that never saw these samples; makes hard samples comparable with easy ones. */
  readonly reference?: ArrayLike<number>;
}

/**
 * Membership inference by the loss of each sample (Yeom, Giacomelli, Fredrikson, Jha 2018), or, where references are
 * given, by how much lower it is than a reference model's loss (Watson, Guo, Cormode, Sablayrolles 2022).
 */
export function membershipInference(input: {
  readonly members: ScoredData;
  readonly others: ScoredData;
}): MembershipScore {
  const positives = scores('members', input.members);
  const negatives = scores('others', input.others);
  return { auc: areaUnderRoc({ positives, negatives }), tprAt1: truePositiveRateAt({ positives, negatives }, 0.01) };
}

/** −loss, plus the reference's loss. */
function scores(field: string, { data, probabilities, reference }: ScoredData): Float64Array {
  const classes = data.classes.length;
  for (const list of [probabilities, ...(reference ? [reference] : [])])
    if (list.length !== data.labels.length * classes)
      throw new AttackError('argument', {
        operation: 'membershipInference',
        field,
        got: list.length,
        want: data.labels.length * classes,
      });
  const loss = (list: ArrayLike<number>, row: number) => {
    const probability = list[row * classes + data.labels[row]!]!;
    // A ruined model answers NaN: no information.
    return Number.isNaN(probability) ? 0 : -Math.log(Math.max(probability, 1e-12));
  };
  return Float64Array.from(data.labels, (_, row) => (reference ? loss(reference, row) : 0) - loss(probabilities, row));
}
