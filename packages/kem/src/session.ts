import { bytesToHex } from '@noble/hashes/utils.js';
import { AEAD_TAG_BYTES } from './aead.ts';
import { asBytes, ascii, type Bytes, concat, equalBytes, prefixed, u32, wipe } from './bytes.ts';
import { Direction, type Lease } from './direction.ts';
import { KemError } from './errors.ts';
import { runKdf } from './kdf.ts';
import type { MasterSecrets } from './key-schedule.ts';
import { checkOptions } from './options.ts';
import {
  decodeHeader,
  encodeHeader,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  type RecordType,
  type Role,
  SESSION_ID_BYTES,
} from './record.ts';
import {
  type BodyKey,
  type ByteSource,
  checkTail,
  openBody,
  openSegment,
  openSource,
  readSegment,
  SourceReader,
  sealBody,
  sealedLength,
  sealSource,
} from './segments.ts';
import { type Suite, suiteId } from './suite.ts';
import { TAG, taggedHash } from './tags.ts';

const EMPTY = new Uint8Array(0);
const CLOSE_AAD = ascii('close');
const REKEY_AAD = ascii('rekey');
const MAX_EXPORT_BYTES = 255 * 32;

/** Everything a finished handshake leaves behind. */
export interface SessionSeed {
  readonly suite: Suite;
  readonly role: Role;
  readonly h2: Bytes;
  /** Taken over and wiped by the session. */
  readonly master: MasterSecrets;
  readonly peerFingerprint: Bytes;
  readonly epochBytes: number;
}

/**
 * A mutually authenticated, forward-secret channel after its handshake. Records are opened once each, in the order in
 * which they were sealed, by the other end only; a record that does not fit is refused and changes nothing.
 */
export class Session {
  readonly role: Role;
  readonly suite: Suite;
  readonly #h2: Bytes;
  readonly #id: Bytes;
  readonly #peerFingerprint: Bytes;
  readonly #exporter: Bytes;
  readonly #sending: Direction;
  readonly #receiving: Direction;

  constructor(seed: SessionSeed) {
    const peer: Role = seed.role === 'initiator' ? 'responder' : 'initiator';
    this.role = seed.role;
    this.suite = seed.suite;
    this.#h2 = seed.h2;
    this.#id = seed.h2.slice(0, SESSION_ID_BYTES);
    this.#peerFingerprint = seed.peerFingerprint;
    this.#exporter = seed.master.exporter;
    const shared = { suite: seed.suite, h2: seed.h2, epochBytes: seed.epochBytes };
    this.#sending = new Direction({ ...shared, sender: seed.role, secret: seed.master.epoch[seed.role] });
    this.#receiving = new Direction({ ...shared, sender: peer, secret: seed.master.epoch[peer] });
    wipe(seed.master.confirmInitiator, seed.master.confirmResponder);
  }

  /** Eight public bytes that both ends share and every record carries. */
  get sessionId(): Uint8Array {
    return this.#id.slice();
  }

  /** The peer's authenticated static key, by fingerprint (32 bytes). */
  get peerFingerprint(): Uint8Array {
    return this.#peerFingerprint.slice();
  }

  /** Records sealed and opened so far. */
  get counters(): { readonly sent: number; readonly received: number } {
    return { sent: this.#sending.sequence, received: this.#receiving.sequence };
  }

  /** True once the peer's close record was accepted: nothing that it sent is missing. */
  get peerClosed(): boolean {
    return this.#receiving.state === 'closed';
  }

  /** One record: 26 bytes of header, the sealed body, 16 bytes a MiB. Throws `limit` when a rekey is due. */
  async seal(plaintext: Uint8Array, aad: Uint8Array = EMPTY): Promise<Uint8Array> {
    const bytes = asBytes('session.seal', 'plaintext', plaintext);
    const bound = asBytes('session.seal', 'aad', aad);
    return this.#sending.exclusive(() => this.#seal('data', bytes, bound));
  }

  /** The plaintext of the next data record. Throws a typed error and stays as it is for anything else. */
  async open(record: Uint8Array, aad: Uint8Array = EMPTY): Promise<Uint8Array> {
    const bytes = asBytes('session.open', 'record', record);
    const bound = asBytes('session.open', 'aad', aad);
    const opened = await this.#receiving.exclusive(() => this.#open('session.open', ['data'], bytes, bound));
    return opened.plaintext;
  }

  /** A record of any size in bounded memory; takes its sequence number when the iteration starts. */
  async *sealStream(source: ByteSource, aad: Uint8Array = EMPTY): AsyncGenerator<Uint8Array, void, undefined> {
    const reader = new SourceReader('session.sealStream', source);
    const bound = asBytes('session.sealStream', 'aad', aad);
    const { header, lease } = await this.#sending.exclusive(async () => {
      const held = await this.#sending.lease('session.sealStream');
      const header = this.#header('data', this.#sending);
      this.#sending.advance();
      return { header, lease: held };
    });
    try {
      yield header;
      yield* sealSource(this.#body(lease, header, bound), reader, (bytes) => lease.spend('session.sealStream', bytes));
    } finally {
      lease.release();
    }
  }

