import { expect, it } from 'vitest';
import { proveRelation } from '../../src/prove.ts';
import { committedLayout } from '../../src/relation.ts';
import { type Statement, statementOf } from '../../src/statement.ts';
import { INSECURE_N64, insecureRelationStatement } from '../../src/testing/seeded.ts';
import { verify } from '../../src/verify.ts';
import { failedChecks } from '../reference/verifier.ts';
import { scene, smallUpdate } from './scene.ts';

const norm = (name: string, polynomials: readonly number[], boundSquared: bigint) =>
  ({ kind: 'norm', name, polynomials, boundSquared, centre: [] }) as const;

it('a form that squares one source twice is refused: the bound of the source would let it wrap', () => {
  const claims = (polynomials: readonly number[]) => ({
    label: 'copies',
    context: new Uint8Array(1),
    ringElements: [],
    groups: [
      { name: 's', polynomials: 1, boundSquared: 64n },
      { name: 'V', polynomials: 2, boundSquared: 64n },
    ],
    derived: [],
    forms: [norm('whole', [0], 64n), norm('parts', polynomials, 64n)],
    copies: [
      { source: 0, copy: 1, from: 0, to: 40 },
      { source: 0, copy: 2, from: 20, to: 60 },
    ],
    projections: [
      { polynomials: [0], boundSquared: 64n },
      { polynomials: [], boundSquared: 1n },
    ] as const,
  });
  expect(() => insecureRelationStatement(INSECURE_N64, claims([1]))).not.toThrow();
  expect(() => insecureRelationStatement(INSECURE_N64, claims([1, 2]))).toThrow(/each source once/);
  expect(() => insecureRelationStatement(INSECURE_N64, claims([0, 1]))).toThrow(/each source once/);
});

it('a polynomial that no projection covers can’t be squared', () => {
  const claims = {
    label: 'uncovered',
    context: new Uint8Array(1),
    ringElements: [],
    groups: [{ name: 's', polynomials: 2, boundSquared: 64n }],
    derived: [],
    forms: [norm('both', [0, 1], 64n)],
    projections: [
      { polynomials: [0], boundSquared: 64n },
      { polynomials: [], boundSquared: 1n },
    ] as const,
  };
  expect(() => insecureRelationStatement(INSECURE_N64, claims)).toThrow(expect.objectContaining({ code: 'statement' }));
});

it('a relation whose projections leave a squared polynomial out makes no statement', () => {
  const { relation } = scene({
    m: smallUpdate(60),
    claims: { layers: [{ from: 5, to: 41, boundSquared: 30_000n }] },
  }).statement;
  const header = { integers: [60, 88] as const, context: new Uint8Array(1) };
  const build = (change: Partial<typeof relation>) => () => statementOf({ ...relation, ...change }, header);
  const [third, fourth] = relation.projections;
  expect(build({})).not.toThrow();
  expect(build({ projections: [[], fourth], copies: [] })).toThrow(/norm/);
  expect(build({ projections: [third, fourth.slice(1)] })).toThrow(/noise/);
  expect(build({ projections: [third, fourth.slice(0, -1)] })).toThrow(/slack polynomial/);
  expect(build({ copies: [] })).toThrow(/range 0/);
  const { count } = committedLayout(relation.numbers);
  for (const derived of [count, 99]) {
    expect(build({ copies: relation.copies.map((copy) => ({ ...copy, copy: derived })) })).toThrow(/copies.copy/);
  }
  expect(build({ copies: relation.copies.map((copy) => ({ ...copy, source: 3 })) })).toThrow(/copies.source/);
  expect(build({ forms: relation.forms.slice(1) })).toThrow(/forms/);
});

it('groups that are no relation’s have no layout', () => {
  const { groups } = scene({ m: smallUpdate(60) }).statement.relation.numbers;
  const [u, m, x, s2] = groups as [(typeof groups)[0], (typeof groups)[0], (typeof groups)[0], (typeof groups)[0]];
  expect(committedLayout({ groups })).toEqual({ groupOf: [0, 1, 2], count: 3, slack: 2 });
  expect(committedLayout({ groups: [x, u, s2] })).toEqual({ groupOf: [0, 1], count: 2, slack: 0 });
  for (const wrong of [[], [u, m, s2], [u, m, x], [u, s2, x], [s2]]) {
    expect(() => committedLayout({ groups: wrong })).toThrow(expect.objectContaining({ code: 'internal' }));
  }
});

it('a polynomial may be in both projections: two implementations agree', () => {
  const statement = insecureRelationStatement(INSECURE_N64, {
    label: 'twice',
    context: new Uint8Array(1),
    ringElements: [],
    groups: [{ name: 's', polynomials: 2, boundSquared: 64n }],
    derived: [],
    forms: [norm('both', [0, 1], 40n)],
    projections: [
      { polynomials: [0, 1], boundSquared: 64n },
      { polynomials: [1], boundSquared: 64n },
    ],
  });
  const committed = [0, 1].map((k) => Int8Array.from({ length: 128 }, (_, i) => (i % 9 === k ? 1 : 0)));
  const proof = proveRelation(statement, { committed, derived: [] });
  expect(verify(statement, proof)).toEqual({ ok: true });
  expect(failedChecks(statement as unknown as Statement, proof)).toEqual([]);
});
