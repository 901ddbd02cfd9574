import { ascii, type Bytes, concat, u32, u64 } from './bytes.ts';
import { KemError } from './errors.ts';

/** Which end of a session. */
export type Role = 'initiator' | 'responder';

export const RECORD_TYPE = Object.freeze({ data: 1, rekey: 2, close: 3 });
export type RecordType = keyof typeof RECORD_TYPE;

export const SESSION_ID_BYTES = 8;
const MAGIC = ascii('ZKR1');
/** `magic 4 ‖ type 1 ‖ sender 1 ‖ session id 8 ‖ epoch u32 ‖ sequence u64`. */
export const RECORD_HEADER_BYTES = MAGIC.length + 1 + 1 + SESSION_ID_BYTES + 4 + 8;

export interface RecordHeader {
  readonly type: RecordType;
  readonly sender: Role;
  readonly sessionId: Bytes;
  /** How often the sender has rekeyed. */
  readonly epoch: number;
  /** Number of the record in its direction, from 0, over all epochs. */
  readonly sequence: number;
}

export function encodeHeader(header: RecordHeader): Bytes {
  return concat(
    MAGIC,
    Uint8Array.of(RECORD_TYPE[header.type], header.sender === 'initiator' ? 0 : 1),
    header.sessionId,
    u32(header.epoch),
    u64(header.sequence),
  );
}

/** Strict: one encoding for every header. Throws `malformed`. */
export function decodeHeader(operation: string, bytes: Bytes): RecordHeader {
  const malformed = (field: string, got: string | number, want: string | number) =>
    new KemError('malformed', { operation, field, got, want });
  if (bytes.length < RECORD_HEADER_BYTES)
    throw malformed('record length', bytes.length, `at least ${RECORD_HEADER_BYTES}`);
  if (!MAGIC.every((byte, i) => byte === bytes[i])) throw malformed('magic', 'other bytes', 'ZKR1');
  const code = bytes[4] as number;
  const type = (Object.keys(RECORD_TYPE) as RecordType[]).find((name) => RECORD_TYPE[name] === code);
  if (type === undefined) throw malformed('record type', code, '1, 2 or 3');
  const sender = bytes[5] as number;
  if (sender > 1) throw malformed('sender', sender, '0 or 1');
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEADER_BYTES);
  const high = view.getUint32(18);
  if (high >= 2 ** 21) throw malformed('sequence', 'above 2^53', 'less than 2^53');
  return {
    type,
    sender: sender === 0 ? 'initiator' : 'responder',
    sessionId: bytes.slice(6, 6 + SESSION_ID_BYTES),
    epoch: view.getUint32(14),
    sequence: high * 2 ** 32 + view.getUint32(22),
  };
}
