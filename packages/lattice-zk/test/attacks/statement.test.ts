import { describe, expect, it } from 'vitest';
import { LatticeZkError } from '../../src/errors.ts';
import { betaSquaredOf, derive } from '../../src/parameters.ts';
import type { Statement } from '../../src/statement.ts';
import { insecureUpdateStatement, seededProof } from '../../src/testing/seeded.ts';
import type { CiphertextDescription, UpdateClaims } from '../../src/update.ts';
import { proverOf, scene, smallUpdate, TOY, TOY_TWO_PRIMES, WIDE_TWO_PRIMES } from './scene.ts';
import { verdictOf } from './verdict.ts';

const SEED = new Uint8Array(32).fill(4);
const encoder = new TextEncoder();
const flip = (values: BigUint64Array, at: number): BigUint64Array => {
  const out = values.slice();
  out[at] = out[at] === 0n ? 1n : out[at]! - 1n;
  return out;
};

describe.each([TOY, TOY_TWO_PRIMES])('a proof is bound to its statement, $name', (set) => {
  const m = smallUpdate(90);
  const s = scene({ set, m, context: encoder.encode('study 1, round 3, client 2') });
  const proof = seededProof(s.statement, s.witness, SEED);
  const { description } = s;
  const K = description.ciphertexts.length;
  const against = (claims: UpdateClaims): string => verdictOf(insecureUpdateStatement(set, claims), proof);
  const withDescription = (change: Partial<CiphertextDescription>): UpdateClaims => ({
    ...s.claims,
    description: { ...description, ...change },
  });

  it('accepts the statement itself, built again by someone else', () => {
    expect(against(structuredClone(s.claims))).toBe('ok');
  });

  it.each([
    ['another round', 'study 1, round 4, client 2'],
    ['another study', 'study 2, round 3, client 2'],
    ['another client', 'study 1, round 3, client 1'],
    ['an empty context', ''],
    ['a longer context', 'study 1, round 3, client 2\0'],
  ])('replay: %s', (_what, context) => {
    expect(against({ ...s.claims, context: encoder.encode(context) })).toBe('challenge');
  });

  it('any residue of the public key', () => {
    for (const at of [0, 1, set.N - 1, set.primes.length * set.N - 1]) {
      const { p0, p1 } = description.publicKey;
      expect(against(withDescription({ publicKey: { p0: flip(p0, at), p1 } }))).toBe('challenge');
      expect(against(withDescription({ publicKey: { p0, p1: flip(p1, at) } }))).toBe('challenge');
      expect(against(withDescription({ publicKey: { p0: p1, p1: p0 } }))).toBe('challenge');
    }
  });

  it('any residue of any ciphertext', () => {
    for (let k = 0; k < K; k++) {
      for (const at of [0, set.N - 1, set.primes.length * set.N - 1]) {
        for (const component of ['c0', 'c1'] as const) {
          const ciphertexts = description.ciphertexts.map((c, i) =>
            i === k ? { ...c, [component]: flip(c[component], at) } : c,
          );
          expect(against(withDescription({ ciphertexts }))).toBe('challenge');
        }
      }
    }
  });

  type Ciphertext = CiphertextDescription['ciphertexts'][number];
  it('halves of a pair swapped, pairs swapped, a ciphertext repeated, components swapped', () => {
    const [a, b, c] = description.ciphertexts as [Ciphertext, Ciphertext, Ciphertext];
    for (const ciphertexts of [
      [b, a, c],
      [c, b, a],
      [a, a, c],
      [{ c0: a.c1, c1: a.c0 }, b, c],
    ]) {
      expect(against(withDescription({ ciphertexts }))).toBe('challenge');
    }
  });

  it('another update, encrypted under the same key', () => {
    const other = scene({ set, m: smallUpdate(90, 77), context: s.claims.context });
    expect(other.description.publicKey).toEqual(description.publicKey);
    expect(verdictOf(other.statement, proof)).toBe('challenge');
  });

  it('a smaller, a larger bound', () => {
    for (const betaIndex of [s.claims.betaIndex - 1, s.claims.betaIndex + 1]) {
      expect(against({ ...s.claims, betaIndex })).not.toBe('ok');
    }
  });

  it('a claim more', () => {
    const vector = smallUpdate(90, 8, 3);
    expect(against({ ...s.claims, directions: [{ vector, atLeast: 0n }] })).not.toBe('ok');
    expect(against({ ...s.claims, spheres: [{ centre: vector, radiusSquared: 10n ** 6n }] })).not.toBe('ok');
    expect(against({ ...s.claims, layers: [{ from: 0, to: 64, boundSquared: 10n ** 6n }] })).not.toBe('ok');
  });

  it('D of another size with the same ciphertexts', () => {
    for (const dimension of [65, 89, 91, 96]) {
      expect(against(withDescription({ dimension }))).toBe('challenge');
    }
  });

  it('a proof over a prefix is no proof of the whole', () => {
    for (const dimension of [32, 64]) {
      const prefix: UpdateClaims = {
        ...s.claims,
        description: { ...description, dimension, ciphertexts: description.ciphertexts.slice(0, dimension / set.N) },
      };
      const { witness } = s;
      const K2 = dimension;
      const short = seededProof(
        insecureUpdateStatement(set, prefix),
        {
          m: witness.m.slice(0, dimension),
          u: witness.u.slice(0, K2),
          e0: witness.e0.slice(0, K2),
          e1: witness.e1.slice(0, K2),
        },
        SEED,
      );
      expect(verdictOf(insecureUpdateStatement(set, prefix), short)).toBe('ok');
      expect(verdictOf(s.statement, short)).not.toBe('ok');
    }
  });

  it('an update whose first coordinates are small and whose tail is large is refused', () => {
    const tail = Int32Array.from({ length: 90 }, (_, i) => (i < 60 ? 0 : 400_000));
    const large = scene({ set, m: tail, betaIndex: 100 });
    expect(() => seededProof(large.statement, large.witness, SEED)).toThrow(/norm/);
    expect(verdictOf(large.statement, proverOf(large).prove())).not.toBe('ok');
  });
});

