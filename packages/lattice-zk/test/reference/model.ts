import { describeSet, type ParameterSet, SIGMA_BIN_SQUARED } from '../../src/parameters.ts';
import type { Form, Relation } from '../../src/relation.ts';
import type { Statement } from '../../src/statement.ts';
import { decode, encode, type Layout, rice } from './codec.ts';
import { fromSplit, mod, type Poly, PolynomialRing, toSplit } from './polynomial.ts';
import { chinese, Frames, projectionMatrix, type Stream, words } from './transcript.ts';

/** What the prover sends and the transcript absorbs. */
export type Message = 't_A' | 't_y' | 'z3' | 'z4' | 't_g' | 'h' | 't_quad' | 'w' | 'v';

/**
 * The protocol once more, on BigInt polynomials and written from docs/proof-protocol.md: what prover and verifier share.
 * It has the relation's data and the table of widths in common with the package, and nothing else.
 */
export class Model {
  readonly #omitted: readonly Message[];
  readonly statement: Statement;
  readonly relation: Relation;
  readonly set: ParameterSet;
  readonly ring: PolynomialRing;
  readonly digest: Uint8Array;
  readonly committed: number;
  readonly slack: number;
  readonly constants: readonly Poly[];
  readonly elements: readonly Poly[];
  readonly messages: number;
  readonly key: { readonly a1: Poly[]; readonly a2: Poly[]; readonly b: Poly[] };
  readonly layout: Layout;

  /** @param omitted messages that this (weakened) protocol forgets to absorb, for controls */
  constructor(statement: Statement, omitted: readonly Message[] = []) {
    this.statement = statement;
    this.#omitted = omitted;
    this.relation = statement.relation;
    this.set = this.relation.set;
    const { set, relation } = this;
    this.ring = new PolynomialRing(set.n, set.q);
    this.digest = new Frames('parameters').text(describeSet(set, SIGMA_BIN_SQUARED)).digest(64);
    const groups = relation.numbers.groups.filter(({ name }) => name !== 's2');
    this.committed = groups.reduce((sum, group) => sum + group.polynomials, 0);
    this.slack = groups
      .slice(
        0,
        groups.findIndex(({ name }) => name === 'x'),
      )
      .reduce((sum, g) => sum + g.polynomials, 0);
    this.messages = set.s2Polynomials - 2;
    this.elements = relation.ringElements.map((element) => this.fromHalves(element, null));
    this.constants = relation.derived.map(({ even, odd }) => this.fromHalves(even, odd));
    const expand = (row: string, count: number): Poly[] =>
      Array.from({ length: count }, (_, i) =>
        this.uniform(new Frames('commitment-key').bytes(this.digest).text(row).integer(i).stream()),
      );
    this.key = { a1: expand('A1', this.committed), a2: expand('A2', this.messages + 1), b: expand('b', this.messages) };
    const k = ({ num, den }: { num: bigint; den: bigint }): number => rice(num, den);
    const { numbers } = relation;
    this.layout = {
      primes: set.primes,
      n: set.n,
      elements: this.messages + 2,
      vectors: [
        { length: set.rows, k: k(numbers.z3.sigmaSquared) },
        { length: set.rows, k: k(numbers.z4.sigmaSquared) },
        ...numbers.groups.flatMap((g) =>
          Array.from({ length: g.polynomials }, () => ({ length: set.n, k: k(g.sigmaSquared) })),
        ),
      ],
    };
  }

