import { AttackError, requireInteger } from '../errors.ts';
import { mean, requireUpdates, squaredDistance } from '../vectors.ts';
import { asRule, equalWeights, type RobustRule } from './rule.ts';

const CITATION = 'Blanchard, El Mhamdi, Guerraoui, Stainer: Machine learning with adversaries, NeurIPS 2017';

/**
 * The update with the smallest sum of squared distances to its n − f − 2 nearest ones. `malicious`: f ≥ 0, n > 2f + 2.
 */
export function krum(options: { readonly malicious: number }): RobustRule {
  return multiKrum({ ...options, selected: 1, name: 'krum' });
}

/** Mean of the `selected` (default n − f) updates with the best Krum scores. */
export function multiKrum(options: {
  readonly malicious: number;
  readonly selected?: number;
  readonly name?: string;
}): RobustRule {
  const { malicious, name = 'multi-krum' } = options;
  requireInteger(name, 'malicious', malicious, 0);
  return asRule(name, CITATION, ({ updates }) => {
    requireUpdates(name, updates);
    const selected = options.selected ?? updates.length - malicious;
    requireInteger(name, 'selected', selected, 1, updates.length);
    const chosen = krumOrder(name, updates, malicious).slice(0, selected);
    return {
      aggregate: mean(chosen.map((client) => updates[client]!)),
      weights: equalWeights(updates.length, chosen),
    };
  });
}

/** Clients from the best Krum score to the worst. Throws `argument` unless n > 2f + 2. */
function krumOrder(operation: string, updates: readonly Float32Array[], malicious: number): number[] {
  const clients = updates.length;
  if (clients <= 2 * malicious + 2)
    throw new AttackError('argument', {
      operation,
      field: 'clients',
      got: clients,
      want: `more than 2f + 2 = ${2 * malicious + 2}`,
    });
  return bestFirst(updates, clients - malicious - 2);
}

/** Clients by the sum of squared distances to their `neighbours` nearest, least first. */
export function bestFirst(updates: readonly Float32Array[], neighbours: number): number[] {
  const clients = updates.length;
  const distances = updates.map(() => new Float64Array(clients));
  for (let i = 0; i < clients; i++)
    for (let j = 0; j < i; j++) distances[i]![j] = distances[j]![i] = squaredDistance(updates[i]!, updates[j]!);
  const scores = distances.map((row, i) => {
    const others = row.filter((_, j) => j !== i).sort();
    return others.subarray(0, neighbours).reduce((sum, distance) => sum + distance, 0);
  });
  return scores.map((_, client) => client).sort((a, b) => scores[a]! - scores[b]! || a - b);
}
