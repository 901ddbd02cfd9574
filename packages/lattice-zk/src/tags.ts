/**
 * Domain tags: the first frame of every hash and stream of this package. Nothing is hashed without one.
 * A tag names one use; two uses never share a tag.
 */
export const TAGS = Object.freeze({
  /** digest of a parameter set's whole record */
  parameters: 'zkfl/v1/lattice-zk/parameters',
  /** public expansion of A1, A2 and b_j from the parameter digest */
  commitmentKey: 'zkfl/v1/lattice-zk/commitment-key',
  /** digest of the statement: public polynomials, forms, bounds, vectors, context */
  statement: 'zkfl/v1/lattice-zk/statement',
  /** state after t_A and t_y */
  projection: 'zkfl/v1/lattice-zk/projection',
  /** seed of one projection matrix */
  projectionMatrix: 'zkfl/v1/lattice-zk/projection-matrix',
  /** state after z3, z4 and t_g */
  aggregation: 'zkfl/v1/lattice-zk/aggregation',
  /** the stream of gammas of one set */
  gamma: 'zkfl/v1/lattice-zk/gamma',
  /** the stream of the polynomials G that tie a masked copy to its source */
  maskedCopy: 'zkfl/v1/lattice-zk/masked-copy',
  /** state after h, t_quad, w and v: the 32-byte seed of the challenge */
  challengeSeed: 'zkfl/v1/lattice-zk/challenge-seed',
  /** the stream of challenge candidates of one seed */
  challenge: 'zkfl/v1/lattice-zk/challenge',
  /** the prover's private stream, keyed by the platform's random generator */
  secretStream: 'zkfl/v1/lattice-zk/secret-stream',
});

export type Tag = (typeof TAGS)[keyof typeof TAGS];

/** Absorbed first by every statement digest. A change of any hash input, encoding or bound changes it. */
export const PROTOCOL_VERSION = 1;
