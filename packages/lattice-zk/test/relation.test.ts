import { describe, expect, it } from 'vitest';
import {
  LatticeZkError,
  proveRelation,
  type RelationClaims,
  type RelationStatement,
  relationStatement,
  verify,
} from '../src/index.ts';
import type { ParameterSet } from '../src/parameters.ts';
import { getSet } from '../src/parameters.ts';
import { INSECURE_N64, insecureRelationStatement } from '../src/testing.ts';

const CONTEXT = new TextEncoder().encode('key generation 1, holder 2');

/** X^N + 1 by the school. */
function negacyclic(a: readonly bigint[], b: readonly bigint[], q: bigint): bigint[] {
  const N = a.length;
  const out = new Array<bigint>(N).fill(0n);
  a.forEach((x, i) => {
    if (x === 0n) return;
    b.forEach((y, j) => {
      const k = (i + j) % N;
      out[k] = (out[k]! + (i + j < N ? x * y : -x * y)) % q;
    });
  });
  return out.map((x) => (x + q) % q);
}

/** A key share pk = −(a·s + e) with ternary s in few places and small e. */
function keyShare(set: ParameterSet) {
  const { N, primes, q } = set;
  const s = Int8Array.from({ length: N }, (_, i) => (i % 97 === 5 ? 1 : i % 89 === 3 ? -1 : 0));
  const e = Int8Array.from({ length: N }, (_, i) => ((i * 31) % 43) - 21);
  const a = Array.from({ length: N }, (_, i) => (BigInt(i) * 0x9e3779b97f4a7c15n + 12345n) % q);
  const product = negacyclic([...s].map(BigInt), a, q);
  // the constant of e = −pk − a·s is −pk = a·s + e
  const minusPk = product.map((x, i) => (x + BigInt(e[i]!) + q) % q);
  const residues = (values: readonly bigint[]) => BigUint64Array.from(primes.flatMap((p) => values.map((x) => x % p)));
  const norm = [...s, ...e].reduce((sum, x) => sum + BigInt(x * x), 0n);
  return { s, e, norm, a: residues(a), minusPk: residues(minusPk) };
}

function claimsOf(
  set: ParameterSet,
  share: ReturnType<typeof keyShare>,
  change: Partial<RelationClaims> = {},
): RelationClaims {
  return {
    label: 'key-share',
    context: CONTEXT,
    ringElements: [share.a],
    groups: [{ name: 's', polynomials: 1, boundSquared: BigInt(set.N) }],
    derived: [{ name: 'e', even: share.minusPk, odd: null, minus: [{ polynomial: 0, coefficient: { ring: 0 } }] }],
    forms: [{ kind: 'norm', name: 'key', polynomials: [0, 2], boundSquared: share.norm, centre: [] }],
    projections: [
      { polynomials: [], boundSquared: 1n },
      { polynomials: [0, 2], boundSquared: share.norm },
    ],
    ...change,
  };
}

const errorOf = (work: () => unknown): LatticeZkError => {
  try {
    work();
  } catch (error) {
    if (error instanceof LatticeZkError) return error;
    throw error;
  }
  throw new Error('accepted');
};

