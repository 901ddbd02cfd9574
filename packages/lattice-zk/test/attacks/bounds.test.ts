import { describe, expect, it } from 'vitest';
import { betaSquaredOf } from '../../src/parameters.ts';
import { seededProof } from '../../src/testing/seeded.ts';
import {
  committedOf,
  fillCopies,
  proverOf,
  type Scene,
  type SceneOptions,
  scene,
  slackOf,
  smallUpdate,
  TOY,
  TOY_TWO_PRIMES,
  withSlack,
  withSquaredNorm,
} from './scene.ts';
import { expectAccepted, expectRefused, verdictOf } from './verdict.ts';

const SEED = new Uint8Array(32).fill(9);
const numbers = (values: readonly bigint[]): number[] => values.map(Number);

/** The honest prover refuses and names the bound. */
function expectProverRefuses(s: Scene, field: string): void {
  expect(() => seededProof(s.statement, s.witness, SEED)).toThrow(expect.objectContaining({ code: 'witness', field }));
}

/** A prover that does everything right for a false claim: h does not vanish; with its zeros painted over, nothing hashes. */
function expectForgeryRefused(s: Scene): void {
  const forger = proverOf(s, 5).throughAggregation();
  const honest = forger.h;
  expectRefused(s, forger.finish(), ['h[0]', 'h[n/2]']);
  const { n } = s.set;
  forger.h = honest.map((x, i) => (i === 0 || i === n / 2 ? 0n : x));
  expectRefused(s, forger.finish(), ['challenge']);
}

describe.each([TOY, TOY_TWO_PRIMES])('bounds are exact, $name', (set) => {
  const betaIndex = 80;
  const betaSquared = betaSquaredOf(betaIndex);
  const small = smallUpdate(60);
  const length = small.length;
  const at = (m: ArrayLike<number>, claims: SceneOptions['claims'] = {}): Scene => scene({ set, m, betaIndex, claims });
  const dot = (r: ArrayLike<number>): bigint => small.reduce((sum, x, i) => sum + BigInt(x) * BigInt(r[i]!), 0n);
  const normOf = (values: ArrayLike<number>): bigint =>
    Array.from(values).reduce((sum, x) => sum + BigInt(x) ** 2n, 0n);

  it('‖m‖² = β² passes, from both provers', () => {
    const s = at(numbers(withSquaredNorm(length, betaSquared)));
    expectAccepted(s, seededProof(s.statement, s.witness, SEED));
    expectAccepted(s, proverOf(s).prove());
  });

  it('‖m‖² = β² + 1 does not', () => {
    const s = at(numbers(withSquaredNorm(length, betaSquared + 1n)));
    expectProverRefuses(s, 'norm');
    expectForgeryRefused(s);
  });

  const noisy = (extra: bigint): Scene => {
    const bound = at(small).model.relation.numbers.noiseBoundSquared;
    const u = new Int8Array(64);
    u[3] = 1;
    const e0 = Int8Array.from(numbers(withSquaredNorm(64, bound - 1n + extra, 20n)));
    return scene({ set, m: small, betaIndex, u, e0, e1: new Int8Array(64) });
  };

  it('‖(u, e0, e1)‖² = β_noise² passes, from both provers', () => {
    const s = noisy(0n);
    expectAccepted(s, seededProof(s.statement, s.witness, SEED));
    expectAccepted(s, proverOf(s).prove());
  });

  it('‖(u, e0, e1)‖² = β_noise² + 1 does not', () => {
    const s = noisy(1n);
    expectProverRefuses(s, 'noise');
    expectForgeryRefused(s);
  });

  it('⟨m, r⟩ = τ passes and ⟨m, r⟩ = τ − 1 does not', () => {
    const vector = smallUpdate(length, 4, 9);
    const direction = (atLeast: bigint): Scene => at(small, { directions: [{ vector, atLeast }] });
    expectAccepted(direction(dot(vector)), proverOf(direction(dot(vector))).prove());
    const over = direction(dot(vector) + 1n);
    expectProverRefuses(over, 'direction 0');
    expectForgeryRefused(over);
  });

  it('‖m − r‖² = ρ² passes and ρ² + 1 does not', () => {
    const centre = smallUpdate(length, 4, 9);
    const distance = normOf(small.map((x, i) => x - centre[i]!));
    const sphere = (radiusSquared: bigint): Scene => at(small, { spheres: [{ centre, radiusSquared }] });
    expectAccepted(sphere(distance), proverOf(sphere(distance)).prove());
    const over = sphere(distance - 1n);
    expectProverRefuses(over, 'sphere 0');
    expectForgeryRefused(over);
  });

  it('a layer’s own bound passes and one less does not', () => {
    const norm = normOf(small.subarray(5, 41));
    const layer = (boundSquared: bigint): Scene => at(small, { layers: [{ from: 5, to: 41, boundSquared }] });
    expectAccepted(layer(norm), proverOf(layer(norm)).prove());
    const over = layer(norm - 1n);
    expectProverRefuses(over, 'range 0');
    expectForgeryRefused(over);
  });

  it('a masked copy V that is not the masked layer does not pass, short as it may be', () => {
    const s = at(small, { layers: [{ from: 5, to: 41, boundSquared: normOf(small.subarray(5, 41)) - 1n }] });
    const copy = s.model.relation.copies[0]!.copy;
    const altered = fillCopies(s.model, committedOf(s)).map((p, i) => (i === copy ? s.model.ring.zero() : p));
    const committed = withSlack(s.model, altered);
    for (const form of s.model.relation.forms) expect(slackOf(s.model, committed, form)).toBeGreaterThanOrEqual(0n);
    expectRefused(s, proverOf(s, 3, committed).prove(), ['h[0]', 'h[n/2]']);
  });
});

