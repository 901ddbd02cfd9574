import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import {
  createInitiator,
  createResponder,
  type HandshakeBinding,
  type KemKeyPair,
  type Session,
  xWing,
} from '@zkfl/kem';
import { expect } from 'vitest';
import { KemError, type KemErrorCode } from '../src/errors.ts';

export const hex = bytesToHex;
export const unhex = (text: string): Uint8Array => hexToBytes(text.toLowerCase());
export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
export const digest = (...parts: Uint8Array[]): string => {
  const hash = sha256.create();
  for (const part of parts) hash.update(part);
  return hex(hash.digest());
};

/** The error of a call that must fail; anything but a KemError is itself a failure. */
export async function failure(call: () => unknown): Promise<KemError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof KemError) return error;
    throw new Error(`not a KemError: ${String(error)}`, { cause: error });
  }
  throw new Error('the call did not fail');
}

export async function expectCode(call: () => unknown, ...codes: KemErrorCode[]): Promise<KemError> {
  const error = await failure(call);
  expect(codes, error.message).toContain(error.code);
  return error;
}

export interface Ends {
  readonly initiator: Session;
  readonly responder: Session;
  readonly messages: readonly [Uint8Array, Uint8Array, Uint8Array];
}

/** A finished handshake between two static key pairs. */
export async function connect(
  keys: { initiator: KemKeyPair; responder: KemKeyPair },
  binding: HandshakeBinding = {},
): Promise<Ends> {
  const initiator = await createInitiator({
    keyPair: keys.initiator,
    peerPublicKey: keys.responder.publicKey,
    ...binding,
  });
  const responder = createResponder({
    keyPair: keys.responder,
    peerPublicKey: keys.initiator.publicKey,
    ...binding,
  });
  const message2 = await responder.respond(initiator.message);
  const finished = await initiator.finish(message2);
  return {
    initiator: finished.session,
    responder: await responder.finish(finished.message),
    messages: [initiator.message, message2, finished.message],
  };
}

let shared: Promise<{ initiator: KemKeyPair; responder: KemKeyPair }> | undefined;

/** Two X-Wing key pairs for a whole test file. */
export function staticKeys(): Promise<{ initiator: KemKeyPair; responder: KemKeyPair }> {
  shared ??= (async () => ({ initiator: await xWing.generateKeyPair(), responder: await xWing.generateKeyPair() }))();
  return shared;
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part.slice());
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Bytes that differ everywhere, the same in every run. */
export function pattern(length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let i = 0, state = 0x2545f491; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    out[i] = state;
  }
  return out;
}
