import { describe, expect, it } from 'vitest';
import { expNegative } from '../../src/ring/fixed-point.ts';
import {
  baseThresholds,
  bernoulliExp,
  GaussianSampler,
  gaussianScale,
  thresholdWords,
} from '../../src/ring/gaussian.ts';
import { KernelMemory } from '../../src/ring/memory.ts';
import { SecretStream } from '../../src/ring/xof.ts';
import { generator, streamWords } from './model.ts';

const memory = new KernelMemory();
const seed = (byte: number) => new Uint8Array(32).fill(byte);

/** The documented sampler, decided with 200 bits throughout; `exact` compares 128 uniform bits instead of 64. */
function model(key: Uint8Array, k: bigint, count: number, exact = false): bigint[] {
  const words = streamWords(key, 12 * count + 200);
  const table = baseThresholds();
  const out: bigint[] = [];
  let at = 0;
  const one = 1n << 64n;
  while (out.length < count) {
    const word = words[at++]!;
    const high = word & (2n ** 63n - 1n);
    // no high word of these streams meets a threshold's: low words decide nothing
    expect(table.some((t) => t >> 64n === high)).toBe(false);
    const x = BigInt(table.filter((t) => high << 64n >= t).length);
    const draw = words[at++]!;
    if ((draw * k) % one < one % k) continue;
    const u = (draw * k) >> 64n;
    const r = words[at++]!;
    const p = expNegative(u * (u + 2n * k * x), 8n * k * k, 200n);
    const y = k * x + u;
    const uniform = (r << 64n) | (exact ? words[at++]! : 0n);
    if (uniform << 72n >= p || (y === 0n && word >> 63n === 1n)) continue;
    out.push(word >> 63n === 1n ? -y : y);
  }
  return out;
}

function draw(k: bigint, count: number, byte: number, guard?: bigint): bigint[] {
  const mark = memory.mark();
  const dst = memory.alloc(count * 8);
  const stream = new SecretStream(memory, seed(byte));
  new GaussianSampler(memory, guard === undefined ? { k } : { k, guard }).sample(dst, count, stream);
  const list = [...memory.i64(dst, count)];
  memory.release(mark);
  return list;
}

describe('fixed-point exponential', () => {
  it('agrees with floating point and with exp(-a-b) = exp(-a) exp(-b) to one unit', () => {
    const next = generator(1);
    for (let i = 0; i < 200; i++) {
      const [a, b] = [next(10n ** 9n), next(10n ** 9n)];
      const d = 10n ** 8n;
      const value = expNegative(a, d, 128n);
      expect(Math.abs(Number(value) / 2 ** 128 / Math.exp(-Number(a) / 1e8) - 1)).toBeLessThan(1e-13);
      const product = (expNegative(a, d, 300n) * expNegative(b, d, 300n)) >> 472n;
      const gap = expNegative(a + b, d, 128n) - product;
      expect(gap >= -1n && gap <= 1n).toBe(true);
    }
  });

  it('gives known digits of 1/e, 1 at 0 and 0 far out', () => {
    expect((expNegative(1n, 1n, 128n) * 10n ** 30n) >> 128n).toBe(367879441171442321595523770161n);
    expect(expNegative(0n, 5n, 128n)).toBe(1n << 128n);
    expect(expNegative(300n, 1n, 128n)).toBe(0n);
    expect(expNegative(88n, 1n, 128n) > 0n).toBe(true);
  });
});

describe('base table', () => {
  it('is the half Gaussian of sigma 2 to 2^-50 by floating point and to 2^-121 by its own sum', () => {
    const weights = Array.from({ length: 40 }, (_, x) => Math.exp((-x * x) / 8));
    const total = weights.reduce((a, b) => a + b);
    let sum = 0;
    for (const [x, threshold] of baseThresholds().entries()) {
      sum += weights[x]! / total;
      expect(Math.abs(Number(threshold) / 2 ** 127 - sum)).toBeLessThan(1e-14);
    }
    const fine = Array.from({ length: 60 }, (_, x) => expNegative(BigInt(x * x), 8n, 400n));
    const all = fine.reduce((a, b) => a + b);
    let cumulative = 0n;
    let before = 0n;
    let distance = 0n;
    const table = baseThresholds();
    fine.forEach((weight, x) => {
      cumulative += weight;
      const reached = x < table.length ? table[x]! : 1n << 127n;
      const share = (weight << 200n) / all;
      const got = (reached - before) << 73n;
      before = reached;
      distance += share > got ? share - got : got - share;
    });
    expect(cumulative).toBe(all);
    // the total variation distance is half the sum
    expect(distance >> 1n < 1n << (200n - 121n)).toBe(true);
  });

  it('lookup compares 127 bits: at, below and above every threshold', () => {
    const table = baseThresholds();
    const p = memory.place(thresholdWords());
    const entries = thresholdWords().length / 2;
    const look = (value: bigint) => memory.kernels.gaussianBase(p, entries, value >> 64n, value & (2n ** 64n - 1n));
    table.forEach((threshold, i) => {
      expect(look(threshold - 1n)).toBe(BigInt(i));
      expect(look(threshold)).toBe(BigInt(i + 1));
    });
    expect(look(0n)).toBe(0n);
    expect(look(2n ** 127n - 2n)).toBe(BigInt(table.length));
    expect(entries % 2).toBe(0);
    expect(table.length).toBeLessThan(32);
  });
});

