/** Every way in which this package refuses. */
export type FlCoreErrorCode =
  | 'argument'
  | 'unknown-option'
  | 'illegal-event'
  | 'state'
  | 'model-size'
  | 'not-finite'
  | 'data-truncated'
  | 'data-format'
  | 'data-dtype'
  | 'data-order'
  | 'data-shape'
  | 'data-labels'
  | 'data-missing-array'
  | 'data-digest'
  | 'backend';

/** What was expected where; `got` and `want` are printable. */
export interface FlCoreErrorDetails {
  readonly operation: string;
  readonly field: string;
  readonly got?: string | number | boolean;
  readonly want?: string | number | boolean;
}

/** The one error class of the package: `operation: field: got X, want Y`. */
export class FlCoreError extends Error {
  readonly code: FlCoreErrorCode;
  readonly details: FlCoreErrorDetails;

  constructor(code: FlCoreErrorCode, details: FlCoreErrorDetails, options?: { cause?: unknown }) {
    const got = details.got === undefined ? '' : ` got ${details.got}`;
    const want = details.want === undefined ? '' : `${got === '' ? '' : ','} want ${details.want}`;
    super(`${details.operation}: ${details.field}:${got}${want}`, options);
    this.name = 'FlCoreError';
    this.code = code;
    this.details = details;
  }
}

/** Refuses keys that are not options: a mistyped option is a silent change of the experiment. */
export function refuseUnknownOptions(operation: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options))
    if (!known.includes(key))
      throw new FlCoreError('unknown-option', { operation, field: key, want: `one of ${known.join(', ')}` });
}

/** Throws `argument` unless `value` is an integer in [minimum, maximum]. */
export function requireInteger(
  operation: string,
  field: string,
  value: unknown,
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): void {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < minimum || value > maximum)
    throw new FlCoreError('argument', {
      operation,
      field,
      got: String(value),
      want: `an integer in [${minimum}, ${maximum}]`,
    });
}

/** Throws `argument` unless `value` is a finite number in [minimum, maximum]. */
export function requireNumber(
  operation: string,
  field: string,
  value: unknown,
  minimum: number,
  maximum: number = Number.MAX_VALUE,
): void {
  if (typeof value !== 'number' || !(value >= minimum && value <= maximum))
    throw new FlCoreError('argument', {
      operation,
      field,
      got: String(value),
      want: `a number in [${minimum}, ${maximum}]`,
    });
}
