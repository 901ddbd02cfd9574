import { describe, expect, it } from 'vitest';
import {
  accept,
  acceptance,
  BETA_BUCKETS,
  betaSquaredOf,
  defaultBetaIndex,
  derive,
  getSet,
  isPrime,
  isqrt,
  isqrtUp,
  logRejectionFactor,
  MULTIPLIER_LIMIT,
  noiseBoundSquared,
  PARAMETER_SETS,
  parameterSet,
} from '../../src/parameters.ts';

const sets = Object.values(PARAMETER_SETS);
const update = (name: string, dimension: number) => {
  const set = getSet(name);
  return { set, shape: { dimension, betaSquared: betaSquaredOf(defaultBetaIndex(set, dimension)) } };
};

describe.each(sets)('set $name', (set) => {
  it('has prime moduli with every slot irreducible: q_i ≡ 2N+1 mod 4N', () => {
    for (const p of set.primes) {
      expect(isPrime(p)).toBe(true);
      expect(p % BigInt(4 * set.N)).toBe(BigInt(2 * set.N + 1));
    }
  });

  it('has a prime t with q ≡ 1 mod t, and Δ·t = q − 1', () => {
    expect(isPrime(set.t)).toBe(true);
    expect(set.q % set.t).toBe(1n);
    expect(set.delta * set.t).toBe(set.q - 1n);
    expect(set.t % BigInt(2 * set.N)).not.toBe(1n);
  });

  it('is frozen', () => {
    expect(Object.isFrozen(set) && Object.isFrozen(set.primes) && Object.isFrozen(set.challenge)).toBe(true);
  });

  it.each([1, 5, 4096, 4097, 10_000, 108_996, 1_000_000])('accepts D = %i with its default bucket', (dimension) => {
    const { shape } = update(set.name, dimension);
    expect(acceptance(set, shape).filter(({ ok }) => !ok)).toEqual([]);
  });
});

describe('acceptance', () => {
  it('γ3 is the largest that passes: one more breaks the norm inequality', () => {
    for (const dimension of [50_000, 100_000, 1_000_000]) {
      const { set, shape } = update('n4096-q60', dimension);
      const { z3, fields } = derive(set, shape);
      const l0 = 1n << BigInt(fields[0]?.bits ?? 0);
      const square = (gamma: number): bigint => (189n * BigInt(gamma)) ** 2n * shape.betaSquared;
      expect(z3.provenNorm ** 2n + l0 < set.q).toBe(true);
      expect(square(z3.gamma + 1) + l0 >= set.q).toBe(true);
    }
  });

  it('γ1 is 56, and halved where a width would be more than the sampler takes', () => {
    const { set, shape } = update('n4096-q106', 108_996);
    expect(derive(set, shape).gamma1).toBe(56);
    const betaSquared = betaSquaredOf(set.maxBetaIndex);
    const wide = derive(set, { ...shape, betaSquared });
    expect(wide.gamma1).toBe(28);
    for (const { k } of [wide.z3, wide.z4, ...wide.groups]) expect(k).toBeLessThan(MULTIPLIER_LIMIT);
    expect(wide.groups.find(({ name }) => name === 'M')!.k * 2n).toBeGreaterThanOrEqual(MULTIPLIER_LIMIT);
    // too wide even at 14: a single copied block among 500 polynomials
    const lone = { ...shape, dimension: 1_000_000, betaSquared, ranges: [{ betaSquared, copies: 1 }] };
    expect(derive(set, lone).gamma1).toBe(14);
    expect(acceptance(set, lone).filter(({ ok }) => !ok)).toMatchObject([{ name: 'sampler: largest σ/σ_bin < 2^31' }]);
  });

  it('refuses a bucket beyond the set', () => {
    const set = getSet('n4096-q60');
    expect(() => accept(set, { dimension: 10, betaSquared: betaSquaredOf(set.maxBetaIndex + 1) })).toThrow(/β bucket/);
  });

  it('refuses τ > β·‖r‖ and names both sides', () => {
    const { set, shape } = update('n4096-q60', 10);
    const directions = [{ normSquared: 4n, tau: isqrtUp(shape.betaSquared * 4n) + 1n }];
    expect(() => accept(set, { ...shape, directions })).toThrow(/direction 0: τ ≤ β·‖r‖: got \d+, want at most \d+/);
  });

  it('refuses more slack bits than coefficients', () => {
    const { set, shape } = update('n4096-q60', 10);
    const ranges = Array.from({ length: 1000 }, () => ({ betaSquared: shape.betaSquared, copies: 0 }));
    expect(() => accept(set, { ...shape, ranges })).toThrow(/L ≤ n/);
  });

  it('refuses a range bound above the bound of the update', () => {
    const { set, shape } = update('n4096-q60', 10);
    expect(() => accept(set, { ...shape, ranges: [{ betaSquared: shape.betaSquared + 1n, copies: 0 }] })).toThrow(
      /β_r ≤ β/,
    );
  });
});

