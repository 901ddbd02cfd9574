import { createHash } from 'node:crypto';
import { ZkflError } from '../errors.ts';

export const DIGEST_BYTES = 32;

/** SHA-256, lower-case hex. */
export function digestOf(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** The bytes of a digest; throws `message` for anything but 64 hex digits. */
export function digestBytes(digest: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(digest))
    throw new ZkflError('message', `digest: got ${digest}, want 64 lower-case hex digits`);
  return Uint8Array.from({ length: DIGEST_BYTES }, (_, i) => Number.parseInt(digest.slice(2 * i, 2 * i + 2), 16));
}

export function digestText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** Little-endian IEEE 754 bytes, on any machine. */
export function floatsToBytes(values: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 4);
  if (LITTLE_ENDIAN) bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  else {
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < values.length; i += 1) view.setFloat32(4 * i, values[i]!, true);
  }
  return bytes;
}

/** Inverse of {@link floatsToBytes}; throws `message` unless there are exactly `count` values. */
export function bytesToFloats(bytes: Uint8Array, count: number): Float32Array<ArrayBuffer> {
  if (bytes.length !== 4 * count)
    throw new ZkflError('message', `update: length: got ${bytes.length} B, want ${4 * count} B`);
  const copy = new Uint8Array(bytes);
  if (LITTLE_ENDIAN) return new Float32Array(copy.buffer);
  const view = new DataView(copy.buffer);
  return Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true));
}

/** Digest of a global model: of its D weights in little-endian order. */
export function modelDigest(weights: Float32Array): string {
  return digestOf(floatsToBytes(weights));
}