describe('relations given as data', () => {
  const share = keyShare(INSECURE_N64);
  const build = (change: Partial<RelationClaims> = {}): RelationStatement =>
    insecureRelationStatement(INSECURE_N64, claimsOf(INSECURE_N64, share, change));
  const witness = { committed: [share.s], derived: [share.e] };
  const s32 = new Int32Array(128);
  s32.set(share.s);

  it('polynomials that both projections cover count in both', () => {
    const { boundSquared } = claimsOf(INSECURE_N64, share).projections[1];
    const projections = [0, 1].map(() => ({
      polynomials: [0, 2],
      boundSquared,
    })) as unknown as RelationClaims['projections'];
    const twice = build({ projections });
    for (let i = 0; i < 3; i++) expect(verify(twice, proveRelation(twice, witness))).toEqual({ ok: true });
  });

  it('a key share pk = −(a·s + e) with ‖(s, e)‖ exactly at its bound', () => {
    const proof = proveRelation(build(), witness);
    expect(verify(build(), proof)).toEqual({ ok: true });
    expect(verify(build({ context: new Uint8Array(1) }), proof)).toEqual({ ok: false, reason: 'challenge' });
    expect(verify(build({ label: 'another' }), proof)).toEqual({ ok: false, reason: 'challenge' });
    const [first, second] = claimsOf(INSECURE_N64, share).projections;
    const wider = build({ projections: [{ ...first, boundSquared: 2n }, second] });
    expect(() => expect(verify(wider, proof)).toEqual({ ok: true })).toThrow();
  });

  it('one less is refused by the prover, which names the form', () => {
    const forms = [
      { ...claimsOf(INSECURE_N64, share).forms[0]!, boundSquared: share.norm - 1n },
    ] as RelationClaims['forms'];
    expect(errorOf(() => proveRelation(build({ forms }), witness))).toMatchObject({ code: 'witness', field: 'key' });
  });

  it('a key share under n4096-q60 and n4096-q106', () => {
    for (const name of ['n4096-q60', 'n4096-q106'] as const) {
      const set = getSet(name);
      const real = keyShare(set);
      const statement = relationStatement({ set: name, ...claimsOf(set, real) });
      const proof = proveRelation(statement, { committed: [real.s], derived: [real.e] });
      expect(verify(statement, proof)).toEqual({ ok: true });
      proof[100_000]! ^= 4;
      expect(verify(statement, proof).ok).toBe(false);
    }
  });

  it('products, centres and masked copies beside it, each exact', () => {
    const r = Int32Array.from({ length: 128 }, (_, i) => (i % 5) - 2);
    const product = s32.reduce((sum, x, i) => sum + BigInt(x * r[i]!), 0n);
    const distance = s32.reduce((sum, x, i) => sum + BigInt((x - r[i]!) ** 2), 0n);
    const part = s32.slice(3, 40).reduce((sum, x) => sum + BigInt(x * x), 0n);
    const claims = (tau: bigint, rho: bigint, beta: bigint): Partial<RelationClaims> => ({
      groups: [
        { name: 's', polynomials: 1, boundSquared: 64n },
        { name: 'V', polynomials: 1, boundSquared: 64n },
      ],
      derived: [{ name: 'e', even: share.minusPk, odd: null, minus: [{ polynomial: 0, coefficient: { ring: 0 } }] }],
      forms: [
        { kind: 'norm', name: 'key', polynomials: [0, 3], boundSquared: share.norm, centre: [] },
        { kind: 'product', name: 'direction', terms: [{ polynomial: 0, vector: r }], atLeast: tau },
        { kind: 'norm', name: 'sphere', polynomials: [0], boundSquared: rho, centre: [{ polynomial: 0, vector: r }] },
        { kind: 'norm', name: 'part', polynomials: [1], boundSquared: beta, centre: [] },
      ],
      copies: [{ source: 0, copy: 1, from: 3, to: 40 }],
      projections: [
        { polynomials: [], boundSquared: 1n },
        { polynomials: [0, 3], boundSquared: share.norm },
      ],
    });
    const both = { committed: [share.s, null], derived: [share.e] };
    const statement = build(claims(product, distance, part));
    expect(verify(statement, proveRelation(statement, both))).toEqual({ ok: true });
    for (const [field, changed] of [
      ['direction', claims(product + 1n, distance, part)],
      ['sphere', claims(product, distance - 1n, part)],
      ['part', claims(product, distance, part - 1n)],
    ] as const) {
      expect(errorOf(() => proveRelation(build(changed), both))).toMatchObject({ code: 'witness', field });
    }
  });

  it('what makes no relation is refused', () => {
    const [form] = claimsOf(INSECURE_N64, share).forms;
    const refused: [Partial<RelationClaims>, string][] = [
      [{ label: 'update' }, 'options'],
      [{ groups: [{ name: 'x', polynomials: 1, boundSquared: 1n }] }, 'statement'],
      [{ groups: [{ name: 's', polynomials: 0, boundSquared: 1n }] }, 'statement'],
      [{ ringElements: [] }, 'statement'],
      [{ ringElements: [share.a.subarray(1)] }, 'options'],
      [{ ringElements: [share.a.map((x, i) => (i === 0 ? INSECURE_N64.q : x))] }, 'statement'],
      [{ forms: [{ ...form!, polynomials: [0, 0] } as never] }, 'statement'],
      [{ forms: [{ ...form!, polynomials: [0, 1] } as never] }, 'statement'],
      [{ forms: [{ ...form!, polynomials: [0, 5] } as never] }, 'statement'],
      [{ forms: [{ ...form!, boundSquared: 0n } as never] }, 'statement'],
      [
        {
          projections: [
            { polynomials: [], boundSquared: 1n },
            { polynomials: [0], boundSquared: share.norm },
          ],
        },
        'statement',
      ],
      [
        {
          projections: [
            { polynomials: [0], boundSquared: 64n },
            { polynomials: [2], boundSquared: share.norm },
          ],
        },
        'statement',
      ],
      [{ copies: [{ source: 0, copy: 0, from: 0, to: 1 }] }, 'statement'],
      [{ extra: 1 } as never, 'options'],
    ];
    for (const [change, code] of refused)
      expect(errorOf(() => build(change)).code, JSON.stringify(Object.keys(change))).toBe(code);
  });

  it('bounds that q cannot carry are refused with both sides', () => {
    const large = 2n ** 50n;
    const error = errorOf(() =>
      build({
        forms: [{ kind: 'norm', name: 'key', polynomials: [0, 2], boundSquared: large, centre: [] }],
        projections: [
          { polynomials: [], boundSquared: 1n },
          { polynomials: [0, 2], boundSquared: large },
        ],
      }),
    );
    expect(error.code).toBe('acceptance');
    expect(error.got).toMatch(/^\d+$/);
    expect(error.want).toMatch(/^<=? \d+$/);
  });

  it('a witness longer than the bound of its projection or group is refused', () => {
    const projections: RelationClaims['projections'] = [
      { polynomials: [], boundSquared: 1n },
      { polynomials: [0, 2], boundSquared: share.norm - 50n },
    ];
    expect(errorOf(() => proveRelation(build({ projections }), witness))).toMatchObject({
      code: 'witness',
      field: 'projection 4',
    });
    const groups = [{ name: 's', polynomials: 1, boundSquared: 1n }];
    expect(errorOf(() => proveRelation(build({ groups }), witness))).toMatchObject({
      code: 'witness',
      field: 'group s',
    });
  });

  it('witness arrays are checked', () => {
    for (const committed of [[new Int32Array(129)], [1], [share.s, share.s], 's']) {
      expect(errorOf(() => proveRelation(build(), { committed } as never)).code).toBe('options');
    }
  });
});
