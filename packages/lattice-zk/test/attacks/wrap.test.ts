import { describe, expect, it } from 'vitest';
import { LatticeZkError } from '../../src/errors.ts';
import { betaSquaredOf } from '../../src/parameters.ts';
import { seededProof } from '../../src/testing/seeded.ts';
import { centre, type Poly, squaredNorm } from '../reference/polynomial.ts';
import {
  committedOf,
  proverOf,
  type Scene,
  scene,
  shifted,
  smallUpdate,
  TIGHT,
  TOY,
  withSlack,
  withSquaredNorm,
} from './scene.ts';
import { expectRefused, verdictOf } from './verdict.ts';

/** Sums that are right modulo q and wrong over the integers: only the norms of z3 and z4 stand in their way. */
describe('a sum of squares that wraps around q is not a small norm', () => {
  const betaIndex = 117;

  it('‖m‖² = β² + q, honest modulo q, dies on z3 alone', () => {
    const norm = betaSquaredOf(betaIndex) + TOY.q;
    const m = withSquaredNorm(64, norm, (TOY.t - 3n) / 2n).map(Number);
    const s = scene({ m, betaIndex });
    const committed = withSlack(s.model, committedOf(s), new Map([[0, 0n]]));
    expect(squaredNorm(TOY.q, ...committed.slice(1, 2))).toBe(norm);
    expectRefused(s, encodable(s, committed), ['z3']);
    expectProverRefuses(s, 'norm');
  });

  it('‖(u, e0, e1)‖² = β_noise² + q, honest modulo q, dies on z4 alone', () => {
    const zeros = new Int8Array(32);
    const noise = scene({ set: TIGHT, m: [1], betaIndex: 32 }).model.relation.numbers.noiseBoundSquared;
    const e0 = withSquaredNorm(32, noise + TIGHT.q, 1n << 18n);
    const s = scene({
      set: TIGHT,
      m: smallUpdate(32, 2, 4),
      betaIndex: 32,
      u: zeros,
      e0: zeros,
      e1: zeros,
      spoil: (description) => shifted(TIGHT, description, 0, 'c0', e0),
    });
    const committed = withSlack(s.model, committedOf(s), new Map([[1, 0n]]));
    expectRefused(s, encodable(s, committed), ['z4']);
  });

  it('a slack bit of −1, paid for by unused coefficients of x that wrap around q, has responses too long to be written', () => {
    const betaSquared = betaSquaredOf(32);
    const m = withSquaredNorm(32, betaSquared + 1n).map(Number);
    const s = scene({ set: TIGHT, m, betaIndex: 32 });
    const { numbers } = s.model.relation;
    const committed = withSlack(s.model, committedOf(s), new Map([[0, 0n]]));
    // Σ v(v−1) = 2q − 2 over coefficients behind the last field, so that Σ x(x−1) = 2q with the 2 of x_0 = −1
    const values: bigint[] = [];
    for (let rest = 2n * TIGHT.q - 2n; rest > 0n; ) {
      let v = 1n << 20n;
      while (v * (v - 1n) > rest) v = v > 4096n ? v - v / 4096n : v - 1n;
      values.push(v);
      rest -= v * (v - 1n);
    }
    expect(values.length).toBeLessThan(64 - numbers.slackBits);
    const slack = committed[s.model.slack]!.map((x, i) =>
      i === 0 ? TIGHT.q - 1n : (values[i - numbers.slackBits] ?? x),
    );
    committed[s.model.slack] = slack;
    expect(slack.map((x) => centre(x, TIGHT.q)).reduce((sum, x) => sum + x * (x - 1n), 0n)).toBe(2n * TIGHT.q);
    expectRefused(s, encodable(s, committed), ['encoding']);
  });
});

describe('a sum of squares that wraps around 2^64 is not a small norm', () => {
  // a zero update, so that z3 and z_M are the masks themselves and nothing else is wrong
  const s = scene({ m: new Int32Array(60), betaIndex: 117 });

  it('z3 of 256 entries 2^28', () => {
    const prover = proverOf(s, 11).commit().drawMasks();
    prover.masks.fill(1n << 28n, 0, 256);
    expectRefused(s, prover.sendMasks().project().drawGarbage().aggregateRelations().finish(), ['z3']);
  });

  it('z_M of 64 entries 2^32', () => {
    const prover = proverOf(s, 11).throughAggregation().drawResponseMasks();
    prover.y1[1] = s.model.ring.of(new Array<bigint>(64).fill(1n << 32n));
    expectRefused(s, prover.maskResponses().drawChallenge().respond().bytes(), ['group M']);
  });
});

describe('another opening of the same ciphertext is not a small one', () => {
  it('t-shift: m + t and e0 + 1 carry the same ciphertext; with a wrap on top every relation holds, and it dies on its projection', () => {
    const { q, t } = TOY;
    const betaIndex = 117;
    const betaSquared = betaSquaredOf(betaIndex);
    const shifts = 8n;
    // 8·(t + a)² just below q + β², the rest by the other coordinates
    let a = 0n;
    while (shifts * (t + a) ** 2n > q + betaSquared) a--;
    const rest = withSquaredNorm(56, q + betaSquared - shifts * (t + a) ** 2n);
    const zeros = new Int8Array(64);
    const m = [...new Array<bigint>(8).fill(a), ...rest].map(Number);
    const s = scene({ m, betaIndex, e0: zeros, e1: zeros });
    const opening = committedOf(s).map((p, i) => (i === 1 ? addAt(p, firstCoordinates(8), t, q) : p));
    const committed = withSlack(s.model, opening, new Map([[0, 0n]]));
    const e0 = s.model.complete(committed, s.model.ring.constant(1n))[s.model.committed]!;
    expect(squaredNorm(q, e0)).toBe(8n);
    expectRefused(s, encodable(s, committed), ['z3']);
  });

  it('Δ-shift: m − 1 and e0 + Δ carry the same ciphertext; dies on z4 and on the noise relation', () => {
    const s = scene({ set: TIGHT, m: smallUpdate(32, 2, 4), betaIndex: 32 });
    const opening = committedOf(s).map((p, i) => (i === 1 ? addAt(p, [0], -1n, TIGHT.q) : p));
    const committed = withSlack(s.model, opening);
    expectRefused(s, encodable(s, committed), ['z4', 'h[0]', 'h[n/2]']);
  });
});

/** Coordinates 0…count−1 are even coefficients of W. */
const firstCoordinates = (count: number): number[] => Array.from({ length: count }, (_, i) => 2 * i);

const addAt = (p: Poly, places: readonly number[], by: bigint, q: bigint): Poly =>
  p.map((x, i) => (places.includes(i) ? (((x + by) % q) + q) % q : x));

/** The first of a few masks whose z fit the codec: what a forger would do. */
function encodable(s: Scene, committed: readonly Poly[]): Uint8Array {
  let bytes = new Uint8Array();
  for (let seed = 1; seed < 9; seed++) {
    bytes = Uint8Array.from(proverOf(s, seed, committed).prove());
    if (verdictOf(s.statement, bytes) !== 'encoding') return bytes;
  }
  return bytes;
}

function expectProverRefuses(s: Scene, field: string): void {
  try {
    seededProof(s.statement, s.witness, new Uint8Array(32).fill(1));
  } catch (error) {
    expect(error).toBeInstanceOf(LatticeZkError);
    expect(error).toMatchObject({ code: 'witness', field });
    return;
  }
  expect.unreachable('the prover proved a false claim');
}