describe('what a claim says is what is proven', () => {
  const set = WIDE_TWO_PRIMES;
  const m = smallUpdate(250);
  const claims = {
    directions: [{ vector: smallUpdate(250, 5, 3), atLeast: -100_000n }],
    spheres: [{ centre: smallUpdate(250, 6, 9), radiusSquared: 1_000_000n }],
    layers: [{ from: 3, to: 200, boundSquared: 300_000n }],
  };
  const s = scene({ set, m, claims });
  const proof = seededProof(s.statement, s.witness, SEED);
  const against = (change: Partial<UpdateClaims>): string =>
    verdictOf(insecureUpdateStatement(set, { ...s.claims, ...change }), proof);
  const bumped = (values: Int32Array): Int32Array => values.map((x, i) => (i === 249 ? x + 1 : x));

  it('accepts the statement itself', () => {
    expect(against({})).toBe('ok');
  });

  const { directions, spheres, layers } = claims;
  it.each<[string, Partial<UpdateClaims>]>([
    ['τ', { directions: [{ ...directions[0]!, atLeast: -99_999n }] }],
    ['a coordinate of the direction', { directions: [{ ...directions[0]!, vector: bumped(directions[0]!.vector) }] }],
    ['ρ', { spheres: [{ ...spheres[0]!, radiusSquared: 999_999n }] }],
    ['a coordinate of the centre', { spheres: [{ ...spheres[0]!, centre: bumped(spheres[0]!.centre) }] }],
    ['the bound of a layer', { layers: [{ ...layers[0]!, boundSquared: 299_999n }] }],
    ['the start of a layer', { layers: [{ ...layers[0]!, from: 4 }] }],
    ['the end of a layer', { layers: [{ ...layers[0]!, to: 199 }] }],
    ['no direction', { directions: [] }],
    ['no sphere', { spheres: [] }],
    ['no layer', { layers: [] }],
    ['the direction twice', { directions: [directions[0]!, directions[0]!] }],
  ])('%s changed', (_what, change) => {
    expect(against(change)).not.toBe('ok');
  });

  it('another set, even with the same numbers under another name', () => {
    const renamed = { ...set, name: 'INSECURE-other' };
    const description = { ...s.description, set: renamed.name };
    expect(verdictOf(insecureUpdateStatement(renamed, { ...s.claims, description }), proof)).toBe('challenge');
  });

  it('the slots beyond D count: an update in the pad is bounded like any other', () => {
    const odd = scene({ m: smallUpdate(70) });
    const { blocks } = odd.model.relation.numbers;
    const prover = proverOf(odd);
    // K = 3: slots of the missing fourth ciphertext are odd coefficients of the last block
    const padded = prover.s.map((p, i) => (i === 2 * blocks - 1 ? p.map((x, j) => (j === 1 ? 5n : x)) : p));
    expect(verdictOf(odd.statement, proverOf(odd, 7, padded).prove())).not.toBe('ok');
  });
});

