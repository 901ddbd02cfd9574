import { simRng } from '@zkfl/fl-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  adaptiveThreshold,
  checkPolicy,
  conformUpdate,
  defaultLadderIndex,
  defence,
  exactInnerProduct,
  firstRound,
  GATE_POLICIES,
  type Gate,
  gatePolicy,
  gateValue,
  judge,
  ladderSquared,
  passes,
  planRound,
  provedBound,
  quantiseAsIs,
  type RoundKnowledge,
  reveals,
  stochasticRound,
} from '../src/index.ts';
import { cosine, scaled } from '../src/vectors.ts';

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const pair = fc
  .integer({ min: 0, max: 200 })
  .chain((n) =>
    fc.tuple(fc.array(int32, { minLength: n, maxLength: n }), fc.array(int32, { minLength: n, maxLength: n })),
  );

const DIMENSION = 120;
const LAYERS = [
  { name: 'first', from: 0, to: 90 },
  { name: 'last', from: 90, to: DIMENSION },
];
const vector = (seed: number, length = 1) => {
  const rng = simRng(seed, 'gates');
  const raw = Float32Array.from({ length: DIMENSION }, () => rng.normal(0, 1));
  return scaled(raw, length / Math.sqrt(raw.reduce((sum, x) => sum + x * x, 0)));
};
const knowledge = (overrides: Partial<RoundKnowledge> = {}): RoundKnowledge => ({
  dimension: DIMENSION,
  layers: LAYERS,
  provedBounds: [1, 1.1, 0.9, 1, 1.2],
  previous: vector(1, 0.6),
  trusted: vector(2, 0.8),
  ...overrides,
});
const rounding = (seed: number) => {
  const rng = simRng(seed, 'rounding');
  return (values: Float64Array) => stochasticRound(values, rng);
};

describe('gates are exact integer predicates', () => {
  it('inner products of 32-bit integers are exact', () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const want = a.reduce((sum, value, i) => sum + BigInt(value) * BigInt(b[i]!), 0n);
        expect(exactInnerProduct(Int32Array.from(a), Int32Array.from(b))).toBe(want);
      }),
    );
    const extreme = new Int32Array(1000).fill(-(2 ** 31));
    expect(exactInnerProduct(extreme, extreme)).toBe(1000n * 2n ** 62n);
  });

  it.each<[string, (m: Int32Array) => { at: Gate; beyond: Gate }]>([
    [
      'norm',
      (m) => {
        const value = exactInnerProduct(m, m);
        return { at: { kind: 'norm', boundSquared: value }, beyond: { kind: 'norm', boundSquared: value - 1n } };
      },
    ],
    [
      'layer',
      (m) => {
        const part = m.subarray(10, 20);
        const range = { kind: 'layer', name: 'l', from: 10, to: 20 } as const;
        const value = exactInnerProduct(part, part);
        return { at: { ...range, boundSquared: value }, beyond: { ...range, boundSquared: value - 1n } };
      },
    ],
    [
      'direction',
      (m) => {
        const reference = Int32Array.from(m, (_, i) => (i % 7) - 3);
        const value = exactInnerProduct(m, reference);
        return {
          at: { kind: 'direction', reference, least: value },
          beyond: { kind: 'direction', reference, least: value + 1n },
        };
      },
    ],
    [
      'sphere',
      (m) => {
        const reference = Int32Array.from(m, (value, i) => value + i);
        const value = m.reduce((sum, _, i) => sum + BigInt(i) ** 2n, 0n);
        return {
          at: { kind: 'sphere', reference, radiusSquared: value },
          beyond: { kind: 'sphere', reference, radiusSquared: value - 1n },
        };
      },
    ],
  ])('%s: the bound itself passes and one beyond it fails', (_, build) => {
    const rng = simRng(5, 'bounds');
    const m = Int32Array.from({ length: 100 }, () => rng.integer(2 ** 20) - 2 ** 19);
    const { at, beyond } = build(m);
    expect(passes(at, m)).toBe(true);
    expect(passes(beyond, m)).toBe(false);
  });

  it('refuses a reference or layer that does not fit the update', () => {
    const m = new Int32Array(4);
    expect(() => gateValue({ kind: 'direction', reference: new Int32Array(5), least: 0n }, m)).toThrow(/want 5/);
    expect(() => gateValue({ kind: 'layer', name: 'x', from: 2, to: 5, boundSquared: 1n }, m)).toThrow(/within 4/);
  });

  it('the listed bounds are ⌊2^{8 + i/4}⌋ and the default holds 2⁸·√D', () => {
    for (let i = 0; i < 145; i++) {
      const square = ladderSquared(i);
      expect(square ** 4n <= 1n << BigInt(32 + i) && (square + 1n) ** 4n > 1n << BigInt(32 + i)).toBe(true);
    }
    expect(ladderSquared(defaultLadderIndex(108_996))).toBeGreaterThanOrEqual(108_996n << 16n);
  });
});

