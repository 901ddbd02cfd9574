/** What went wrong, closed: callers and tests may switch over it. */
export type ZkflErrorCode =
  | 'usage'
  | 'config'
  | 'data'
  | 'download'
  | 'output'
  | 'model'
  | 'message'
  | 'protocol'
  | 'unavailable'
  | 'worker'
  | 'identity'
  | 'study'
  | 'store'
  | 'network'
  | 'audit';

/** Every error the application raises itself; `message` reads `operation: field: got X, want Y`. */
export class ZkflError extends Error {
  readonly code: ZkflErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ZkflErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ZkflError';
    this.code = code;
    this.details = details;
  }
}

export const EXIT_OK = 0;
export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;

/** 2 where the user asked for something that does not exist or does not parse, else 1. */
export function exitCodeOf(error: unknown): number {
  return error instanceof ZkflError && (error.code === 'usage' || error.code === 'config') ? EXIT_USAGE : EXIT_FAILURE;
}

/** One line for people: the message and, where they add something, the causes below it. */
export function describeError(error: unknown): string {
  const lines: string[] = [];
  for (let at: unknown = error; at !== undefined && at !== null; at = at instanceof Error ? at.cause : undefined) {
    const line = at instanceof Error ? at.message : String(at);
    if (!lines.some((seen) => seen.includes(line))) lines.push(line);
  }
  return lines.join('\n  caused by ');
}
