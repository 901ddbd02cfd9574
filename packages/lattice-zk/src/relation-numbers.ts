import { LatticeZkError } from './errors.ts';
import { squaredNorm } from './exact.ts';
import {
  bitLength,
  type Inequality,
  isqrtUp,
  logRejectionFactor,
  MULTIPLIER_LIMIT,
  moduleSisNorm,
  projection,
  provenNorm,
  responseWidths,
  type SlackField,
  samplerTakes,
} from './parameters.ts';
import type { AnyRelation, Form, NormForm, RelationNumbers, VectorTerm } from './relation.ts';

/** A relation before its numbers are derived. */
export type BareRelation = Pick<AnyRelation, 'set' | 'forms' | 'copies' | 'projections'>;

/** A group of committed polynomials and a bound on its honest witness. */
export interface GroupClaim {
  readonly name: string;
  readonly polynomials: number;
  readonly boundSquared: bigint;
}

/** An exact norm that covers a form's vector, or the projection that its polynomials are in. */
type Reach = { readonly cover: bigint } | { readonly home: 0 | 1 };

export function polynomialsOf(form: Form): readonly number[] {
  return form.kind === 'norm' ? form.polynomials : form.terms.map(({ polynomial }) => polynomial);
}

const vectorsOf = (form: Form): readonly VectorTerm[] => (form.kind === 'norm' ? form.centre : form.terms);
const isPlain = (form: Form): form is NormForm => form.kind === 'norm' && form.centre.length === 0;
const vectorNorm = (form: Form): bigint =>
  isqrtUp(vectorsOf(form).reduce((sum, { vector }) => sum + squaredNorm(vector), 0n));

/**
 * What bounds a form's vector before the form itself is used. A plain norm over a larger set of polynomials, or over the
 * same set, covers it; of two plain norms over one set only the earlier covers the later, so that no circle arises.
 * @throws LatticeZkError `statement` if a form that nothing covers is in no projection, or in both
 */
function reachOf({ forms, copies, projections }: BareRelation, form: Form): Reach {
  const base = polynomialsOf(form).map((p) => copies.find(({ copy }) => copy === p)?.source ?? p);
  if (new Set(base).size !== base.length) {
    // a bound on the source would count once what the form squares twice
    throw new LatticeZkError({
      code: 'statement',
      operation: 'relationStatement',
      field: `forms: ${form.name}`,
      got: 'a polynomial beside its copy, or two copies of one',
      want: 'each source once',
    });
  }
  const isCopy = (p: number): boolean => copies.some(({ copy }) => copy === p);
  const covers = (other: Form): other is NormForm => {
    if (other === form || !isPlain(other) || other.polynomials.some(isCopy)) return false;
    if (!base.every((p) => other.polynomials.includes(p))) return false;
    const larger = other.polynomials.length > new Set(base).size;
    return larger || !isPlain(form) || forms.indexOf(other) < forms.indexOf(form);
  };
  const cover = forms.find(covers);
  if (cover !== undefined) return { cover: isqrtUp(cover.boundSquared) };
  const homes = new Set(base.map((p) => projections.findIndex((members) => members.includes(p))));
  const [home] = homes;
  if (homes.size === 1 && (home === 0 || home === 1)) return { home };
  throw new LatticeZkError({
    code: 'statement',
    operation: 'relationStatement',
    field: `forms: ${form.name}`,
    got: 'polynomials of no or of both projections',
    want: 'all in one projection, or an exact norm over all of them',
  });
}

/** The largest integer, up to sign, that a form can be when its vector is at most `length` long. */
function largest(form: Form, length: bigint): bigint {
  if (form.kind === 'norm') return (length + vectorNorm(form)) ** 2n;
  return length * vectorNorm(form) + (form.atLeast < 0n ? -form.atLeast : form.atLeast);
}

/** Slack fields in the order of the forms. @throws LatticeZkError `acceptance` for a product that cannot be reached */
function slackFields(relation: BareRelation, alphas: readonly [bigint, bigint]): SlackField[] {
  let offset = 0;
  return relation.forms.map((form) => {
    let room: bigint;
    if (form.kind === 'norm') room = form.boundSquared;
    else {
      const reach = reachOf(relation, form);
      const length = 'cover' in reach ? reach.cover : isqrtUp(alphas[reach.home]);
      room = length * vectorNorm(form) - form.atLeast;
      if (room < 0n) {
        throw new LatticeZkError({
          code: 'acceptance',
          operation: 'relationStatement',
          field: `${form.name}: τ ≤ reach·‖r‖`,
          got: form.atLeast,
          want: `<= ${room + form.atLeast}`,
        });
      }
    }
    const bits = bitLength(room);
    offset += bits;
    return { name: form.name, offset: offset - bits, bits };
  });
}