describe('an honest hospital is never rejected', () => {
  it.each(Object.keys(GATE_POLICIES))('%s: whatever it trained, its projected message passes', (name) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.double({ min: -6, max: 6, noNaN: true }), (seed, octave) => {
        const plan = planRound(gatePolicy(name), knowledge());
        const message = conformUpdate(plan, vector(seed, 2 ** octave), rounding(seed));
        expect(judge(plan, message)).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });

  it('an update that is inside every gate is sent as it is, up to rounding', () => {
    const trusted = vector(2, 1);
    const plan = planRound(gatePolicy('recommended'), knowledge({ trusted }));
    const { m } = conformUpdate(plan, scaled(trusted, 0.7), rounding(1));
    for (const [i, value] of m.entries()) expect(Math.abs(value - 0.7 * trusted[i]! * plan.scale)).toBeLessThan(1);
  });

  it('control: without the projection the same updates fail', () => {
    const plan = planRound(gatePolicy('recommended'), knowledge());
    const failures = Array.from({ length: 50 }, (_, seed) =>
      judge(plan, quantiseAsIs(plan, vector(seed + 10, 1), rounding(seed))),
    );
    expect(failures.filter((reason) => reason !== undefined).length).toBeGreaterThan(20);
  });
});

describe('an attacker is bound by the gates', () => {
  const plan = planRound(gatePolicy('recommended'), knowledge());
  const trusted = knowledge().trusted!;

  it('norm: a large update is rejected whatever bucket it claims', () => {
    const { m } = quantiseAsIs(plan, vector(9, 50), rounding(1));
    for (const bucket of plan.buckets) expect(judge(plan, { bucket, m })).toBe('norm');
    expect(judge(plan, { bucket: plan.buckets.at(-1)! + 4, m })).toBe('bucket');
    expect(judge(plan, { bucket: plan.buckets.at(-1)!, m: m.subarray(1) })).toBe('length');
  });

  it('layer: the whole norm in a layer that the reference hardly moves is rejected', () => {
    const concentrated = trusted.map((value, i) => (i < 90 ? value : 0));
    const layered = planRound(gatePolicy('recommended'), knowledge({ trusted: concentrated }));
    const spike = new Float32Array(DIMENSION);
    spike[100] = layered.tau * 0.9;
    expect(judge(layered, quantiseAsIs(layered, spike, rounding(1)))).toBe('layer last');
  });

  it('direction: a turned update is rejected at any length', () => {
    for (const length of [1e-2, 0.1, 0.9]) {
      const directed = planRound(gatePolicy('norm+direction'), knowledge());
      const message = quantiseAsIs(directed, scaled(trusted, -length), rounding(1));
      expect(judge(directed, message)).toBe('direction');
    }
  });

  it('direction: what passes has the stated cosine', () => {
    const directed = planRound(gatePolicy('norm+direction'), knowledge());
    for (let seed = 0; seed < 30; seed++) {
      const { m } = conformUpdate(
        directed,
        scaled(trusted, -1).map((v, i) => v + vector(seed)[i]!),
        rounding(seed),
      );
      expect(cosine(m, trusted)).toBeGreaterThan(0.099);
    }
  });

  it('sphere: an update of honest length far from the reference is rejected', () => {
    const spherical = planRound(gatePolicy('norm+sphere'), knowledge());
    expect(judge(spherical, quantiseAsIs(spherical, scaled(trusted, -0.9), rounding(1)))).toBe('sphere');
  });
});

