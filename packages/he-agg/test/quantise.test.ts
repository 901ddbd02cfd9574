import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { dequantise, quantise } from '../src/index.ts';
import { expectFailure, simulation } from './support/model.ts';

const normal = { clipNorm: 5, scale: 1000, limit: 2 ** 30 };
const norm = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((sum, v) => sum + v * v, 0));

describe('quantise', () => {
  it('errs by less than 1/S in every coordinate of the clipped update', () => {
    const updates = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(updates, fc.nat(), fc.double({ min: 0.01, max: 1e3, noNaN: true }), (values, seed, clipNorm) => {
        const update = Float64Array.from(values);
        const scale = 2 ** 16;
        const { message, shrunk } = quantise({ update, clipNorm, scale, limit: 2 ** 31 - 1, random: simulation(seed) });
        const length = norm(update);
        if (length <= clipNorm * (1 - 2 ** -9)) expect(shrunk).toBe(1);
        for (const [i, m] of message.entries())
          expect(Math.abs(m / scale - update[i]! * shrunk)).toBeLessThan(1 / scale);
        expect(norm(update.map((x) => x * shrunk))).toBeLessThanOrEqual(clipNorm * (1 - 2 ** -9) * (1 + 1e-9));
      }),
    );
  });

  it('is unbiased: the mean of many roundings is the update, within six standard errors', () => {
    const update = Float64Array.of(0.00025, -0.00075, 0.0001, 1.23456, -0.0005);
    const rounds = 20_000;
    const mean = new Float64Array(update.length);
    const random = simulation(77);
    for (let i = 0; i < rounds; i++)
      for (const [d, m] of quantise({ ...normal, update, random }).message.entries()) mean[d]! += m / rounds / 1000;
    for (const [d, x] of mean.entries())
      expect(Math.abs(x - update[d]!)).toBeLessThan((6 * 0.5e-3) / Math.sqrt(rounds));
  });

  it('clips single coordinates to the limit and counts them', () => {
    const update = Float32Array.of(1, -1, 0.5, 0.25);
    const { message, clipped } = quantise({ ...normal, update, limit: 500 });
    expect([...message]).toEqual([500, -500, 500, 250]);
    expect(clipped).toBe(2);
  });

  it('keeps ‖m‖₂ ≤ β exactly, rounding again or shrinking where a rounding lands above it', () => {
    const update = new Float64Array(400).fill(0.5);
    const random = simulation(5);
    // ‖S·x‖ = 10.0 before rounding, some 14 after it
    const options = { update, clipNorm: 100, scale: 1, limit: 1000, random };
    expect(norm(quantise(options).message)).toBeGreaterThan(12);
    const tight = quantise({ ...options, maxNorm: 100 });
    expect(norm(tight.message)).toBeLessThanOrEqual(100);
    for (let i = 0; i < 20; i++) {
      const { message, shrunk } = quantise({ update, clipNorm: 12, scale: 1, limit: 1000, maxNorm: 12, random });
      expect(message.reduce((sum, m) => sum + m * m, 0)).toBeLessThanOrEqual(144);
      expect(shrunk).toBeLessThan(1);
    }
    expectFailure(() => quantise({ ...options, maxNorm: 99 }), 'range');
  });

  it('an honest update at the default policy is never shrunk beyond its clip', () => {
    const dimension = 20_000;
    const random = simulation(6);
    const update = Float32Array.from({ length: dimension }, () => random() - 0.5);
    const maxNorm = 2 ** 10 * Math.sqrt(dimension);
    const clipNorm = 5;
    const { message, shrunk } = quantise({
      update,
      clipNorm,
      scale: maxNorm / clipNorm,
      limit: 1_073_741,
      maxNorm,
      random,
    });
    expect(shrunk * norm(update)).toBeCloseTo(clipNorm * (1 - 2 ** -9), 9);
    expect(norm(message)).toBeLessThanOrEqual(maxNorm);
    expect(norm(message)).toBeGreaterThan(0.99 * maxNorm);
  });

  it('repeats for a seeded source and draws from the CSPRNG without one', () => {
    const update = Float64Array.from({ length: 3000 }, (_, i) => Math.sin(i) / 100);
    const seeded = () => quantise({ ...normal, update, random: simulation(1) }).message;
    expect(seeded()).toEqual(seeded());
    const spy = vi.spyOn(globalThis.crypto, 'getRandomValues');
    const math = vi.spyOn(Math, 'random');
    const [a, b] = [1, 2].map(() => quantise({ ...normal, update }).message);
    expect(a).not.toEqual(b);
    expect(spy).toHaveBeenCalled();
    expect(math).not.toHaveBeenCalled();
    spy.mockRestore();
    math.mockRestore();
  });

  it('refuses NaN and infinities by position, wrong types, wrong ranges and unknown options', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const error = expectFailure(() => quantise({ ...normal, update: Float32Array.of(1, bad, 2) }), 'not-finite');
      expect(error.field).toBe('update[1]');
    }
    expectFailure(() => quantise({ ...normal, update: new Float64Array(9).fill(1e308) }), 'not-finite');
    expectFailure(() => quantise({ ...normal, update: new Float64Array(0) }), 'length');
    const update = Float64Array.of(1);
    expectFailure(() => quantise({ ...normal, update: [1] as never }), 'options');
    for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5' as never]) {
      expectFailure(() => quantise({ ...normal, update, clipNorm: bad }), 'options');
      expectFailure(() => quantise({ ...normal, update, scale: bad }), 'options');
      expectFailure(() => quantise({ ...normal, update, limit: bad }), 'options');
      expectFailure(() => quantise({ ...normal, update, maxNorm: bad }), 'options');
    }
    expectFailure(() => quantise({ ...normal, update, limit: 2 ** 31 }), 'options');
    expectFailure(() => quantise({ ...normal, update, maxNorm: 2 ** 27 }), 'options');
    expectFailure(() => quantise({ ...normal, update, clip: 1 } as never), 'options');
    for (const value of [1, -0.1, Number.NaN])
      expectFailure(() => quantise({ ...normal, update, random: () => value }), 'options');
  });

  it('leaves the caller’s update as it was', () => {
    const update = Float64Array.of(30, 40);
    quantise({ ...normal, update });
    expect([...update]).toEqual([30, 40]);
  });
});

describe('dequantise', () => {
  it('is the mean of the clipped updates, off by less than 1/S', () => {
    const random = simulation(8);
    const updates = Array.from({ length: 7 }, () => Float64Array.from({ length: 50 }, () => random() - 0.5));
    const sum = new Int32Array(50);
    for (const update of updates)
      for (const [i, m] of quantise({ ...normal, update, random }).message.entries()) sum[i]! += m;
    const mean = dequantise({ sum, count: 7, scale: 1000 });
    for (const [i, x] of mean.entries())
      expect(Math.abs(x - updates.reduce((total, update) => total + update[i]!, 0) / 7)).toBeLessThan(1e-3);
  });

  it('refuses counts and scales that make no sense', () => {
    const sum = Int32Array.of(1);
    for (const count of [0, 1.5, Number.NaN]) expectFailure(() => dequantise({ sum, count, scale: 1 }), 'options');
    for (const scale of [0, -1, Number.NaN]) expectFailure(() => dequantise({ sum, count: 1, scale }), 'options');
    expectFailure(() => dequantise({ sum: [1] as never, count: 1, scale: 1 }), 'options');
  });
});