  /** Everything public about the statement, docs/proof-protocol.md section 5. */
  statementDigest(header: {
    readonly context: Uint8Array;
    readonly dimension: number;
    readonly betaIndex: number;
  }): Uint8Array {
    const { relation, set } = this;
    const frames = new Frames('statement');
    frames.integer(1).text(set.name).bytes(this.digest).text(relation.label);
    frames.bytes(header.context).integer(header.dimension).integer(header.betaIndex);
    const list = <T>(items: readonly T[], each: (item: T) => void): void => {
      frames.integer(items.length);
      for (const item of items) each(item);
    };
    const terms = (items: readonly { readonly polynomial: number; readonly vector: Int32Array }[]): void =>
      list(items, ({ polynomial, vector }) => {
        frames.integer(polynomial).bytes(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
      });
    const residues = (values: BigUint64Array | null): Uint8Array => words(Array.from(values ?? []));
    list(relation.ringElements, (element) => frames.bytes(residues(element)));
    list(relation.numbers.groups, (g) => frames.text(g.name).integer(g.polynomials).integer(g.boundSquared));
    list(relation.derived, ({ name, even, odd, minus }) => {
      frames.text(name).bytes(residues(even)).bytes(residues(odd));
      list(minus, ({ polynomial, coefficient }) => {
        frames.integer(polynomial);
        if ('ring' in coefficient) frames.text('ring').integer(coefficient.ring);
        else frames.text('integer').integer(coefficient.integer);
      });
    });
    list(relation.forms, (form) => {
      frames.text(form.kind).text(form.name);
      if (form.kind === 'norm') {
        list(form.polynomials, (p) => frames.integer(p));
        frames.integer(form.boundSquared);
        terms(form.centre);
      } else {
        terms(form.terms);
        frames.integer(form.atLeast);
      }
    });
    list(relation.copies, ({ source, copy, from, to }) =>
      frames.integer(source).integer(copy).integer(from).integer(to),
    );
    for (const members of relation.projections) list(members, (p) => frames.integer(p));
    return frames.digest(64);
  }

  /** even(W²) + W·odd(W²) from residues prime after prime. */
  fromHalves(even: BigUint64Array | null, odd: BigUint64Array | null): Poly {
    const { N, primes } = this.set;
    const at = (half: BigUint64Array | null, i: number): bigint =>
      half === null
        ? 0n
        : chinese(
            primes,
            primes.map((_, l) => half[l * N + i]!),
          );
    return Array.from({ length: 2 * N }, (_, i) => at(i % 2 === 0 ? even : odd, i >> 1));
  }

  /** A uniform element, residues in split order, prime after prime. */
  uniform(stream: Stream): Poly {
    const { primes, n } = this.set;
    const residues = primes.map((prime) => stream.residues(prime, n));
    return fromSplit(
      n,
      Array.from({ length: n }, (_, i) =>
        chinese(
          primes,
          residues.map((row) => row[i]!),
        ),
      ),
    );
  }

  /** Residues in split order, prime after prime. */
  residues(p: Poly): bigint[][] {
    const split = toSplit([...p]);
    return this.set.primes.map((prime) => split.map((x) => mod(x, prime)));
  }

  fromResidues(rows: readonly (readonly bigint[])[]): Poly {
    return fromSplit(
      this.set.n,
      Array.from({ length: this.set.n }, (_, i) =>
        chinese(
          this.set.primes,
          rows.map((row) => row[i]!),
        ),
      ),
    );
  }

  frame(p: Poly): Uint8Array {
    return words(this.residues(p).flat());
  }

  /** committed and derived polynomials; the constants count `c` times. */
  complete(committed: readonly Poly[], c: Poly): Poly[] {
    const { ring, relation } = this;
    return [
      ...committed,
      ...relation.derived.map(({ minus }, i) =>
        minus.reduce(
          (p, { polynomial, coefficient }) => {
            const source = committed[polynomial]!;
            const term =
              'ring' in coefficient
                ? ring.mul(this.elements[coefficient.ring]!, source)
                : ring.scale(coefficient.integer, source);
            return ring.sub(p, term);
          },
          ring.mul(c, this.constants[i]!),
        ),
      ),
    ];
  }

  bindingRow(s1: readonly Poly[], s2: readonly Poly[]): Poly {
    const { ring, key } = this;
    return ring.add(ring.dot(s1, key.a1), ring.dot(s2.slice(1), key.a2), s2[0]!);
  }

  /** ⟨b_j, s2⟩ */
  messageRow(j: number, s2: readonly Poly[]): Poly {
    return this.ring.add(s2[j + 1]!, this.ring.mul(this.key.b[j]!, s2.at(-1)!));
  }

  #absorb(tag: string, before: Uint8Array, messages: readonly (readonly [Message, Uint8Array])[]): Frames {
    const frames = new Frames(tag).bytes(before);
    for (const [name, bytes] of messages) if (!this.#omitted.includes(name)) frames.bytes(bytes);
    return frames;
  }

  projectionState(tA: Poly, ty: readonly Poly[]): Uint8Array {
    const masks = ty.map((t): [Message, Uint8Array] => ['t_y', this.frame(t)]);
    return this.#absorb('projection', this.statement.digest, [['t_A', this.frame(tA)], ...masks]).digest(64);
  }

  /** Rows of R for every member of projection 3 or 4, entries in W order. */
  matrix(state: Uint8Array, which: 3 | 4): bigint[][][] {
    const seed = new Frames('projection-matrix').bytes(state).integer(which).digest(32);
    return this.relation.projections[which - 3]!.map((_, index) =>
      projectionMatrix(seed, which, index, this.set.n).map((row) => fromSplit(this.set.n, row)),
    );
  }

  aggregationState(state: Uint8Array, z3: readonly bigint[], z4: readonly bigint[], tg: Poly): Uint8Array {
    return this.#absorb('aggregation', state, [
      ['z3', words(z3)],
      ['z4', words(z4)],
      ['t_g', this.frame(tg)],
    ]).digest(64);
  }

  challengeSeed(state: Uint8Array, h: Poly, tq: Poly, w: Poly, v: Poly): Uint8Array {
    return this.#absorb('challenge-seed', state, [
      ['h', this.frame(h)],
      ['t_quad', this.frame(tq)],
      ['w', this.frame(w)],
      ['v', this.frame(v)],
    ]).digest(32);
  }

  challenge(seed: Uint8Array): Poly {
    const stream = new Frames('challenge').bytes(seed).stream();
    const { n, challenge } = this.set;
    const pairs = (parity: 0 | 1, count: number): [number, number][] => {
      const found: [number, number][] = [];
      while (found.length < count) {
        const draw = new DataView(stream.read(4).slice().buffer).getUint32(0, true);
        const i = 2 * (draw % (n / 4)) + parity;
        if (i === 0 || found.some(([j]) => i === j)) continue;
        found.push([i, draw >= 2 ** 31 ? -1 : 1]);
      }
      return found;
    };
    for (;;) {
      const drawn = [...pairs(0, challenge.evenPairs), ...pairs(1, challenge.oddPairs)];
      const table = (j: number): number => Math.round(2 ** 20 * Math.cos((Math.PI * (j % (2 * n))) / n));
      const fits = Array.from({ length: n / 2 }, (_, k) =>
        drawn.reduce((sum, [i, sign]) => sum + sign * table(i * (2 * k + 1)), 0),
      ).every((sum) => Math.abs(2 * sum) <= 2 ** 20 * challenge.eta - drawn.length);
      if (!fits) continue;
      return this.ring.sparse(
        drawn.flatMap(([i, sign]) => [[i, BigInt(sign)] as const, [n - i, BigInt(-sign)] as const]),
      );
    }
  }

  /** All polynomials of slack field f: Σ 2^i·W^{offset+i}. */
  field(f: number): Poly {
    const { offset, bits } = this.relation.numbers.fields[f]!;
    return this.ring.sparse(Array.from({ length: bits }, (_, i) => [offset + i, 1n << BigInt(i)] as const));
  }

  encode(proof: { seed: Uint8Array; elements: readonly Poly[]; integers: readonly (readonly bigint[])[] }): Uint8Array {
    return encode(this.layout, {
      seed: proof.seed,
      residues: proof.elements.map((p) => this.residues(p)),
      integers: proof.integers.map((vector) => [...vector]),
    });
  }

  decode(bytes: Uint8Array): { seed: Uint8Array; elements: Poly[]; integers: bigint[][] } {
    const { seed, residues, integers } = decode(this.layout, bytes);
    return { seed, elements: residues.map((rows) => this.fromResidues(rows)), integers };
  }

  /** The relation that the transcript state after z3, z4 and t_g makes of all relations. */
  aggregate(
    state: Uint8Array,
    matrices: readonly [bigint[][][], bigint[][][]],
    z: readonly [readonly bigint[], readonly bigint[]],
  ): Aggregate {
    return new Aggregate(this, state, matrices, z);
  }
}

