import { AttackError, lookUp, refuseUnknownOptions, requireNumber } from '../errors.ts';
import type { ThresholdRule } from './threshold.ts';
import { checkThresholdRule } from './threshold.ts';

/** Where a reference vector comes from. Both are public to the round, and neither opens an update. */
export type ReferenceSource =
  /** The aggregate that the round before accepted; the first round has none. */
  | 'previous'
  /** An update that the coordinator trains itself, on a small public data set, in every round. */
  | 'trusted';

/** One rule of a policy; rules compose by conjunction. */
export type PolicyRule =
  /** ‖update‖ ≤ τ, τ the same in every round: the published rule. */
  | { readonly kind: 'norm-frozen'; readonly tau: number }
  /** ‖update‖ ≤ τ, τ from the proved buckets of the round before, and from declared buckets in the first round. */
  | ({ readonly kind: 'norm-adaptive' } & ThresholdRule)
  /** Each layer's norm ≤ share·slack of the client's own bound, where share is the layer's part of the reference. */
  | { readonly kind: 'layers'; readonly source: ReferenceSource; readonly slack: number; readonly least: number }
  /** ⟨update, r⟩ ≥ cosine · (the client's own proved norm bound) · ‖r‖, hence cos(update, r) ≥ cosine. */
  | { readonly kind: 'direction'; readonly source: ReferenceSource; readonly cosine: number }
  /** ‖update − r‖ ≤ ratio · ‖r‖, r stretched to τ/√2. */
  | { readonly kind: 'sphere'; readonly source: ReferenceSource; readonly ratio: number };

/** A named list of rules, first one the norm rule that fixes the scale of a round. */
export interface GatePolicy {
  readonly name: string;
  readonly rules: readonly PolicyRule[];
}

/** What a rule tells the coordinator about each client beyond "inside". */
export function reveals(rule: PolicyRule): string {
  switch (rule.kind) {
    case 'norm-frozen':
      return 'nothing but that the norm is at most τ';
    case 'norm-adaptive':
      return "the client's norm to a factor √2 (a proved bucket), every round";
    case 'layers':
      return "nothing but that each layer's norm is at most its bound; the bounds scale with the client's bucket";
    case 'direction':
      return rule.cosine === 0
        ? 'one bit: the angle to the reference is at most 90°'
        : 'one bit: the angle to the reference is at most arccos(cosine), given the bucket';
    case 'sphere':
      return 'one bit: the distance to the reference is at most ρ';
  }
}

/** What a rule does in the first round (and in any round whose reference is missing or zero). */
export function firstRound(rule: PolicyRule): string {
  switch (rule.kind) {
    case 'norm-frozen':
      return 'the same τ';
    case 'norm-adaptive':
      return 'clients declare buckets before they prove; the median stands half of them lying; proofs then hold them to τ';
    case 'layers':
    case 'direction':
    case 'sphere':
      return rule.source === 'trusted'
        ? 'as in every round: the trusted update exists from the start'
        : 'waived: no aggregate exists yet; the norm rule alone holds';
  }
}

/** Does the policy need an update trained on trusted data? */
export const needsTrustedUpdate = (policy: GatePolicy): boolean =>
  policy.rules.some((rule) => 'source' in rule && rule.source === 'trusted');

/** Throws `policy`, `argument` or `unknown-option` unless the rules are complete, in range and of one norm rule. */
export function checkPolicy(policy: GatePolicy): GatePolicy {
  const operation = `policy ${policy.name}`;
  for (const [i, rule] of policy.rules.entries()) {
    const isNorm = rule.kind === 'norm-frozen' || rule.kind === 'norm-adaptive';
    if (isNorm !== (i === 0))
      throw new AttackError('policy', {
        operation,
        field: `rules[${i}]`,
        got: rule.kind,
        want: i === 0 ? 'a norm rule' : 'no second norm rule',
      });
    const known: Record<PolicyRule['kind'], readonly string[]> = {
      'norm-frozen': ['tau'],
      'norm-adaptive': ['floor', 'ceiling', 'width', 'headroom', 'reach'],
      layers: ['source', 'slack', 'least'],
      direction: ['source', 'cosine'],
      sphere: ['source', 'ratio'],
    };
    refuseUnknownOptions(operation, rule, ['kind', ...lookUp(operation, `rules[${i}].kind`, known, rule.kind)]);
    if ('source' in rule && rule.source !== 'previous' && rule.source !== 'trusted')
      throw new AttackError('policy', {
        operation,
        field: `rules[${i}].source`,
        got: String(rule.source),
        want: 'previous or trusted',
      });
    if (rule.kind === 'norm-frozen') requireNumber(operation, 'tau', rule.tau, Number.MIN_VALUE);
    if (rule.kind === 'layers') {
      requireNumber(operation, 'slack', rule.slack, 1);
      requireNumber(operation, 'least', rule.least, 0, 1);
    }
    if (rule.kind === 'direction') requireNumber(operation, 'cosine', rule.cosine, 0, 0.9);
    if (rule.kind === 'sphere') requireNumber(operation, 'ratio', rule.ratio, 0.05, 100);
    if (rule.kind === 'norm-adaptive') {
      const { kind, ...threshold } = rule;
      checkThresholdRule(threshold);
    }
  }
  if (policy.rules.length === 0)
    throw new AttackError('policy', { operation, field: 'rules', got: 0, want: 'at least a norm rule' });
  return policy;
}