describe('the slack polynomial is binary', () => {
  const betaIndex = 80;

  it('−1 in a field would hide ‖m‖² = β² + 1', () => {
    const s = scene({ m: numbers(withSquaredNorm(60, betaSquaredOf(betaIndex) + 1n)), betaIndex });
    const committed = withSlack(s.model, committedOf(s), new Map([[0, 0n]]));
    committed[s.model.slack] = committed[s.model.slack]!.map((x, i) => (i === 0 ? TOY.q - 1n : x));
    expectRefused(s, proverOf(s, 3, committed).prove(), ['h[0]', 'h[n/2]']);
  });

  it('2 in a field that would do with fewer bits is no bit either', () => {
    const s = scene({ m: smallUpdate(60), betaIndex });
    const committed = withSlack(s.model, committedOf(s));
    const bits = committed[s.model.slack]!;
    const i = bits.findIndex((x, at) => x === 0n && bits[at + 1] === 1n);
    committed[s.model.slack] = bits.map((x, at) => (at === i ? 2n : at === i + 1 ? 0n : x));
    expectRefused(s, proverOf(s, 3, committed).prove(), ['h[0]', 'h[n/2]']);
  });

  it('ones in unused coefficients are harmless and pass', () => {
    const s = scene({ m: smallUpdate(60), betaIndex });
    const committed = withSlack(s.model, committedOf(s));
    committed[s.model.slack] = committed[s.model.slack]!.map((x, i) => (i >= s.set.n - 3 ? 1n : x));
    expectAccepted(s, proverOf(s, 3, committed).prove());
  });
});

