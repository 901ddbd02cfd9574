import { LatticeZkError } from './errors.ts';

/**
 * Refuses keys that no one reads: a mistyped option would silently prove less.
 * @throws LatticeZkError code `options`
 */
export function knownKeys(operation: string, value: unknown, keys: readonly string[]): void {
  if (typeof value !== 'object' || value === null) {
    throw new LatticeZkError({ code: 'options', operation, field: 'options', got: typeof value, want: 'an object' });
  }
  for (const key of Object.keys(value)) {
    if (!keys.includes(key)) {
      throw new LatticeZkError({
        code: 'options',
        operation,
        field: key.slice(0, 64),
        got: 'an unknown key',
        want: `one of ${keys.join(', ')}`,
      });
    }
  }
}

/** Typed arrays of the wanted class and, where given, length. */
export function typedArray<T extends Int8Array | Int32Array | Uint8Array | BigUint64Array>(
  operation: string,
  field: string,
  value: unknown,
  type: { readonly name: string; new (length: number): T },
  length?: number,
): T {
  // not instanceof: arrays of another realm (a frame, a test runner's sandbox) are as good
  if (Object.prototype.toString.call(value) !== `[object ${type.name}]`) {
    throw new LatticeZkError({ code: 'options', operation, field, got: typeof value, want: type.name });
  }
  const array = value as T;
  if (length !== undefined && array.length !== length) {
    throw new LatticeZkError({ code: 'options', operation, field: `${field}.length`, got: array.length, want: length });
  }
  return array;
}
