import { PUBLISHED_MLP, parameterCount, WDBC_MLP } from '@zkfl/fl-core';
import { createEngine, encodePublicKey, generateKeys } from '@zkfl/he-agg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layerBounds, SET, type UpdatePolicy, updatePolicy } from '../src/simulate/policy.ts';
import { type BfvEncryptor, createBfvEncryptor } from '../src/wiring/encryptor.ts';
import { createUpdateProver } from '../src/wiring/prover.ts';
import { createProofCheck } from '../src/wiring/verifier.ts';

const D = parameterCount(WDBC_MLP);
const CONTEXT = { study: '11'.repeat(32), round: 1, client: 2, model: '22'.repeat(32) };
let engine: Awaited<ReturnType<typeof createEngine>>;
let keys: ReturnType<typeof generateKeys>;

beforeAll(async () => {
  engine = await createEngine({ set: SET });
  keys = generateKeys(engine);
});
afterAll(() => {
  keys.secretKey.wipe();
  engine.dispose();
});

const encryptorFor = (policy: UpdatePolicy): BfvEncryptor =>
  createBfvEncryptor({ engine, keys, policy, seed: 1, proofs: true });
const checkFor = (policy: UpdatePolicy) => createProofCheck(policy, encodePublicKey(keys.publicKey));

/** An update of l2 norm `norm`, all of it in coordinates from ≤ d < to. */
function updateIn(from: number, to: number, norm: number): Float32Array {
  const update = new Float32Array(D);
  update.fill(norm / Math.sqrt(to - from), from, to);
  return update;
}

describe('what an update may be', () => {
  it('layers cover the model without a gap, kernel and bias together', () => {
    expect(layerBounds(PUBLISHED_MLP, 1)).toEqual([
      { from: 0, to: 784 * 128 + 128, norm: 1 },
      { from: 100_480, to: 100_480 + 128 * 64 + 64, norm: 1 },
      { from: 108_736, to: 108_996, norm: 1 },
    ]);
    expect(layerBounds(PUBLISHED_MLP, null)).toEqual([]);
  });

  it('a layer bound above τ is a contradiction and refused', () => {
    const layers = layerBounds(WDBC_MLP, 6);
    expect(() => updatePolicy({ dimension: D, tau: 5, layers })).toThrow(/layerTau: got 6, want ≤ tau = 5/);
  });

  it('an update far above τ is clipped by an honest hospital and proven', async () => {
    const policy = updatePolicy({ dimension: D, tau: 5, layers: layerBounds(WDBC_MLP, 2) });
    const encrypted = await encryptorFor(policy).encrypt(updateIn(0, D, 1000), CONTEXT);
    const proof = await createUpdateProver(policy).prove(encrypted, CONTEXT);
    expect(checkFor(policy)({ payload: encrypted.payload, proof, context: CONTEXT })).toEqual({ ok: true });
  });

  it('an update above τ that is not clipped cannot be proven', async () => {
    const policy = updatePolicy({ dimension: D, tau: 5 });
    const inside = await encryptorFor(policy).encryptUnclipped(updateIn(0, D, 4.99), CONTEXT);
    await expect(createUpdateProver(policy).prove(inside, CONTEXT)).resolves.toBeInstanceOf(Uint8Array);
    const outside = await encryptorFor(policy).encryptUnclipped(updateIn(0, D, 5.01), CONTEXT);
    await expect(createUpdateProver(policy).prove(outside, CONTEXT)).rejects.toMatchObject({ code: 'witness' });
  });

  it('an update within τ that spends it all on one layer cannot be proven under a layer bound', async () => {
    const layered = updatePolicy({ dimension: D, tau: 5, layers: layerBounds(WDBC_MLP, 2) });
    const [, second] = layered.layers;
    const update = updateIn(second!.from, second!.to, 3);
    const refused = await encryptorFor(layered).encryptUnclipped(update, CONTEXT);
    await expect(createUpdateProver(layered).prove(refused, CONTEXT)).rejects.toMatchObject({ code: 'witness' });
    // A proof that leaves the layers out is a proof of another statement.
    const lax = updatePolicy({ dimension: D, tau: 5 });
    const { payload, ...encrypted } = await encryptorFor(lax).encryptUnclipped(update, CONTEXT);
    const proof = await createUpdateProver(lax).prove({ payload, ...encrypted }, CONTEXT);
    expect(checkFor(lax)({ payload, proof, context: CONTEXT })).toEqual({ ok: true });
    expect(checkFor(layered)({ payload, proof, context: CONTEXT })).toMatchObject({ ok: false });
  });

  it.each([
    ['study', { study: '33'.repeat(32) }],
    ['round', { round: 2 }],
    ['client', { client: 3 }],
    ['model', { model: '44'.repeat(32) }],
  ] as const)('a proof serves no other %s', async (_, change) => {
    const policy = updatePolicy({ dimension: D, tau: 5 });
    const encrypted = await encryptorFor(policy).encrypt(updateIn(0, D, 1), CONTEXT);
    const proof = await createUpdateProver(policy).prove(encrypted, CONTEXT);
    const { payload } = encrypted;
    const check = checkFor(policy);
    expect(check({ payload, proof, context: CONTEXT })).toEqual({ ok: true });
    expect(check({ payload, proof, context: { ...CONTEXT, ...change } })).toMatchObject({ ok: false });
  });

  it('a witness is gone once its proof is made or refused', async () => {
    const policy = updatePolicy({ dimension: D, tau: 5 });
    for (const norm of [1, 100]) {
      const encrypted = await encryptorFor(policy).encryptUnclipped(updateIn(0, D, norm), CONTEXT);
      const { m, u } = encrypted.witness.secret;
      expect([m.some((x) => x !== 0), u.some((x) => x !== 0)]).toEqual([true, true]);
      await createUpdateProver(policy)
        .prove(encrypted, CONTEXT)
        .catch(() => {});
      expect([m.some((x) => x !== 0), u.some((x) => x !== 0)]).toEqual([false, false]);
    }
  });
});