/** All widths and bounds of a relation; `relationInequalities` says whether they will do. */
export function relationNumbers(
  relation: BareRelation,
  groups: readonly GroupClaim[],
  bounds: readonly [bigint, bigint],
): RelationNumbers {
  const { set, forms } = relation;
  const { q, n } = set;
  const fields = slackFields(relation, bounds);
  const slackBits = fields.reduce((sum, { bits }) => sum + bits, 0);
  const project = (i: 0 | 1, alphaSquared: bigint) => {
    const m = n * relation.projections[i].length;
    const fits = (gamma: number): boolean => {
      const b = provenNorm(gamma, alphaSquared);
      if (41n * BigInt(m) * b > q || !samplerTakes(gamma, alphaSquared)) return false;
      if (i === 1 && b * b + isqrtUp(BigInt(n) * b * b) >= q) return false;
      return forms.every((form, f) => {
        const reach = reachOf(relation, form);
        return 'cover' in reach || reach.home !== i || largest(form, b) + (1n << BigInt(fields[f]!.bits)) < q;
      });
    };
    let gamma = i === 0 ? set.gamma3Max : set.gamma4;
    while (gamma > 1 && !fits(gamma)) gamma--;
    return projection(gamma, alphaSquared, m);
  };
  const z3 = project(0, bounds[0]);
  const z4 = project(1, bounds[1] + BigInt(slackBits));
  const parts: GroupClaim[] = [
    ...groups,
    { name: 'x', polynomials: 1, boundSquared: BigInt(Math.max(slackBits, 1)) },
    { name: 's2', polynomials: set.s2Polynomials, boundSquared: BigInt(set.s2Polynomials * n) },
  ];
  const responses = responseWidths(set, parts);
  return {
    set,
    fields,
    slackBits,
    z3,
    z4,
    groups: responses.groups,
    logM1: logRejectionFactor(responses.gamma1),
    logM3: logRejectionFactor(z3.gamma),
    logM4: logRejectionFactor(z4.gamma),
  };
}

/**
 * Every inequality that the relation's meaning rests on, as `acceptance` lists them for updates: each form's integer
 * stays below q for whatever vector the projections let through, so that it vanishes over Z and not only modulo q.
 */
export function relationInequalities(relation: AnyRelation): readonly Inequality[] {
  const { set, numbers, forms } = relation;
  const { q, n } = set;
  const list: Inequality[] = [];
  const add = (name: string, left: bigint, sign: '<' | '<=', right: bigint): void => {
    list.push({ name, left, relation: sign, right, ok: sign === '<' ? left < right : left <= right });
  };
  forms.forEach((form, f) => {
    const reach = reachOf(relation, form);
    const length = 'cover' in reach ? reach.cover : [numbers.z3, numbers.z4][reach.home]!.provenNorm;
    const room = 1n << BigInt(numbers.fields[f]!.bits);
    const name = form.kind === 'norm' ? '(reach + ‖r‖)²' : 'reach·‖r‖ + |τ|';
    add(`${form.name}: ${name} + 2^l < q`, largest(form, length) + room, '<', q);
    if (form.kind === 'norm') add(`${form.name}: bound² < q`, form.boundSquared, '<', q);
  });
  const { z3, z4 } = numbers;
  add('binary: B̄4² + √n·B̄4 < q', z4.provenNorm ** 2n + isqrtUp(BigInt(n) * z4.provenNorm ** 2n), '<', q);
  for (const [i, z] of [z3, z4].entries()) {
    add(`projection ${i + 3}: 41·m·B̄ ≤ q`, 41n * BigInt(z.coordinates) * z.provenNorm, '<=', q);
    add(`slack ${i + 3}: 2·‖z‖² ≤ 13·B̄²`, 2n * z.maxNormSquared, '<=', 13n * z.provenNorm ** 2n);
  }
  const widest = [z3, z4, ...numbers.groups].reduce((most, { k }) => (k > most ? k : most), 0n);
  add('sampler: largest σ/σ_bin < 2^31', widest, '<', MULTIPLIER_LIMIT);
  add('slack polynomial: L ≤ n', BigInt(numbers.slackBits), '<=', BigInt(n));
  const sis = moduleSisNorm(numbers);
  add('Module-SIS: norm < q', sis, '<', q);
  if (!set.insecure) {
    // as in `acceptance`: δ = 2^{log2(norm)²/(4n·log2 q)} ≤ 1.0044
    const bits = 4n * BigInt(n) * BigInt(bitLength(q) - 1) * 6333n;
    add('Module-SIS: δ ≤ 1.0044', BigInt(bitLength(sis)) ** 2n * 1_000_000n, '<=', bits);
  }
  return list;
}
