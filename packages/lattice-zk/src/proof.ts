import { BitReader, BitWriter, maxGaussianBits, riceParameter } from './codec.ts';
import { LatticeZkError } from './errors.ts';
import { type AnyRelation, committedLayout } from './relation.ts';
import type { Ptr } from './ring/kernels.ts';
import type { Ring } from './ring/ring.ts';
import { CHALLENGE_SEED_BYTES } from './transcript.ts';

/**
 * A proof in a ring's memory. Residues are in coefficient form and split order; integers are i64, polynomials in split
 * order. Messages come in the order y (one or more), g, quad.
 */
export interface ProofParts {
  seed: Uint8Array;
  readonly tA: Ptr;
  /** t of every message */
  readonly t: readonly Ptr[];
  readonly h: Ptr;
  /** 256 i64 each */
  readonly z3: Ptr;
  readonly z4: Ptr;
  /** responses of the committed polynomials */
  readonly z1: readonly Ptr[];
  /** responses of s2 */
  readonly z2: readonly Ptr[];
}

/** Number of messages that s2 hides. */
export function messageCount(relation: AnyRelation): number {
  return relation.set.s2Polynomials - 2;
}

export function allocateProof(ring: Ring, relation: AnyRelation): ProofParts {
  const { set } = relation;
  const many = (count: number, bytes: number): Ptr[] => Array.from({ length: count }, () => ring.alloc(bytes));
  return {
    seed: new Uint8Array(CHALLENGE_SEED_BYTES),
    tA: ring.allocPoly(),
    t: many(messageCount(relation), ring.polyBytes),
    h: ring.allocPoly(),
    z3: ring.alloc(8 * set.rows),
    z4: ring.alloc(8 * set.rows),
    z1: many(committedLayout(relation.numbers).count, 8 * set.n),
    z2: many(set.s2Polynomials, 8 * set.n),
  };
}

interface Integers {
  readonly field: string;
  readonly at: Ptr;
  readonly count: number;
  readonly k: number;
}

/** The Gaussian integers of a proof in wire order, each with its Rice parameter. */
function integersOf(relation: AnyRelation, parts: ProofParts): Integers[] {
  const { numbers, set } = relation;
  const list: Integers[] = [
    { field: 'z3', at: parts.z3, count: set.rows, k: riceParameter(numbers.z3.sigmaSquared) },
    { field: 'z4', at: parts.z4, count: set.rows, k: riceParameter(numbers.z4.sigmaSquared) },
  ];
  const responses = [...parts.z1, ...parts.z2];
  let at = 0;
  for (const group of numbers.groups) {
    const k = riceParameter(group.sigmaSquared);
    for (let i = 0; i < group.polynomials; i++) {
      list.push({ field: `z_${group.name}[${i}]`, at: responses[at++]!, count: set.n, k });
    }
  }
  return list;
}

function residuesOf(parts: ProofParts): readonly (readonly [string, Ptr])[] {
  return [['t_A', parts.tA], ...parts.t.map((p, i) => [`t[${i}]`, p] as const), ['h', parts.h]];
}

/** No proof of this relation is longer. */
export function maxProofBytes(relation: AnyRelation): number {
  const { set, numbers } = relation;
  const residueBits = set.residueBits.reduce((sum, bits) => sum + bits * set.n, 0) * (messageCount(relation) + 2);
  let bits = residueBits;
  for (const { sigmaSquared } of [numbers.z3, numbers.z4])
    bits += set.rows * maxGaussianBits(riceParameter(sigmaSquared));
  for (const group of numbers.groups) {
    bits += group.polynomials * set.n * maxGaussianBits(riceParameter(group.sigmaSquared));
  }
  return CHALLENGE_SEED_BYTES + Math.ceil(bits / 8);
}

/**
 * Canonical bytes: the challenge seed; t_A, every t and h as packed residues, prime after prime; z3, z4 and the responses
 * as Golomb–Rice integers; zero bits up to the byte.
 * @returns undefined if an integer is too large to be written, which happens to an honest proof with probability < 2⁻¹⁷⁰
 */
export function encodeProof(ring: Ring, relation: AnyRelation, parts: ProofParts): Uint8Array<ArrayBuffer> | undefined {
  const { set } = relation;
  const room = maxProofBytes(relation);
  const writer = new BitWriter(ring.bytes(ring.alloc(room), room));
  writer.bytes(parts.seed);
  for (const [, p] of residuesOf(parts)) {
    set.residueBits.forEach((bits, l) => {
      writer.residues(ring.u32(p + 8 * l * set.n, 2 * set.n), bits);
    });
  }
  for (const { at, count, k } of integersOf(relation, parts)) {
    if (writer.gaussians(ring.i32(at, 2 * count), k)) continue;
    writer.wipe();
    return undefined;
  }
  return writer.finish();
}

/**
 * Strict inverse of `encodeProof`, into fresh memory whose size the relation alone determines.
 * @throws LatticeZkError code `encoding`
 */
export function decodeProof(ring: Ring, relation: AnyRelation, bytes: Uint8Array): ProofParts {
  const { set } = relation;
  const limit = maxProofBytes(relation);
  if (bytes.length > limit) {
    throw new LatticeZkError({
      code: 'encoding',
      operation: 'decode',
      field: 'length',
      got: bytes.length,
      want: `at most ${limit}`,
    });
  }
  const parts = allocateProof(ring, relation);
  const reader = new BitReader(bytes);
  parts.seed = reader.bytes(CHALLENGE_SEED_BYTES);
  for (const [field, p] of residuesOf(parts)) {
    set.residueBits.forEach((bits, l) => {
      reader.residues(ring.u32(p + 8 * l * set.n, 2 * set.n), bits, set.primes[l]!, field);
    });
  }
  for (const { field, at, count, k } of integersOf(relation, parts)) {
    reader.gaussians(ring.i32(at, 2 * count), k, field);
  }
  reader.finish();
  return parts;
}