describe('the kernel at equal high words', () => {
  it.each([
    ['low word reaches', 0n, 1n],
    ['low word above', 1n, 0n],
  ])('draws the low word and compares it: %s', (_, above, want) => {
    const [word, low] = streamWords(seed(11), 2) as [bigint, bigint];
    const table = memory.place(BigUint64Array.of(word & (2n ** 63n - 1n), 2n ** 63n - 1n, low + above, 2n ** 64n - 1n));
    const [dst, pending] = [memory.alloc(8), memory.alloc(32)];
    const { state } = new SecretStream(memory, seed(11));
    // k = 1: u = 0, every candidate is kept but -0
    const got = memory.kernels.gaussian(state, dst, 0, 1, 1n, 2n ** 63n, 0n, table, 2, pending, 256n);
    expect(got).toBe(1);
    expect(word >> 63n).toBe(1n);
    expect(memory.i64(dst, 1)[0]).toBe(want === 1n ? -1n : dropped(2));
  });

  /** What follows a dropped -0: candidates of three words each from word `at` + 2 on, against the same table. */
  function dropped(at: number): bigint {
    const words = streamWords(seed(11), 40);
    const first = words[0]! & (2n ** 63n - 1n);
    for (let i = at + 2; ; i += 3) {
      const high = words[i]! & (2n ** 63n - 1n);
      const x = high > first ? 1n : 0n;
      if (x !== 0n || words[i]! >> 63n === 0n) return words[i]! >> 63n === 1n ? -x : x;
    }
  }
});

describe('the 32-bit estimate', () => {
  it('is within 2^7 of the exact probability for every x and the hardest u', () => {
    const next = generator(2);
    const entries = BigInt(baseThresholds().length);
    let worst = 0n;
    for (const k of [1n, 2n, 3n, 1000n, 2n ** 20n - 1n, 2n ** 30n + 7n, 2n ** 31n - 1n]) {
      for (let x = 0n; x <= entries; x++) {
        for (const u of [0n, 1n, k / 2n, k - 1n, next(k), next(k), next(k)]) {
          if (u >= k) continue;
          const got = memory.kernels.bernoulliEstimate(u, x, 2n ** 63n / k);
          const want = expNegative(u * (u + 2n * k * x), 8n * k * k, 64n) >> 32n;
          const gap = got > want ? got - want : want - got;
          if (gap > worst) worst = gap;
        }
      }
    }
    expect(worst < 128n).toBe(true);
  });
});

