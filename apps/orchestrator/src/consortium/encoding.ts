import { sha3_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { ZkflError, type ZkflErrorCode } from '../errors.ts';

/** RFC 8785 (JCS) bytes: one encoding for one value, so that a digest or a signature names the value. */
export function canonicalBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(canonicalText(value));
}

export function canonicalText(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new ZkflError('message', 'canonical JSON: value: got nothing, want JSON');
  return text;
}

/** SHA3-256 of parts in order, lower-case hex. */
export function sha3Hex(...parts: readonly Uint8Array[]): string {
  const hash = sha3_256.create();
  for (const part of parts) hash.update(part);
  return bytesToHex(hash.digest());
}

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** Of text that {@link base64} has let through. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Base64 of exactly `length` bytes, in the one encoding that has no stray bits. */
export const base64 = (length: number) =>
  z
    .string()
    // What has another length must not reach the decoder, which throws.
    .length(4 * Math.ceil(length / 3), { abort: true })
    .refine((text) => /^[A-Za-z0-9+/]+={0,2}$/.test(text) && toBase64(fromBase64(text)) === text, {
      error: `got something else, want ${length} bytes as base64`,
      abort: true,
    })
    .refine((text) => fromBase64(text).length === length, { error: `got another length, want ${length} bytes` });

/** 32 bytes as lower-case hex. */
export const digest = z.string().regex(/^[0-9a-f]{64}$/, 'got something else, want 64 lower-case hex digits');

/** `value` by `schema`; throws `code` with the path of the first thing that does not fit. */
export function parseBy<T>(schema: z.ZodType<T>, value: unknown, options: { code: ZkflErrorCode; what: string }): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const path = issue.path.join('.') || 'value';
  throw new ZkflError(options.code, `${options.what}: ${path}: ${issue.message}`, { path });
}

/** JSON text by `schema`; throws `code`. */
export function parseJsonBy<T>(schema: z.ZodType<T>, text: string, options: { code: ZkflErrorCode; what: string }): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ZkflError(options.code, `${options.what}: got something else, want JSON`, {}, cause);
  }
  return parseBy(schema, value, options);
}

/** A fingerprint as people read it out: eight groups of eight hex digits. */
export const spoken = (hex: string): string => hex.match(/.{1,8}/g)!.join(' ');

/** The inverse of {@link spoken}, forgiving about case, spaces, dashes and colons. */
export const unspoken = (text: string): string => text.toLowerCase().replace(/[\s:-]/g, '');
