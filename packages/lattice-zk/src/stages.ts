import type { Loaded } from './linear.ts';
import type { ProofParts } from './proof.ts';
import type { Ptr } from './ring/kernels.ts';
import type { Sponge } from './ring/xof.ts';
import type { RelationStatement } from './statement.ts';
import { TAGS } from './tags.ts';
import { CHALLENGE_SEED_BYTES, FrameHash, STATE_BYTES } from './transcript.ts';

// Every prover message is absorbed here before the challenge that follows it. Polynomials are framed as their residues in
// coefficient form and split order, u64 little-endian, prime after prime; z3 and z4 as i64 little-endian.

/** After t_A and every t of y. */
export function projectionState(
  { ring, relation }: Loaded,
  statement: RelationStatement,
  parts: ProofParts,
): Uint8Array {
  return framed(ring, TAGS.projection, (hash) => {
    hash.bytes(statement.digest).at(parts.tA, ring.polyBytes);
    for (const p of parts.t.slice(0, relation.set.maskPolynomials)) hash.at(p, ring.polyBytes);
    return hash.digest(STATE_BYTES);
  });
}

/** After z3, z4 and t of g. */
export function aggregationState({ ring, relation }: Loaded, state: Uint8Array, parts: ProofParts): Uint8Array {
  const { rows, maskPolynomials } = relation.set;
  return framed(ring, TAGS.aggregation, (hash) =>
    hash
      .bytes(state)
      .at(parts.z3, 8 * rows)
      .at(parts.z4, 8 * rows)
      .at(parts.t[maskPolynomials]!, ring.polyBytes)
      .digest(STATE_BYTES),
  );
}

/** After h, t of quad, w and v. */
export function challengeSeed(
  { ring }: Loaded,
  state: Uint8Array,
  parts: ProofParts,
  w: Ptr,
  v: Ptr,
): Uint8Array<ArrayBuffer> {
  return framed(ring, TAGS.challengeSeed, (hash) =>
    hash
      .bytes(state)
      .at(parts.h, ring.polyBytes)
      .at(parts.t.at(-1)!, ring.polyBytes)
      .at(w, ring.polyBytes)
      .at(v, ring.polyBytes)
      .digest(CHALLENGE_SEED_BYTES),
  );
}

/** The stream of challenge candidates; it lives in the ring's arena. */
export function challengeStream({ ring }: Loaded, seed: Uint8Array): Sponge {
  return new FrameHash(ring, TAGS.challenge).bytes(seed).stream();
}

function framed<T>(ring: Loaded['ring'], tag: (typeof TAGS)[keyof typeof TAGS], work: (hash: FrameHash) => T): T {
  const mark = ring.mark();
  try {
    return work(new FrameHash(ring, tag));
  } finally {
    ring.release(mark);
  }
}
