import { KemError } from './errors.ts';

/** Refuses anything but a plain options object with the listed keys: a mistyped `context` would be a silent downgrade. */
export function checkOptions(
  operation: string,
  options: unknown,
  required: readonly string[],
  optional: readonly string[] = [],
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new KemError('argument', { operation, field: 'options', got: typeof options, want: 'an object' });
  for (const key of Object.keys(options)) {
    if (!required.includes(key) && !optional.includes(key))
      throw new KemError('argument', {
        operation,
        field: 'options',
        got: `unknown key '${key}'`,
        want: [...required, ...optional].join(', '),
      });
  }
  for (const key of required) {
    if ((options as Record<string, unknown>)[key] === undefined)
      throw new KemError('argument', { operation, field: key, got: 'undefined', want: 'a value' });
  }
}
