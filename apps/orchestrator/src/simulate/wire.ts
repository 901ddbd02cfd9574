import { ZkflError } from '../errors.ts';
import { DIGEST_BYTES, digestBytes, digestOf, digestText } from './bytes.ts';

/** What coordinator and hospitals say to each other once their channel stands; every message names its study. */
export type Message =
  /** coordinator → hospital: train from the model with this digest */
  | { readonly kind: 'open'; readonly study: string; readonly round: number; readonly model: string }
  /** hospital → coordinator */
  | {
      readonly kind: 'update';
      readonly study: string;
      readonly round: number;
      readonly client: number;
      /** digest of the model that the update starts from */
      readonly model: string;
      readonly payload: Uint8Array;
      /** empty where the protection has no proofs */
      readonly proof: Uint8Array;
    }
  /** coordinator → hospital: Σ of the listed updates */
  | {
      readonly kind: 'sum';
      readonly study: string;
      readonly round: number;
      readonly accepted: readonly AcceptedUpdate[];
      /** ML-DSA-65 over {@link acceptedListBytes}; empty under `plain` and `kem` */
      readonly signature: Uint8Array;
      readonly payload: Uint8Array;
    }
  /** coordinator → hospital: the round closed with nothing to apply */
  | { readonly kind: 'skipped'; readonly study: string; readonly round: number }
  /** hospital → coordinator: the digest of its global model after the round */
  | {
      readonly kind: 'applied';
      readonly study: string;
      readonly round: number;
      readonly client: number;
      readonly model: string;
    }
  /** either way: bytes for (or from) another hospital, sealed between the two */
  | { readonly kind: 'relay'; readonly study: string; readonly peer: number; readonly payload: Uint8Array }
  /** hospital → coordinator: it cannot send an update this round, and why */
  | {
      readonly kind: 'failed';
      readonly study: string;
      readonly round: number;
      readonly client: number;
      readonly reason: string;
    };

export interface AcceptedUpdate {
  readonly client: number;
  /** SHA-256 of the whole update message */
  readonly digest: string;
}

const VERSION = 1;
const KINDS: readonly Message['kind'][] = ['open', 'update', 'sum', 'skipped', 'applied', 'relay', 'failed'];
/** 1 GiB: nothing in a round is larger, and no length is believed before the bytes are there. */
const LONGEST = 2 ** 30;
const LONGEST_REASON = 4096;
const MOST_CLIENTS = 0xffff;

class Writer {
  readonly #parts: Uint8Array[] = [];

  u8(value: number): this {
    return this.raw(Uint8Array.of(value));
  }

  u16(value: number): this {
    return this.raw(Uint8Array.of(value & 0xff, value >>> 8));
  }

  u32(value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    return this.raw(bytes);
  }

  digest(value: string): this {
    return this.raw(digestBytes(value));
  }

  /** u32 length, then the bytes */
  sized(value: Uint8Array): this {
    return this.u32(value.length).raw(value);
  }

  raw(value: Uint8Array): this {
    this.#parts.push(value);
    return this;
  }

  done(): Uint8Array {
    const bytes = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #take(field: string, length: number): number {
    const left = this.#bytes.length - this.#at;
    if (length > left) throw new ZkflError('message', `message: ${field}: got ${left} B, want ${length} B`, { field });
    this.#at += length;
    return this.#at - length;
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#take(field, 1));
  }

  u16(field: string): number {
    return this.#view.getUint16(this.#take(field, 2), true);
  }

  u32(field: string): number {
    return this.#view.getUint32(this.#take(field, 4), true);
  }

  digest(field: string): string {
    const at = this.#take(field, DIGEST_BYTES);
    return digestText(this.#bytes.subarray(at, at + DIGEST_BYTES));
  }

  /** A view into the message. */
  sized(field: string, longest = LONGEST): Uint8Array {
    const length = this.u32(field);
    if (length > longest) throw new ZkflError('message', `message: ${field}: got ${length} B, want ≤ ${longest} B`);
    const at = this.#take(field, length);
    return this.#bytes.subarray(at, at + length);
  }

  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left !== 0) throw new ZkflError('message', `message: length: got ${left} B too many, want 0`);
  }
}