describe('GaussianSampler', () => {
  it.each([1n, 2n, 5n, 1000n, 2n ** 25n + 3n, 2n ** 31n - 1n])('equals the exact model: k = %s', (k) => {
    expect(draw(k, 400, 7)).toEqual(model(seed(7), k, 400));
  });

  it.each([1n, 5n, 2n ** 25n + 3n])('decides exactly what the estimate leaves open: k = %s', (k) => {
    // a band wider than 1 sends every candidate to the exact path
    expect(draw(k, 400, 8, 2n ** 33n)).toEqual(model(seed(8), k, 400, true));
  });

  it('has the mean, variance, fourth moment and tails of its sigma', () => {
    for (const [k, byte] of [
      [1n, 1],
      [40n, 2],
      [2n ** 30n + 1n, 3],
    ] as const) {
      const count = 200_000;
      const sigma = 2 * Number(k);
      const scaled = draw(k, count, byte).map((y) => Number(y) / sigma);
      const moment = (power: number) => scaled.reduce((s, x) => s + x ** power, 0) / count;
      expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(count));
      expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
      expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / count));
      expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / count));
      const beyond = scaled.filter((x) => Math.abs(x) >= 3).length / count;
      const step = 1 / sigma;
      // Pr[|y| >= 3 sigma] by the exact sum for a small sigma, by the normal tail otherwise
      const tail = k < 100n ? exactTail(sigma, 3) : 0.0026997961;
      expect(Math.abs(beyond - tail)).toBeLessThan(5 * Math.sqrt(tail / count) + step * 1e-9);
      expect(scaled.every((x) => Math.abs(x) < 14)).toBe(true);
    }
  });

  it('passes chi-squared against the exact weights for small k', () => {
    for (const [k, byte] of [
      [1n, 4],
      [2n, 5],
      [7n, 6],
    ] as const) {
      const count = 200_000;
      const sigma = 2 * Number(k);
      const reach = Math.floor(3.5 * sigma);
      const counts = new Map<number, number>();
      for (const y of draw(k, count, byte)) {
        const cell = Math.max(-reach - 1, Math.min(reach + 1, Number(y)));
        counts.set(cell, (counts.get(cell) ?? 0) + 1);
      }
      const weight = (y: number) => Math.exp((-y * y) / (2 * sigma * sigma));
      let total = 0;
      for (let y = -20 * sigma; y <= 20 * sigma; y++) total += weight(y);
      let chi = 0;
      let outside = 1;
      for (let y = -reach; y <= reach; y++) {
        const share = weight(y) / total;
        outside -= share;
        chi += ((counts.get(y) ?? 0) - count * share) ** 2 / (count * share);
      }
      for (const cell of [-reach - 1, reach + 1])
        chi += ((counts.get(cell) ?? 0) - (count * outside) / 2) ** 2 / ((count * outside) / 2);
      const degrees = 2 * reach + 2;
      expect(chi).toBeLessThan(degrees + 5 * Math.sqrt(2 * degrees));
    }
  });

  it('gaussianScale is the smallest k with 4 k^2 at least the wanted square', () => {
    const next = generator(4);
    for (let i = 0; i < 300; i++) {
      const [numerator, denominator] = [next(2n ** (4n + BigInt(i % 60))) + 1n, next(9n) + 1n];
      const k = gaussianScale({ numerator, denominator });
      expect(4n * k * k * denominator >= numerator).toBe(true);
      expect(k === 1n || 4n * (k - 1n) ** 2n * denominator < numerator).toBe(true);
    }
  });

  it('refuses k outside of 1 to 2^31 - 1', () => {
    for (const k of [0n, -1n, 2n ** 31n]) expect(() => new GaussianSampler(memory, { k })).toThrow(/k: got/);
  });
});

describe('bernoulliExp', () => {
  it('accepts at the rate exp(-x), always for x <= 0, and always draws two words', () => {
    const stream = new SecretStream(memory, seed(9));
    const count = 20_000;
    for (const [numerator, denominator] of [
      [1n, 2n],
      [3n, 1n],
      [95755n, 100000n],
    ] as const) {
      const rate = Math.exp(-Number(numerator) / Number(denominator));
      let accepted = 0;
      for (let i = 0; i < count; i++) if (bernoulliExp(stream, { numerator, denominator })) accepted++;
      expect(Math.abs(accepted / count - rate)).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / count));
    }
    const twin = new SecretStream(memory, seed(10));
    for (const numerator of [0n, -5n, 10n ** 6n]) bernoulliExp(twin, { numerator, denominator: 3n });
    expect(twin.word()).toBe(streamWords(seed(10), 7)[6]);
    expect(bernoulliExp(twin, { numerator: -1n, denominator: 3n })).toBe(true);
    expect(bernoulliExp(twin, { numerator: 0n, denominator: 3n })).toBe(true);
    expect(bernoulliExp(twin, { numerator: 10n ** 6n, denominator: 3n })).toBe(false);
    expect(() => bernoulliExp(twin, { numerator: 1n, denominator: 0n })).toThrow(/denominator/);
  });
});

function exactTail(sigma: number, multiple: number): number {
  let inside = 0;
  let total = 0;
  for (let y = -30 * sigma; y <= 30 * sigma; y++) {
    const weight = Math.exp((-y * y) / (2 * sigma * sigma));
    total += weight;
    if (Math.abs(y) < multiple * sigma) inside += weight;
  }
  return 1 - inside / total;
}
