import { type ParameterSet, parameterSet } from '../../src/parameters.ts';
import type { EncryptionWitness } from '../../src/prove.ts';
import type { Form } from '../../src/relation.ts';
import type { Statement } from '../../src/statement.ts';
import { encryptForTest } from '../../src/testing/encryption.ts';
import { insecureUpdateStatement } from '../../src/testing/seeded.ts';
import type { CiphertextDescription, UpdateClaims } from '../../src/update.ts';
import { Model } from '../reference/model.ts';
import { centre, fromSplit, type Poly } from '../reference/polynomial.ts';
import { TestProver, TestRandom } from '../reference/prover.ts';

/** n = 64, one prime: every real bound and check, no hardness. */
export const TOY: ParameterSet = parameterSet({
  name: 'INSECURE-n32-q59',
  insecure: true,
  N: 32,
  primes: [0x7fffedf80039e41n],
  t: 268435399n,
  challenge: { evenPairs: 7, oddPairs: 7, eta: 21 },
  clients: 8,
  keyHolders: 1,
  maxBetaIndex: 125,
});

/** The same with two primes. */
export const TOY_TWO_PRIMES: ParameterSet = parameterSet({
  name: 'INSECURE-n32-q106',
  insecure: true,
  N: 32,
  primes: [0x1ffffffffff3c1n, 0x1ffd9d9deaccc1n],
  t: 4294967291n,
  challenge: { evenPairs: 7, oddPairs: 7, eta: 21 },
  clients: 8,
  keyHolders: 1,
  maxBetaIndex: 144,
});

/** Room for more claims: n = 128. */
export const WIDE_TWO_PRIMES: ParameterSet = parameterSet({
  ...TOY_TWO_PRIMES,
  name: 'INSECURE-n64-q106',
  N: 64,
  primes: [0x1fffffffffe881n, 0x1ff81a76296f81n],
});

/**
 * q barely above B̄4²: a noise or slack vector that is long enough to wrap around q still fits the codec, so that the norm
 * of z4 has to catch it.
 */
export const TIGHT: ParameterSet = parameterSet({
  ...TOY,
  name: 'INSECURE-n32-q40',
  primes: [0x1192bcb47c1n],
  t: 1048573n,
  clients: 1,
  maxBetaIndex: 40,
});

export interface SceneOptions {
  readonly set?: ParameterSet;
  readonly m: ArrayLike<number>;
  readonly seed?: number;
  readonly betaIndex?: number;
  readonly context?: Uint8Array;
  readonly claims?: Partial<UpdateClaims>;
  readonly u?: Int8Array;
  readonly e0?: Int8Array;
  readonly e1?: Int8Array;
  /** what an encryptor without scruples does to the ciphertexts before it states anything about them */
  readonly spoil?: (description: CiphertextDescription) => CiphertextDescription;
}

/** A statement with everything that the one who encrypted it knows. */
export interface Scene {
  readonly set: ParameterSet;
  readonly description: CiphertextDescription;
  readonly claims: UpdateClaims;
  readonly statement: Statement;
  readonly witness: EncryptionWitness;
  readonly model: Model;
}

export function scene(options: SceneOptions): Scene {
  const { set = TOY, m, seed = 1, betaIndex = 88, context = new Uint8Array([1, 2, 3]), claims = {} } = options;
  const given = Object.fromEntries((['u', 'e0', 'e1'] as const).flatMap((k) => (options[k] ? [[k, options[k]]] : [])));
  const { description: honest, witness } = encryptForTest({ set, m: Int32Array.from(m), seed, ...given });
  const description = options.spoil?.(honest) ?? honest;
  const all = { description, betaIndex, context, ...claims };
  const statement = insecureUpdateStatement(set, all);
  return { set, description, claims: all, statement, witness, model: new Model(statement) };
}

/** U and M blocks, W order; zeros where the slack and the copies go. */
export function committedOf({ model, witness, set }: Scene): Poly[] {
  const { blocks } = model.relation.numbers;
  const cut = (values: ArrayLike<number>): Poly[] =>
    Array.from({ length: blocks }, (_, k) =>
      model.ring.of(
        fromSplit(
          set.n,
          Array.from({ length: set.n }, (__, i) => values[k * set.n + i] ?? 0),
        ),
      ),
    );
  const rest = Array.from({ length: model.committed - 2 * blocks }, () => model.ring.zero());
  return fillCopies(model, [...cut(witness.u), ...cut(witness.m), ...rest]);
}

