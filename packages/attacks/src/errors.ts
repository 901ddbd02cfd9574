/** Every way in which this package refuses. */
export type AttackErrorCode =
  | 'argument'
  | 'unknown-option'
  | 'unknown-name'
  | 'incompatible'
  | 'model-size'
  | 'not-finite'
  | 'policy'
  | 'no-feasible-update';

/** What was expected where; `got` and `want` are printable. */
export interface AttackErrorDetails {
  readonly operation: string;
  readonly field: string;
  readonly got?: string | number | boolean;
  readonly want?: string | number | boolean;
  /** For `unknown-name`: the known name that looks most like the one given. */
  readonly nearest?: string;
}

/** The one error class of the package: `operation: field: got X, want Y`. */
export class AttackError extends Error {
  readonly code: AttackErrorCode;
  readonly details: AttackErrorDetails;

  constructor(code: AttackErrorCode, details: AttackErrorDetails, options?: { cause?: unknown }) {
    const got = details.got === undefined ? '' : ` got ${details.got}`;
    const want = details.want === undefined ? '' : `${got === '' ? '' : ','} want ${details.want}`;
    const hint = details.nearest === undefined ? '' : ` (did you mean ${details.nearest}?)`;
    super(`${details.operation}: ${details.field}:${got}${want}${hint}`, options);
    this.name = 'AttackError';
    this.code = code;
    this.details = details;
  }
}

/** Refuses keys that are not options: a mistyped option is a silent change of the experiment. */
export function refuseUnknownOptions(operation: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options))
    if (!known.includes(key))
      throw new AttackError('unknown-option', { operation, field: key, want: `one of ${known.join(', ')}` });
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
    throw new AttackError('argument', {
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
    throw new AttackError('argument', {
      operation,
      field,
      got: String(value),
      want: `a number in [${minimum}, ${maximum}]`,
    });
}

/**
 * The entry of `catalogue` called `name`; throws `unknown-name` with the nearest known name (edit distance at most half
 * the name's length).
 */
export function lookUp<T>(operation: string, field: string, catalogue: Readonly<Record<string, T>>, name: string): T {
  if (Object.hasOwn(catalogue, name)) return catalogue[name]!;
  const known = Object.keys(catalogue);
  let nearest: string | undefined;
  let least = Math.floor(Math.max(name.length, 2) / 2) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  throw new AttackError('unknown-name', {
    operation,
    field,
    got: name,
    want: `one of ${known.join(', ')}`,
    ...(nearest === undefined ? {} : { nearest }),
  });
}

/** Levenshtein distance, O(|a|·|b|); names are short. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
