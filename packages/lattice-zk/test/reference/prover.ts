import type { Statement } from '../../src/statement.ts';
import { type Aggregate, Model } from './model.ts';
import { centre, type Poly, toSplit } from './polynomial.ts';

/** A seeded generator for test provers (mulberry32); masks are rounded floats, which no test depends on. */
export class TestRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  ternary(): bigint {
    return BigInt(this.below(3) - 1);
  }

  gaussian(sigma: number): bigint {
    const r = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return BigInt(Math.round(sigma * r * Math.cos(2 * Math.PI * this.uniform())));
  }

  residue(q: bigint): bigint {
    let x = 0n;
    for (let i = 0; i < 5; i++) x = (x << 32n) | BigInt(Math.floor(this.uniform() * 4294967296));
    return x % q;
  }
}

/** σ as a double. */
const sigma = ({ num, den }: { num: bigint; den: bigint }): number => Math.sqrt(Number(num) / Number(den));

/**
 * A prover that does what it is told: every step is a method, every message a public field that a forgery may overwrite
 * between two steps. It never refuses a witness and never rejects a try.
 */
export class TestProver {
  readonly model: Model;
  readonly random: TestRandom;
  /** committed polynomials, residues modulo q in W order */
  s: Poly[];
  /** committed and derived */
  all: Poly[] = [];
  s2: Poly[] = [];
  tA: Poly = [];
  t: Poly[] = [];
  masks: bigint[] = [];
  state1: Uint8Array = new Uint8Array();
  matrices: [bigint[][][], bigint[][][]] = [[], []];
  z3: bigint[] = [];
  z4: bigint[] = [];
  g: Poly = [];
  state2: Uint8Array = new Uint8Array();
  aggregate!: Aggregate;
  h: Poly = [];
  y1: Poly[] = [];
  y2: Poly[] = [];
  w: Poly = [];
  v: Poly = [];
  seed: Uint8Array = new Uint8Array();
  c: Poly = [];
  /** integers in W order */
  z: bigint[][] = [];

  constructor(statement: Statement, committed: readonly Poly[], random: TestRandom, model = new Model(statement)) {
    this.model = model;
    this.random = random;
    this.s = committed.map((p) => this.model.ring.of(p));
  }

  /** y as polynomials */
  get y(): Poly[] {
    const { set, ring } = this.model;
    return Array.from({ length: set.maskPolynomials }, (_, j) => ring.of(this.masks.slice(j * set.n, (j + 1) * set.n)));
  }

  commit(): this {
    const { model, random } = this;
    const { ring, set } = model;
    this.all = model.complete(this.s, ring.constant(1n));
    this.s2 = Array.from({ length: set.s2Polynomials }, () =>
      ring.of(Array.from({ length: set.n }, () => random.ternary())),
    );
    this.tA = model.bindingRow(this.s, this.s2);
    this.t = Array.from({ length: model.messages }, () => ring.zero());
    return this;
  }

  drawMasks(): this {
    const { model, random } = this;
    const { rows } = model.set;
    const { z3, z4 } = model.relation.numbers;
    this.masks = [z3, z4].flatMap(({ sigmaSquared }) =>
      Array.from({ length: rows }, () => random.gaussian(sigma(sigmaSquared))),
    );
    return this;
  }

  /** t_j = ⟨b_j, s2⟩ + message */
  message(j: number, value: Poly): void {
    this.t[j] = this.model.ring.add(this.model.messageRow(j, this.s2), value);
  }

  sendMasks(): this {
    this.y.forEach((p, j) => {
      this.message(j, p);
    });
    const { model } = this;
    this.state1 = model.projectionState(this.tA, this.t.slice(0, model.set.maskPolynomials));
    this.matrices = [model.matrix(this.state1, 3), model.matrix(this.state1, 4)];
    return this;
  }

