import { describe, expect, it } from 'vitest';
import { challengeOf, cosineTable, operatorNormWithin, sampleChallenge } from '../../src/challenge.ts';
import { getSet } from '../../src/parameters.ts';
import { log2HalfLoad } from '../../src/sheet.ts';
import { Frames } from '../reference/transcript.ts';

const power = (base: bigint, exponent: bigint, q: bigint): bigint => {
  let result = 1n;
  for (let e = exponent, b = ((base % q) + q) % q; e > 0n; e >>= 1n, b = (b * b) % q)
    if (e & 1n) result = (result * b) % q;
  return result;
};

describe('how often one challenge value is hit in a slot', () => {
  const N = 32;
  const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);

  /** Largest number of sign and position choices of `pairs` terms that give one value modulo q: counted one by one. */
  function largestLoad(values: readonly number[], pairs: number, q: number): number {
    const counts = new Int32Array(q);
    const visit = (from: number, left: number, sum: number): void => {
      if (left === 0) {
        counts[((sum % q) + q) % q]!++;
        return;
      }
      for (let i = from; i <= values.length - left; i++) {
        visit(i + 1, left - 1, sum + values[i]!);
        visit(i + 1, left - 1, sum - values[i]!);
      }
    };
    visit(0, pairs, 0);
    return counts.reduce((a, b) => Math.max(a, b));
  }

  it.each([
    [193, 3],
    [449, 4],
    [577, 4],
    [1217, 5],
    [4673, 5],
  ])('q = %i, %i pairs: no value of either half is likelier than the sheet’s bound for balls in bins', (q, pairs) => {
    const modulus = BigInt(q);
    expect(q % (4 * N)).toBe(2 * N + 1);
    let zeta = 0n;
    for (let x = 2n; zeta === 0n; x++) {
      const root = power(x, (modulus - 1n) / BigInt(2 * N), modulus);
      if (power(root, BigInt(N), modulus) === modulus - 1n) zeta = root;
    }
    const at = (e: number): number => Number(power(zeta, BigInt(((e % (2 * N)) + 2 * N) % (2 * N)), modulus));
    // W^i + W^−i at W² = ζ: ζ^{i/2} + ζ^{−i/2} for even i, W·(ζ^{(i−1)/2} + ζ^{−(i+1)/2}) for odd i
    const even = Array.from({ length: N / 2 - 1 }, (_, b) => at(b + 1) + at(-b - 1));
    const odd = Array.from({ length: N / 2 }, (_, b) => at(b) + at(-b - 1));
    for (const values of [even, odd]) {
      const combinations = choose(values.length, pairs) * 2 ** pairs;
      const bound = combinations * 2 ** log2HalfLoad(Math.log2(combinations), Math.log2(q));
      expect(largestLoad(values, pairs, q)).toBeLessThanOrEqual(bound);
    }
  });
});