describe('norms of what the prover sends', () => {
  const s = scene({ m: smallUpdate(60) });
  const { numbers: table } = s.model.relation;

  it.each([0, 1] as const)('z3, z4 (%i): just over the bound is refused, nothing else being wrong', (which) => {
    const { maxNormSquared } = which === 0 ? table.z3 : table.z4;
    const verdicts = new Set<string>();
    for (const scale of [1.45, 1.9]) {
      const prover = proverOf(s, 11).commit().drawMasks();
      prover.masks = prover.masks.map((y, i) => (i >> 8 === which ? BigInt(Math.round(Number(y) * scale)) : y));
      prover.sendMasks().project();
      const z = which === 0 ? prover.z3 : prover.z4;
      const over = z.reduce((sum, x) => sum + x * x, 0n) > maxNormSquared;
      const bytes = prover.drawGarbage().aggregateRelations().finish();
      if (over) expectRefused(s, bytes, [which === 0 ? 'z3' : 'z4']);
      else expectAccepted(s, bytes);
      verdicts.add(String(over));
    }
    expect(verdicts.size).toBe(2);
  });

  it('z3 exactly at its bound passes, one more does not', () => {
    const zero = scene({ m: new Int32Array(60) });
    const { maxNormSquared } = zero.model.relation.numbers.z3;
    for (const extra of [0n, 1n]) {
      const prover = proverOf(zero, 11).commit().drawMasks();
      prover.masks.splice(0, 256, ...spread(256, maxNormSquared + extra));
      const bytes = prover.sendMasks().project().drawGarbage().aggregateRelations().finish();
      if (extra === 0n) expectAccepted(zero, bytes);
      else expectRefused(zero, bytes, ['z3']);
    }
  });

  it('z_M exactly at its bound passes, one more does not', () => {
    const zero = scene({ m: new Int32Array(60) });
    const group = zero.model.relation.numbers.groups.find(({ name }) => name === 'M')!;
    for (const extra of [0n, 1n]) {
      const prover = proverOf(zero, 11).throughAggregation().drawResponseMasks();
      prover.y1[1] = zero.model.ring.of(spread(zero.set.n, group.maxNormSquared + extra));
      const bytes = prover.maskResponses().drawChallenge().respond().bytes();
      if (extra === 0n) expectAccepted(zero, bytes);
      else expectRefused(zero, bytes, ['group M']);
    }
  });

  const layered = scene({ m: smallUpdate(60), claims: { layers: [{ from: 5, to: 41, boundSquared: 30_000n }] } });
  it.each(layered.model.relation.numbers.groups.map((group, i) => [group.name, i] as const))(
    'z of group %s: just over the bound is refused, nothing else being wrong',
    (name, index) => {
      const { groups } = layered.model.relation.numbers;
      const start = groups.slice(0, index).reduce((sum, group) => sum + group.polynomials, 0);
      const group = groups[index]!;
      const verdicts = new Set<string>();
      const prover = proverOf(layered, 13).throughAggregation();
      for (const scale of [1.2, 1.3, 1.55]) {
        prover.drawResponseMasks();
        const masks = [...prover.y1, ...prover.y2].map((y, i) =>
          i >= start && i < start + group.polynomials ? y.map((x) => scaled(x, scale, layered.set.q)) : y,
        );
        prover.y1 = masks.slice(0, layered.model.committed);
        prover.y2 = masks.slice(layered.model.committed);
        const bytes = prover.maskResponses().drawChallenge().respond().bytes();
        const norm = prover.z
          .slice(start, start + group.polynomials)
          .flat()
          .reduce((sum, x) => sum + x * x, 0n);
        if (norm > group.maxNormSquared) expectRefused(layered, bytes, [`group ${name}`]);
        else expectAccepted(layered, bytes);
        verdicts.add(String(norm > group.maxNormSquared));
      }
      expect(verdicts.size).toBe(2);
    },
  );

  it.each(layered.model.relation.numbers.groups.map((group, i) => [group.name, i] as const))(
    'z of group %s plus q, which no equation modulo q can see, can’t be written',
    (_name, index) => {
      const { groups } = layered.model.relation.numbers;
      const start = groups.slice(0, index).reduce((sum, group) => sum + group.polynomials, 0);
      const prover = proverOf(layered, 13);
      const honest = prover.prove();
      expectAccepted(layered, honest);
      const decoded = layered.model.decode(honest);
      const integers = decoded.integers.map((v) => [...v]);
      // the longest run that a decoder without a limit would still have to read is q/2^k; 60 ones stand for it
      const k = layered.model.layout.vectors[2 + start]!.k;
      integers[2 + start]![0] = integers[2 + start]![0]! + (60n << BigInt(k));
      expect(verdictOf(layered.statement, layered.model.encode({ ...decoded, integers }))).toBe('encoding');
    },
  );
});

/** `count` integers of one size, exact in the sum of their squares. */
function spread(count: number, total: bigint): bigint[] {
  const each = BigInt(Math.floor(Math.sqrt(Number(total) / count)));
  const head = new Array<bigint>(count - 12).fill(each);
  return [...head, ...withSquaredNorm(12, total - BigInt(count - 12) * each * each, each * 3n)];
}

const scaled = (x: bigint, by: number, q: bigint): bigint => {
  const centred = 2n * x > q ? x - q : x;
  const value = BigInt(Math.round(Number(centred) * by));
  return ((value % q) + q) % q;
};
