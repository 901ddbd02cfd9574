import { type Challenge, sampleChallenge } from './challenge.ts';
import { LatticeZkError } from './errors.ts';
import { innerProduct, squaredNorm } from './exact.ts';
import type { Instance } from './instance.ts';
import { bindingRow, derivePolynomials, type Loaded, loadRelation, messageRow } from './linear.ts';
import { type MatrixRoom, type MatrixSource, matrixRooms, matrixSource } from './projection.ts';
import { allocateProof, encodeProof, messageCount, type ProofParts } from './proof.ts';
import {
  deriveGammas,
  linearPart,
  type QuadraticRelation,
  quadraticCross,
  quadraticPart,
  quadraticRelation,
} from './quadratic.ts';
import { acceptResponse, type RejectionTerm } from './rejection.ts';
import { type Form, splitIndex } from './relation.ts';
import { GaussianSampler } from './ring/gaussian.ts';
import { addI64, innerI32, innerI64, mulChallenge, narrowI64, widenI8 } from './ring/integers.ts';
import type { Ptr } from './ring/kernels.ts';
import type { Ring } from './ring/ring.ts';
import type { SecretStream } from './ring/xof.ts';
import { aggregationState, challengeSeed, challengeStream, projectionState } from './stages.ts';
import type { RelationStatement } from './statement.ts';

/** Committed polynomials as integers, n coefficients in split order each; null for the slack polynomial and copies. */
export type CommittedWitness = readonly (Int32Array | Int8Array | null)[];
/** What the derived polynomials must come out as; null where nothing is claimed. */
export type DerivedWitness = readonly (Int32Array | Int8Array | null)[];

/**
 * One proof in the making. Everything lives in the ring's arena and is wiped when `withInstance` ends.
 * The steps of the protocol are the functions below, called in the order in which they stand.
 */
export interface ProverState {
  readonly loaded: Loaded;
  readonly statement: RelationStatement;
  readonly stream: SecretStream;
  /** integers of every polynomial, committed and derived, i32 */
  readonly integers: readonly Ptr[];
  /** the same in NTT form */
  readonly s: readonly Ptr[];
  readonly s2Integers: Ptr[];
  readonly s2: Ptr[];
  readonly parts: ProofParts;
  readonly rooms: readonly [MatrixRoom, MatrixRoom];
  /** mask message polynomials, NTT form */
  readonly y: readonly Ptr[];
  /** garbage polynomial, NTT form */
  readonly g: Ptr;
}

const OPERATION = 'prove';

/**
 * Opens a prover for a witness: completes it (slack, copies, derived polynomials) and checks every bound and equation.
 * @throws LatticeZkError code `witness`, naming what fails
 */
export function openWitness(
  instance: Instance,
  statement: RelationStatement,
  stream: SecretStream,
  committed: CommittedWitness,
  derived: DerivedWitness,
): ProverState {
  const { ring } = instance;
  const { relation } = statement;
  const loaded = loadRelation(instance, relation);
  const integers = placeIntegers(loaded, committed);
  for (const { source, copy, from, to } of relation.copies) {
    ring.copy(integers[copy]! + 4 * from, integers[source]! + 4 * from, 4 * (to - from));
  }
  const committedForms = integers.map((p) => lifted(loaded, p));
  const derivedForms = derivePolynomials(loaded, committedForms, true);
  const { polynomials, misfits } = centredIntegers(loaded, derivedForms);
  polynomials.forEach((p, i) => {
    const claimed = derived[i] ?? null;
    if (misfits.includes(i) || (claimed !== null && !startsWith(ring.i32(p, ring.n), claimed))) {
      refuseWitness(`${relation.derived[i]!.name}: linear relation`);
    }
  });
  const all = [...integers, ...polynomials];
  fillSlack(loaded, all);
  checkGroupBounds(loaded, integers);
  checkProjectionBounds(loaded, all);
  const { slack } = loaded.layout;
  ring.lift32(committedForms[slack]!, integers[slack]!);
  ring.ntt(committedForms[slack]!);
  return openState(loaded, statement, stream, all, [...committedForms, ...derivedForms]);
}

