import type { Statement } from '../../src/statement.ts';
import { Model } from './model.ts';
import { fromSplit, type Poly } from './polynomial.ts';

const square = (vector: readonly bigint[]): bigint => vector.reduce((sum, x) => sum + x * x, 0n);

/**
 * The names of every check that a proof fails; none means that it is accepted. All checks run, so that a test can say
 * that a forgery dies at one check and at no other.
 */
export function failedChecks(statement: Statement, bytes: Uint8Array, model = new Model(statement)): string[] {
  const { ring, set, relation } = model;
  const { numbers } = relation;
  let proof: ReturnType<Model['decode']>;
  try {
    proof = model.decode(bytes);
  } catch {
    return ['encoding'];
  }
  const failed: string[] = [];
  const [z3, z4] = proof.integers as [bigint[], bigint[]];
  const responses = proof.integers.slice(2);
  if (square(z3) > numbers.z3.maxNormSquared) failed.push('z3');
  if (square(z4) > numbers.z4.maxNormSquared) failed.push('z4');
  let at = 0;
  for (const group of numbers.groups) {
    const norm = responses.slice(at, at + group.polynomials).reduce((sum, z) => sum + square(z), 0n);
    if (norm > group.maxNormSquared) failed.push(`group ${group.name}`);
    at += group.polynomials;
  }
  const [tA, ...rest] = proof.elements as [Poly, ...Poly[]];
  const h = rest.at(-1)!;
  const t = rest.slice(0, -1);
  const ty = t.slice(0, set.maskPolynomials);
  const [tg, tq] = t.slice(set.maskPolynomials) as [Poly, Poly];
  if (h[0] !== 0n) failed.push('h[0]');
  if (h[set.n / 2] !== 0n) failed.push('h[n/2]');
  const state = model.projectionState(tA, ty);
  const matrices = [model.matrix(state, 3), model.matrix(state, 4)] as const;
  const state2 = model.aggregationState(state, z3, z4, tg);
  const aggregate = model.aggregate(state2, matrices, [z3, z4]);
  const c = model.challenge(proof.seed);
  const z = responses.map((vector) => ring.of(fromSplit(set.n, vector)));
  const z1 = z.slice(0, model.committed);
  const z2 = z.slice(model.committed);
  const all = model.complete(z1, c);
  const opened = t.map((p, j) => ring.sub(ring.mul(c, p), model.messageRow(j, z2)));
  const w = ring.sub(model.bindingRow(z1, z2), ring.mul(c, tA));
  const f1 = ring.sub(aggregate.linearPart(all, opened.slice(0, set.maskPolynomials)), opened[set.maskPolynomials]!);
  const f0 = ring.sub(h, aggregate.constant());
  const v = ring.sub(
    ring.add(aggregate.quadratic(all, all), ring.mul(c, ring.add(f1, ring.mul(c, f0)))),
    opened[set.maskPolynomials + 1]!,
  );
  const seed = model.challengeSeed(state2, h, tq, w, v);
  if (!seed.every((byte, i) => byte === proof.seed[i])) failed.push('challenge');
  return failed;
}
