/** Why an operation of this package refused; the union is closed. */
export type KemErrorCode =
  /** A caller's argument has the wrong type or value, or an option is unknown. */
  | 'argument'
  /** A key fails the input checks of its standard (length, modulus, hash, canonical form). */
  | 'invalid-key'
  /** A KEM ciphertext has the wrong length or a low-order X25519 share. */
  | 'invalid-ciphertext'
  /** Bytes that are not a well-formed message of this package. */
  | 'malformed'
  /** A well-formed message of another suite than the one that the receiver stated. */
  | 'suite-mismatch'
  /** A tag, confirmation or padding does not verify: forged, altered, truncated or for another key, context or aad. */
  | 'authentication-failed'
  /** The record was opened before. */
  | 'replayed'
  /** A record is missing before this one. */
  | 'out-of-order'
  /** A record that this end sent itself. */
  | 'reflected'
  /** A record of another session. */
  | 'wrong-session'
  /** No public key is registered for the initiator. */
  | 'unknown-peer'
  /** The object is at another point of its life: finished, wiped, closed, or not yet there. */
  | 'wrong-state'
  /** A bound on bytes or records is reached. */
  | 'limit'
  /** The platform lacks a primitive. */
  | 'unsupported';

/** What was being done, which field was wrong, what came and what was wanted. Never secret bytes. */
export interface KemErrorDetails {
  readonly operation: string;
  readonly field: string;
  readonly got: string | number;
  readonly want: string | number;
}

/** The one error class of `@zkfl/kem`; the text is `operation: field: got X, want Y`. */
export class KemError extends Error {
  override readonly name = 'KemError';
  readonly code: KemErrorCode;
  readonly details: KemErrorDetails;

  constructor(code: KemErrorCode, details: KemErrorDetails, cause?: unknown) {
    super(
      `${details.operation}: ${details.field}: got ${details.got}, want ${details.want}`,
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
    this.details = Object.freeze({ ...details });
  }
}

/** True for errors of this package, with one of `codes` if any are given. */
export function isKemError(error: unknown, ...codes: readonly KemErrorCode[]): error is KemError {
  return error instanceof KemError && (codes.length === 0 || codes.includes(error.code));
}