describe('statements that prove nothing are refused', () => {
  const s = scene({ m: smallUpdate(60) });
  const refusal = (claims: Partial<UpdateClaims>): LatticeZkError => {
    try {
      insecureUpdateStatement(TOY, { ...s.claims, ...claims });
    } catch (error) {
      if (error instanceof LatticeZkError) return error;
      throw error;
    }
    return expect.unreachable('accepted') as never;
  };

  it('τ_j > β·‖r_j‖', () => {
    const vector = new Int32Array(60).fill(1);
    const beta = Math.sqrt(Number(betaSquaredOf(s.claims.betaIndex)) * 60);
    expect(refusal({ directions: [{ vector, atLeast: BigInt(Math.ceil(beta) + 1) }] })).toMatchObject({
      code: 'acceptance',
      field: 'direction 0: τ ≤ β·‖r‖',
    });
  });

  it('a τ so low that it wraps around q', () => {
    const vector = new Int32Array(60).fill(1);
    const direction = { vector, atLeast: -TOY.q };
    expect(refusal({ directions: [direction] })).toMatchObject({ code: 'acceptance' });
  });

  it('more slack bits than coefficients', () => {
    const layers = Array.from({ length: 3 }, () => ({ from: 0, to: 60, boundSquared: 10n ** 6n }));
    expect(refusal({ layers })).toMatchObject({ code: 'acceptance', field: 'slack polynomial: L ≤ n' });
  });

  it('a layer bound above the update’s', () => {
    const boundSquared = betaSquaredOf(s.claims.betaIndex) + 1n;
    expect(refusal({ layers: [{ from: 0, to: 32, boundSquared }] })).toMatchObject({ code: 'acceptance' });
  });

  it('a norm bound that lets sums of squares wrap', () => {
    const huge = { ...TOY, maxBetaIndex: 144 };
    expect(() => derive(huge, { dimension: 60, betaSquared: betaSquaredOf(144) })).toThrow(/γ3/);
  });

  it('residues ≥ q, vectors of another length, unknown keys', () => {
    const c0 = s.description.ciphertexts[0]!.c0.slice();
    c0[5] = TOY.primes[0]!;
    const ciphertexts = [{ ...s.description.ciphertexts[0]!, c0 }, ...s.description.ciphertexts.slice(1)];
    expect(refusal({ description: { ...s.description, ciphertexts } })).toMatchObject({ code: 'statement' });
    expect(refusal({ directions: [{ vector: new Int32Array(61), atLeast: 0n }] })).toMatchObject({ code: 'options' });
    expect(refusal({ layers: [{ from: 0, to: 61, boundSquared: 1n }] })).toMatchObject({ code: 'options' });
    expect(refusal({ betaIndex: TOY.maxBetaIndex + 1 }).code).toMatch(/options|acceptance/);
  });
});

describe('proofs of another size', () => {
  it('neither crash nor pass', () => {
    const statements: [Statement, Uint8Array][] = [20, 70, 150].map((length) => {
      const s = scene({ m: smallUpdate(length) });
      return [s.statement, seededProof(s.statement, s.witness, SEED)];
    });
    statements.forEach(([statement], i) => {
      statements.forEach(([, proof], j) => {
        expect(verdictOf(statement, proof) === 'ok').toBe(i === j);
      });
    });
  });
});