describe('challenges of the named sets', () => {
  const { n, challenge } = getSet('n4096-q60');
  const drawn = Array.from({ length: 300 }, (_, i) =>
    sampleChallenge(n, challenge, new Frames('challenge').integer(i).stream()),
  );

  it('have seven even and seven odd pairs ±(W^i − W^{n−i}), none repeated, and are fixed by σ', () => {
    for (const { positions, signs } of drawn) {
      expect(positions).toHaveLength(28);
      expect(new Set(positions).size).toBe(28);
      const lower = Array.from(positions).filter((i) => i < n / 2);
      expect(lower.filter((i) => i % 2 === 0)).toHaveLength(7);
      expect(lower.filter((i) => i % 2 === 1)).toHaveLength(7);
      const sign = new Map(Array.from(positions, (at, j) => [at, signs[j]!] as const));
      for (const i of lower) {
        expect(i).toBeGreaterThan(0);
        // σ: W^i ↦ −W^{n−i}
        expect(sign.get(n - i)).toBe(-sign.get(i)!);
      }
    }
  });

  it('have operator norm at most η at every root, and the filter drops about 7 %', () => {
    const eta = challenge.eta;
    for (const { positions, signs } of drawn.slice(0, 3)) {
      for (let k = 0; k < n; k += 1) {
        let [re, im] = [0, 0];
        positions.forEach((at, j) => {
          const angle = (Math.PI * ((at * (2 * k + 1)) % (2 * n))) / n;
          re += signs[j]! * Math.cos(angle);
          im += signs[j]! * Math.sin(angle);
        });
        expect(Math.hypot(re, im)).toBeLessThanOrEqual(eta + 1e-9);
      }
    }
    let kept = 0;
    const tries = 500;
    for (let t = 0; t < tries; t++) {
      const stream = new Frames('challenge').text('any').integer(t).stream();
      // a challenge without the filter
      const { positions, signs } = sampleChallenge(n, { ...challenge, eta: 28.001 }, stream);
      const pairs = Array.from(positions).flatMap((at, j) => (j % 2 === 0 ? [[at, signs[j]!] as const] : []));
      const inside = operatorNormWithin(
        n,
        eta,
        pairs.map(([at]) => at),
        pairs.map(([, sign]) => sign),
      );
      if (inside) kept++;
    }
    expect(kept / tries).toBeGreaterThan(0.89);
    expect(kept / tries).toBeLessThan(0.97);
  });

  it('draw positions and signs uniformly', () => {
    const bins = new Array<number>(32).fill(0);
    let plus = 0;
    let count = 0;
    for (const { positions, signs } of drawn) {
      positions.forEach((at, j) => {
        if (at >= n / 2) return;
        bins[Math.floor((at * 32) / (n / 2))]!++;
        if (signs[j] === 1) plus++;
        count++;
      });
    }
    const mean = count / 32;
    const chi = bins.reduce((sum, x) => sum + (x - mean) ** 2 / mean, 0);
    // 31 degrees of freedom: beyond 61.1 with probability 0.001
    expect(chi).toBeLessThan(61.1);
    expect(Math.abs(plus - count / 2)).toBeLessThan(4 * Math.sqrt(count / 4));
  });

  it('use a cosine table that is right to half a unit', () => {
    const table = cosineTable(n);
    for (let j = 0; j < 2 * n; j++) {
      expect(Math.abs(table[j]! - 2 ** 20 * Math.cos((Math.PI * j) / n))).toBeLessThanOrEqual(0.5 + 1e-6);
    }
  });

  it('are measured with the rounding of the table on the safe side: 2·|Σ ε·T| ≤ 2²⁰·η − pairs', () => {
    const table = cosineTable(n);
    const indices = [2, 700, 1300, 2402, 3998, 11, 801, 1777, 2903, 4001];
    const signs = indices.map((_, i) => (i % 3 === 0 ? -1 : 1));
    let largest = 0;
    for (let k = 0; k < n / 2; k++) {
      const sum = indices.reduce((total, i, j) => total + signs[j]! * table[(i * (2 * k + 1)) % (2 * n)]!, 0);
      largest = Math.max(largest, 2 * Math.abs(sum));
    }
    const eta = (largest + indices.length) / 2 ** 20;
    expect(operatorNormWithin(n, eta, indices, signs)).toBe(true);
    expect(operatorNormWithin(n, eta - 2 ** -20, indices, signs)).toBe(false);
  });

  it('are measured at the last root too, where even pairs and negated odd ones add up', () => {
    const table = cosineTable(n);
    const indices = [2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13];
    const signs = indices.map((i) => (i % 2 === 0 ? 1 : -1));
    const sums = Array.from({ length: n / 2 }, (_, k) =>
      Math.abs(indices.reduce((sum, i, j) => sum + signs[j]! * table[(i * (2 * k + 1)) % (2 * n)]!, 0)),
    );
    const last = sums.at(-1)!;
    expect(sums.slice(0, -1).every((sum) => sum < last)).toBe(true);
    expect(operatorNormWithin(n, (2 * last + indices.length - 1) / 2 ** 20, indices, signs)).toBe(false);
  });

  it('lists both members of a pair with opposite signs', () => {
    expect(challengeOf(64, [3], [-1])).toEqual({ positions: Int32Array.of(3, 61), signs: Int32Array.of(-1, 1) });
  });
});
