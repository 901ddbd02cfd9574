import { describe, expect, it } from 'vitest';
import { betaSquaredOf } from '../../src/parameters.ts';
import { type Message, Model } from '../reference/model.ts';
import { mod, type Poly } from '../reference/polynomial.ts';
import { TestProver, TestRandom } from '../reference/prover.ts';
import { failedChecks } from '../reference/verifier.ts';
import { shortSolution } from './lattice.ts';
import { committedOf, type Scene, scene, smallUpdate, TOY, withSlack, withSquaredNorm } from './scene.ts';
import { verdictOf } from './verdict.ts';

/**
 * For each message, a forger for the protocol that forgets to absorb it. The control: a verifier with that gap accepts the
 * forgery. The verifier refuses it.
 */
function expectOnlyTheGapAccepts(
  s: Scene,
  message: Message,
  forge: (prover: TestProver) => Uint8Array,
  committed: Poly[],
): void {
  const weak = new Model(s.statement, [message]);
  // a forger draws again until its norms are small enough, as every prover does
  let bytes = new Uint8Array();
  for (let seed = 21; seed < 40; seed++) {
    bytes = Uint8Array.from(forge(new TestProver(s.statement, committed, new TestRandom(seed), weak)));
    if (failedChecks(s.statement, bytes, weak).length === 0) break;
  }
  expect(failedChecks(s.statement, bytes, weak)).toEqual([]);
  expect(failedChecks(s.statement, bytes, s.model)).not.toEqual([]);
  expect(verdictOf(s.statement, bytes)).not.toBe('ok');
}

/** ‖m‖² = β² + q, a relation that holds modulo q; only z3 is in the way. */
function wrapped(): { s: Scene; committed: Poly[] } {
  const betaIndex = 117;
  const m = withSquaredNorm(64, betaSquaredOf(betaIndex) + TOY.q, (TOY.t - 3n) / 2n).map(Number);
  const s = scene({ m, betaIndex });
  return { s, committed: withSlack(s.model, committedOf(s), new Map([[0, 0n]])) };
}

/** ‖m‖² = β² + 1. */
function longByOne(): { s: Scene; committed: Poly[] } {
  const s = scene({ m: withSquaredNorm(60, betaSquaredOf(80) + 1n).map(Number), betaIndex: 80 });
  return { s, committed: withSlack(s.model, committedOf(s)) };
}

const painted = (h: Poly): Poly => h.map((x, i) => (i === 0 || i === h.length / 2 ? 0n : x));

/** c²·f, what a false relation adds to v. */
const defect = ({ model, honestH, h, c }: { model: Model; honestH: Poly; h: Poly; c: Poly }): Poly =>
  model.ring.mul(c, model.ring.sub(h, honestH));

describe('every message is fixed before the challenge after it', () => {
  it('t_y chosen after R would make z3 of any length', () => {
    const { s, committed } = wrapped();
    expectOnlyTheGapAccepts(
      s,
      't_y',
      (prover) => {
        prover.commit().drawMasks().sendMasks();
        const wanted = prover.masks.slice(0, 256);
        prover.masks.fill(0n, 0, 256);
        const product = prover.projected(0);
        prover.masks.splice(0, 256, ...wanted.map((z, i) => z - product[i]!));
        prover.sendMasks().project();
        return prover.drawGarbage().aggregateRelations().finish();
      },
      committed,
    );
  });

  it('z3 chosen after γ would have any length: LLL in dimension 8', () => {
    const { s, committed } = wrapped();
    expectOnlyTheGapAccepts(
      s,
      'z3',
      (prover) => {
        prover.throughAggregation();
        const { gammas } = prover.aggregate;
        const from = prover.model.relation.forms.length + 1;
        const sums = gammas.map((gamma) =>
          mod(
            prover.z3.reduce((sum, z, i) => sum + z * gamma[from + i]!, 0n),
            TOY.q,
          ),
        );
        const eight = gammas.map((gamma) => gamma.slice(from, from + 8));
        const short = shortSolution(eight as [bigint[], bigint[]], sums as [bigint, bigint], TOY.q);
        expect(short.every((x) => x < 1n << 22n && x > -(1n << 22n))).toBe(true);
        prover.z3 = [...short, ...new Array<bigint>(248).fill(0n)];
        return prover.aggregateRelations().finish();
      },
      committed,
    );
  });

  it('t_g chosen after γ would make h vanish', () => {
    const { s, committed } = longByOne();
    expectOnlyTheGapAccepts(
      s,
      't_g',
      (prover) => {
        prover.throughAggregation();
        prover.g = prover.g.map((x, i) => (i === 0 || i === s.set.n / 2 ? mod(-prover.h[i]!, s.set.q) : x));
        return prover.aggregateRelations().finish();
      },
      committed,
    );
  });

  it('t_quad chosen after c would absorb a false relation', () => {
    const { s, committed } = longByOne();
    expectOnlyTheGapAccepts(
      s,
      't_quad',
      (prover) => {
        prover.throughAggregation();
        const honestH = prover.h;
        prover.h = painted(honestH);
        prover.drawResponseMasks().maskResponses().drawChallenge();
        const last = prover.t.length - 1;
        prover.t[last] = prover.model.ring.add(prover.t[last]!, defect({ ...prover, model: prover.model, honestH }));
        return prover.respond().bytes();
      },
      committed,
    );
  });

  it('v chosen after c would absorb it too', () => {
    const { s, committed } = longByOne();
    expectOnlyTheGapAccepts(
      s,
      'v',
      (prover) => {
        prover.throughAggregation();
        prover.h = painted(prover.h);
        return prover.finish();
      },
      committed,
    );
  });

  it('an update chosen after R would hide in the kernel of R, were t_A not absorbed', () => {
    const s = scene({ m: smallUpdate(60) });
    const prover = new TestProver(s.statement, withSlack(s.model, committedOf(s)), new TestRandom(3), s.model);
    const first = prover.commit().drawMasks().sendMasks().matrices[0][0]![0]!;
    prover.s2[0] = prover.s2[0]!.map((x, i) => (i === 0 ? x + 1n : x));
    prover.tA = prover.model.bindingRow(prover.s, prover.s2);
    expect(prover.sendMasks().matrices[0][0]![0]).not.toEqual(first);
  });
});

