import { describe, expect, it } from 'vitest';
import { challengeOf, operatorNormWithin } from '../../src/challenge.ts';
import { type ParameterSet, parameterSet } from '../../src/parameters.ts';
import { mod, type Poly } from '../reference/polynomial.ts';
import { TestRandom } from '../reference/prover.ts';
import { committedOf, proverOf, scene, smallUpdate, TOY, withSlack } from './scene.ts';
import { verdictOf } from './verdict.ts';

/** 30 challenges ±(W^i − W^{n−i}), i even: a forger who guesses one is right often enough to be counted. */
const FEW_CHALLENGES: ParameterSet = parameterSet({
  ...TOY,
  name: 'INSECURE-n32-few-challenges',
  challenge: { evenPairs: 1, oddPairs: 0, eta: 21 },
});
const NIGHTLY = process.env['ZKFL_NIGHTLY'] === '1';

/** W·e + σ(W·e) for the idempotent e of the factor W² − ζ: zero in every slot but ζ and 1/ζ, and at W^0 and W^{n/2}. */
function oneSlotPair(set: ParameterSet, ring: { sigma(p: Poly): Poly; add(...p: Poly[]): Poly }): Poly {
  const { N, q, n } = set;
  const power = (base: bigint, exponent: bigint): bigint => {
    let result = 1n;
    for (let e = exponent, b = mod(base, q); e > 0n; e >>= 1n, b = (b * b) % q) if (e & 1n) result = (result * b) % q;
    return result;
  };
  let zeta = 0n;
  for (let x = 2n; zeta === 0n; x++) {
    const root = power(x, (q - 1n) / BigInt(2 * N));
    if (power(root, BigInt(N)) === q - 1n) zeta = root;
  }
  const inverse = power(BigInt(N), q - 2n);
  const turned = power(zeta, q - 2n);
  const f = new Array<bigint>(n).fill(0n);
  for (let j = 0; j < N; j++) f[2 * j + 1] = (power(turned, BigInt(j)) * inverse) % q;
  return ring.add(f, ring.sigma(f));
}

describe('a relation that is false in one slot pair only', () => {
  const s = scene({ set: FEW_CHALLENGES, m: smallUpdate(40) });
  const { ring } = s.model;
  const defect = oneSlotPair(FEW_CHALLENGES, ring);
  const challenges = Array.from({ length: 15 }, (_, i) => 2 * i + 2).flatMap((i) =>
    [1, -1].map((sign) => {
      const { positions, signs } = challengeOf(FEW_CHALLENGES.n, [i], [sign]);
      return ring.sparse(Array.from(positions, (at, j) => [at, BigInt(signs[j]!)] as const));
    }),
  );

  it('is no zero, and no two of the 30 challenges agree in its slots', () => {
    expect(defect.some((x) => x !== 0n)).toBe(true);
    expect([defect[0], defect[s.set.n / 2]]).toEqual([0n, 0n]);
    const values = challenges.map((c) => ring.mul(c, defect).join());
    expect(new Set(values).size).toBe(30);
    for (const i of [2, 16, 30]) expect(operatorNormWithin(s.set.n, s.set.challenge.eta, [i], [1])).toBe(true);
  });

  it('is accepted with the probability of guessing one of two challenges out of |C|, and no other', {
    timeout: NIGHTLY ? 3_600_000 : 600_000,
  }, () => {
    const tries = NIGHTLY ? 1500 : 300;
    const random = new TestRandom(17);
    const prover = proverOf(s, 5, withSlack(s.model, committedOf(s))).throughAggregation();
    // h off by the defect: f = defect ≠ 0, and h still vanishes where it must
    prover.h = ring.add(prover.h, defect);
    let accepted = 0;
    for (let i = 0; i < tries; i++) {
      prover.drawResponseMasks().maskResponses();
      const [a, b] = [random.below(30), random.below(30)];
      if (a === b) continue;
      // v + (c² − (c − a)(c − b))·f is what the verifier computes for c ∈ {a, b}: the part linear in c goes into t_quad
      const [ca, cb] = [challenges[a]!, challenges[b]!];
      const last = prover.t.length - 1;
      prover.t[last] = ring.add(prover.t[last]!, ring.mul(ring.add(ca, cb), defect));
      prover.v = ring.sub(prover.v, ring.mul(ring.mul(ca, cb), defect));
      const bytes = prover.drawChallenge().respond().bytes();
      const hit = [ca, cb].some((c) => ring.equal(c, prover.c));
      const verdict = verdictOf(s.statement, bytes);
      if (verdict === 'response-norm') continue;
      expect(verdict).toBe(hit ? 'ok' : 'challenge');
      if (hit) accepted++;
    }
    const mean = (tries * 2) / 31;
    expect(Math.abs(accepted - mean)).toBeLessThan(4 * Math.sqrt(mean));
    expect(accepted).toBeGreaterThan(0);
  });
});
