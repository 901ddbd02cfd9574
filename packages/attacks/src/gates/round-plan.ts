import { AttackError } from '../errors.ts';
import { euclideanNorm } from '../vectors.ts';
import { conform, findAnchor } from './conform.ts';
import { COARSE_STEP, defaultLadderIndex, integerRoot, ladderBound, ladderSquared } from './ladder.ts';
import type { GatePolicy, PolicyRule, ReferenceSource } from './policy.ts';
import { firstFailure, type Gate, gateName } from './predicate.ts';
import { adaptiveThreshold } from './threshold.ts';

/** A named coordinate range [from, to) of the model. */
export interface LayerRange {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Everything public that a round's gates are computed from. */
export interface RoundKnowledge {
  readonly dimension: number;
  readonly layers: readonly LayerRange[];
  /** Proved norm bounds of the last round that accepted anyone, in update units; declared ones in the first round. */
  readonly provedBounds: readonly number[];
  readonly previous?: Float32Array | undefined;
  readonly trusted?: Float32Array | undefined;
  /** Largest ladder entry that the parameter set can prove; default: the whole ladder. */
  readonly largestIndex?: number;
}

/** One line of the policy log. */
export interface RuleRecord {
  readonly rule: PolicyRule['kind'];
  readonly applied: boolean;
  readonly detail: string;
}

/** The gates of one round; every client proves those of its own bucket. */
export interface RoundPlan {
  readonly dimension: number;
  /** τ of the round, in update units. */
  readonly tau: number;
  /** Integer units per update unit: β of the largest bucket / τ. */
  readonly scale: number;
  /** Ladder entries that a client may choose, ascending; the last one is τ. */
  readonly buckets: readonly number[];
  readonly log: readonly RuleRecord[];
  gatesFor(bucket: number): readonly Gate[];
}

/** What one client sends under a plan: its bucket and its integers. */
export interface QuantisedUpdate {
  readonly bucket: number;
  readonly m: Int32Array;
}

/** Buckets reach six octaves below τ, where rounding errors begin to count; a smaller update proves the last one. */
const BUCKETS = 13;

/**
 * Computes the gates of a round. Rules whose reference is missing or zero are waived, and so is a rule that leaves no
 * update to agree on together with those before it; the log says so. Throws `no-feasible-update` where not even the norm
 * rule leaves room.
 */
export function planRound(policy: GatePolicy, knowledge: RoundKnowledge): RoundPlan {
  const { dimension } = knowledge;
  const top = defaultLadderIndex(dimension, knowledge.largestIndex);
  const [norm, ...others] = policy.rules;
  const tau = roundTau(policy, norm, knowledge);
  const scale = ladderBound(top) / tau;
  const buckets = Array.from({ length: BUCKETS }, (_, i) => top - COARSE_STEP * (BUCKETS - 1 - i)).filter(
    (b) => b >= 0,
  );
  const log: RuleRecord[] = [{ rule: norm!.kind, applied: true, detail: `τ = ${tau.toPrecision(4)}` }];
  const builders: ((bucket: number) => readonly Gate[])[] = [
    (bucket) => [{ kind: 'norm', boundSquared: ladderSquared(bucket) }],
  ];
  const gatesWith = (list: typeof builders) => (bucket: number) => {
    if (!buckets.includes(bucket))
      throw new AttackError('policy', {
        operation: 'gatesFor',
        field: 'bucket',
        got: bucket,
        want: `one of ${buckets.join(', ')}`,
      });
    return list.flatMap((build) => build(bucket));
  };
  for (const rule of others) {
    const built = buildRule(rule, knowledge, scale, top);
    if (typeof built === 'string') {
      log.push({ rule: rule.kind, applied: false, detail: built });
    } else if (anchorOf(gatesWith([...builders, built.build])(top), built.start) === undefined) {
      log.push({ rule: rule.kind, applied: false, detail: 'waived: no update satisfies it with the rules before it' });
    } else {
      builders.push(built.build);
      log.push({ rule: rule.kind, applied: true, detail: built.detail });
    }
  }
  return { dimension, tau, scale, buckets, log, gatesFor: gatesWith(builders) };
}

/**
 * An honest client's message: the smallest bucket that holds its update, and its integers, projected into that bucket's
 * gates and rounded by `round`. Where a small bucket leaves no room (a sphere away from 0) it takes the next one.
 */
export function conformUpdate(
  plan: RoundPlan,
  update: Float32Array,
  round: (values: Float64Array) => Int32Array,
): QuantisedUpdate {
  const integers = Float64Array.from(update, (value) => value * plan.scale);
  const norm = euclideanNorm(integers) + 2 * Math.sqrt(plan.dimension);
  for (const bucket of plan.buckets) {
    const last = bucket === plan.buckets.at(-1);
    if (!last && ladderBound(bucket) < norm) continue;
    const gates = plan.gatesFor(bucket);
    const anchor = anchorOf(gates, referenceOf(gates, plan.dimension));
    if (anchor !== undefined) return { bucket, m: round(conform(gates, integers, anchor)) };
  }
  throw new AttackError('no-feasible-update', {
    operation: 'conformUpdate',
    field: 'gates',
    got: 'an empty intersection',
    want: 'room for an update',
  });
}

/** The coordinator's decision about one message: `undefined` for accepted, or the name of the first gate it fails. */
export function judge(plan: RoundPlan, { bucket, m }: QuantisedUpdate): string | undefined {
  if (!plan.buckets.includes(bucket)) return 'bucket';
  if (m.length !== plan.dimension) return 'length';
  const failed = firstFailure(plan.gatesFor(bucket), m);
  return failed === undefined ? undefined : gateName(failed);
}

/** A client's integers without any projection, with the smallest bucket that holds them, or the top one. */
export function quantiseAsIs(
  plan: RoundPlan,
  update: Float32Array,
  round: (values: Float64Array) => Int32Array,
): QuantisedUpdate {
  // Far beyond what any gate allows, and still exact in 32 bits: |m| ≤ 2²⁹, the plaintext range of the smallest set.
  const limit = 2 ** 29 - 1;
  const m = round(Float64Array.from(update, (value) => Math.max(-limit, Math.min(limit, value * plan.scale))));
  const norm = euclideanNorm(m);
  const bucket = plan.buckets.find((index) => ladderBound(index) >= norm) ?? plan.buckets.at(-1)!;
  return { bucket, m };
}

/** The bound that a bucket proves, in update units. */
export const provedBound = (plan: RoundPlan, bucket: number): number => ladderBound(bucket) / plan.scale;

function roundTau(policy: GatePolicy, rule: PolicyRule | undefined, knowledge: RoundKnowledge): number {
  if (rule?.kind === 'norm-frozen') return rule.tau;
  if (rule?.kind === 'norm-adaptive') {
    const { kind, ...threshold } = rule;
    return adaptiveThreshold(threshold, knowledge.provedBounds);
  }
  throw new AttackError('policy', {
    operation: `policy ${policy.name}`,
    field: 'rules[0]',
    got: rule?.kind ?? 'nothing',
    want: 'a norm rule',
  });
}

interface BuiltRule {
  readonly build: (bucket: number) => readonly Gate[];
  /** Where the search for a common point starts. */
  readonly start: Float64Array;
  readonly detail: string;
}

function buildRule(rule: PolicyRule, knowledge: RoundKnowledge, scale: number, top: number): BuiltRule | string {
  if (rule.kind === 'norm-frozen' || rule.kind === 'norm-adaptive') return 'waived: a second norm rule';
  const reference = integerReference(rule.source, knowledge, ladderBound(top));
  if (reference === undefined) return `waived: no ${rule.source} update to compare with`;
  const length = euclideanNorm(reference);
  const start = Float64Array.from(reference);
  const from = rule.source === 'trusted' ? 'the trusted update' : 'the previous aggregate';
  if (rule.kind === 'layers') {
    const shares = knowledge.layers.map(({ from: first, to }) =>
      Math.max(rule.least, euclideanNorm(reference.subarray(first, to)) / length),
    );
    const build = (bucket: number): Gate[] =>
      knowledge.layers.map(({ name, from: first, to }, i) => {
        const bound = Math.min(1, rule.slack * shares[i]!) * ladderBound(bucket);
        return { kind: 'layer', name, from: first, to, boundSquared: BigInt(Math.floor(bound * bound)) };
      });
    return { build, start, detail: `${shares.length} layers, slack ${rule.slack} over ${from}` };
  }
  if (rule.kind === 'direction') {
    const build = (bucket: number): Gate[] => [
      { kind: 'direction', reference, least: BigInt(Math.ceil(rule.cosine * ladderBound(bucket) * length)) },
    ];
    return { build, start, detail: `cosine ≥ ${rule.cosine} to ${from}` };
  }
  const radius = rule.ratio * length;
  const radiusSquared = BigInt(Math.floor(radius * radius));
  return {
    build: () => [{ kind: 'sphere', reference, radiusSquared }],
    start,
    detail: `ρ = ${rule.ratio}·‖r‖ = ${(Number(integerRoot(radiusSquared)) / scale).toPrecision(4)} around ${from}`,
  };
}

/**
 * The reference's direction at 1/√2 of the round's norm bound, in integer units: about the length of a median update,
 * and every gate keeps room around it.
 */
function integerReference(source: ReferenceSource, knowledge: RoundKnowledge, bound: number): Int32Array | undefined {
  const vector = source === 'trusted' ? knowledge.trusted : knowledge.previous;
  if (vector === undefined) return undefined;
  if (vector.length !== knowledge.dimension)
    throw new AttackError('model-size', {
      operation: 'planRound',
      field: source,
      got: vector.length,
      want: knowledge.dimension,
    });
  const length = euclideanNorm(vector);
  if (!(length > 0 && Number.isFinite(length))) return undefined;
  const factor = (bound * Math.SQRT1_2) / length;
  return Int32Array.from(vector, (value) => Math.round(value * factor));
}

function referenceOf(gates: readonly Gate[], dimension: number): Float64Array {
  for (const gate of gates)
    if (gate.kind === 'sphere' || gate.kind === 'direction') return Float64Array.from(gate.reference);
  return new Float64Array(dimension);
}

const anchorOf = (gates: readonly Gate[], start: Float64Array) => findAnchor(gates, start);
