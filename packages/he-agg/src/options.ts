import { HeAggError } from './errors.ts';

/** Named options only: an unknown key is a typing slip that would silently fall back to a default. */
export function refuseUnknownOptions(operation: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new HeAggError({ code: 'options', operation, field: 'options', got: typeof options, want: 'an object' });
  for (const key of Object.keys(options))
    if (!known.includes(key))
      throw new HeAggError({ code: 'options', operation, field: 'options', got: key, want: known.join(', ') });
}

/** True for a Uint8Array of any realm. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]';
}

export function requireBytes(operation: string, field: string, value: unknown): asserts value is Uint8Array {
  if (!isBytes(value))
    throw new HeAggError({ code: 'options', operation, field, got: typeof value, want: 'Uint8Array' });
}

export function requireIntegers(operation: string, field: string, value: unknown): asserts value is Int32Array {
  if (!ArrayBuffer.isView(value) || Object.prototype.toString.call(value) !== '[object Int32Array]')
    throw new HeAggError({ code: 'options', operation, field, got: typeof value, want: 'Int32Array' });
}

export function requirePositive(operation: string, field: string, value: unknown): asserts value is number {
  if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value))
    throw new HeAggError({ code: 'options', operation, field, got: String(value), want: 'a finite number above 0' });
}

export function requirePositiveInteger(operation: string, field: string, value: unknown): asserts value is number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw new HeAggError({ code: 'options', operation, field, got: String(value), want: 'a positive integer' });
}