/** Committed integers in the arena, i32; zeros where nothing is given. */
export function placeIntegers({ ring, layout }: Loaded, committed: CommittedWitness): Ptr[] {
  return Array.from({ length: layout.count }, (_, i) => {
    const p = ring.alloc(4 * ring.n);
    ring.zero(p, 4 * ring.n);
    const values = committed[i] ?? null;
    if (values !== null) ring.i32(p, ring.n).set(values);
    return p;
  });
}

/** Centred integers of polynomials in NTT form, i32, and the indices of those that do not fit (they are cut). */
export function centredIntegers({ ring }: Loaded, forms: readonly Ptr[]): { polynomials: Ptr[]; misfits: number[] } {
  const polynomials = forms.map(() => ring.alloc(4 * ring.n));
  const misfits: number[] = [];
  const mark = ring.mark();
  const residues = ring.allocPoly();
  const wide = ring.alloc(8 * ring.n);
  forms.forEach((p, i) => {
    ring.copy(residues, p, ring.polyBytes);
    ring.intt(residues);
    const centred = ring.center(wide, residues);
    if (!narrowI64(ring, polynomials[i]!, wide, ring.n) || !centred) misfits.push(i);
  });
  ring.release(mark);
  return { polynomials, misfits };
}

/** A prover over given integers of every polynomial, slack and copies included, and their NTT forms. Nothing is checked. */
export function openState(
  loaded: Loaded,
  statement: RelationStatement,
  stream: SecretStream,
  integers: readonly Ptr[],
  forms: readonly Ptr[],
): ProverState {
  const { ring, relation } = loaded;
  return {
    loaded,
    statement,
    stream,
    integers,
    s: forms,
    s2Integers: [],
    s2: [],
    parts: allocateProof(ring, relation),
    rooms: matrixRooms(loaded, true),
    y: Array.from({ length: relation.set.maskPolynomials }, () => ring.allocPoly()),
    g: ring.allocPoly(),
  };
}

/** n i32 to NTT form. */
function lifted({ ring }: Loaded, integers: Ptr): Ptr {
  const p = ring.allocPoly();
  ring.lift32(p, integers);
  ring.ntt(p);
  return p;
}

/** t_A, once a proof: s2 uniform ternary. */
export function commitWitness(state: ProverState): void {
  const { loaded, stream, parts } = state;
  const { ring, relation, layout } = loaded;
  const narrow = ring.alloc(ring.n);
  for (let i = 0; i < relation.set.s2Polynomials; i++) {
    const p = ring.alloc(4 * ring.n);
    stream.ternary(narrow, ring.n);
    widenI8(ring, p, narrow, ring.n);
    state.s2Integers.push(p);
    const form = ring.allocPoly();
    ring.lift32(form, p);
    ring.ntt(form);
    state.s2.push(form);
  }
  bindingRow(loaded, parts.tA, state.s.slice(0, layout.count), state.s2);
  ring.intt(parts.tA);
}

/** What step 1 leaves for step 2. */
export interface ProjectionStep {
  /** transcript state after t_A and t_y */
  readonly state: Uint8Array;
  readonly matrices: readonly [MatrixSource, MatrixSource];
}

/**
 * Step 1, one try: fresh masks y3, y4, t_y, both matrices, z3 and z4.
 * @returns undefined if the rejection test drops the try
 */
