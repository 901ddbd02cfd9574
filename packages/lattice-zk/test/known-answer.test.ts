import { sha3_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { getSet, updateStatement, verify } from '../src/index.ts';
import { encryptForTest, seededProof } from '../src/testing.ts';
import { CONTEXT, coordinates, toyStatement, toyUpdate } from './toy.ts';

const SEED = Uint8Array.from({ length: 32 }, (_, i) => i);

/**
 * Statement digests and seeded proofs. Whoever changes a digest changes the protocol: raise PROTOCOL_VERSION and the
 * document with it. The proofs also change when the prover draws its randomness in another order.
 */
describe('the bytes of version 1 stay what they are', () => {
  it('toy statement and proof', () => {
    const { claims, witness } = toyUpdate(coordinates(100), { layers: [{ from: 3, to: 50, boundSquared: 10n ** 8n }] });
    const statement = toyStatement(claims);
    const proof = seededProof(statement, witness, SEED);
    expect(verify(statement, proof)).toEqual({ ok: true });
    expect([bytesToHex(statement.digest.subarray(0, 16)), bytesToHex(sha3_256(proof))]).toMatchInlineSnapshot(`
      [
        "12dd0e6b820b114dae89bddeb271defa",
        "be878e1c115b1035713ddae1a5f883d34699ebce4c8a40e52ddf50d6144f9949",
      ]
    `);
  });
  for (const name of ['n4096-q60', 'n4096-q106'] as const) {
    it(`statement and proof of ${name}`, () => {
      const { description, witness } = encryptForTest({ set: getSet(name), m: coordinates(100), seed: 1 });
      const statement = updateStatement({ set: name, description, betaIndex: 80, context: CONTEXT });
      const proof = seededProof(statement, witness, SEED);
      expect(verify(statement, proof)).toEqual({ ok: true });
      const found = [bytesToHex(statement.digest.subarray(0, 16)), bytesToHex(sha3_256(proof))];
      expect(found).toEqual(KNOWN[name]);
    });
  }
});

const KNOWN = {
  'n4096-q60': ['eb93980c875f0ccb84f2861b99f0c0a7', 'c5ab1b71fc3fe8a98b0d6d3e15b7933690e0f7a17b3b927fbcbcea2ca1c357c9'],
  'n4096-q106': [
    '99639a0b72110cb7857b2540e0fb0792',
    '6d27ac598d74951f77d8bfc155a98241f7b197dc684f90c4a080820767746725',
  ],
};
