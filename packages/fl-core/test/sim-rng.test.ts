import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Csprng, csprng, type SimRng, simRng } from '../src/index.ts';

const N = 20_000;
const draw = (next: () => number) => Float64Array.from({ length: N }, next);
const mean = (x: Float64Array) => x.reduce((a, b) => a + b, 0) / x.length;
const variance = (x: Float64Array) => {
  const m = mean(x);
  return x.reduce((a, b) => a + (b - m) ** 2, 0) / x.length;
};

describe('SimRng', () => {
  it('gives the same numbers for the same seed and labels, and others for others', () => {
    const five = (rng: SimRng) => Array.from({ length: 5 }, () => rng.integer(2 ** 32));
    expect(five(simRng(7, 'a', 1))).toEqual(five(simRng(7, 'a', 1)));
    const distinct = [simRng(7, 'a', 1), simRng(8, 'a', 1), simRng(7, 'a', '1'), simRng(7, 'a1'), simRng(7)];
    expect(new Set(distinct.map((rng) => five(rng).join())).size).toBe(5);
  });

  it('is pinned: a release that changes these numbers changes every stored experiment', () => {
    const rng = simRng(42, 'pinned');
    expect([rng.integer(1000), rng.integer(1000), rng.integer(1000)]).toEqual(PINNED.integers);
    expect(rng.uniform()).toBe(PINNED.uniform);
    expect(rng.normal(0, 1)).toBe(PINNED.normal);
    expect([...rng.permutation(6)]).toEqual(PINNED.permutation);
  });

  it('a stream does not depend on how far its parent has run', () => {
    const parent = simRng(1);
    const before = parent.stream('x').uniform();
    parent.uniform();
    expect(parent.stream('x').uniform()).toBe(before);
  });

  it('has the moments of its distributions', () => {
    const rng = simRng(3);
    const u = draw(() => rng.uniform());
    expect(Math.abs(mean(u) - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / N));
    const n = draw(() => rng.normal(2, 3));
    expect(Math.abs(mean(n) - 2)).toBeLessThan((5 * 3) / Math.sqrt(N));
    expect(Math.abs(variance(n) - 9)).toBeLessThan(5 * 9 * Math.sqrt(2 / N));
    for (const shape of [0.5, 1, 4]) {
      const g = draw(() => rng.gamma(shape));
      expect(Math.abs(mean(g) - shape)).toBeLessThan(5 * Math.sqrt(shape / N));
    }
    const d = Array.from({ length: N }, () => rng.dirichlet(0.5, 5));
    // Var of one coordinate: (1/5)(4/5)/(5·0.5 + 1).
    const first = Float64Array.from(d, (p) => p[0]!);
    expect(Math.abs(mean(first) - 0.2)).toBeLessThan(5 * Math.sqrt(0.16 / 3.5 / N));
    expect(Math.abs(variance(first) - 0.16 / 3.5)).toBeLessThan(0.004);
  });

  it('dirichlet sums to 1 for any concentration', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1e3, noNaN: true }),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(),
        (a, k, s) => {
          const p = simRng(s).dirichlet(a, k);
          expect(p).toHaveLength(k);
          expect(p.every((x) => x >= 0)).toBe(true);
          expect(p.reduce((x, y) => x + y, 0)).toBeCloseTo(1, 9);
        },
      ),
    );
  });

  it('permutes, and every position gets every value', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(), (length, seed) => {
        expect([...simRng(seed).permutation(length)].sort((a, b) => a - b)).toEqual(
          Array.from({ length }, (_, i) => i),
        );
      }),
    );
    const rng = simRng(5);
    const counts = new Int32Array(25);
    for (let i = 0; i < 5000; i++) for (const [at, value] of rng.permutation(5).entries()) counts[at * 5 + value]!++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(1000 * 0.8));
  });

  it('refuses seeds and bounds that it can not honour', () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => simRng(seed)).toThrow('simRng: seed');
    expect(() => simRng(1).integer(0)).toThrow('bound: got 0');
    expect(() => simRng(1).gamma(0)).toThrow('shape: got 0');
    expect(() => simRng(1).dirichlet(1, 0)).toThrow('categories: got 0');
  });
});

describe('two generators, two types', () => {
  const simulate = (rng: SimRng) => rng.uniform();
  const makeKey = (random: Csprng) => random.fill(new Uint8Array(32));

  it('a simulation generator makes no keys and a cryptographic one no experiments', () => {
    // The assertions are the compiler's: these lines are never run.
    const mixed = () => [
      // @ts-expect-error predictable numbers are not for keys
      makeKey(simRng(1)),
      // @ts-expect-error an experiment on these could not be repeated
      simulate(csprng()),
      // @ts-expect-error nor on the platform's generator
      simulate(crypto),
      // @ts-expect-error nor on anything that only looks like a generator
      simulate({ uniform: Math.random, integer: () => 0 }),
    ];
    expect(mixed).toBeTypeOf('function');
  });

  it('the platform generator fills more than one call of getRandomValues', () => {
    const bytes = csprng().fill(new Uint8Array(200_000));
    for (const at of [0, 65_535, 65_536, 131_072, 199_968]) {
      const counts = bytes.subarray(at, at + 32);
      expect(counts.some((byte) => byte !== 0)).toBe(true);
    }
  });
});

const PINNED = {
  integers: [910, 286, 828],
  uniform: 0.7173209930910741,
  normal: -0.21203374598200508,
  permutation: [1, 4, 3, 0, 5, 2],
};