/** Masked copies of their sources. */
export function fillCopies(model: Model, committed: readonly Poly[]): Poly[] {
  const out = [...committed];
  const { n } = model.set;
  for (const { source, copy, from, to } of model.relation.copies) {
    out[copy] = out[source]!.map((x, i) => {
      const split = (i & 1) * (n / 2) + (i >> 1);
      return split >= from && split < to ? x : 0n;
    });
  }
  return out;
}

/** bound² − ‖·‖² or ⟨·, r⟩ − τ over the integers, for committed polynomials; negative where the claim is false. */
export function slackOf(model: Model, committed: readonly Poly[], form: Form): bigint {
  const { q, n } = model.set;
  const values = model.complete(committed, model.ring.constant(1n)).map((p) => p.map((x) => centre(x, q)));
  const product = (polynomial: number, vector: ArrayLike<number>): bigint =>
    fromSplit(n, vector).reduce((sum, r, i) => sum + r * values[polynomial]![i]!, 0n);
  if (form.kind === 'product') {
    return form.terms.reduce((sum, { polynomial, vector }) => sum + product(polynomial, vector), -form.atLeast);
  }
  let rest = form.boundSquared;
  for (const p of form.polynomials) rest -= values[p]!.reduce((sum, x) => sum + x * x, 0n);
  for (const { polynomial, vector } of form.centre) {
    rest += 2n * product(polynomial, vector) - vector.reduce((sum, x) => sum + BigInt(x) ** 2n, 0n);
  }
  return rest;
}

/** The slack polynomial for given field values; a value that its field can't hold loses its high bits. */
export function slackPolynomial(model: Model, values: readonly bigint[]): Poly {
  return model.ring.sparse(
    model.relation.numbers.fields.flatMap(({ offset, bits }, f) =>
      Array.from({ length: bits }, (_, i) => [offset + i, ((values[f] ?? 0n) >> BigInt(i)) & 1n] as const),
    ),
  );
}

/** Committed polynomials with the slack that makes every true claim true. */
export function withSlack(
  model: Model,
  committed: readonly Poly[],
  override: ReadonlyMap<number, bigint> = new Map(),
): Poly[] {
  const values = model.relation.forms.map((form, f) => override.get(f) ?? slackOf(model, committed, form));
  return committed.map((p, i) => (i === model.slack ? slackPolynomial(model, values) : p));
}

/** A test prover that holds what an honest one would. */
export function proverOf(
  s: Scene,
  seed = 7,
  committed: readonly Poly[] = withSlack(s.model, committedOf(s)),
): TestProver {
  return new TestProver(s.statement, committed, new TestRandom(seed), s.model);
}

/** Adds integers to component c0 or c1 of ciphertext k, modulo every prime. */
export function shifted(
  set: ParameterSet,
  description: CiphertextDescription,
  k: number,
  component: 'c0' | 'c1',
  by: readonly bigint[],
): CiphertextDescription {
  const ciphertexts = description.ciphertexts.map((ciphertext, i) => {
    if (i !== k) return ciphertext;
    const residues = ciphertext[component].slice();
    set.primes.forEach((prime, l) => {
      by.forEach((x, j) => {
        const at = l * set.N + j;
        residues[at] = (((residues[at]! + x) % prime) + prime) % prime;
      });
    });
    return { ...ciphertext, [component]: residues };
  });
  return { ...description, ciphertexts };
}

/** Small integers. */
export function smallUpdate(length: number, seed = 1, size = 50): Int32Array {
  const random = new TestRandom(seed);
  return Int32Array.from({ length }, () => random.below(2 * size + 1) - size);
}

/** Integers whose squares add up to `total`: greedy, then exact by four squares of the rest. */
export function withSquaredNorm(length: number, total: bigint, largest = 1n << 40n): bigint[] {
  const root = (x: bigint): bigint => {
    if (x < 2n) return x;
    let r = BigInt(Math.floor(Math.sqrt(Number(x))));
    while (r * r > x) r--;
    while ((r + 1n) * (r + 1n) <= x) r++;
    return r;
  };
  const out: bigint[] = [];
  let rest = total;
  while (out.length < length && rest > 0n) {
    const r = root(rest);
    const entry = r < largest ? r : largest;
    out.push(entry);
    rest -= entry * entry;
  }
  if (rest !== 0n) throw new Error(`withSquaredNorm: ${rest} left of ${total} in ${length} entries`);
  while (out.length < length) out.push(0n);
  return out;
}