  /** Opens the next data record from a source in bounded memory; truncation throws at the end of the source. */
  async *openStream(source: ByteSource, aad: Uint8Array = EMPTY): AsyncGenerator<Uint8Array, void, undefined> {
    const operation = 'session.openStream';
    const reader = new SourceReader(operation, source);
    const bound = asBytes(operation, 'aad', aad);
    const head = await reader.read(RECORD_HEADER_BYTES);
    const header = decodeHeader(operation, head);
    const first = await readSegment(reader);
    const last = await reader.ended();
    if (last) checkTail(operation, 0, first.length);
    const { plaintext, body, lease } = await this.#receiving.exclusive(async () => {
      this.#check(operation, ['data'], header);
      const held = await this.#receiving.lease(operation);
      try {
        const key = this.#body(held, head, bound);
        const opened = await openSegment(operation, key, 0, last, first);
        this.#receiving.advance();
        return { plaintext: opened, body: key, lease: held };
      } catch (error) {
        held.release();
        throw error;
      }
    });
    try {
      yield plaintext;
      if (!last) yield* openSource(operation, body, reader, 1);
    } finally {
      lease.release();
    }
  }

  /**
   * Moves this end's sending direction to its next key and wipes the old one; the record tells the peer, who passes it
   * to `accept`. A key that leaks later does not open records from before.
   */
  rekey(): Promise<Uint8Array> {
    return this.#sending.exclusive(async () => {
      const record = await this.#seal('rekey', EMPTY, REKEY_AAD);
      this.#sending.ratchet();
      return record;
    });
  }

  /** Ends the sending direction: the record proves to the peer that nothing is missing. Its keys are wiped. */
  close(): Promise<Uint8Array> {
    return this.#sending.exclusive(async () => {
      const record = await this.#seal('close', EMPTY, CLOSE_AAD);
      this.#sending.end('closed');
      return record;
    });
  }

  /** Takes the peer's next rekey or close record and says which it was. */
  async accept(record: Uint8Array): Promise<'rekey' | 'close'> {
    const bytes = asBytes('session.accept', 'record', record);
    return this.#receiving.exclusive(async () => {
      const { type } = decodeHeader('session.accept', bytes);
      const want = RECORD_HEADER_BYTES + AEAD_TAG_BYTES;
      if (type !== 'data' && bytes.length !== want)
        throw new KemError('malformed', {
          operation: 'session.accept',
          field: `${type} record length`,
          got: bytes.length,
          want,
        });
      const aad = type === 'rekey' ? REKEY_AAD : CLOSE_AAD;
      const opened = await this.#open('session.accept', ['rekey', 'close'], bytes, aad);
      if (opened.type === 'rekey') {
        this.#receiving.ratchet();
        return 'rekey';
      }
      this.#receiving.end('closed');
      return 'close';
    });
  }

  /** A secret that only the two ends know, for another protocol; `length` 1..8160 bytes, the caller's to wipe. */
  async exportKey(options: { readonly label: Uint8Array; readonly length: number }): Promise<Uint8Array> {
    checkOptions('session.exportKey', options, ['label', 'length']);
    const label = asBytes('session.exportKey', 'label', options.label);
    const { length } = options;
    if (!Number.isInteger(length) || length < 1 || length > MAX_EXPORT_BYTES)
      throw new KemError('argument', {
        operation: 'session.exportKey',
        field: 'length',
        got: String(length),
        want: `an integer 1..${MAX_EXPORT_BYTES}`,
      });
    if (this.#sending.state === 'wiped')
      throw new KemError('wrong-state', {
        operation: 'session.exportKey',
        field: 'session',
        got: 'wiped',
        want: 'a live session',
      });
    return runKdf('session.exportKey', this.suite.kdf, {
      secret: this.#exporter,
      salt: this.#h2,
      info: concat(prefixed(TAG.exporter), suiteId(this.suite), u32(length), label),
      length,
    });
  }

  /** Zeroes every key of this end; every later use throws `wrong-state`. */
  wipe(): void {
    this.#sending.end('wiped');
    this.#receiving.end('wiped');
    wipe(this.#exporter);
  }

  [Symbol.dispose](): void {
    this.wipe();
  }

  toJSON(): { role: Role; sessionId: string; keys: '[redacted]' } {
    return { role: this.role, sessionId: bytesToHex(this.#id), keys: '[redacted]' };
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Session { role: '${this.role}', sessionId: '${bytesToHex(this.#id)}', keys: [redacted] }`;
  }

  #header(type: RecordType, direction: Direction): Bytes {
    const { sender, epoch, sequence } = direction;
    return encodeHeader({ type, sender, sessionId: this.#id, epoch, sequence });
  }

  #body(lease: Lease, header: Bytes, aad: Bytes): BodyKey {
    const { key, iv } = lease;
    return { key, iv, sequence: lease.sequence, aad: taggedHash(TAG.aad, header, aad) };
  }

  async #seal(type: RecordType, plaintext: Bytes, aad: Bytes): Promise<Bytes> {
    const lease = await this.#sending.lease('session.seal');
    try {
      lease.spend('session.seal', sealedLength(plaintext.length));
      const header = this.#header(type, this.#sending);
      // Advanced before anything leaves: a nonce is never used again, even if sealing fails half-way.
      this.#sending.advance();
      return await sealBody(header, this.#body(lease, header, aad), plaintext);
    } finally {
      lease.release();
    }
  }

  async #open(
    operation: string,
    types: readonly RecordType[],
    record: Bytes,
    aad: Bytes,
  ): Promise<{ type: RecordType; plaintext: Bytes }> {
    const header = decodeHeader(operation, record);
    this.#check(operation, types, header);
    const lease = await this.#receiving.lease(operation);
    try {
      const body = this.#body(lease, record.slice(0, RECORD_HEADER_BYTES), aad);
      const plaintext = await openBody(operation, body, record.subarray(RECORD_HEADER_BYTES));
      this.#receiving.advance();
      return { type: header.type, plaintext };
    } finally {
      lease.release();
    }
  }

  /** Places a record before any key is touched; the header is authenticated with the body afterwards. */
  #check(operation: string, types: readonly RecordType[], header: RecordHeader): void {
    const refuse = (
      code: ConstructorParameters<typeof KemError>[0],
      field: string,
      got: string | number,
      want: string | number,
    ) => new KemError(code, { operation, field, got, want });
    if (!equalBytes(header.sessionId, this.#id))
      throw refuse('wrong-session', 'session id', bytesToHex(header.sessionId), bytesToHex(this.#id));
    if (header.sender === this.role) throw refuse('reflected', 'sender', header.sender, this.#receiving.sender);
    const { sequence, epoch } = this.#receiving;
    if (header.sequence < sequence) throw refuse('replayed', 'sequence', header.sequence, sequence);
    if (header.sequence > sequence) throw refuse('out-of-order', 'sequence', header.sequence, sequence);
    if (header.epoch !== epoch) throw refuse('out-of-order', 'epoch', header.epoch, epoch);
    if (!types.includes(header.type)) throw refuse('argument', 'record type', header.type, types.join(' or '));
  }
}

/** What kind of record these bytes claim to be, to choose between `open` and `accept`. Throws `malformed`. */
export function recordType(record: Uint8Array): RecordType {
  return decodeHeader('recordType', asBytes('recordType', 'record', record)).type;
}