describe('every byte that the prover sends moves every later challenge', () => {
  const s = scene({ m: smallUpdate(60) });
  const prover = new TestProver(s.statement, withSlack(s.model, committedOf(s)), new TestRandom(5), s.model);
  const bytes = prover.prove();
  const { model } = s;
  const bump = (p: Poly, i: number): Poly => p.map((x, j) => (i === j ? mod(x + 1n, s.set.q) : x));
  const first = prover.t.slice(0, s.set.maskPolynomials);
  const [tg, tq] = prover.t.slice(s.set.maskPolynomials) as [Poly, Poly];

  it('accepts before', () => {
    expect(verdictOf(s.statement, bytes)).toBe('ok');
  });

  it.each([0, 1, s.set.n / 2, s.set.n - 1])('coefficient %i of each', (i) => {
    expect(model.projectionState(bump(prover.tA, i), first)).not.toEqual(prover.state1);
    first.forEach((_, j) => {
      const changed = first.map((t, k) => (k === j ? bump(t, i) : t));
      expect(model.projectionState(prover.tA, changed)).not.toEqual(prover.state1);
    });
    const vector = (z: readonly bigint[]): bigint[] => z.map((x, j) => (j === i ? x + 1n : x));
    expect(model.aggregationState(prover.state1, vector(prover.z3), prover.z4, tg)).not.toEqual(prover.state2);
    expect(model.aggregationState(prover.state1, prover.z3, vector(prover.z4), tg)).not.toEqual(prover.state2);
    expect(model.aggregationState(prover.state1, prover.z3, prover.z4, bump(tg, i))).not.toEqual(prover.state2);
    const seeds = [
      model.challengeSeed(prover.state2, bump(prover.h, i), tq, prover.w, prover.v),
      model.challengeSeed(prover.state2, prover.h, bump(tq, i), prover.w, prover.v),
      model.challengeSeed(prover.state2, prover.h, tq, bump(prover.w, i), prover.v),
      model.challengeSeed(prover.state2, prover.h, tq, prover.w, bump(prover.v, i)),
    ];
    for (const seed of seeds) expect(seed).not.toEqual(prover.seed);
  });
});

describe('the challenge is the one that the seed determines', () => {
  const s = scene({ m: smallUpdate(60) });
  const { ring } = s.model;
  const started = (): TestProver =>
    new TestProver(s.statement, withSlack(s.model, committedOf(s)), new TestRandom(5), s.model)
      .throughAggregation()
      .drawResponseMasks()
      .maskResponses()
      .drawChallenge();
  const pair = (i: number): readonly (readonly [number, bigint])[] => [
    [i, 1n],
    [s.set.n - i, -1n],
  ];

  it.each([
    ['zero', ring.zero()],
    ['one pair only', ring.sparse(pair(2))],
    ['all pairs even', ring.sparse([2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28].flatMap(pair))],
    ['of another seed', s.model.challenge(new Uint8Array(32))],
  ])('a challenge that is %s is refused', (_what, c) => {
    const prover = started();
    prover.c = c;
    expect(verdictOf(s.statement, prover.respond().bytes())).toBe('challenge');
  });

  it('a seed of the prover’s own choice is refused', () => {
    const prover = started();
    prover.seed = Uint8Array.from(prover.seed, (byte) => byte ^ 0xff);
    prover.c = s.model.challenge(prover.seed);
    expect(verdictOf(s.statement, prover.respond().bytes())).toBe('challenge');
  });

  it.each([
    ['0', 0],
    ['n/2', s.set.n / 2],
  ])('h with a non-zero coefficient at %s is refused, all relations being true', (_where, i) => {
    const prover = new TestProver(s.statement, withSlack(s.model, committedOf(s)), new TestRandom(5), s.model);
    prover.throughProjection().drawGarbage();
    prover.g = prover.g.map((x, j) => (i === j ? 1n : x));
    const bytes = prover.aggregateRelations().finish();
    expect(failedChecks(s.statement, bytes, s.model)).toEqual([i === 0 ? 'h[0]' : 'h[n/2]']);
    expect(verdictOf(s.statement, bytes)).toBe('garbage');
  });
});