export function projectWitness(state: ProverState, options: StepOptions = {}): ProjectionStep | undefined {
  const { loaded, stream, parts, y } = state;
  const { ring, relation } = loaded;
  const { set, numbers, projections } = relation;
  const { rows } = set;
  const masks = ring.alloc(2 * rows * 8);
  [numbers.z3, numbers.z4].forEach(({ k }, i) => {
    new GaussianSampler(ring, { k }).sample(masks + 8 * rows * i, rows, stream);
  });
  const wide = ring.alloc(8 * ring.n);
  y.forEach((p, j) => {
    const words = ring.i64(wide, ring.n).fill(0n);
    const source = ring.i64(masks, 2 * rows);
    for (let i = j * ring.n; i < Math.min((j + 1) * ring.n, 2 * rows); i++) {
      words[splitIndex(ring.n, i % ring.n)] = source[i]!;
    }
    ring.lift64(p, wide);
    ring.ntt(p);
    commitMessage(state, j, p);
  });
  const transcript = projectionState(loaded, state.statement, parts);
  const matrices = [
    matrixSource(loaded, transcript, 3, state.rooms[0]),
    matrixSource(loaded, transcript, 4, state.rooms[1]),
  ] as const;
  const v = ring.alloc(8 * rows);
  const kept = [parts.z3, parts.z4].every((z, i) => {
    ring.zero(v, 8 * rows);
    projections[i]!.forEach((p, index) => {
      matrices[i]!.project(v, index, state.integers[p]!);
    });
    addI64(ring, z, masks + 8 * rows * i, v, rows);
    const term: RejectionTerm = {
      inner: innerI64(ring, z, v, rows),
      normSquared: innerI64(ring, v, v, rows),
      sigmaSquared: [numbers.z3, numbers.z4][i]!.sigmaSquared,
    };
    return options.rejection === false || acceptResponse(stream, [term], i === 0 ? numbers.logM3 : numbers.logM4);
  });
  return kept ? { state: transcript, matrices } : undefined;
}

/** What step 2 leaves for step 3. */
export interface AggregationStep {
  /** transcript state after z3, z4 and t_g */
  readonly state: Uint8Array;
  readonly quadratic: QuadraticRelation;
}

/** Step 2: the garbage polynomial, both γ sets, h. */
export function aggregateRelations(state: ProverState, projection: ProjectionStep): AggregationStep {
  const { loaded, stream, parts, g } = state;
  const { ring } = loaded;
  ring.uniform(g, stream);
  ring.setCoefficient(g, 0, 0n);
  ring.setCoefficient(g, ring.n / 2, 0n);
  ring.ntt(g);
  commitMessage(state, state.y.length, g);
  const transcript = aggregationState(loaded, projection.state, parts);
  const gammas = deriveGammas(loaded, transcript);
  const quadratic = quadraticRelation(loaded, gammas, transcript, projection.matrices, [parts.z3, parts.z4]);
  garbageMessage(state, quadratic);
  return { state: transcript, quadratic };
}

/** h = g − F2(s, s) − L(s) + constants, in coefficient form: zero at 0 and n/2 for every true statement. */
export function garbageMessage(state: ProverState, quadratic: QuadraticRelation): void {
  const { loaded, parts } = state;
  const { ring } = loaded;
  const mark = ring.mark();
  const part = ring.allocPoly();
  quadraticPart(loaded, quadratic, part, state.s, state.s);
  ring.sub(parts.h, state.g, part);
  linearPart(loaded, quadratic, part, state.s, state.y);
  ring.sub(parts.h, parts.h, part);
  ring.add(parts.h, parts.h, quadratic.constants);
  ring.intt(parts.h);
  ring.release(mark);
}

/** Masks of one try of steps 3 and 4. */
export interface ResponseMasks {
  /** i64, committed polynomials then s2 */
  readonly integers: readonly Ptr[];
  readonly y1: readonly Ptr[];
  readonly y2: readonly Ptr[];
  /** w = A1·y1 + A2·y2 and v = F2(y, y) + ⟨b_quad, y2⟩, coefficient form */
  readonly w: Ptr;
  readonly v: Ptr;
}

