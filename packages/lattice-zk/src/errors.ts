/** What went wrong, closed: callers may switch over it. */
export type LatticeZkErrorCode =
  /** an option is missing, unknown or of the wrong type */
  | 'options'
  /** a parameter set is unknown or inconsistent */
  | 'parameters'
  /** a statement is malformed: lengths, ranges, residues */
  | 'statement'
  /** a statement fails an acceptance inequality; `details` carries both sides */
  | 'acceptance'
  /** the witness does not satisfy the statement; `details.bound` names what fails */
  | 'witness'
  /** bytes are no canonical encoding */
  | 'encoding'
  /** the platform's random generator failed or repeated itself */
  | 'randomness'
  /** a memory limit would be passed */
  | 'memory'
  /** an invariant of this package broke: a bug, or memory was tampered with */
  | 'internal';

export interface LatticeZkErrorDetails {
  readonly code: LatticeZkErrorCode;
  /** the operation that refused, such as `verify` */
  readonly operation: string;
  /** the field, bound or inequality that it refused */
  readonly field: string;
  readonly got?: string | number | bigint | undefined;
  readonly want?: string | number | bigint | undefined;
  readonly cause?: unknown;
}

/** The only error class of this package. Text: `operation: field: got X, want Y`. */
export class LatticeZkError extends Error {
  readonly code: LatticeZkErrorCode;
  readonly operation: string;
  readonly field: string;
  readonly got: string | undefined;
  readonly want: string | undefined;

  constructor(details: LatticeZkErrorDetails) {
    const got = details.got === undefined ? undefined : String(details.got);
    const want = details.want === undefined ? undefined : String(details.want);
    const values = [got === undefined ? '' : `got ${got}`, want === undefined ? '' : `want ${want}`].filter(
      (s) => s !== '',
    );
    super(
      `${details.operation}: ${details.field}${values.length === 0 ? '' : `: ${values.join(', ')}`}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = 'LatticeZkError';
    this.code = details.code;
    this.operation = details.operation;
    this.field = details.field;
    this.got = got;
    this.want = want;
  }
}
