import type { Instance } from './instance.ts';
import { type AnyRelation, type CommittedLayout, committedLayout, type LinearTerm } from './relation.ts';
import type { Ptr } from './ring/kernels.ts';
import type { Pair, Ring } from './ring/ring.ts';

/** A relation whose public polynomials lie in a ring's memory, in NTT form. */
export interface Loaded {
  readonly instance: Instance;
  readonly ring: Ring;
  readonly relation: AnyRelation;
  readonly layout: CommittedLayout;
  /** elements of R_q */
  readonly elements: readonly Ptr[];
  /** constants of the derived polynomials, elements of S_q */
  readonly constants: readonly Ptr[];
}

export function loadRelation(instance: Instance, relation: AnyRelation): Loaded {
  const { ring } = instance;
  const elements = relation.ringElements.map((element) => {
    const p = ring.place(element);
    ring.nttR(p);
    return p;
  });
  const halves = ring.alloc(2 * ring.rBytes);
  const constants = relation.derived.map(({ even, odd }) => {
    const p = ring.allocPoly();
    ring.zero(halves, 2 * ring.rBytes);
    if (even !== null) ring.put(halves, even);
    if (odd !== null) ring.put(halves + ring.rBytes, odd);
    ring.interleave(p, halves, halves + ring.rBytes);
    ring.ntt(p);
    return p;
  });
  return { instance, ring, relation, layout: committedLayout(relation.numbers), elements, constants };
}

/** dst −= coefficient·source */
export function subtractTerm(loaded: Loaded, dst: Ptr, coefficient: LinearTerm['coefficient'], source: Ptr): void {
  if ('ring' in coefficient) loaded.ring.mulRSub(dst, loaded.elements[coefficient.ring]!, source);
  else loaded.ring.mulScalarSub(dst, source, coefficient.integer);
}

/**
 * Values of the derived polynomials for values of the committed ones, NTT form: constant·c − Σ coefficient·polynomial,
 * where c is 1 for witnesses (`true`), 0 for masks (`false`) and the challenge, given as a polynomial, for responses.
 */
export function derivePolynomials(loaded: Loaded, committed: readonly Ptr[], constant: boolean | Ptr): Ptr[] {
  const { ring, relation } = loaded;
  return relation.derived.map(({ minus }, i) => {
    const p = ring.allocPoly();
    if (constant === true) ring.copy(p, loaded.constants[i]!, ring.polyBytes);
    else if (constant === false) ring.zero(p, ring.polyBytes);
    else ring.mul(p, constant, loaded.constants[i]!);
    for (const { polynomial, coefficient } of minus) subtractTerm(loaded, p, coefficient, committed[polynomial]!);
    return p;
  });
}

/** A1·s1 + A2·s2, the binding row of the commitment. */
export function bindingRow({ instance, ring }: Loaded, dst: Ptr, s1: readonly Ptr[], s2: readonly Ptr[]): void {
  const pairs: Pair[] = s1.map((p, i) => [instance.key.a1[i]!, p]);
  s2.slice(1).forEach((p, j) => {
    pairs.push([instance.key.a2[j]!, p]);
  });
  ring.dot(dst, pairs);
  ring.add(dst, dst, s2[0]!);
}

/** ⟨b_j, s2⟩, what hides message j. */
export function messageRow({ instance, ring }: Loaded, dst: Ptr, j: number, s2: readonly Ptr[]): void {
  ring.mul(dst, instance.key.b[j]!, s2.at(-1)!);
  ring.add(dst, dst, s2[j + 1]!);
}
