import { fromResidues, modulo, squaredNorm } from './exact.ts';
import type { Loaded } from './linear.ts';
import type { MatrixSource } from './projection.ts';
import type { Form } from './relation.ts';
import type { Ptr } from './ring/kernels.ts';
import type { Pair } from './ring/ring.ts';
import { TAGS } from './tags.ts';
import { FrameHash } from './transcript.ts';

/** One γ set: for every prime the residues of all relations, in the order forms, binary, 256 of z3, 256 of z4. */
export interface GammaSet {
  /** number of forms, the binary relation included */
  readonly forms: number;
  /** address of the residues modulo prime l */
  words(l: number): Ptr;
  /** γ of relation i as an integer modulo q */
  value(i: number): bigint;
}

/** Polynomials that occur in the same norms share one factor Q ∈ span{1, W^{n/2}}: an element of R_q, NTT form. */
export interface QuadraticClass {
  readonly polynomials: readonly number[];
  readonly factor: Ptr;
}

/** Γ_p of one γ set for every polynomial: A_u(X) = Σ σ(Γ_p)·X_p. All in NTT form. */
export interface LinearMap {
  /** of the committed and the derived polynomials */
  readonly polynomials: readonly Ptr[];
  /** of the mask messages y */
  readonly y: readonly Ptr[];
}

/**
 * Both γ sets and h make one quadratic relation of all: f = F2(s, s) + L(s) − g + f0 = 0, with
 * F2(X, Y) = Σ_class Q·Σ σ(X_p)·Y_p, L(X) = −½(A_0 + σ(A_0)) − ½W^{n/2}(A_1 + σ(A_1)) and f0 = h − `constants`.
 */
export interface QuadraticRelation {
  readonly classes: readonly QuadraticClass[];
  readonly maps: readonly [LinearMap, LinearMap];
  /** const_0 + W^{n/2}·const_1, NTT form, an element of S_q */
  readonly constants: Ptr;
}

/** Two independent sets, each with its own uniform γ ∈ Z_q for every relation. */
export function deriveGammas({ ring, relation }: Loaded, state: Uint8Array): readonly [GammaSet, GammaSet] {
  const forms = relation.forms.length + 1;
  const count = forms + 2 * relation.set.rows;
  const one = (u: number): GammaSet => {
    const words = ring.alloc(8 * count * ring.L);
    const stream = new FrameHash(ring, TAGS.gamma).bytes(state).integer(u).stream();
    for (let l = 0; l < ring.L; l++) ring.uniformWords(words + 8 * count * l, count, l, stream);
    return {
      forms,
      words: (l) => words + 8 * count * l,
      value: (i) =>
        fromResidues(
          ring.moduli,
          ring.moduli.map((_, l) => ring.u64(words + 8 * (count * l + i), 1)[0]!),
        ),
    };
  };
  return [one(0), one(1)];
}

/**
 * The quadratic relation that γ makes of a relation, the projections' matrices and z3, z4 (i64, 256 each).
 */
