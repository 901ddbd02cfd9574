import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { fedAdam, fedAvg, fedProx, type PlaintextStrategy, type SumStrategy, sumUpdates } from '../src/index.ts';

const value = fc.float({ min: -100, max: 100, noNaN: true });
const vector = (length: number) =>
  fc.array(value, { minLength: length, maxLength: length }).map((x) => Float32Array.from(x));
const cohort = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 7 }))
  .chain(([d, n]) => fc.tuple(vector(d), fc.array(vector(d), { minLength: n, maxLength: n })));

describe('FedAvg', () => {
  it('adds the mean of the updates, whatever their order, and changes no argument', () => {
    fc.assert(
      fc.property(cohort, ([weights, updates]) => {
        const kept = weights.slice();
        const sum = sumUpdates(updates);
        const next = fedAvg().apply({ weights, sum, clients: updates.length });
        for (let i = 0; i < weights.length; i++) {
          const mean = updates.reduce((s, u) => s + u[i]!, 0) / updates.length;
          expect(Math.abs(next.weights[i]! - (kept[i]! + mean))).toBeLessThan(1e-3);
        }
        expect(weights).toEqual(kept);
        expect(next.state).toBeUndefined();
      }),
    );
  });

  it('of n equal updates adds that update', () => {
    const update = Float32Array.of(0.5, -2, 8);
    const { weights } = fedAvg().apply({ weights: new Float32Array(3), sum: sumUpdates([update, update]), clients: 2 });
    expect(weights).toEqual(update);
  });

  it.each<[string, () => unknown, string]>([
    ['a wrong length', () => sumUpdates([new Float32Array(2), new Float32Array(3)]), 'got 3, want 2'],
    ['NaN', () => sumUpdates([Float32Array.of(1, Number.NaN)]), 'coordinate 1: got NaN'],
    ['Infinity', () => sumUpdates([Float32Array.of(-Infinity)]), 'coordinate 0: got -Infinity'],
    ['no update', () => sumUpdates([]), 'updates: got 0'],
    [
      'no client',
      () => fedAvg().apply({ weights: new Float32Array(1), sum: new Float32Array(1), clients: 0 }),
      'clients',
    ],
    [
      'a sum of another model',
      () => fedAvg().apply({ weights: new Float32Array(1), sum: new Float32Array(2), clients: 1 }),
      'got 2, want 1',
    ],
    [
      'a sum with NaN',
      () => fedAdam().apply({ weights: new Float32Array(1), sum: Float32Array.of(Number.NaN), clients: 1 }),
      'NaN',
    ],
  ])('refuses %s', (_, act, message) => {
    expect(act).toThrow(message);
  });
});

describe('FedProx', () => {
  it('aggregates like FedAvg and tells clients its μ', () => {
    const input = { weights: Float32Array.of(1, 2), sum: Float32Array.of(4, 6), clients: 2 };
    expect(fedProx({ proximal: 0.1 }).apply(input)).toEqual(fedAvg().apply(input));
    expect(fedProx({ proximal: 0.1 }).proximal).toBe(0.1);
    expect(() => fedProx({ proximal: -1 })).toThrow('proximal: got -1');
  });
});

describe('FedAdam', () => {
  it('matches two steps computed by hand', () => {
    const strategy = fedAdam({ learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 0.001 });
    const one = strategy.apply({ weights: Float32Array.of(1), sum: Float32Array.of(1), clients: 2 });
    const m1 = 0.1 * 0.5;
    const v1 = 0.99 * 1e-6 + 0.01 * 0.25;
    const w1 = 1 + (0.1 * m1) / (Math.sqrt(v1) + 0.001);
    expect(one.weights[0]).toBeCloseTo(w1, 6);
    const two = strategy.apply({ weights: one.weights, sum: Float32Array.of(-3), clients: 2, state: one.state });
    const m2 = 0.9 * m1 + 0.1 * -1.5;
    const v2 = 0.99 * v1 + 0.01 * 2.25;
    expect(two.weights[0]).toBeCloseTo(w1 + (0.1 * m2) / (Math.sqrt(v2) + 0.001), 6);
    expect(two.state?.steps).toBe(2);
  });

  it('keeps the state that it was given unchanged', () => {
    const strategy = fedAdam();
    const { state, weights } = strategy.apply({ weights: Float32Array.of(1), sum: Float32Array.of(1), clients: 1 });
    const kept = structuredClone(state);
    const again = () => strategy.apply({ weights, sum: Float32Array.of(2), clients: 1, state });
    expect(again()).toEqual(again());
    expect(state).toEqual(kept);
  });

  it('refuses options out of range and unknown ones', () => {
    expect(() => fedAdam({ beta1: 1 })).toThrow('beta1: got 1');
    expect(() => fedAdam({ epsilon: 0 })).toThrow('epsilon: got 0');
    expect(() => fedAdam({ lr: 1 } as never)).toThrow('lr');
  });
});

it('a rule that needs single updates is another type than one that a sum feeds', () => {
  expectTypeOf<SumStrategy>().not.toExtend<PlaintextStrategy>();
  expectTypeOf<PlaintextStrategy>().not.toExtend<SumStrategy>();
});
