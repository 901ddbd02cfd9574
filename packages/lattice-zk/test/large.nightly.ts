import { describe, expect, it } from 'vitest';
import { defaultBetaIndex, getSet, LatticeZkError, prove, updateStatement, verify } from '../src/index.ts';
import { encryptForTest, withInstance } from '../src/testing.ts';
import { CONTEXT, coordinates } from './toy.ts';

describe('real sizes', () => {
  for (const name of ['n4096-q60', 'n4096-q106'] as const) {
    const set = getSet(name);
    for (const [D, bytes, memory] of [
      [10_000, 0.8e6, 0.2e9],
      [108_996, 1.45e6, 0.5e9],
      [1_000_000, 7.6e6, 2e9],
    ] as const) {
      it(`${name}, D = ${D}: accepted, a flipped bit refused, within ${memory / 1e9} GB`, () => {
        const { description, witness } = encryptForTest({ set, m: coordinates(D, 1, 300), seed: 1 });
        const betaIndex = defaultBetaIndex(set, D);
        const statement = updateStatement({ set: name, description, betaIndex, context: CONTEXT });
        const proof = prove(statement, witness);
        expect(proof.length).toBeLessThan(bytes);
        expect(verify(statement, proof)).toEqual({ ok: true });
        for (let i = 0; i < 5; i++) {
          const changed = proof.slice();
          changed[Math.floor(((i + 0.5) * proof.length) / 5)]! ^= 1 << i;
          try {
            expect(verify(statement, changed).ok).toBe(false);
          } catch (error) {
            expect(error).toBeInstanceOf(LatticeZkError);
          }
        }
        expect(withInstance(set, 0, ({ ring }) => ring.kernels.memory.buffer.byteLength)).toBeLessThan(memory);
      });
    }
  }
});
