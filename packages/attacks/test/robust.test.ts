import { simRng } from '@zkfl/fl-core';
import { describe, expect, it } from 'vitest';
import {
  AttackError,
  bulyan,
  centredClipping,
  coordinateMedian,
  DEFENCE_NAMES,
  defence,
  flTrust,
  foolsGold,
  geometricMedian,
  krum,
  multiKrum,
  type RobustRule,
  requireCompatible,
  trimmedMean,
} from '../src/index.ts';
import { cosine, mean, squaredDistance } from '../src/vectors.ts';

const SIZE = 40;
const truth = Float32Array.from({ length: SIZE }, (_, i) => Math.cos(i));

/** Nine honest updates around `truth` and two far away. */
function withOutliers(): Float32Array[] {
  const rng = simRng(7, 'robust');
  const near = Array.from({ length: 9 }, () => truth.map((value) => value + rng.normal(0, 0.1)));
  const far = Array.from({ length: 2 }, () => truth.map((value) => -30 * value + rng.normal(0, 1)));
  return [...near.slice(0, 4), ...far, ...near.slice(4)];
}

const RULES: readonly RobustRule[] = [
  krum({ malicious: 2 }),
  multiKrum({ malicious: 2 }),
  bulyan({ malicious: 2 }),
  coordinateMedian(),
  trimmedMean({ malicious: 2 }),
  geometricMedian(),
  centredClipping(),
  flTrust(),
];

describe('robust rules', () => {
  it('control: two of eleven drag the plain mean to the other side', () => {
    expect(cosine(mean(withOutliers()), truth)).toBeLessThan(-0.9);
  });

  it.each(RULES)('$name stays with the majority', (rule) => {
    const { aggregate, weights } = rule.aggregate({ updates: withOutliers(), trusted: truth });
    expect(cosine(aggregate, truth)).toBeGreaterThan(0.9);
    expect(Math.sqrt(squaredDistance(aggregate, truth))).toBeLessThan(3.5);
    expect(weights).toHaveLength(11);
  });

  it.each(RULES)('$name leaves identical updates as they are', (rule) => {
    const updates = Array.from({ length: 11 }, () => truth.slice());
    const { aggregate } = rule.aggregate({ updates, trusted: truth, previous: truth });
    for (let i = 0; i < SIZE; i++) expect(aggregate[i]).toBeCloseTo(truth[i]!, 5);
  });

  it('Krum returns one of the updates, Multi-Krum gives the two outliers no weight', () => {
    const updates = withOutliers();
    const single = krum({ malicious: 2 }).aggregate({ updates });
    expect(updates.some((update) => squaredDistance(update, single.aggregate) === 0)).toBe(true);
    expect(
      multiKrum({ malicious: 2 })
        .aggregate({ updates })
        .weights.map((w) => w === 0),
    ).toEqual(updates.map((_, i) => i === 4 || i === 5));
  });

  it('median and trimmed mean of a small table are the ones worked out by hand', () => {
    const updates = [
      [1, 10],
      [2, 30],
      [3, 20],
      [100, -50],
      [4, 40],
    ].map((row) => Float32Array.from(row));
    expect([...coordinateMedian().aggregate({ updates }).aggregate]).toEqual([3, 20]);
    expect([...trimmedMean({ malicious: 1 }).aggregate({ updates }).aggregate]).toEqual([3, 20]);
  });

  it('FoolsGold takes the weight from clients that move alike and leaves a lone attacker alone', () => {
    const rng = simRng(3, 'sybils');
    const noise = () => Float32Array.from({ length: SIZE }, () => rng.normal(0, 1));
    const sybil = noise();
    const updates = [noise(), noise(), noise(), sybil, sybil.map((value) => value + 0.001 * rng.normal(0, 1))];
    const { weights } = foolsGold().aggregate({ updates });
    expect(weights[3]! + weights[4]!).toBeLessThan(0.05);
    const alone = foolsGold().aggregate({ updates: updates.slice(0, 4) });
    expect(alone.weights[3]).toBeGreaterThan(0.1);
  });

  it('FLTrust ignores updates that point away and refuses to work without a trusted update', () => {
    const updates = [truth.slice(), truth.map((value) => -value)];
    expect(flTrust().aggregate({ updates, trusted: truth }).weights).toEqual([1, 0]);
    expect(() => flTrust().aggregate({ updates })).toThrow(AttackError);
  });

  it('every rule refuses unequal lengths, NaN and too few clients by a typed error', () => {
    const good = Array.from({ length: 11 }, () => truth.slice());
    for (const rule of RULES) {
      expect(() => rule.aggregate({ updates: [...good, truth.slice(1)], trusted: truth })).toThrow(/updates\[11\]/);
      expect(() => rule.aggregate({ updates: [...good, truth.map(() => Number.NaN)], trusted: truth })).toThrow(
        /finite/,
      );
      expect(() => rule.aggregate({ updates: [], trusted: truth })).toThrow(AttackError);
    }
    expect(() => krum({ malicious: 2 }).aggregate({ updates: good.slice(0, 6) })).toThrow(/2f \+ 2/);
    expect(() => bulyan({ malicious: 2 }).aggregate({ updates: good.slice(0, 10) })).toThrow(/4f \+ 3/);
    expect(() => trimmedMean({ malicious: 2 }).aggregate({ updates: good.slice(0, 4) })).toThrow(/2f/);
  });

  it('a rule that needs plaintext updates says so in its type and is refused where updates are encrypted', () => {
    for (const rule of RULES) expect(rule.needsPlaintext).toBe(true);
    for (const name of DEFENCE_NAMES) {
      const chosen = defence(name, 2);
      const refused = () => requireCompatible(chosen, 'full');
      if (chosen.kind === 'rule') expect(refused).toThrow(/nobody sees a single update/);
      else expect(refused).not.toThrow();
      expect(() => requireCompatible(chosen, 'plain')).not.toThrow();
    }
    // @ts-expect-error a gate policy is not a rule over plaintext updates
    const rule: RobustRule = defence('norm', 2);
    expect(rule.needsPlaintext).toBe(false);
  });
});