describe('adaptive τ', () => {
  const rule = { floor: 0.01, ceiling: 100 };

  it('fewer than half of the clients, lying as they like, keep it within the honest range', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.5, max: 2, noNaN: true }), { minLength: 6, maxLength: 6 }),
        fc.array(fc.double({ min: 1e-6, max: 1e30, noNaN: true }), { minLength: 5, maxLength: 5 }),
        (honest, lies) => {
          const tau = adaptiveThreshold(rule, [...honest, ...lies]);
          // The median is honest or between honest values; at most one octave above it.
          expect(tau).toBeGreaterThanOrEqual(Math.min(...honest));
          expect(tau).toBeLessThanOrEqual(2 * Math.max(...honest) * (1 + 1e-12));
        },
      ),
    );
  });

  it('follows the norms down to the floor and up to the ceiling', () => {
    expect(adaptiveThreshold(rule, [1e-9, 1e-9])).toBe(0.01);
    expect(adaptiveThreshold(rule, [1e9, 1e9])).toBe(100);
    expect(adaptiveThreshold(rule, [1, 1, 1])).toBeCloseTo(Math.SQRT2, 12);
  });

  it('grows again after a drop: clients that sit at τ lift it', () => {
    let tau = 0.02;
    for (let round = 0; round < 30; round++) tau = adaptiveThreshold(rule, [tau, tau, tau]);
    expect(tau).toBe(100);
  });

  it('the proved bucket holds the norm and tells it to a factor √2', () => {
    const plan = planRound(gatePolicy('norm'), knowledge());
    for (const length of [0.2, 0.4, 0.6, 0.9]) {
      const bound = provedBound(plan, conformUpdate(plan, vector(3, length), rounding(1)).bucket);
      expect(bound).toBeGreaterThanOrEqual(length * 0.999);
      expect(bound).toBeLessThan(length * 1.5);
    }
  });
});

describe('policies', () => {
  it('waive what has no reference in the first round, and log it', () => {
    const { log } = planRound(gatePolicy('norm+direction-previous'), knowledge({ previous: undefined }));
    expect(log.map(({ rule, applied }) => [rule, applied])).toEqual([
      ['norm-adaptive', true],
      ['direction', false],
    ]);
    expect(log[1]!.detail).toMatch(/no previous update/);
  });

  it('waive a rule that contradicts those before it instead of locking everyone out', () => {
    const policy = checkPolicy({
      name: 'contradiction',
      rules: [
        { kind: 'norm-frozen', tau: 1 },
        { kind: 'sphere', source: 'trusted', ratio: 0.3 },
        { kind: 'direction', source: 'previous', cosine: 0.5 },
      ],
    });
    const trusted = vector(2, 1);
    const plan = planRound(policy, knowledge({ trusted, previous: scaled(trusted, -1) }));
    expect(plan.log.at(-1)).toMatchObject({ rule: 'direction', applied: false });
    expect(judge(plan, conformUpdate(plan, vector(4), rounding(1)))).toBeUndefined();
  });

  it('each rule says what it reveals and what it does first', () => {
    for (const name of Object.keys(GATE_POLICIES))
      for (const rule of gatePolicy(name).rules) {
        expect(reveals(rule).length).toBeGreaterThan(10);
        expect(firstRound(rule).length).toBeGreaterThan(5);
      }
  });

  it('refuse unknown names with the nearest, unknown options, ranges and a missing norm rule', () => {
    expect(() => gatePolicy('recomended')).toThrow(/did you mean recommended\?/);
    expect(() => defence('multikrum', 2)).toThrow(/did you mean multi-krum\?/);
    expect(() => checkPolicy({ name: 'x', rules: [] })).toThrow(/at least a norm rule/);
    expect(() => checkPolicy({ name: 'x', rules: [{ kind: 'sphere', source: 'trusted', ratio: 1 }] })).toThrow(
      /norm rule/,
    );
    const norm = { kind: 'norm-frozen', tau: 1 } as const;
    expect(() =>
      checkPolicy({ name: 'x', rules: [norm, { kind: 'direction', source: 'trusted', cosine: 2 }] }),
    ).toThrow(/cosine/);
    // @ts-expect-error no such option
    expect(() => checkPolicy({ name: 'x', rules: [{ ...norm, slack: 2 }] })).toThrow(/slack/);
    // @ts-expect-error no such rule
    expect(() => checkPolicy({ name: 'x', rules: [norm, { kind: 'spehre' }] })).toThrow(/did you mean sphere\?/);
  });
});
