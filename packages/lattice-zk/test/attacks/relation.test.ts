import { expect, it } from 'vitest';
import { INSECURE_N64, insecureRelationStatement } from '../../src/testing/seeded.ts';

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
