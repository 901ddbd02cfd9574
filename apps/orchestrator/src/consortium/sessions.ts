import { randomBytes } from 'node:crypto';
import { bytesToHex } from '@noble/hashes/utils.js';
import { createResponder, isKemError, type KemKeyPair, type Responder, type Session } from '@zkfl/kem';
import pLimit, { type LimitFunction } from 'p-limit';
import { ZkflError } from '../errors.ts';
import { sessionContext } from './domains.ts';
import { fromBase64 } from './encoding.ts';
import type { Member } from './enrolment.ts';

export interface SessionLimits {
  /** handshakes and sessions at once */
  readonly open: number;
  /** handshakes that wait for their third message */
  readonly pending: number;
  readonly idleMs: number;
  readonly pendingMs: number;
}

export const SESSION_LIMITS: SessionLimits = { open: 2048, pending: 512, idleMs: 300_000, pendingMs: 15_000 };
/** Requests that one session may have under way; an honest hospital has one. */
const MOST_QUEUED = 4;

interface Pending {
  readonly responder: Responder;
  readonly at: number;
}
interface Open {
  readonly session: Session;
  readonly client: number;
  readonly serial: LimitFunction;
  at: number;
}

/** Why a session could not be used; `code` is what the HTTP answer says. */
export class SessionError extends Error {
  readonly code: 'unknown-session' | 'busy' | 'handshake' | 'record';

  constructor(code: SessionError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Sessions with hospitals, in memory alone: after a restart every hospital makes a new one, with new keys. */
export class SessionTable {
  readonly #keyPair: KemKeyPair;
  readonly #study: string;
  readonly #members: () => readonly Member[];
  readonly #limits: SessionLimits;
  readonly #pending = new Map<string, Pending>();
  readonly #open = new Map<string, Open>();
  readonly #byClient = new Map<number, string>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(options: {
    readonly keyPair: KemKeyPair;
    readonly study: string;
    readonly members: () => readonly Member[];
    readonly limits?: SessionLimits;
  }) {
    this.#keyPair = options.keyPair;
    this.#study = options.study;
    this.#members = options.members;
    this.#limits = options.limits ?? SESSION_LIMITS;
    this.#sweeper = setInterval(() => this.#sweep(), 5000).unref();
  }

  get size(): { readonly pending: number; readonly open: number } {
    return { pending: this.#pending.size, open: this.#open.size };
  }

  /** Message 1 of a handshake; throws {@link SessionError} `busy` or `handshake`. */
  async begin(message1: Uint8Array): Promise<{ readonly id: string; readonly message2: Uint8Array }> {
    this.#sweep();
    if (this.#pending.size >= this.#limits.pending || this.#pending.size + this.#open.size >= this.#limits.open)
      throw new SessionError('busy', 'sessions: got too many open, want fewer: try again later');
    const id = bytesToHex(randomBytes(16));
    const responder = createResponder({
      keyPair: this.#keyPair,
      context: sessionContext(this.#study),
      resolvePeer: (fingerprint) => {
        const hex = bytesToHex(fingerprint);
        const member = this.#members().find(({ enrolment }) => enrolment.channelFingerprint === hex);
        return member && fromBase64(member.enrolment.channelKey);
      },
    });
    this.#pending.set(id, { responder, at: Date.now() });
    try {
      return { id, message2: await responder.respond(message1) };
    } catch (error) {
      this.#pending.delete(id);
      if (isKemError(error)) throw new SessionError('handshake', error.message, error);
      throw error;
    }
  }

  /** Message 3: from now on the hospital is known. A new session ends the one that it had. */
  async finish(id: string, message3: Uint8Array): Promise<number> {
    const pending = this.#pending.get(id);
    if (pending === undefined) throw new SessionError('unknown-session', 'session: got one that is not open');
    this.#pending.delete(id);
    let session: Session;
    try {
      session = await pending.responder.finish(message3);
    } catch (error) {
      if (isKemError(error)) throw new SessionError('handshake', error.message, error);
      throw error;
    }
    const hex = bytesToHex(session.peerFingerprint);
    const member = this.#members().find(({ enrolment }) => enrolment.channelFingerprint === hex);
    if (member === undefined) throw new ZkflError('protocol', 'session: peer: got one that has not enrolled');
    const before = this.#byClient.get(member.client);
    if (before !== undefined) this.#drop(before);
    this.#open.set(id, { session, client: member.client, serial: pLimit(1), at: Date.now() });
    this.#byClient.set(member.client, id);
    return member.client;
  }

  /** One sealed request, one sealed answer, one after the other. A record that does not fit changes nothing. */
  async exchange(
    id: string,
    record: Uint8Array,
    answer: (client: number, request: Uint8Array) => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const open = this.#open.get(id);
    if (open === undefined) throw new SessionError('unknown-session', 'session: got one that is not open');
    if (open.serial.activeCount + open.serial.pendingCount >= MOST_QUEUED)
      throw new SessionError('busy', 'session: got too many requests at once, want one after the other');
    return open.serial(async () => {
      let request: Uint8Array;
      try {
        request = await open.session.open(record);
      } catch (error) {
        if (isKemError(error)) throw new SessionError('record', error.message, error);
        throw error;
      }
      open.at = Date.now();
      const reply = await answer(open.client, request);
      open.at = Date.now();
      try {
        return await open.session.seal(reply);
      } catch (error) {
        if (isKemError(error, 'wrong-state')) throw new SessionError('unknown-session', 'session: it was replaced');
        throw error;
      }
    });
  }

  close(): void {
    clearInterval(this.#sweeper);
    for (const id of [...this.#open.keys()]) this.#drop(id);
    for (const { responder } of this.#pending.values()) responder.abort();
    this.#pending.clear();
  }

  #drop(id: string): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    if (open === undefined) return;
    if (this.#byClient.get(open.client) === id) this.#byClient.delete(open.client);
    open.session.wipe();
  }

  #sweep(): void {
    const now = Date.now();
    for (const [id, { responder, at }] of this.#pending)
      if (now - at > this.#limits.pendingMs) {
        responder.abort();
        this.#pending.delete(id);
      }
    for (const [id, open] of this.#open) if (now - open.at > this.#limits.idleMs) this.#drop(id);
  }
}
