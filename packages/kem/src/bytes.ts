import { KemError, type KemErrorCode } from './errors.ts';

/** Bytes on an ordinary ArrayBuffer: what WebCrypto takes. */
export type Bytes = Uint8Array<ArrayBuffer>;

/**
 * `value` as bytes. Bytes on shared memory are copied, since another thread could change them under a check; a subclass
 * is seen as a plain Uint8Array, since Node's Buffer has a `slice` that does not copy.
 */
export function asBytes(operation: string, field: string, value: unknown): Bytes {
  if (!(value instanceof Uint8Array))
    throw new KemError('argument', { operation, field, got: typeof value, want: 'a Uint8Array' });
  const { buffer, byteOffset, byteLength } = value;
  if (!(buffer instanceof ArrayBuffer)) return new Uint8Array(value);
  return Object.getPrototypeOf(value) === Uint8Array.prototype
    ? (value as Bytes)
    : new Uint8Array(buffer, byteOffset, byteLength);
}

/** `value` as exactly `length` bytes. */
export function exactBytes(
  operation: string,
  field: string,
  value: unknown,
  length: number,
  code: KemErrorCode = 'malformed',
): Bytes {
  const bytes = asBytes(operation, field, value);
  if (bytes.length !== length)
    throw new KemError(code, { operation, field: `${field} length`, got: bytes.length, want: length });
  return bytes;
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** `value` in [0, 2^32) as four bytes, big-endian. */
export function u32(value: number): Bytes {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** `value` in [0, 2^16) as two bytes, big-endian. */
export function u16(value: number): Bytes {
  return Uint8Array.of(value >>> 8, value);
}

/** `value` in [0, 2^53) as eight bytes, big-endian. */
export function u64(value: number): Bytes {
  const out = new Uint8Array(8);
  const view = new DataView(out.buffer);
  view.setUint32(0, Math.floor(value / 2 ** 32));
  view.setUint32(4, value >>> 0);
  return out;
}

/** `u32(length) ‖ bytes`, so that a list of fields has one reading only. */
export function prefixed(bytes: Uint8Array): Bytes {
  return concat(u32(bytes.length), bytes);
}

/** ASCII text of this package's own tags. */
export function ascii(text: string): Bytes {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Equality without a data-dependent branch over equal lengths; lengths are public. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Zeroes what this package made; the caller's own arrays are the caller's. */
export function wipe(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}

/** `length` bytes of the platform's CSPRNG. */
export function randomBytes(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}
