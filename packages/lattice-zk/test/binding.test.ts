import { describe, expect, it } from 'vitest';
import { LatticeZkError, prove, type Statement, type Verdict, verify } from '../src/index.ts';
import type { CiphertextDescription, UpdateClaims } from '../src/update.ts';
import { coordinates, TOY_BETA, toyStatement, toyUpdate } from './toy.ts';

const D = 200;
const m = coordinates(D);
const r = coordinates(D, 3, 10);
const product = m.reduce((sum, x, i) => sum + BigInt(x * r[i]!), 0n);
const { claims, witness } = toyUpdate(m, {
  directions: [{ vector: r, atLeast: product - 10n }],
  spheres: [{ centre: r, radiusSquared: 1_000_000_000n }],
  layers: [{ from: 10, to: 50, boundSquared: 100_000_000n }],
});
const proof = prove(toyStatement(claims), witness);

/** Never true: a rejection, or a typed error because the shape changed. */
function outcome(statement: Statement, bytes: Uint8Array): Verdict | 'encoding' {
  try {
    return verify(statement, bytes);
  } catch (error) {
    if (error instanceof LatticeZkError && error.code === 'encoding') return 'encoding';
    throw error;
  }
}

const copy = (d: CiphertextDescription): CiphertextDescription => structuredClone(d);
const bump = (values: BigUint64Array, i = 0): void => {
  values[i] = values[i] === 0n ? 1n : values[i]! - 1n;
};
function edited(edit: (description: CiphertextDescription) => void): UpdateClaims {
  const description = copy(claims.description);
  edit(description);
  return { ...claims, description };
}

describe('a proof holds for its own statement only', () => {
  it('accepts the statement it was made for', () => {
    expect(verify(toyStatement(claims), proof)).toEqual({ ok: true });
  });

  const changes: Record<string, UpdateClaims> = {
    'another context (round, study, client)': {
      ...claims,
      context: new TextEncoder().encode('study 1, round 3, client 3'),
    },
    'a context that is longer by a zero byte': { ...claims, context: Uint8Array.from([...claims.context, 0]) },
    'another bucket': { ...claims, betaIndex: TOY_BETA + 1 },
    'a lower threshold': { ...claims, directions: [{ vector: r, atLeast: product - 11n }] },
    'another direction': {
      ...claims,
      directions: [{ vector: r.map((x, i) => (i === 7 ? x + 1 : x)), atLeast: product - 10n }],
    },
    'no direction': { ...claims, directions: [] },
    'another radius': { ...claims, spheres: [{ centre: r, radiusSquared: 1_000_000_001n }] },
    'another centre': {
      ...claims,
      spheres: [{ centre: r.map((x, i) => (i === 0 ? x + 1 : x)), radiusSquared: 1_000_000_000n }],
    },
    'another layer start': { ...claims, layers: [{ from: 11, to: 50, boundSquared: 100_000_000n }] },
    'another layer end': { ...claims, layers: [{ from: 10, to: 51, boundSquared: 100_000_000n }] },
    'another layer bound': { ...claims, layers: [{ from: 10, to: 50, boundSquared: 100_000_001n }] },
    'another p0': edited((d) => bump(d.publicKey.p0)),
    'another p1': edited((d) => bump(d.publicKey.p1, 5)),
    'p0 and p1 swapped': {
      ...claims,
      description: {
        ...claims.description,
        publicKey: { p0: claims.description.publicKey.p1, p1: claims.description.publicKey.p0 },
      },
    },
    'two ciphertexts of a pair swapped': edited((d) => {
      const list = d.ciphertexts as { c0: BigUint64Array; c1: BigUint64Array }[];
      [list[0], list[1]] = [list[1]!, list[0]!];
    }),
    'two ciphertexts of different blocks swapped': edited((d) => {
      const list = d.ciphertexts as { c0: BigUint64Array; c1: BigUint64Array }[];
      [list[0], list[2]] = [list[2]!, list[0]!];
    }),
  };
  for (let k = 0; k < 4; k++) {
    changes[`another residue in c0 of ciphertext ${k}`] = edited((d) => bump(d.ciphertexts[k]!.c0, 63));
    changes[`another residue in c1 of ciphertext ${k}`] = edited((d) => bump(d.ciphertexts[k]!.c1, 0));
  }
  for (const [name, changed] of Object.entries(changes)) {
    it(`not for ${name}`, () => {
      expect(outcome(toyStatement(changed), proof)).not.toEqual({ ok: true });
    });
  }

  it('not for a shorter or longer update in as many ciphertexts', () => {
    const bare: UpdateClaims = { description: claims.description, betaIndex: TOY_BETA, context: claims.context };
    const bytes = prove(toyStatement(bare), witness);
    expect(verify(toyStatement(bare), bytes)).toEqual({ ok: true });
    for (const dimension of [D - 1, D + 1]) {
      const statement = toyStatement({ ...bare, description: { ...claims.description, dimension } });
      expect(outcome(statement, bytes)).toEqual({ ok: false, reason: 'challenge' });
    }
  });
});

