/** What went wrong, closed: callers may switch over it. */
export type HeAggErrorCode =
  /** an option is missing, unknown, of the wrong type or out of its range */
  | 'options'
  /** a parameter set is unknown, or an object belongs to another set */
  | 'parameters'
  /** an update or an integer vector has the wrong length */
  | 'length'
  /** an update holds NaN or an infinity */
  | 'not-finite'
  /** an integer or a norm is beyond what the set can carry */
  | 'range'
  /** bytes are no canonical encoding: length, header, or a residue that is not below its prime */
  | 'encoding'
  /** a ciphertext whose second half is zero: its message is in the clear */
  | 'transparent'
  /** one client more than decrypts correctly in the worst case */
  | 'too-many-clients'
  /** the object was wiped, disposed of, or has already finished */
  | 'state'
  /** the platform's random generator is missing or failed */
  | 'randomness'
  /** the homomorphic engine did not load, or refused an operation; `cause` has its words */
  | 'engine';

export interface HeAggErrorDetails {
  readonly code: HeAggErrorCode;
  /** the operation that refused, such as `encrypt` */
  readonly operation: string;
  /** the field that it refused */
  readonly field: string;
  readonly got?: string | number | bigint | undefined;
  readonly want?: string | number | bigint | undefined;
  readonly cause?: unknown;
}

/** The only error class of this package. Text: `operation: field: got X, want Y`. Never carries secret values. */
export class HeAggError extends Error {
  readonly code: HeAggErrorCode;
  readonly operation: string;
  readonly field: string;
  readonly got: string | undefined;
  readonly want: string | undefined;

  constructor(details: HeAggErrorDetails) {
    const got = details.got === undefined ? undefined : String(details.got);
    const want = details.want === undefined ? undefined : String(details.want);
    const values = [got === undefined ? '' : `got ${got}`, want === undefined ? '' : `want ${want}`].filter(
      (text) => text !== '',
    );
    super(
      `${details.operation}: ${details.field}${values.length === 0 ? '' : `: ${values.join(', ')}`}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = 'HeAggError';
    this.code = details.code;
    this.operation = details.operation;
    this.field = details.field;
    this.got = got;
    this.want = want;
  }
}
