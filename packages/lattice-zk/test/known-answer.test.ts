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
        "fea9d563769e5f105a9b4e048fde1588",
        "1ac34a0eff93fe6e223a3f946103c4d2ac088d7dafecbcb8e0b82cb1fd6057c8",
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
  'n4096-q60': ['d8fbecc5c9473b3c354b5db1ca937c16', '3de6bac972fbc1fd872452a90149770c46a739ffb89cbdf5165ada7a7ef0f82f'],
  'n4096-q106': [
    'cb2f5c92fe81e714aea0c110bb393242',
    '9269b6a9442499b1cb732624f54ca15e5ba2ca5e7c2936f99f8b21afab065181',
  ],
};