/** Step 3, one try: fresh masks y1, y2, the messages t_quad, w and v. */
export function maskResponses(state: ProverState, { quadratic }: AggregationStep): ResponseMasks {
  const { loaded, stream } = state;
  const { ring, relation, layout } = loaded;
  const { groups } = relation.numbers;
  const integers: Ptr[] = [];
  for (const group of groups) {
    const sampler = new GaussianSampler(ring, { k: group.k });
    for (let i = 0; i < group.polynomials; i++) {
      const p = ring.alloc(8 * ring.n);
      sampler.sample(p, ring.n, stream);
      integers.push(p);
    }
  }
  const forms = integers.map((p) => {
    const form = ring.allocPoly();
    ring.lift64(form, p);
    ring.ntt(form);
    return form;
  });
  const y1 = forms.slice(0, layout.count);
  const y2 = forms.slice(layout.count);
  const masks = [...y1, ...derivePolynomials(loaded, y1, false)];
  // Y_message = −⟨b, y2⟩
  const messages = Array.from({ length: messageCount(relation) }, (_, j) => {
    const p = ring.allocPoly();
    messageRow(loaded, p, j, y2);
    ring.neg(p, p);
    return p;
  });
  const quadIndex = messages.length - 1;
  const [g1, part, w, v] = [ring.allocPoly(), ring.allocPoly(), ring.allocPoly(), ring.allocPoly()];
  quadraticCross(loaded, quadratic, g1, masks, state.s);
  linearPart(loaded, quadratic, part, masks, messages.slice(0, state.y.length));
  ring.add(g1, g1, part);
  ring.sub(g1, g1, messages[quadIndex - 1]!);
  commitMessage(state, quadIndex, g1);
  quadraticPart(loaded, quadratic, v, masks, masks);
  ring.sub(v, v, messages[quadIndex]!);
  ring.intt(v);
  bindingRow(loaded, w, y1, y2);
  ring.intt(w);
  return { integers, y1, y2, w, v };
}

/** The challenge that the messages of step 3 determine; its seed goes into the proof. */
export function drawChallenge(state: ProverState, aggregation: AggregationStep, masks: ResponseMasks): Challenge {
  const { loaded, parts } = state;
  const { set } = loaded.relation;
  parts.seed = challengeSeed(loaded, aggregation.state, parts, masks.w, masks.v);
  return sampleChallenge(set.n, set.challenge, challengeStream(loaded, parts.seed));
}

/**
 * Step 4, one try: z = y + c·s for every polynomial and the joint rejection test.
 * @returns false if the test drops the try
 */
export function respond(state: ProverState, masks: ResponseMasks, c: Challenge, options: StepOptions = {}): boolean {
  const { loaded, stream, parts } = state;
  const { ring, relation, layout } = loaded;
  const secrets = [...state.integers.slice(0, layout.count), ...state.s2Integers];
  const responses = [...parts.z1, ...parts.z2];
  const v = ring.alloc(8 * ring.n);
  let at = 0;
  const terms = relation.numbers.groups.map(({ polynomials, sigmaSquared }): RejectionTerm => {
    let inner = 0n;
    let normSquared = 0n;
    for (let i = 0; i < polynomials; i++, at++) {
      mulChallenge(ring, v, c, secrets[at]!, 'i32');
      addI64(ring, responses[at]!, masks.integers[at]!, v, ring.n);
      inner += innerI64(ring, responses[at]!, v, ring.n);
      normSquared += innerI64(ring, v, v, ring.n);
    }
    return { inner, normSquared, sigmaSquared };
  });
  return options.rejection === false || acceptResponse(stream, terms, relation.numbers.logM1);
}

/** `rejection: false` keeps every try: statistical tests only, such a proof leaks. */
export interface StepOptions {
  readonly rejection?: boolean;
}

/** A try fails with probability below 0.7, so this many fail with probability below 2⁻²⁵⁰. */
const MAX_TRIES = 500;

/** All steps with their retries. */
export function proveWitness(state: ProverState): Uint8Array<ArrayBuffer> {
  const { ring } = state.loaded;
  commitWitness(state);
  const projection = retry('step 1', () => {
    const mark = ring.mark();
    const step = projectWitness(state);
    if (step === undefined) ring.release(mark);
    return step;
  });
  const aggregation = aggregateRelations(state, projection);
  return retry('step 4', () => {
    const mark = ring.mark();
    const masks = maskResponses(state, aggregation);
    const c = drawChallenge(state, aggregation, masks);
    const bytes = respond(state, masks, c) ? encodeProof(ring, state.statement.relation, state.parts) : undefined;
    ring.release(mark);
    return bytes;
  });
}

