import { describe, expect, it } from 'vitest';
import {
  defaultBetaIndex,
  getSet,
  LatticeZkError,
  prove,
  type SetName,
  updateStatement,
  verify,
} from '../src/index.ts';
import { encryptForTest, INSECURE_N64, seededProof } from '../src/testing.ts';
import {
  CONTEXT,
  coordinates,
  noiseOfSquaredNorm,
  toyBetaSquared,
  toyNoiseBound,
  toyStatement,
  toyUpdate,
  withSquaredNorm,
} from './toy.ts';

const inner = (a: Int32Array, b: Int32Array): bigint => a.reduce((sum, x, i) => sum + BigInt(x) * BigInt(b[i]!), 0n);

function witnessError(work: () => unknown): LatticeZkError {
  try {
    work();
  } catch (error) {
    if (error instanceof LatticeZkError && error.code === 'witness') return error;
    throw error;
  }
  throw new Error('the prover accepted');
}

describe('honest proofs are accepted', () => {
  for (const D of [1, 63, 64, 65, 128, 129, 192, 300]) {
    it(`at D = ${D}, ${Math.ceil(D / 64)} ciphertexts`, () => {
      const { claims, witness } = toyUpdate(coordinates(D));
      for (let i = 0; i < 3; i++) {
        const statement = toyStatement(claims);
        expect(verify(statement, prove(statement, witness))).toEqual({ ok: true });
      }
    });
  }

  for (const name of ['n4096-q60', 'n4096-q106'] as const satisfies readonly SetName[]) {
    it(`under ${name} with directions, a sphere and layers`, () => {
      const set = getSet(name);
      const D = 10_000;
      const m = coordinates(D, 1, 300);
      const { description, witness } = encryptForTest({ set, m, seed: 2 });
      const r = coordinates(D, 5, 20);
      const statement = updateStatement({
        set: name,
        description,
        betaIndex: defaultBetaIndex(set, D),
        context: CONTEXT,
        directions: [{ vector: r, atLeast: inner(m, r) - 5n }],
        spheres: [{ centre: r, radiusSquared: inner(m, m) * 2n }],
        layers: [
          { from: 100, to: 9000, boundSquared: inner(m.subarray(100, 9000), m.subarray(100, 9000)) },
          { from: 9000, to: D, boundSquared: inner(m.subarray(9000), m.subarray(9000)) + 1n },
        ],
      });
      expect(verify(statement, prove(statement, witness))).toEqual({ ok: true });
    });
  }

  it('with a bucket for every dimension from 1 to 1,000,000', () => {
    for (const D of [1, 10, 1000, 100_000, 1_000_000]) {
      const index = defaultBetaIndex(getSet('n4096-q60'), D);
      expect(index).toBeLessThanOrEqual(getSet('n4096-q60').maxBetaIndex);
    }
  });
});

describe('‖m‖² = β² is accepted and β² + 1 is refused', () => {
  const D = 100;
  it('accepts the bound itself', () => {
    const { claims, witness } = toyUpdate(withSquaredNorm(new Int32Array(D), toyBetaSquared, 1 << 20));
    const statement = toyStatement(claims);
    expect(verify(statement, prove(statement, witness))).toEqual({ ok: true });
  });
  it('refuses one more and names the bound, not the value', () => {
    const { claims, witness } = toyUpdate(withSquaredNorm(new Int32Array(D), toyBetaSquared + 1n, 1 << 20));
    const error = witnessError(() => prove(toyStatement(claims), witness));
    expect(error.field).toBe('norm');
    expect(error.message).toContain(toyBetaSquared.toString());
    expect(error.message).not.toContain((toyBetaSquared + 1n).toString());
  });
});

