import { sampleChallenge } from './challenge.ts';
import { withInstance } from './instance.ts';
import { bindingRow, derivePolynomials, type Loaded, loadRelation, messageRow } from './linear.ts';
import { typedArray } from './options.ts';
import { matrixRooms, matrixSource } from './projection.ts';
import { decodeProof, type ProofParts } from './proof.ts';
import { deriveGammas, linearPart, quadraticPart, quadraticRelation } from './quadratic.ts';
import { committedLayout, splitIndex } from './relation.ts';
import { innerI64 } from './ring/integers.ts';
import type { Ptr } from './ring/kernels.ts';
import { aggregationState, challengeSeed, challengeStream, projectionState } from './stages.ts';
import type { RelationStatement } from './statement.ts';

/** Why a well-formed proof was refused. */
export type RejectionReason =
  /** ‖z3‖ or ‖z4‖ is above its bound: the projected witness is not proven short */
  | 'projection-norm'
  /** ‖z_g‖ of a group is above its bound */
  | 'response-norm'
  /** h does not vanish at W^0 and W^{n/2}: a relation is false */
  | 'garbage'
  /** the messages do not hash to the challenge: anything else that is false, altered or meant for another statement */
  | 'challenge';

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: RejectionReason };

/**
 * Checks a proof. Nothing is read from it but t's, h, z's and the challenge's seed; every size, bound, matrix, γ and the
 * challenge itself is derived here.
 *
 * @returns `{ ok: true }`, or `{ ok: false, reason }` for a false proof
 * @throws LatticeZkError code `encoding` for bytes that are no canonical proof of this statement's shape
 */
export function verify(statement: RelationStatement, proof: Uint8Array): Verdict {
  typedArray('verify', 'proof', proof, Uint8Array);
  const { relation } = statement;
  return withInstance(
    relation.set,
    committedLayout(relation.numbers).count,
    (instance) => {
      const parts = decodeProof(instance.ring, relation, proof);
      const verdict = checkNorms(instance.ring, statement, parts);
      return verdict.ok ? checkRelations(loadRelation(instance, relation), statement, parts) : verdict;
    },
    { secrets: false },
  );
}

/** What needs no arithmetic modulo q: every norm, over Z, and the zeros of h. */
export function checkNorms(ring: Loaded['ring'], { relation }: RelationStatement, parts: ProofParts): Verdict {
  const { set, numbers } = relation;
  for (const [z, { maxNormSquared }] of [
    [parts.z3, numbers.z3],
    [parts.z4, numbers.z4],
  ] as const) {
    if (innerI64(ring, z, z, set.rows) > maxNormSquared) return { ok: false, reason: 'projection-norm' };
  }
  const responses = [...parts.z1, ...parts.z2];
  let at = 0;
  for (const group of numbers.groups) {
    let normSquared = 0n;
    for (let i = 0; i < group.polynomials; i++, at++) {
      normSquared += innerI64(ring, responses[at]!, responses[at]!, set.n);
    }
    if (normSquared > group.maxNormSquared) return { ok: false, reason: 'response-norm' };
  }
  const zeros = [0, set.n / 2].flatMap((i) =>
    set.primes.map((_, l) => ring.u64(parts.h + 8 * (l * set.n + splitIndex(set.n, i)), 1)[0]!),
  );
  return zeros.every((residue) => residue === 0n) ? { ok: true } : { ok: false, reason: 'garbage' };
}

/** Re-derives matrices, γ and c, and w and v from the responses; their hash must be the seed. */
export function checkRelations(loaded: Loaded, statement: RelationStatement, parts: ProofParts): Verdict {
  const { ring, relation } = loaded;
  const { set } = relation;
  const quad = parts.t.length - 1;

  const first = projectionState(loaded, statement, parts);
  const [room3, room4] = matrixRooms(loaded, false);
  const matrices = [matrixSource(loaded, first, 3, room3), matrixSource(loaded, first, 4, room4)] as const;
  const second = aggregationState(loaded, first, parts);
  const gammas = deriveGammas(loaded, second);
  const quadratic = quadraticRelation(loaded, gammas, second, matrices, [parts.z3, parts.z4]);

  const challenge = sampleChallenge(set.n, set.challenge, challengeStream(loaded, parts.seed));
  const c = challengePolynomial(loaded, challenge.positions, challenge.signs);
  const lift = (p: Ptr): Ptr => {
    const dst = ring.allocPoly();
    ring.lift64(dst, p);
    ring.ntt(dst);
    return dst;
  };
  const forward = (p: Ptr): Ptr => {
    const dst = ring.allocPoly();
    ring.copy(dst, p, ring.polyBytes);
    ring.ntt(dst);
    return dst;
  };
  const z1 = parts.z1.map(lift);
  const z2 = parts.z2.map(lift);
  const z = [...z1, ...derivePolynomials(loaded, z1, c)];
  // opened messages: c·t_j − ⟨b_j, z2⟩
  const part = ring.allocPoly();
  const messages = parts.t.map((t, j) => {
    const dst = ring.allocPoly();
    ring.mul(dst, c, forward(t));
    messageRow(loaded, part, j, z2);
    ring.sub(dst, dst, part);
    return dst;
  });

  const w = ring.allocPoly();
  bindingRow(loaded, w, z1, z2);
  ring.mulSub(w, c, forward(parts.tA));
  ring.intt(w);

  // v = F2(z, z) + c·(L(z) − z_g) + c²·f0 − z_quad
  const v = ring.allocPoly();
  const inner = ring.allocPoly();
  linearPart(loaded, quadratic, inner, z, messages.slice(0, set.maskPolynomials));
  ring.sub(inner, inner, messages[set.maskPolynomials]!);
  ring.sub(part, forward(parts.h), quadratic.constants);
  ring.mulAdd(inner, c, part);
  quadraticPart(loaded, quadratic, v, z, z);
  ring.mulAdd(v, c, inner);
  ring.sub(v, v, messages[quad]!);
  ring.intt(v);

  const seed = challengeSeed(loaded, second, parts, w, v);
  return seed.every((byte, i) => byte === parts.seed[i]) ? { ok: true } : { ok: false, reason: 'challenge' };
}

/** c as an element of S_q in NTT form. */
export function challengePolynomial({ ring }: Loaded, positions: ArrayLike<number>, signs: ArrayLike<number>): Ptr {
  const c = ring.allocPoly();
  const words = ring.alloc(4 * ring.n);
  const view = ring.i32(words, ring.n).fill(0);
  for (let j = 0; j < positions.length; j++) view[splitIndex(ring.n, positions[j]!)] = signs[j]!;
  ring.lift32(c, words);
  ring.ntt(c);
  return c;
}