function retry<T>(field: string, attempt: () => T | undefined): T {
  for (let i = 0; i < MAX_TRIES; i++) {
    const result = attempt();
    if (result !== undefined) return result;
  }
  throw new LatticeZkError({ code: 'internal', operation: OPERATION, field, got: `${MAX_TRIES} rejected tries` });
}

/** t_j = ⟨b_j, s2⟩ + message, in coefficient form. */
export function commitMessage({ loaded, parts, s2 }: ProverState, j: number, message: Ptr): void {
  const { ring } = loaded;
  const p = parts.t[j]!;
  messageRow(loaded, p, j, s2);
  ring.add(p, p, message);
  ring.intt(p);
}

/** ‖p‖² of n i32 in the ring's memory. */
function normOf(ring: Ring, p: Ptr): bigint {
  return innerI32(ring, p, p, ring.n);
}

function fillSlack({ ring, relation, layout }: Loaded, integers: readonly Ptr[]): void {
  const slack = integers[layout.slack]!;
  relation.forms.forEach((form, f) => {
    const { offset, bits } = relation.numbers.fields[f]!;
    let rest = formSlack(ring, form, integers);
    if (rest < 0n) refuseWitness(form.name, form.kind === 'norm' ? `‖·‖² ≤ ${form.boundSquared}` : `≥ ${form.atLeast}`);
    const words = ring.i32(slack, ring.n);
    for (let i = 0; i < bits; i++, rest >>= 1n) words[splitIndex(ring.n, offset + i)] = Number(rest & 1n);
    // only a vector longer than its projection's bound leaves a rest
    if (rest !== 0n) refuseWitness(`${form.name}: slack`, `${bits} bits`);
  });
}

/** bound² − ‖·‖² or ⟨·, vector⟩ − τ, exact. */
function formSlack(ring: Ring, form: Form, integers: readonly Ptr[]): bigint {
  const values = (polynomial: number): Int32Array => ring.i32(integers[polynomial]!, ring.n);
  if (form.kind === 'product') {
    return form.terms.reduce(
      (sum, { polynomial, vector }) => sum + innerProduct(values(polynomial), vector),
      -form.atLeast,
    );
  }
  let rest = form.boundSquared;
  for (const p of form.polynomials) rest -= normOf(ring, integers[p]!);
  for (const { polynomial, vector } of form.centre) {
    rest += 2n * innerProduct(values(polynomial), vector) - squaredNorm(vector);
  }
  return rest;
}

/** Response widths are chosen for these bounds; a longer witness would not be hidden. */
function checkGroupBounds({ ring, relation, layout }: Loaded, integers: readonly Ptr[]): void {
  relation.numbers.groups.forEach(({ name, boundSquared }, g) => {
    let norm = 0n;
    layout.groupOf.forEach((group, p) => {
      if (group === g) norm += normOf(ring, integers[p]!);
    });
    if (norm > boundSquared) refuseWitness(`group ${name}`, `‖·‖² ≤ ${boundSquared}`);
  });
}

/** The masks of z3 and z4 are chosen for these lengths. */
function checkProjectionBounds({ ring, relation }: Loaded, integers: readonly Ptr[]): void {
  [relation.numbers.z3, relation.numbers.z4].forEach(({ alphaSquared }, i) => {
    const norm = relation.projections[i]!.reduce((sum, p) => sum + normOf(ring, integers[p]!), 0n);
    if (norm > alphaSquared) refuseWitness(`projection ${i + 3}`, `‖·‖² ≤ ${alphaSquared}`);
  });
}

/** `found` begins with `claimed` and is zero behind it. */
function startsWith(found: Int32Array, claimed: Int32Array | Int8Array): boolean {
  let difference = 0;
  for (let i = 0; i < found.length; i++) difference |= found[i]! ^ (claimed[i] ?? 0);
  return difference === 0;
}

/** The value itself is secret and is not in the error. */
function refuseWitness(field: string, want?: string): never {
  throw new LatticeZkError({ code: 'witness', operation: OPERATION, field, got: 'a witness beyond it', want });
}