describe('closed forms', () => {
  it('the projection slack rounds up 188.94', () => {
    expect(2 * Math.sqrt(256 / 26) * 1.64 * Math.sqrt(337)).toBeLessThan(189);
  });

  it('ln M(14) is 0.95755, M = 2.605', () => {
    const { num, den } = logRejectionFactor(14);
    expect(Math.exp(Number(num) / Number(den))).toBeCloseTo(2.605, 3);
  });

  it('the noise bound is the mean plus ten deviations', () => {
    const set = getSet('n4096-q60');
    const kn = 25 * 4096;
    expect(Number(noiseBoundSquared(set, 25))).toBeCloseTo(Math.ceil((kn * 65) / 3 + 210 * Math.sqrt(kn)), -1);
  });

  it('buckets grow by 2^{1/4} in β² and cover the default of every dimension', () => {
    for (let i = 1; i < BETA_BUCKETS; i++) {
      expect(Number(betaSquaredOf(i)) / Number(betaSquaredOf(i - 1))).toBeCloseTo(2 ** 0.25, 1);
    }
    const set = getSet('n4096-q106');
    for (const dimension of [1, 2, 3, 1000, 108_996, 1_000_000]) {
      const beta = betaSquaredOf(defaultBetaIndex(set, dimension));
      expect(beta).toBeGreaterThanOrEqual(BigInt(dimension) << 16n);
      expect(Number(beta)).toBeLessThan(dimension * 2 ** 16.26);
    }
  });

  it('integer roots are exact at both sides of a square', () => {
    for (const r of [0n, 1n, 2n, 3n, 10n, (1n << 60n) + 7n]) {
      expect(isqrt(r * r)).toBe(r);
      expect(isqrt(r * r + 2n * r)).toBe(r);
      expect(isqrtUp(r * r)).toBe(r);
      if (r > 0n) expect(isqrtUp(r * r + 1n)).toBe(r + 1n);
    }
  });

  it('Miller–Rabin separates primes from strong pseudoprimes to few bases', () => {
    expect(isPrime(3215031751n)).toBe(false);
    expect(isPrime(3825123056546413051n)).toBe(false);
    expect(isPrime((1n << 61n) - 1n)).toBe(true);
  });
});

describe('parameterSet', () => {
  const record = { ...getSet('n4096-q60') };
  it.each([
    ['a toy by another name', { insecure: true }, 'name'],
    ['an INSECURE name without the flag', { name: 'INSECURE-n4096-q60' }, 'name'],
    ['a prime of the wrong class', { primes: [0x3fffffff000001n] }, 'primes'],
    ['a composite modulus', { primes: [0xffff7f5c0052001n + BigInt(4 * 4096)] }, 'primes'],
    ['a t that does not divide q − 1', { t: 1073741789n }, 't'],
    ['a ring degree that is no power of two', { N: 4000 }, 'N'],
    ['an empty challenge', { challenge: { evenPairs: 0, oddPairs: 0, eta: 1 } }, 'challenge'],
  ])('refuses %s', (_what, change, field) => {
    expect(() => parameterSet({ ...record, ...change })).toThrow(new RegExp(`parameterSet: ${field}`));
  });
});
