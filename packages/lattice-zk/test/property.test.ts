import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LatticeZkError, prove, verify } from '../src/index.ts';
import { toyBetaSquared, toyStatement, toyUpdate } from './toy.ts';

const inner = (a: Int32Array, b: Int32Array): bigint => a.reduce((sum, x, i) => sum + BigInt(x) * BigInt(b[i]!), 0n);

it('the prover proves exactly the true claims, and the verifier accepts what it proves', () => {
  const updates = fc.integer({ min: 2, max: 260 }).chain((D) =>
    fc.record({
      m: fc.array(fc.integer({ min: -700, max: 700 }), { minLength: D, maxLength: D }),
      r: fc.array(fc.integer({ min: -40, max: 40 }), { minLength: D, maxLength: D }),
      from: fc.integer({ min: 0, max: D - 2 }),
      length: fc.integer({ min: 1, max: D }),
      // how far each bound is from the truth: negative is false
      margins: fc.tuple(...Array.from({ length: 3 }, () => fc.constantFrom(-1n, 0n, 1n, 12345n))),
      seed: fc.nat(),
    }),
  );
  let proven = 0;
  let refused = 0;
  fc.assert(
    fc.property(updates, ({ m, r, from, length, margins, seed }) => {
      const update = Int32Array.from(m);
      const vector = Int32Array.from(r);
      const to = Math.min(from + length, update.length);
      const difference = update.map((x, i) => x - vector[i]!);
      const part = update.subarray(from, to);
      const bounds = {
        layer: inner(part, part) + margins[0]!,
        sphere: inner(difference, difference) + margins[1]!,
        direction: inner(update, vector) - margins[2]!,
      };
      const reach = toyBetaSquared * inner(vector, vector);
      fc.pre(bounds.layer > 0n && bounds.sphere > 0n && bounds.layer <= toyBetaSquared);
      fc.pre(bounds.direction <= 0n || bounds.direction * bounds.direction <= reach);
      const { claims, witness } = toyUpdate(
        update,
        {
          layers: [{ from, to, boundSquared: bounds.layer }],
          spheres: [{ centre: vector, radiusSquared: bounds.sphere }],
          directions: [{ vector, atLeast: bounds.direction }],
        },
        { seed },
      );
      const truth = margins.every((margin) => margin >= 0n) && inner(update, update) <= toyBetaSquared;
      const statement = toyStatement(claims);
      if (truth) {
        expect(verify(statement, prove(statement, witness))).toEqual({ ok: true });
        proven++;
      } else {
        expect(() => prove(statement, witness)).toThrow(LatticeZkError);
        refused++;
      }
    }),
    { numRuns: 120 },
  );
  expect(proven).toBeGreaterThan(20);
  expect(refused).toBeGreaterThan(20);
});
