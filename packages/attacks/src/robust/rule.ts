import type { PlaintextStrategy } from '@zkfl/fl-core';

/**
 * A rule that looks at single updates. `needsPlaintext` is what `full` refuses: under encryption nobody holds what this
 * rule needs, so it exists here only to compare with.
 */
export interface RobustRule extends PlaintextStrategy {
  readonly needsPlaintext: true;
  readonly citation: string;
  /** Aggregates the updates of one round; which of them counted, and how much (weights sum to 1 where they are a mean). */
  aggregate(input: RobustInput): RobustOutcome;
}

export interface RobustInput {
  /** One finite vector a client, all of one length. */
  readonly updates: readonly Float32Array[];
  /** An update computed on data that the rule trusts; only FLTrust needs it. */
  readonly trusted?: Float32Array | undefined;
  /** The aggregate of the round before; centred clipping starts there. */
  readonly previous?: Float32Array | undefined;
  /** Σ of each client's updates in the rounds so far; FoolsGold compares these. */
  readonly history?: readonly Float32Array[] | undefined;
}

export interface RobustOutcome {
  readonly aggregate: Float32Array<ArrayBuffer>;
  /** Influence of each client, 0 for one left out; coordinate-wise rules give every client 1/n. */
  readonly weights: readonly number[];
}

/** The rule as fl-core runs strategies: w ← w + aggregate. */
export function asRule(name: string, citation: string, aggregate: (input: RobustInput) => RobustOutcome): RobustRule {
  return {
    name,
    citation,
    needs: 'plaintext updates',
    needsPlaintext: true,
    aggregate,
    apply({ weights, updates }) {
      const step = aggregate({ updates }).aggregate;
      return Float32Array.from(weights, (weight, i) => weight + step[i]!);
    },
  };
}

/** Equal influence of the chosen clients. */
export function equalWeights(clients: number, chosen: Iterable<number>): number[] {
  const members = [...chosen];
  const weights = new Array<number>(clients).fill(0);
  for (const client of members) weights[client] = 1 / members.length;
  return weights;
}