/** γ-weighted sums of all relations, both sets. */
export class Aggregate {
  readonly model: Model;
  /** γ of every relation, by set: forms, binary, 256 of z3, 256 of z4 */
  readonly gammas: readonly (readonly bigint[])[];
  /** Γ of every polynomial, by set */
  readonly linear: readonly (readonly Poly[])[];
  readonly linearY: readonly (readonly Poly[])[];
  readonly constants: readonly bigint[];

  constructor(
    model: Model,
    state: Uint8Array,
    matrices: readonly [bigint[][][], bigint[][][]],
    z: readonly [readonly bigint[], readonly bigint[]],
  ) {
    this.model = model;
    const { relation, set, ring } = model;
    const forms = relation.forms.length + 1;
    this.gammas = [0, 1].map((u) => {
      const stream = new Frames('gamma').bytes(state).integer(u).stream();
      const count = forms + 2 * set.rows;
      const rows = set.primes.map((prime) => stream.residues(prime, count));
      return Array.from({ length: count }, (_, i) =>
        chinese(
          set.primes,
          rows.map((row) => row[i]!),
        ),
      );
    });
    this.linear = this.gammas.map((gamma, u) => {
      const sums = Array.from({ length: model.committed + relation.derived.length }, () => ring.zero());
      const add = (p: number, term: Poly): void => {
        sums[p] = ring.add(sums[p]!, term);
      };
      relation.forms.forEach((form, f) => {
        const weight = gamma[f]!;
        for (const { polynomial, vector } of form.kind === 'norm' ? form.centre : form.terms) {
          add(polynomial, ring.scale(form.kind === 'norm' ? -2n * weight : weight, ring.of(fromSplit(set.n, vector))));
        }
        add(model.slack, ring.scale(form.kind === 'norm' ? weight : -weight, model.field(f)));
      });
      add(model.slack, ring.of(new Array<bigint>(set.n).fill(-gamma[forms - 1]!)));
      relation.projections.forEach((members, i) => {
        members.forEach((p, index) => {
          const sum = new Array<bigint>(set.n).fill(0n);
          matrices[i]![index]!.forEach((row, r) => {
            const weight = gamma[forms + i * set.rows + r]!;
            row.forEach((entry, column) => {
              if (entry !== 0n) sum[column]! += entry * weight;
            });
          });
          add(p, ring.of(sum));
        });
      });
      relation.copies.forEach(({ source, copy, from, to }, j) => {
        const element = model.uniform(new Frames('masked-copy').bytes(state).integer(u).integer(j).stream());
        add(copy, element);
        const masked = toSplit([...element]).map((x, i) => (i >= from && i < to ? x : 0n));
        add(source, ring.scale(-1n, fromSplit(set.n, masked)));
      });
      return sums;
    });
    this.linearY = this.gammas.map((gamma) =>
      Array.from({ length: set.maskPolynomials }, (_, j) =>
        ring.of(
          Array.from({ length: set.n }, (__, i) => (j * set.n + i < 2 * set.rows ? gamma[forms + j * set.n + i]! : 0n)),
        ),
      ),
    );
    this.constants = this.gammas.map((gamma) => {
      let sum = 0n;
      relation.forms.forEach((form, f) => {
        sum += gamma[f]! * formConstant(form);
      });
      z.forEach((vector, i) => {
        vector.forEach((value, row) => {
          sum -= gamma[forms + i * set.rows + row]! * value;
        });
      });
      return mod(sum, set.q);
    });
  }

