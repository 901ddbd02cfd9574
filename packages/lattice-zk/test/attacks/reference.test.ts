import { describe, expect, it } from 'vitest';
import { INSECURE_N64, seededProof } from '../../src/testing/seeded.ts';
import { verify } from '../../src/verify.ts';
import { failedChecks } from '../reference/verifier.ts';
import { proverOf, type Scene, scene, smallUpdate, TOY, TOY_TWO_PRIMES, WIDE_TWO_PRIMES } from './scene.ts';

const claims = (length: number) => ({
  directions: [{ vector: smallUpdate(length, 5, 3), atLeast: -100_000n }],
  spheres: [{ centre: smallUpdate(length, 6, 9), radiusSquared: 1_000_000n }],
  layers: [
    { from: 3, to: 200, boundSquared: 300_000n },
    { from: 0, to: 128, boundSquared: 300_000n },
  ],
});

/** Each accepts the other's proofs. */
function agree(s: Scene): void {
  const { context, betaIndex, description } = s.claims;
  const header = { context, betaIndex, dimension: description.dimension };
  expect(s.model.statementDigest(header)).toEqual(Uint8Array.from(s.statement.digest));
  const real = seededProof(s.statement, s.witness, new Uint8Array(32).fill(3));
  expect(verify(s.statement, real)).toEqual({ ok: true });
  expect(failedChecks(s.statement, real, s.model)).toEqual([]);
  const other = proverOf(s).prove();
  expect(failedChecks(s.statement, other, s.model)).toEqual([]);
  expect(verify(s.statement, other)).toEqual({ ok: true });
}

it.each([INSECURE_N64, WIDE_TWO_PRIMES])(
  'two independent implementations agree on directions, spheres and layers, $name',
  (set) => {
    agree(scene({ set, m: smallUpdate(250), claims: claims(250) }));
  },
);

describe.each([TOY, TOY_TWO_PRIMES])('two independent implementations agree on $name', (set) => {
  it.each([
    ['one block', 50],
    ['an odd number of ciphertexts', 90],
  ])('%s', (_what, length) => {
    agree(scene({ set, m: smallUpdate(length) }));
  });

  it('on a proof whose every message is altered in turn', () => {
    const s = scene({ set, m: smallUpdate(50) });
    const proof = proverOf(s).prove();
    for (let at = 0; at < proof.length; at += 797) {
      const altered = proof.slice();
      altered[at]! ^= 1;
      let verdict: boolean;
      try {
        verdict = verify(s.statement, altered).ok;
      } catch {
        verdict = false;
      }
      expect(verdict).toBe(false);
      expect(failedChecks(s.statement, altered, s.model)).not.toEqual([]);
    }
  });
});
