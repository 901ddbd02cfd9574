import { describe, expect, it } from 'vitest';
import type { Challenge } from '../../src/challenge.ts';
import { betaSquaredOf, type Rational } from '../../src/parameters.ts';
import { withProver } from '../../src/prove.ts';
import {
  aggregateRelations,
  commitWitness,
  drawChallenge,
  maskResponses,
  type ProverState,
  projectWitness,
  respond,
} from '../../src/prover.ts';
import type { Statement } from '../../src/statement.ts';
import { seededStream } from '../../src/testing/seeded.ts';
import { type Scene, scene, withSquaredNorm } from './scene.ts';

const NIGHTLY = process.env['ZKFL_NIGHTLY'] === '1';
const SEED = new Uint8Array(32).fill(31);
const asNumber = ({ num, den }: Rational): number => Number(num) / Number(den);

/** Moments of ⟨z, v⟩/(σ‖v‖), which is N(0, 1) if z is distributed as its mask and N(‖v‖/σ, 1) if v shows. */
class Score {
  #sum = 0;
  #squares = 0;
  count = 0;

  add(value: number): void {
    this.#sum += value;
    this.#squares += value * value;
    this.count++;
  }

  /** mean in standard errors */
  get errors(): number {
    return (this.#sum / this.count) * Math.sqrt(this.count);
  }

  /** variance minus one, in standard errors */
  get varianceErrors(): number {
    return (this.#squares / this.count - 1) * Math.sqrt(this.count / 2);
  }
}

describe('z3 is distributed as its mask', () => {
  // γ3 = 6: the shift is 0.1 σ; ‖m‖ = β, the most that may show
  const betaIndex = 122;
  const s = scene({ m: withSquaredNorm(60, betaSquaredOf(betaIndex)).map(Number), betaIndex });
  const { z3 } = s.model.relation.numbers;
  // a try is kept once in ten: without rejection more proofs cost less
  const wantedOf = (rejection: boolean): number => (NIGHTLY ? 12_000 : rejection ? 1_500 : 5_000);

  function observe(rejection: boolean): { score: Score; tries: number } {
    const wanted = wantedOf(rejection);
    const score = new Score();
    let tries = 0;
    withProver(s.statement, s.witness, seededStream(SEED), (state) => {
      commitWitness(state);
      const { ring } = state.loaded;
      const sigma = Math.sqrt(asNumber(z3.sigmaSquared));
      while (score.count < wanted) {
        tries++;
        const mark = ring.mark();
        const step = projectWitness(state, { rejection });
        if (step !== undefined) {
          const v = ring.alloc(8 * 256);
          ring.zero(v, 8 * 256);
          s.model.relation.projections[0].forEach((p, index) => {
            step.matrices[0].project(v, index, state.integers[p]!);
          });
          score.add(correlation(ring.i64(state.parts.z3, 256), ring.i64(v, 256)) / sigma);
        }
        ring.release(mark);
      }
    });
    return { score, tries };
  }

  it('power: without rejection the projected update shows by more than 5 standard errors', {
    timeout: NIGHTLY ? 3_600_000 : 600_000,
  }, () => {
    expect(s.model.relation.numbers.z3.gamma).toBe(6);
    expect(observe(false).score.errors).toBeGreaterThan(5);
  });

  it('with rejection it stays within 2, and 1/(M3·M4) of the tries are kept', {
    timeout: NIGHTLY ? 3_600_000 : 600_000,
  }, () => {
    const { score, tries } = observe(true);
    expect(Math.abs(score.errors)).toBeLessThan(2);
    expect(Math.abs(score.varianceErrors)).toBeLessThan(3);
    const { logM3, logM4 } = s.model.relation.numbers;
    const rate = Math.exp(-asNumber(logM3) - asNumber(logM4));
    const error = Math.sqrt((rate * (1 - rate)) / tries);
    expect(Math.abs(wantedOf(true) / tries - rate)).toBeLessThan(4 * error);
  });
});

describe('the responses of step 4 are distributed as their masks', () => {
  const s = scene({ m: withSquaredNorm(60, betaSquaredOf(80)).map(Number), betaIndex: 80 });
  const wanted = NIGHTLY ? 12_000 : 400;

  /** The same statement with Σ ‖c·s_g‖²/σ_g² about 1/4, where a leak is seen soon; M covers four deviations. */
  function narrowed(norms: readonly number[]): Statement {
    const { relation } = s.statement;
    const groups = relation.numbers.groups.map((group, g) => {
      const k = BigInt(Math.round(Math.sqrt(28 * norms[g]! * norms.length)));
      return { ...group, k, sigmaSquared: { num: 4n * k * k, den: 1n } };
    });
    const numbers = { ...relation.numbers, groups, logM1: { num: 17n, den: 8n } };
    return { ...s.statement, relation: { ...relation, numbers } };
  }

  function observe(rejection: boolean): { score: Score; tries: number } {
    const norms = witnessNorms(s);
    const statement = narrowed(norms);
    const score = new Score();
    let tries = 0;
    withProver(statement, s.witness, seededStream(SEED), (state) => {
      commitWitness(state);
      const projection = projectWitness(state, { rejection: false })!;
      const aggregation = aggregateRelations(state, projection);
      const { ring } = state.loaded;
      while (score.count < wanted) {
        tries++;
        const mark = ring.mark();
        const masks = maskResponses(state, aggregation);
        const c = drawChallenge(state, aggregation, masks);
        if (respond(state, masks, c, { rejection })) score.add(weightedCorrelation(state, c));
        ring.release(mark);
      }
    });
    return { score, tries };
  }

  it('power: without rejection the secrets show by more than 5 standard errors', {
    timeout: NIGHTLY ? 3_600_000 : 600_000,
  }, () => {
    expect(observe(false).score.errors).toBeGreaterThan(5);
  });

  it('with rejection they stay within 2, and 1/M of the tries are kept', {
    timeout: NIGHTLY ? 3_600_000 : 600_000,
  }, () => {
    const { score, tries } = observe(true);
    expect(Math.abs(score.errors)).toBeLessThan(2);
    expect(Math.abs(score.varianceErrors)).toBeLessThan(3);
    const rate = Math.exp(-17 / 8);
    expect(Math.abs(wanted / tries - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / tries));
  });
});

/** ⟨z, v⟩/‖v‖ */
function correlation(z: BigInt64Array, v: BigInt64Array): number {
  let inner = 0n;
  let norm = 0n;
  for (let i = 0; i < z.length; i++) {
    inner += z[i]! * v[i]!;
    norm += v[i]! * v[i]!;
  }
  return Number(inner) / Math.sqrt(Number(norm));
}

/** Σ ⟨z_g, c·s_g⟩/σ_g² over √(Σ ‖c·s_g‖²/σ_g²). */
function weightedCorrelation(state: ProverState, c: Challenge): number {
  const { ring, relation, layout } = state.loaded;
  const { n } = relation.set;
  const secrets = [...state.integers.slice(0, layout.count), ...state.s2Integers];
  const responses = [...state.parts.z1, ...state.parts.z2];
  let inner = 0;
  let norm = 0;
  let at = 0;
  for (const { polynomials, sigmaSquared } of relation.numbers.groups) {
    const variance = asNumber(sigmaSquared);
    for (let i = 0; i < polynomials; i++, at++) {
      const product = challengeProduct(n, c, ring.i32(secrets[at]!, n));
      const z = ring.i64(responses[at]!, n);
      for (let j = 0; j < n; j++) {
        inner += (Number(z[j]!) * product[j]!) / variance;
        norm += (product[j]! * product[j]!) / variance;
      }
    }
  }
  return inner / Math.sqrt(norm);
}

/** c·s in split order. */
function challengeProduct(n: number, c: Challenge, s: Int32Array): Float64Array {
  const split = (i: number): number => (i & 1) * (n / 2) + (i >> 1);
  const out = new Float64Array(n);
  c.positions.forEach((at, j) => {
    for (let i = 0; i < n; i++) {
      const value = c.signs[j]! * s[split(i)]!;
      out[split((i + at) % n)]! += i + at < n ? value : -value;
    }
  });
  return out;
}

/** ‖s_g‖² of every group, as the prover's own state has it. */
function witnessNorms(s: Scene): number[] {
  return withProver(s.statement, s.witness, seededStream(SEED), (state) => {
    commitWitness(state);
    const { ring, relation, layout } = state.loaded;
    const secrets = [...state.integers.slice(0, layout.count), ...state.s2Integers];
    let at = 0;
    return relation.numbers.groups.map(({ polynomials }) => {
      let norm = 0;
      for (let i = 0; i < polynomials; i++, at++) {
        norm += ring.i32(secrets[at]!, relation.set.n).reduce((sum, x) => sum + x * x, 0);
      }
      return norm;
    });
  });
}