describe('statements are checked when they are built', () => {
  const refusal = (changed: unknown): LatticeZkError => {
    try {
      toyStatement(changed as UpdateClaims);
    } catch (error) {
      if (error instanceof LatticeZkError) return error;
      throw error;
    }
    throw new Error('accepted');
  };
  it('refuses residues that are not below q', () => {
    const error = refusal(
      edited((d) => {
        d.ciphertexts[1]!.c0[3] = 0x7ffffdb80001c81n;
      }),
    );
    expect(error.code).toBe('statement');
    expect(error.field).toBe('description.ciphertexts[1].c0[3]');
  });
  it('refuses too few, too many and short ciphertexts, wrong sets and dimensions', () => {
    const d = claims.description;
    for (const description of [
      { ...d, ciphertexts: d.ciphertexts.slice(1) },
      { ...d, ciphertexts: [...d.ciphertexts, d.ciphertexts[0]] },
      { ...d, ciphertexts: [...d.ciphertexts.slice(1), { c0: new BigUint64Array(63), c1: new BigUint64Array(64) }] },
      { ...d, set: 'n4096-q60' },
      { ...d, dimension: 0 },
      { ...d, dimension: 1.5 },
      { ...d, dimension: Number.NaN },
      { ...d, dimension: 257 },
      { ...d, extra: 1 },
    ]) {
      expect(refusal({ ...claims, description }).code).toBe('options');
    }
  });
  it('refuses vectors that are shorter or longer than the update', () => {
    for (const length of [D - 1, D + 1]) {
      expect(refusal({ ...claims, directions: [{ vector: new Int32Array(length), atLeast: 0n }] }).code).toBe(
        'options',
      );
      expect(refusal({ ...claims, spheres: [{ centre: new Int32Array(length), radiusSquared: 1n }] }).code).toBe(
        'options',
      );
    }
  });
  it('refuses a threshold above β·‖r‖ and names the inequality with both sides', () => {
    const error = refusal({ ...claims, directions: [{ vector: r, atLeast: 10n ** 12n }] });
    expect(error.code).toBe('acceptance');
    expect(error.field).toMatch(/direction 0/);
    expect(error.got).toBeDefined();
    expect(error.want).toBeDefined();
  });
  it('refuses more slack bits than the ring has coefficients', () => {
    const directions = Array.from({ length: 12 }, () => ({ vector: r, atLeast: 0n }));
    const error = refusal({ ...claims, directions });
    expect(error.field).toBe('slack polynomial: L ≤ n');
  });
  it('refuses layers outside of the update', () => {
    for (const [from, to] of [
      [-1, 5],
      [5, 5],
      [6, 5],
      [0, D + 1],
      [0.5, 3],
    ] as const) {
      expect(refusal({ ...claims, layers: [{ from, to, boundSquared: 5n }] }).code).toBe('options');
    }
  });
  it('refuses buckets outside of the table and mistyped options', () => {
    for (const betaIndex of [-1, 1.5, 1000, Number.NaN]) {
      expect(['options', 'parameters']).toContain(refusal({ ...claims, betaIndex }).code);
    }
  });
  it('keeps its own copy of the ciphertexts', () => {
    const description = copy(claims.description);
    const statement = toyStatement({ ...claims, description });
    bump(description.ciphertexts[0]!.c0);
    expect(verify(statement, proof)).toEqual({ ok: true });
  });
});