function writeAccepted(writer: Writer, accepted: readonly AcceptedUpdate[]): Writer {
  writer.u16(accepted.length);
  for (const { client, digest } of accepted) writer.u16(client).digest(digest);
  return writer;
}

/** What the coordinator signs: study, round, the accepted updates in order, and the SHA-256 of the sum. */
export function acceptedListBytes(message: Extract<Message, { kind: 'sum' }>): Uint8Array {
  return acceptedListOf({ ...message, sum: digestOf(message.payload) });
}

/** The same where only the sum's digest is at hand. */
export function acceptedListOf(list: {
  readonly study: string;
  readonly round: number;
  readonly accepted: readonly AcceptedUpdate[];
  readonly sum: string;
}): Uint8Array {
  const writer = new Writer().digest(list.study).u32(list.round);
  return writeAccepted(writer, list.accepted).digest(list.sum).done();
}

export function encodeMessage(message: Message): Uint8Array {
  const writer = new Writer().u8(VERSION).u8(KINDS.indexOf(message.kind)).digest(message.study);
  switch (message.kind) {
    case 'open':
      return writer.u32(message.round).digest(message.model).done();
    case 'update':
      writer.u32(message.round).u16(message.client).digest(message.model);
      return writer.sized(message.payload).sized(message.proof).done();
    case 'sum':
      return writeAccepted(writer.u32(message.round), message.accepted)
        .sized(message.signature)
        .sized(message.payload)
        .done();
    case 'skipped':
      return writer.u32(message.round).done();
    case 'applied':
      return writer.u32(message.round).u16(message.client).digest(message.model).done();
    case 'relay':
      return writer.u16(message.peer).sized(message.payload).done();
    case 'failed': {
      const reason = new TextEncoder().encode(message.reason).subarray(0, LONGEST_REASON);
      return writer.u32(message.round).u16(message.client).sized(reason).done();
    }
  }
}

function readBody(reader: Reader, kind: Message['kind'], study: string): Message {
  switch (kind) {
    case 'open':
      return { kind, study, round: reader.u32('round'), model: reader.digest('model') };
    case 'update':
      return {
        kind,
        study,
        round: reader.u32('round'),
        client: reader.u16('client'),
        model: reader.digest('model'),
        payload: reader.sized('payload'),
        proof: reader.sized('proof'),
      };
    case 'sum': {
      const round = reader.u32('round');
      const count = reader.u16('accepted');
      const accepted = Array.from({ length: Math.min(count, MOST_CLIENTS) }, () => ({
        client: reader.u16('accepted.client'),
        digest: reader.digest('accepted.digest'),
      }));
      return {
        kind,
        study,
        round,
        accepted,
        signature: reader.sized('signature'),
        payload: reader.sized('payload'),
      };
    }
    case 'skipped':
      return { kind, study, round: reader.u32('round') };
    case 'applied':
      return {
        kind,
        study,
        round: reader.u32('round'),
        client: reader.u16('client'),
        model: reader.digest('model'),
      };
    case 'relay':
      return { kind, study, peer: reader.u16('peer'), payload: reader.sized('payload') };
    case 'failed':
      return {
        kind,
        study,
        round: reader.u32('round'),
        client: reader.u16('client'),
        reason: new TextDecoder().decode(reader.sized('reason', LONGEST_REASON)),
      };
  }
}

/** Strict: throws `message` for another version, an unknown kind, anything short or left over. */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new Reader(bytes);
  const version = reader.u8('version');
  if (version !== VERSION) throw new ZkflError('message', `message: version: got ${version}, want ${VERSION}`);
  const code = reader.u8('kind');
  const kind = KINDS[code];
  if (kind === undefined) throw new ZkflError('message', `message: kind: got ${code}, want < ${KINDS.length}`);
  const message = readBody(reader, kind, reader.digest('study'));
  reader.end();
  return message;
}