export function quadraticRelation(
  loaded: Loaded,
  gammas: readonly [GammaSet, GammaSet],
  state: Uint8Array,
  matrices: readonly [MatrixSource, MatrixSource],
  z: readonly [Ptr, Ptr],
): QuadraticRelation {
  const { ring, relation, layout } = loaded;
  const { set, projections } = relation;
  const room = (count: number): Ptr[] => Array.from({ length: count }, () => ring.allocPoly());
  const maps = gammas.map((): LinearMap => {
    return { polynomials: room(layout.count + relation.derived.length), y: room(set.maskPolynomials) };
  }) as [LinearMap, LinearMap];
  const classes = quadraticClasses(loaded, gammas);
  const constants = constantsOf(loaded, gammas, z);

  const scratch = ring.mark();
  const more = [ring.allocPoly(), ring.allocPoly()] as const;
  const lifted = ring.allocPoly();
  const vector = ring.alloc(4 * set.n);
  const tables = matrices.map((matrix, i) => matrix.tables(gammas, gammas[0].forms + i * set.rows));
  const copies = relation.copies.map((_, j) => gammas.map((__, u) => maskedCopyElement(loaded, state, u, j)));
  for (let p = 0; p < layout.count + relation.derived.length; p++) {
    const folded = [maps[0].polynomials[p]!, maps[1].polynomials[p]!] as const;
    let touched = false;
    projections.forEach((members, i) => {
      const index = members.indexOf(p);
      if (index < 0) return;
      matrices[i]!.fold(tables[i]!, index, touched ? more : folded);
      if (touched) for (const [u, g] of folded.entries()) ring.add(g, g, more[u]!);
      touched = true;
    });
    if (!touched) for (const g of folded) ring.zero(g, ring.polyBytes);
    gammas.forEach((gamma, u) => {
      const dst = folded[u]!;
      relation.forms.forEach((form, f) => {
        for (const { polynomial, vector: entries } of formTerms(form)) {
          if (polynomial !== p) continue;
          ring.put(vector, entries);
          ring.lift32(lifted, vector);
          ring.mulScalarAdd(dst, lifted, form.kind === 'norm' ? -2n * gamma.value(f) : gamma.value(f));
          touched = true;
        }
      });
      if (p === layout.slack) {
        addSlackForms(loaded, dst, gamma, lifted);
        touched = true;
      }
      relation.copies.forEach(({ source, copy, from, to }, j) => {
        if (copy === p) ring.add(dst, dst, copies[j]![u]!);
        if (source === p) {
          ring.zero(lifted, ring.polyBytes);
          for (let l = 0; l < ring.L; l++) {
            const at = 8 * (l * set.n + from);
            ring.copy(lifted + at, copies[j]![u]! + at, 8 * (to - from));
          }
          ring.sub(dst, dst, lifted);
        }
        touched ||= copy === p || source === p;
      });
    });
    if (touched) for (const g of folded) ring.ntt(g);
  }
  gammas.forEach((gamma, u) => {
    maps[u]!.y.forEach((dst, j) => {
      ring.zero(dst, ring.polyBytes);
      for (let i = j * set.n; i < Math.min((j + 1) * set.n, 2 * set.rows); i++) {
        ring.setCoefficient(dst, i % set.n, gamma.value(gamma.forms + i));
      }
      ring.ntt(dst);
    });
  });
  ring.release(scratch);
  return { classes, maps, constants };
}

function formTerms(form: Form) {
  return form.kind === 'norm' ? form.centre : form.terms;
}

/** Γ_x: fields of the forms and the binary relation Nrm(x) − σ(1_n)·x. */
function addSlackForms({ ring, relation }: Loaded, dst: Ptr, gamma: GammaSet, scratch: Ptr): void {
  const { fields } = relation.numbers;
  relation.forms.forEach((form, f) => {
    const { offset, bits } = fields[f]!;
    const value = form.kind === 'norm' ? gamma.value(f) : -gamma.value(f);
    for (let i = 0; i < bits; i++) {
      const old = ring.coefficient(dst, offset + i);
      ring.setCoefficient(dst, offset + i, old + (value << BigInt(i)));
    }
  });
  const binary = gamma.value(relation.forms.length);
  relation.set.primes.forEach((prime, l) => {
    ring.u64(scratch + 8 * l * ring.n, ring.n).fill(binary % prime);
  });
  ring.sub(dst, dst, scratch);
}

/** The uniform element of S_q that ties copy j to its source in γ set u. */
function maskedCopyElement({ ring }: Loaded, state: Uint8Array, u: number, j: number): Ptr {
  const p = ring.allocPoly();
  ring.uniform(p, new FrameHash(ring, TAGS.maskedCopy).bytes(state).integer(u).integer(j).stream());
  return p;
}

