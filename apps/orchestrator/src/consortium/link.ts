import { createInitiator, type KemKeyPair, type Session, seal, verify } from '@zkfl/kem';
import { ZkflError } from '../errors.ts';
import { ENROLLED, enrolmentContext, sessionContext } from './domains.ts';
import { canonicalBytes, fromBase64, parseJsonBy } from './encoding.ts';
import { type Enrolment, enrolledSchema } from './enrolment.ts';
import {
  decodeFrame,
  encodeFrame,
  type Framed,
  PROTOCOL_VERSION,
  type Reply,
  type ReplyTo,
  type Request,
  type RequestType,
  replySchema,
} from './protocol.ts';
import { readStudy, type SignedStudy } from './study-file.ts';

export interface LinkOptions {
  readonly url: string;
  readonly signal?: AbortSignal | undefined;
  /** told when the coordinator does not answer and the call is tried again */
  readonly onRetry?: ((problem: string) => void) | undefined;
  readonly fetch?: typeof fetch | undefined;
  /** first and longest pause between tries */
  readonly backoffMs?: { readonly first: number; readonly most: number } | undefined;
}

type Ask<T extends RequestType> = Omit<Extract<Request, { type: T }>, 'version' | 'study'>;
type Answered<T extends RequestType> = Framed<Extract<Reply, { type: ReplyTo[T] }>>;

const NOTHING = new Uint8Array();
const ANSWER_MS = 60_000;
const BACKOFF = { first: 200, most: 5000 };
const OCTETS = { 'content-type': 'application/octet-stream' };

/** The coordinator did not answer, or cannot take it now. */
class Unreachable extends Error {}
/** The session is gone: a new one may do. */
class SessionGone extends Error {}

async function problemOf(response: Response): Promise<string> {
  const text = await response.text().catch(() => '');
  try {
    return String((JSON.parse(text) as { message?: unknown }).message);
  } catch {
    return `HTTP ${response.status}`;
  }
}

/** Outbound HTTP to one coordinator, patient: a coordinator that restarts is waited for. */
class Http {
  readonly #options: LinkOptions;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  async send(path: string, body?: Uint8Array): Promise<Response> {
    const { url, signal, fetch: call = fetch } = this.#options;
    const limit = AbortSignal.timeout(ANSWER_MS);
    let response: Response;
    try {
      response = await call(new URL(path, url), {
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
        redirect: 'error',
        ...(body === undefined ? {} : { method: 'POST', headers: OCTETS, body: body as Uint8Array<ArrayBuffer> }),
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new Unreachable(`network: ${url}: no answer`, { cause });
    }
    if (response.status === 404 || response.status === 400) throw new SessionGone(await problemOf(response));
    if (response.status === 429 || response.status >= 500) throw new Unreachable(await problemOf(response));
    if (!response.ok)
      throw new ZkflError('protocol', `network: ${url}: ${await problemOf(response)}`, { status: response.status });
    return response;
  }

  async bytes(path: string, body?: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const response = await this.send(path, body);
    try {
      return new Uint8Array(await response.arrayBuffer());
    } catch (cause) {
      this.#options.signal?.throwIfAborted();
      throw new Unreachable('network: answer: torn', { cause });
    }
  }

  /** Again and again while the coordinator is away; `session` calls also after a lost session. */
  async patiently<T>(work: () => Promise<T>, lost: () => void): Promise<T> {
    const { signal, onRetry, backoffMs = BACKOFF } = this.#options;
    for (let pause = backoffMs.first; ; pause = Math.min(2 * pause, backoffMs.most)) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Unreachable) && !(error instanceof SessionGone)) throw error;
        lost();
        onRetry?.(error.message);
        // Hospitals that lost the same coordinator do not all come back in the same moment.
        await delay(pause * (0.5 + Math.random()), signal);
      }
    }
  }
}

function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

/** The study that runs at `url`; throws `study` unless it is the one that the invitation names. */
export async function fetchStudy(options: LinkOptions & { readonly study: string }): Promise<SignedStudy> {
  const http = new Http(options);
  const bytes = await http.patiently(
    () => http.bytes('/v1/study'),
    () => {},
  );
  const signed = await readStudy(new TextDecoder().decode(bytes));
  if (signed.id !== options.study)
    throw new ZkflError(
      'study',
      `study: fingerprint: got ${signed.id}, want ${options.study} of the invitation: this coordinator runs another study`,
    );
  return signed;
}