  /** Σ γ over the norms that a polynomial occurs in, for set u. */
  #weight(u: number, p: number): bigint {
    const { relation, slack } = this.model;
    const norms = relation.forms.reduce(
      (sum, form, f) => (form.kind === 'norm' && form.polynomials.includes(p) ? sum + this.gammas[u]![f]! : sum),
      0n,
    );
    return p === slack ? norms + this.gammas[u]![relation.forms.length]! : norms;
  }

  /** F2(X, Y) over all polynomials. */
  quadratic(x: readonly Poly[], y: readonly Poly[]): Poly {
    const { ring, set } = this.model;
    return x.reduce((sum, p, i) => {
      const [a, b] = [this.#weight(0, i), this.#weight(1, i)];
      if (a === 0n && b === 0n) return sum;
      const factor = ring.sparse([
        [0, -a],
        [set.n / 2, -b],
      ]);
      return ring.add(sum, ring.mul(factor, ring.mul(ring.sigma(p), y[i]!)));
    }, ring.zero());
  }

  /** −T(A0) − W^{n/2}·T(A1), A_u = Σ σ(Γ_p)·p over polynomials and masks y. */
  linearPart(x: readonly Poly[], y: readonly Poly[]): Poly {
    const { ring } = this.model;
    const [a, b] = [0, 1].map((u) =>
      ring.trace(ring.add(ring.dot(this.linear[u]!.map(ring.sigma), x), ring.dot(this.linearY[u]!.map(ring.sigma), y))),
    ) as [Poly, Poly];
    return ring.scale(-1n, ring.add(a, ring.turn(b)));
  }

  /** const0 + W^{n/2}·const1 */
  constant(): Poly {
    return this.model.ring.sparse([
      [0, this.constants[0]!],
      [this.model.set.n / 2, this.constants[1]!],
    ]);
  }
}

function formConstant(form: Form): bigint {
  if (form.kind === 'product') return -form.atLeast;
  return form.centre.reduce((sum, { vector }) => vector.reduce((s, x) => s + BigInt(x) ** 2n, sum), -form.boundSquared);
}