/** Q = −(γ⁰ + W^{n/2}γ¹), summed over the norms that a polynomial occurs in. */
function quadraticClasses({ ring, relation, layout }: Loaded, gammas: readonly GammaSet[]): QuadraticClass[] {
  const members = new Map<string, { norms: number[]; polynomials: number[] }>();
  for (let p = 0; p < layout.count + relation.derived.length; p++) {
    const norms = relation.forms.flatMap((form, f) =>
      form.kind === 'norm' && form.polynomials.includes(p) ? [f] : [],
    );
    if (p === layout.slack) norms.push(relation.forms.length);
    if (norms.length === 0) continue;
    const key = norms.join();
    const found = members.get(key);
    if (found === undefined) members.set(key, { norms, polynomials: [p] });
    else found.polynomials.push(p);
  }
  return [...members.values()].map(({ norms, polynomials }) => {
    const factor = ring.alloc(ring.rBytes);
    ring.zero(factor, ring.rBytes);
    const sums = gammas.map((gamma) => norms.reduce((sum, f) => sum - gamma.value(f), 0n));
    relation.set.primes.forEach((prime, l) => {
      const words = ring.u64(factor + 8 * l * ring.N, ring.N);
      words[0] = modulo(sums[0]!, prime);
      words[ring.N / 2] = modulo(sums[1]!, prime);
    });
    ring.nttR(factor);
    return { polynomials, factor };
  });
}

function constantsOf({ ring, relation }: Loaded, gammas: readonly GammaSet[], z: readonly [Ptr, Ptr]): Ptr {
  const { rows } = relation.set;
  const [const0, const1] = gammas.map((gamma) => {
    let sum = 0n;
    relation.forms.forEach((form, f) => {
      sum += gamma.value(f) * formConstant(form);
    });
    z.forEach((p, i) => {
      ring.i64(p, rows).forEach((value, row) => {
        sum -= gamma.value(gamma.forms + i * rows + row) * value;
      });
    });
    return sum;
  });
  const p = ring.allocPoly();
  ring.zero(p, ring.polyBytes);
  ring.setCoefficient(p, 0, const0!);
  ring.setCoefficient(p, ring.n / 2, const1!);
  ring.ntt(p);
  return p;
}

function formConstant(form: Form): bigint {
  if (form.kind === 'product') return -form.atLeast;
  let constant = -form.boundSquared;
  for (const { vector } of form.centre) constant += squaredNorm(vector);
  return constant;
}

/** dst = F2(X, Y); all polynomials of the relation, committed and derived. dst is no operand. */
export function quadraticPart(
  { ring }: Loaded,
  { classes }: QuadraticRelation,
  dst: Ptr,
  x: readonly Ptr[],
  y: readonly Ptr[],
): void {
  const mark = ring.mark();
  const sum = ring.allocPoly();
  ring.zero(dst, ring.polyBytes);
  for (const { polynomials, factor } of classes) {
    ring.dotSigma(
      sum,
      polynomials.map((p): Pair => [x[p]!, y[p]!]),
    );
    ring.mulRAdd(dst, factor, sum);
  }
  ring.release(mark);
}

/** dst = F2(X, Y) + F2(Y, X): the second is σ of the first, class by class. */
export function quadraticCross(
  { ring }: Loaded,
  { classes }: QuadraticRelation,
  dst: Ptr,
  x: readonly Ptr[],
  y: readonly Ptr[],
): void {
  const mark = ring.mark();
  const sum = ring.allocPoly();
  const mirrored = ring.allocPoly();
  ring.zero(dst, ring.polyBytes);
  for (const { polynomials, factor } of classes) {
    ring.dotSigma(
      sum,
      polynomials.map((p): Pair => [x[p]!, y[p]!]),
    );
    ring.sigma(mirrored, sum);
    ring.add(sum, sum, mirrored);
    ring.mulRAdd(dst, factor, sum);
  }
  ring.release(mark);
}

/** dst = L(X) for all polynomials, committed and derived, and messages y. */
export function linearPart(
  { instance, ring }: Loaded,
  { maps }: QuadraticRelation,
  dst: Ptr,
  x: readonly Ptr[],
  y: readonly Ptr[],
): void {
  const mark = ring.mark();
  const [a, mirrored] = [ring.allocPoly(), ring.allocPoly()];
  maps.forEach((map, u) => {
    const factors = [...map.polynomials, ...map.y];
    ring.dotSigma(
      a,
      [...x, ...y].map((p, i): Pair => [factors[i]!, p]),
    );
    ring.sigma(mirrored, a);
    ring.add(a, a, mirrored);
    if (u === 0) ring.copy(dst, a, ring.polyBytes);
    else ring.mulRAdd(dst, instance.iota, a);
  });
  // −1/2 = (q − 1)/2 mod q
  ring.mulScalar(dst, dst, (ring.q - 1n) / 2n);
  ring.release(mark);
}
