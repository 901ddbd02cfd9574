import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sheetText, sheetUrl } from '../scripts/parameter-sheets.ts';
import {
  ciphertextCount,
  MAX_DIMENSION,
  maxClients,
  messageLimit,
  noiseBoundSquared,
  noisePerClient,
  PARAMETER_SETS,
  parameterSet,
  type SetName,
} from '../src/index.ts';
import { expectFailure, isPrime, mod, SET_NAMES, simulation } from './support/model.ts';

describe.each(SET_NAMES)('%s', (name) => {
  const set = PARAMETER_SETS[name];

  it('has primes of the stated size with the congruences of the proof ring, q ≡ 1 mod t, t prime', () => {
    expect(set.modulus).toBe(set.primes.reduce((a, b) => a * b, 1n));
    for (const q of set.primes) {
      expect(isPrime(q)).toBe(true);
      expect(q % BigInt(4 * set.degree)).toBe(BigInt(2 * set.degree + 1));
      expect(q.toString(2)).toHaveLength(set.primeBits);
    }
    expect(new Set(set.primes).size).toBe(set.primes.length);
    expect(isPrime(set.plainModulus)).toBe(true);
    expect(set.modulus % set.plainModulus).toBe(1n);
    expect(set.delta * set.plainModulus).toBe(set.modulus - 1n);
  });

  it("is such that SEAL's rounding of q·m/t equals Δ·m for every |m| ≤ (t−3)/2", () => {
    const { modulus: q, plainModulus: t, delta } = set;
    const limit = (t - 3n) / 2n;
    const random = simulation(1);
    const seal = (m: bigint) => mod((q * mod(m, t) + (t + 1n) / 2n) / t, q);
    const samples = [0n, 1n, -1n, limit, -limit, limit - 1n, 1n - limit];
    for (let i = 0; i < 2000; i++) samples.push(BigInt(Math.floor((2 * random() - 1) * Number(limit))));
    for (const m of samples) expect(seal(m)).toBe(mod(delta * m, q));
  });

  it('takes as many clients as the noise bound allows and not one more', () => {
    const room = set.modulus / (2n * set.plainModulus) - 1n;
    for (const dimension of [1, 4096, 4097, 100_000, 1_000_000, MAX_DIMENSION]) {
      const clients = maxClients(name, dimension);
      const noise = noisePerClient(name, ciphertextCount(name, dimension));
      expect(BigInt(clients) * noise < room).toBe(true);
      if (clients < set.clients) expect(BigInt(clients + 1) * noise >= room).toBe(true);
    }
    expect(maxClients(name, 1_000_000)).toBe(500);
  });

  it('lets no sum of honest messages leave the plaintext range', () => {
    for (const clients of [1, 2, 5, 499, 500])
      expect(BigInt(messageLimit(name, clients)) * BigInt(clients) <= (set.plainModulus - 3n) / 2n).toBe(true);
    expect(messageLimit(name)).toBe(messageLimit(name, 500));
  });

  it('has the noise bound of the design, rounded up', () => {
    for (const count of [1, 2, 3, 25, 27, 245]) {
      const n = count * set.degree;
      const real = (n * 65) / 3 + 210 * Math.sqrt(n);
      expect(Math.abs(Number(noiseBoundSquared(name, count)) - real)).toBeLessThan(1.001);
      expect(Number(noiseBoundSquared(name, count))).toBeGreaterThanOrEqual(real - 1e-3);
    }
    expect(noisePerClient(name, 1) ** 2n >= noiseBoundSquared(name, 1) * BigInt(1 + set.keyNormSquared)).toBe(true);
    expect((noisePerClient(name, 1) - 1n) ** 2n < noiseBoundSquared(name, 1) * BigInt(1 + set.keyNormSquared)).toBe(
      true,
    );
  });

  it('has a sheet that regenerates identically', () => {
    expect(readFileSync(sheetUrl(name), 'utf8')).toBe(sheetText(name));
  });

  it('is frozen', () => {
    expect(Object.isFrozen(set)).toBe(true);
    expect(Object.isFrozen(set.primes)).toBe(true);
  });
});

describe('parameter look-up', () => {
  it('refuses unknown sets, dimensions and client counts', () => {
    expectFailure(() => parameterSet('n2048-q54' as SetName), 'parameters');
    expectFailure(() => parameterSet('toString' as SetName), 'parameters');
    for (const dimension of [0, -1, 1.5, Number.NaN, MAX_DIMENSION + 1, 2 ** 53])
      expectFailure(() => ciphertextCount('n4096-q60', dimension), 'range');
    for (const clients of [0, -3, 0.5, Number.NaN]) expectFailure(() => messageLimit('n4096-q60', clients), 'range');
  });

  it('gives every set a byte of its own', () => {
    expect(new Set(SET_NAMES.map((name) => PARAMETER_SETS[name].id)).size).toBe(SET_NAMES.length);
  });
});