/** Enrols once; returns the hospital's number, signed for by the coordinator. Throws `protocol` where it refuses. */
export async function enrolAt(
  options: LinkOptions & { readonly signed: SignedStudy; readonly token: string; readonly enrolment: Enrolment },
): Promise<number> {
  const { signed, token, enrolment } = options;
  const http = new Http(options);
  const plaintext = canonicalBytes({ token, enrolment });
  const { coordinator } = signed.study;
  const envelope = await seal({
    recipient: fromBase64(coordinator.channelKey),
    plaintext,
    context: enrolmentContext(signed.id),
  });
  plaintext.fill(0);
  const bytes = await http.patiently(
    async () => {
      try {
        return await http.bytes('/v1/enrol', envelope);
      } catch (error) {
        if (error instanceof SessionGone) throw new ZkflError('protocol', `enrolment: ${error.message}`);
        throw error;
      }
    },
    () => {},
  );
  const answer = parseJsonBy(enrolledSchema, new TextDecoder().decode(bytes), { code: 'protocol', what: 'enrolment' });
  const { signature, ...rest } = answer;
  const verdict = await verify({
    publicKey: fromBase64(coordinator.signatureKey),
    message: canonicalBytes(rest),
    signature: fromBase64(signature),
    context: ENROLLED,
  });
  if (!verdict.ok || answer.study !== signed.id)
    throw new ZkflError('protocol', 'enrolment: answer: got one that the coordinator did not sign');
  return answer.client;
}

/**
 * A hospital's link to its coordinator: a session that is made anew, with new keys, after every doubt. Requests may be
 * repeated: the coordinator answers the second as the first.
 */
export class Link {
  readonly #options: LinkOptions & { readonly keyPair: KemKeyPair; readonly signed: SignedStudy };
  readonly #http: Http;
  #session: { readonly id: string; readonly session: Session } | null = null;
  /** bytes sent and received inside sessions */
  readonly bytes = { up: 0, down: 0 };

  constructor(options: LinkOptions & { readonly keyPair: KemKeyPair; readonly signed: SignedStudy }) {
    this.#options = options;
    this.#http = new Http(options);
  }

  /** Throws `protocol` where the coordinator refuses for good. */
  async call<T extends RequestType>(request: Ask<T>, body: Uint8Array = NOTHING): Promise<Answered<T>> {
    const { signed, signal, onRetry } = this.#options;
    const frame = encodeFrame({ message: { ...request, version: PROTOCOL_VERSION, study: signed.id }, body });
    for (;;) {
      const reply = await this.#http.patiently(
        () => this.#exchange(frame),
        () => this.#forget(),
      );
      const { message } = reply;
      if (message.study !== signed.id) throw new ZkflError('protocol', 'reply: study: got another study');
      if (message.type !== 'refused') return reply as Answered<T>;
      if (message.again === 'no')
        throw new ZkflError('protocol', `coordinator: ${message.reason}`, { refused: request.type });
      onRetry?.(message.reason);
      await delay(1000, signal);
    }
  }

  close(): void {
    this.#forget();
  }

  #forget(): void {
    this.#session?.session.wipe();
    this.#session = null;
  }

  async #exchange(frame: Uint8Array): Promise<Framed<Reply>> {
    this.#session ??= await this.#handshake();
    const { id, session } = this.#session;
    const record = await session.seal(frame);
    const answer = await this.#http.bytes(`/v1/sessions/${id}`, record);
    this.bytes.up += record.length;
    this.bytes.down += answer.length;
    let opened: Uint8Array;
    try {
      opened = await session.open(answer);
    } catch (cause) {
      throw new SessionGone('reply: got a record that is not the coordinator’s next', { cause });
    }
    return decodeFrame(opened, replySchema, 'reply');
  }

  async #handshake(): Promise<{ readonly id: string; readonly session: Session }> {
    const { keyPair, signed } = this.#options;
    const initiator = await createInitiator({
      keyPair,
      peerPublicKey: fromBase64(signed.study.coordinator.channelKey),
      context: sessionContext(signed.id),
    });
    try {
      const response = await this.#http.send('/v1/sessions', initiator.message);
      const id = response.headers.get('zkfl-session') ?? '';
      if (!/^[0-9a-f]{32}$/.test(id)) throw new ZkflError('protocol', 'session: id: got something else');
      const { message, session } = await initiator.finish(new Uint8Array(await response.arrayBuffer()));
      await this.#http.send(`/v1/sessions/${id}/finish`, message);
      return { id, session };
    } catch (error) {
      initiator.abort();
      throw error;
    }
  }
}
