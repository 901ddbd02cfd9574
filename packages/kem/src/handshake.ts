import { asBytes, ascii, type Bytes } from './bytes.ts';
import { MAX_EPOCH_BYTES } from './direction.ts';
import { KemError } from './errors.ts';
import { HIDDEN_IDENTITY_BYTES } from './key-schedule.ts';
import { asSuite, SUITE_ID_BYTES, type Suite } from './suite.ts';

export const MAGIC = ascii('ZKH1');
export const CONFIRMATION_BYTES = 32;

export interface HandshakeBinding {
  /** What the session is for (study, role, protocol version); both ends must give the same bytes. Empty by default. */
  readonly context?: Uint8Array;
  readonly suite?: Suite;
  /** Bytes under one key before `seal` asks for a rekey: 1..2^36, the default. */
  readonly epochBytes?: number;
}

export const BINDING = ['context', 'suite', 'epochBytes'] as const;

export interface Binding {
  readonly suite: Suite;
  readonly context: Bytes;
  readonly epochBytes: number;
}

export function bindingOf(operation: string, options: HandshakeBinding): Binding {
  const { epochBytes = MAX_EPOCH_BYTES } = options;
  if (!Number.isInteger(epochBytes) || epochBytes < 1 || epochBytes > MAX_EPOCH_BYTES)
    throw new KemError('argument', {
      operation,
      field: 'epochBytes',
      got: String(epochBytes),
      want: `an integer 1..${MAX_EPOCH_BYTES}`,
    });
  return {
    suite: asSuite(operation, options.suite),
    context: asBytes(operation, 'context', options.context ?? new Uint8Array(0)).slice(),
    epochBytes,
  };
}

export function checkMagic(operation: string, message: Bytes, type: number): void {
  if (!MAGIC.every((byte, i) => byte === message[i]))
    throw new KemError('malformed', { operation, field: 'magic', got: 'other bytes', want: 'ZKH1' });
  if (message[MAGIC.length] !== type)
    throw new KemError('malformed', { operation, field: 'message type', got: message[MAGIC.length] ?? 0, want: type });
}

export function failed(operation: string, field: string): KemError {
  return new KemError('authentication-failed', {
    operation,
    field,
    got: 'a mismatch',
    want: 'the value that the holder of the static key computes',
  });
}

export function wrongStep(operation: string, got: string, want: string): KemError {
  return new KemError('wrong-state', { operation, field: 'handshake', got, want });
}

export const START = MAGIC.length + 1;
export const SUITE_END = START + SUITE_ID_BYTES;

/** Sizes of the three messages, in bytes. */
export function handshakeBytes(suite?: Suite): {
  readonly message1: number;
  readonly message2: number;
  readonly message3: number;
} {
  const { kem } = asSuite('handshakeBytes', suite);
  return {
    message1: SUITE_END + kem.publicKeyBytes + kem.ciphertextBytes + HIDDEN_IDENTITY_BYTES,
    message2: START + 2 * kem.ciphertextBytes + CONFIRMATION_BYTES,
    message3: START + CONFIRMATION_BYTES,
  };
}

/** Both results after both have ended, so that no job runs on behind an error; throws the first failure. */
export async function settleBoth<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}