  /** R·w + masks for centred w, over the integers. */
  projected(i: 0 | 1, values: readonly Poly[] = this.all): bigint[] {
    const { set, relation } = this.model;
    const integers = relation.projections[i]!.map((p) => values[p]!.map((x) => centre(x, set.q)));
    return Array.from({ length: set.rows }, (_, row) =>
      integers.reduce(
        (sum, w, index) => this.matrices[i]![index]![row]!.reduce((s, entry, j) => s + entry * w[j]!, sum),
        this.masks[i * set.rows + row]!,
      ),
    );
  }

  project(): this {
    this.z3 = this.projected(0);
    this.z4 = this.projected(1);
    return this;
  }

  drawGarbage(): this {
    const { ring, set } = this.model;
    this.g = ring.of(
      Array.from({ length: set.n }, (_, i) => (i === 0 || i === set.n / 2 ? 0n : this.random.residue(set.q))),
    );
    return this;
  }

  aggregateRelations(): this {
    const { model } = this;
    const { set } = model;
    this.message(set.maskPolynomials, this.g);
    this.state2 = model.aggregationState(this.state1, this.z3, this.z4, this.t[set.maskPolynomials]!);
    this.aggregate = model.aggregate(this.state2, this.matrices, [this.z3, this.z4]);
    this.h = this.honestH();
    return this;
  }

  /** g + T(G0) + W^{n/2}·T(G1) */
  honestH(): Poly {
    const { ring } = this.model;
    const { aggregate } = this;
    const value = ring.add(aggregate.quadratic(this.all, this.all), aggregate.linearPart(this.all, this.y));
    return ring.add(ring.sub(this.g, value), aggregate.constant());
  }

  drawResponseMasks(): this {
    const { model, random } = this;
    const polys = model.relation.numbers.groups.flatMap(({ polynomials, sigmaSquared }) =>
      Array.from({ length: polynomials }, () =>
        model.ring.of(Array.from({ length: model.set.n }, () => random.gaussian(sigma(sigmaSquared)))),
      ),
    );
    this.y1 = polys.slice(0, model.committed);
    this.y2 = polys.slice(model.committed);
    return this;
  }

  maskResponses(): this {
    const { model, aggregate } = this;
    const { ring, set } = model;
    const masks = model.complete(this.y1, ring.zero());
    const messages = Array.from({ length: model.messages }, (_, j) => ring.scale(-1n, model.messageRow(j, this.y2)));
    const [mg, mq] = messages.slice(set.maskPolynomials) as [Poly, Poly];
    const g1 = ring.add(
      aggregate.quadratic(masks, this.all),
      aggregate.quadratic(this.all, masks),
      ring.sub(aggregate.linearPart(masks, messages.slice(0, set.maskPolynomials)), mg),
    );
    this.message(set.maskPolynomials + 1, g1);
    this.v = ring.sub(aggregate.quadratic(masks, masks), mq);
    this.w = model.bindingRow(this.y1, this.y2);
    return this;
  }

  drawChallenge(): this {
    const { model } = this;
    this.seed = model.challengeSeed(this.state2, this.h, this.t.at(-1)!, this.w, this.v);
    this.c = model.challenge(this.seed);
    return this;
  }

  respond(): this {
    const { ring, set } = this.model;
    const masks = [...this.y1, ...this.y2];
    this.z = [...this.s, ...this.s2].map((p, i) =>
      ring.add(masks[i]!, ring.mul(this.c, p)).map((x) => centre(x, set.q)),
    );
    return this;
  }

  bytes(): Uint8Array {
    return this.model.encode({
      seed: this.seed,
      elements: [this.tA, ...this.t, this.h],
      integers: [this.z3, this.z4, ...this.z.map((z) => toSplit(z))],
    });
  }

  throughProjection(): this {
    return this.commit().drawMasks().sendMasks().project();
  }

  throughAggregation(): this {
    return this.throughProjection().drawGarbage().aggregateRelations();
  }

  finish(): Uint8Array {
    return this.drawResponseMasks().maskResponses().drawChallenge().respond().bytes();
  }

  /** The honest order. */
  prove(): Uint8Array {
    return this.throughAggregation().finish();
  }
}