describe('noise at its bound is accepted and one more is refused', () => {
  const D = 200;
  it('accepts the bound itself', () => {
    const { claims, witness } = toyUpdate(coordinates(D), {}, noiseOfSquaredNorm(D, toyNoiseBound(D)));
    const statement = toyStatement(claims);
    expect(verify(statement, prove(statement, witness))).toEqual({ ok: true });
  });
  it('refuses one more', () => {
    const { claims, witness } = toyUpdate(coordinates(D), {}, noiseOfSquaredNorm(D, toyNoiseBound(D) + 1n));
    expect(witnessError(() => prove(toyStatement(claims), witness)).field).toBe('noise');
  });
});

describe('directions, spheres and layers are exact', () => {
  const D = 300;
  const m = coordinates(D);
  const r = coordinates(D, 9, 30);
  const product = inner(m, r);
  const distance = inner(
    m.map((x, i) => x - r[i]!),
    m.map((x, i) => x - r[i]!),
  );
  const layer = (from: number, to: number) => inner(m.subarray(from, to), m.subarray(from, to));

  it('⟨m, r⟩ = τ is accepted and τ − 1 refused', () => {
    const { claims, witness } = toyUpdate(m, { directions: [{ vector: r, atLeast: product }] });
    expect(verify(toyStatement(claims), prove(toyStatement(claims), witness))).toEqual({ ok: true });
    const above = { ...claims, directions: [{ vector: r, atLeast: product + 1n }] };
    expect(witnessError(() => prove(toyStatement(above), witness)).field).toBe('direction 0');
  });

  it('‖m − r‖² = ρ² is accepted and ρ² + 1 refused', () => {
    const { claims, witness } = toyUpdate(m, { spheres: [{ centre: r, radiusSquared: distance }] });
    expect(verify(toyStatement(claims), prove(toyStatement(claims), witness))).toEqual({ ok: true });
    const below = { ...claims, spheres: [{ centre: r, radiusSquared: distance - 1n }] };
    expect(witnessError(() => prove(toyStatement(below), witness)).field).toBe('sphere 0');
  });

  for (const [from, to] of [
    [0, 300],
    [0, 128],
    [10, 20],
    [100, 290],
    [128, 256],
    [5, 300],
  ] as const) {
    it(`layer ${from}…${to}: its norm is accepted and one less refused`, () => {
      const exact = layer(from, to);
      const { claims, witness } = toyUpdate(m, { layers: [{ from, to, boundSquared: exact }] });
      expect(verify(toyStatement(claims), prove(toyStatement(claims), witness))).toEqual({ ok: true });
      const below = { ...claims, layers: [{ from, to, boundSquared: exact - 1n }] };
      expect(witnessError(() => prove(toyStatement(below), witness)).field).toBe('range 0');
    });
  }
});

describe('a witness that is not that of the ciphertexts is refused', () => {
  const { claims, witness } = toyUpdate(coordinates(150));
  const statement = toyStatement(claims);
  for (const field of ['m', 'u', 'e0', 'e1'] as const) {
    it(`one ${field} is off by one`, () => {
      const changed = witness[field].slice();
      changed[3] = changed[3]! + 1;
      const error = witnessError(() => prove(statement, { ...witness, [field]: changed }));
      expect(error.field).toMatch(/^E[01]\[\d+\]: linear relation$/);
    });
  }
});

describe('seeded proofs', () => {
  it('are determined by statement, witness and seed', () => {
    const { claims, witness } = toyUpdate(coordinates(70));
    const seed = new Uint8Array(32).fill(3);
    const first = seededProof(toyStatement(claims), witness, seed);
    expect(seededProof(toyStatement(claims), witness, seed)).toEqual(first);
    expect(
      seededProof(
        toyStatement(claims),
        witness,
        seed.map((x) => x + 1),
      ),
    ).not.toEqual(first);
    expect(verify(toyStatement(claims), first)).toEqual({ ok: true });
  });
  it('are what the public prover never makes twice', () => {
    const { claims, witness } = toyUpdate(coordinates(70));
    expect(prove(toyStatement(claims), witness)).not.toEqual(prove(toyStatement(claims), witness));
    expect(INSECURE_N64.insecure).toBe(true);
  });
});
