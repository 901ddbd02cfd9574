import { parameterCount } from '@zkfl/fl-core';
import { ciphertextCount } from '@zkfl/he-agg';
import { verify } from '@zkfl/kem';
import { ZkflError } from '../errors.ts';
import { digestOf } from '../simulate/bytes.ts';
import { SET } from '../simulate/policy.ts';
import type { Coordinator } from './coordinator.ts';
import { APPLIED, UPDATE } from './domains.ts';
import { fromBase64 } from './encoding.ts';
import {
  CHUNK_BYTES,
  type Framed,
  PROTOCOL_VERSION,
  type Reply,
  type Request,
  reportBytes,
  updateBytes,
} from './protocol.ts';

type Of<T extends Request['type']> = Extract<Request, { type: T }>;
type Answer = Framed<Reply>;

const NOTHING = new Uint8Array();
/** Of a proof, beside the ciphertexts: no proof of a listed set is larger. */
const PROOF_BYTES = 8 * 2 ** 20;
const ENTRIES = 64;

/** What a hospital asked for is not to be had: `later` where the same request may come again. */
class Refusal extends Error {
  readonly again: 'later' | 'no';

  constructor(again: 'later' | 'no', reason: string) {
    super(reason);
    this.again = again;
  }
}

/** Largest update that a study's hospitals can have to send. */
export function mostUpdateBytes(coordinator: Coordinator): number {
  const { model } = coordinator.study.study;
  return 2 * 8 * 4096 * ciphertextCount(SET, parameterCount(model)) + PROOF_BYTES;
}

/** Answers what one authenticated hospital asks. Never throws for what the hospital did. */
export async function answer(
  coordinator: Coordinator,
  client: number,
  { message, body }: Framed<Request>,
  signal?: AbortSignal,
): Promise<Answer> {
  const frame = { version: PROTOCOL_VERSION, study: coordinator.study.id, round: coordinator.round } as const;
  const refused = (again: 'later' | 'no', reason: string): Answer => ({
    message: { ...frame, type: 'refused', again, reason: reason.slice(0, 4096) },
    body: NOTHING,
  });
  if (message.study !== frame.study) return refused('no', 'message: study: got another study, want this one');
  const takesBody = message.type === 'keys-put' || message.type === 'upload-chunk';
  if (!takesBody && body.length > 0) return refused('no', `message: body: got ${body.length} B, want none`);
  try {
    const handler = new Handler(coordinator, client, frame);
    return await handler.answer(message, body, signal);
  } catch (error) {
    if (error instanceof Refusal) return refused(error.again, error.message);
    // What the disk or the log does not take may come again; nothing of it was taken.
    if (error instanceof ZkflError && error.code === 'store') return refused('later', error.message);
    if (error instanceof ZkflError && error.code === 'protocol') return refused('no', error.message);
    throw error;
  }
}

interface Concern {
  readonly concern: string;
  /** at which it was first so */
  readonly revision: number;
}
const concerns = new WeakMap<Coordinator, Map<number, Concern>>();
/** The sum that hospitals fetch just now, read once for all of them. */
const sums = new WeakMap<
  Coordinator,
  { readonly digest: string; readonly payload: Promise<Uint8Array<ArrayBuffer>> }
>();

function sumOf(coordinator: Coordinator, digest: string): Promise<Uint8Array<ArrayBuffer>> {
  const kept = sums.get(coordinator);
  if (kept?.digest === digest) return kept.payload;
  const payload = coordinator.store.blobs.get(digest);
  sums.set(coordinator, { digest, payload });
  payload.catch(() => sums.delete(coordinator));
  return payload;
}

class Handler {
  readonly #coordinator: Coordinator;
  readonly #client: number;
  readonly #frame: { readonly version: 1; readonly study: string; readonly round: number };

  constructor(
    coordinator: Coordinator,
    client: number,
    frame: { readonly version: 1; readonly study: string; readonly round: number },
  ) {
    this.#coordinator = coordinator;
    this.#client = client;
    this.#frame = frame;
  }

  answer(message: Request, body: Uint8Array, signal?: AbortSignal): Promise<Answer> | Answer {
    switch (message.type) {
      case 'state':
        return this.#state(message, signal);
      case 'roster':
        return this.#roster();
      case 'keys-put':
        return this.#keysPut(message, body);
      case 'keys-get':
        return this.#keysGet();
      case 'upload-begin':
        return this.#uploadBegin(message);
      case 'upload-chunk':
        return this.#uploadChunk(message, body);
      case 'upload-commit':
        return this.#uploadCommit(message);
      case 'decline':
        return this.#decline(message);
      case 'sum':
        return this.#sum(message);
      case 'applied':
        return this.#applied(message);
      case 'audit':
        return this.#audit(message);
    }
  }

  #stored(): Answer {
    return { message: { ...this.#frame, type: 'stored' }, body: NOTHING };
  }

  /** What of the study makes this hospital do something; other hospitals' updates do not. */
  #concern(): string {
    const { status, round, state, members } = this.#coordinator;
    const enrolled = status === 'enrolling' ? members.length : 0;
    return [status, round, state?.phase.is, this.#coordinator.standing(this.#client)?.is, enrolled].join();
  }

  /** Waits for news that concern this hospital: hundreds that wait must not all be answered for each other's uploads. */
  async #wait(since: number, wait: number, signal?: AbortSignal): Promise<void> {
    const coordinator = this.#coordinator;
    const marks = concerns.get(coordinator) ?? new Map<number, Concern>();
    concerns.set(coordinator, marks);
    const until = performance.now() + wait;
    for (;;) {
      const concern = this.#concern();
      let mark = marks.get(this.#client);
      if (mark?.concern !== concern) {
        mark = { concern, revision: coordinator.revision };
        marks.set(this.#client, mark);
      }
      const before = coordinator.revision;
      const left = until - performance.now();
      // Revisions begin again with the process: one from before is no reason to wait.
      if (mark.revision > since || since > before || left <= 0) return;
      await coordinator.changed(before, left, signal);
      if (coordinator.revision === before) return;
    }
  }

  async #state({ since, wait }: Of<'state'>, signal?: AbortSignal): Promise<Answer> {
    const coordinator = this.#coordinator;
    await this.#wait(since, wait, signal);
    const { state } = coordinator;
    const standing = coordinator.standing(this.#client);
    return {
      body: NOTHING,
      message: {
        ...this.#frame,
        round: coordinator.round,
        type: 'state',
        revision: coordinator.revision,
        status: coordinator.status,
        enrolled: coordinator.members.length,
        roster: coordinator.roster?.roster ?? null,
        phase: state?.phase.is ?? null,
        model: state?.model ?? '0'.repeat(64),
        standing: standing?.is ?? null,
        reason: standing?.is === 'rejected' ? standing.reason : null,
        history: (state?.history ?? []).map(({ round, outcome, model }) => ({ round, outcome, model })),
      },
    };
  }

  #roster(): Answer {
    const { roster, members } = this.#coordinator;
    if (roster === null) throw new Refusal('later', 'roster: got an open enrolment, want it closed');
    const listed = members.filter(({ client }) => roster.clients.includes(client));
    return {
      body: NOTHING,
      message: {
        ...this.#frame,
        type: 'roster',
        roster: roster.roster,
        members: listed,
        signature: roster.signature,
      },
    };
  }

  async #keysPut({ publicKey, packages, signature }: Of<'keys-put'>, body: Uint8Array): Promise<Answer> {
    const coordinator = this.#coordinator;
    if (this.#client !== coordinator.keyMaker)
      throw new Refusal(
        'no',
        `keys: maker: got hospital ${this.#client}, want ${coordinator.keyMaker ?? 'a roster first'}`,
      );
    const parts = [publicKey, ...packages];
    const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total !== body.length) throw new Refusal('no', `keys: body: got ${body.length} B, want ${total} B`);
    let at = 0;
    for (const { digest, bytes } of parts) {
      const part = body.subarray(at, at + bytes);
      at += bytes;
      if (digestOf(part) !== digest) throw new Refusal('no', 'keys: digest: got other bytes, want those that it names');
      await coordinator.store.blobs.put(part);
    }
    await coordinator.putKeys({
      maker: this.#client,
      publicKey: publicKey.digest,
      packages: packages.map(({ client, digest }) => ({ client, digest })),
      signature,
    });
    return this.#stored();
  }

  async #keysGet(): Promise<Answer> {
    const { store } = this.#coordinator;
    const keys = store.keys();
    if (keys === null) throw new Refusal('later', 'keys: got none yet, want them from their maker');
    const own = keys.packages.find(({ client }) => client === this.#client);
    if (own === undefined) throw new Refusal('no', 'keys: package: got none for this hospital');
    const publicKey = await store.blobs.get(keys.publicKey);
    const secret = await store.blobs.get(own.digest);
    const body = new Uint8Array(publicKey.length + secret.length);
    body.set(publicKey);
    body.set(secret, publicKey.length);
    return {
      body,
      message: {
        ...this.#frame,
        type: 'keys',
        maker: keys.maker,
        publicKey: { digest: keys.publicKey, bytes: publicKey.length },
        package: { digest: own.digest, bytes: secret.length },
        packages: [...keys.packages],
        signature: keys.signature,
      },
    };
  }

  #upload(next: number, received: boolean): Answer {
    return { message: { ...this.#frame, type: 'upload', next, received }, body: NOTHING };
  }

  /** The open round wants an update of this hospital, or its very update has been taken already. */
  #wanted(round: number, digest: string): 'wanted' | 'taken' {
    const coordinator = this.#coordinator;
    if (round !== coordinator.round)
      throw new Refusal('no', `upload: round: got ${round}, want ${coordinator.round}: that round is not open`);
    const standing = coordinator.standing(this.#client);
    if (standing !== undefined && 'digest' in standing && standing.digest === digest) return 'taken';
    if (coordinator.state?.phase.is !== 'collecting')
      throw new Refusal('no', `upload: round ${round}: got it after the deadline`);
    if (standing?.is !== 'awaited')
      throw new Refusal('no', `upload: round ${round}: got a second update, want one: ${standing?.is ?? 'not asked'}`);
    return 'wanted';
  }

  /** Bytes of an upload that need not come again; all of them where only its entry in the log is missing. */
  async #have(round: number, digest: string, bytes: number): Promise<number> {
    const { blobs } = this.#coordinator.store;
    return (await blobs.has(digest)) ? bytes : blobs.partialBytes(partialName(round, this.#client));
  }

  async #uploadBegin({ round, digest, bytes, signature }: Of<'upload-begin'>): Promise<Answer> {
    const coordinator = this.#coordinator;
    const { store, study } = coordinator;
    if (this.#wanted(round, digest) === 'taken') return this.#upload(bytes, true);
    const most = mostUpdateBytes(coordinator);
    if (bytes > most) throw new Refusal('no', `upload: bytes: got ${bytes}, want ≤ ${most}`);
    const before = store.upload(round, this.#client);
    if (before?.digest === digest && before.bytes === bytes)
      return this.#upload(await this.#have(round, digest, bytes), false);
    const verdict = await verify({
      publicKey: fromBase64(coordinator.member(this.#client).enrolment.signatureKey),
      message: updateBytes(study.id, round, this.#client, digest),
      signature: fromBase64(signature),
      context: UPDATE,
    });
    if (!verdict.ok) throw new Refusal('no', 'upload: signature: got one that does not verify');
    await store.blobs.requireSpace(bytes);
    await store.blobs.dropPartial(partialName(round, this.#client));
    store.transaction(() => store.putUpload({ round, client: this.#client, digest, bytes, signature }));
    return this.#upload(0, false);
  }

  async #uploadChunk({ round, digest, offset }: Of<'upload-chunk'>, body: Uint8Array): Promise<Answer> {
    const { store } = this.#coordinator;
    if (this.#wanted(round, digest) === 'taken') return this.#upload(offset, true);
    const upload = store.upload(round, this.#client);
    if (upload?.digest !== digest) throw new Refusal('no', 'upload: digest: got another, want the one that was begun');
    if (body.length === 0 || body.length > CHUNK_BYTES)
      throw new Refusal('no', `upload: chunk: got ${body.length} B, want 1 … ${CHUNK_BYTES} B`);
    const name = partialName(round, this.#client);
    const have = await this.#have(round, digest, upload.bytes);
    // A chunk that comes again is answered with where to go on.
    if (offset !== have) return this.#upload(have, false);
    if (have + body.length > upload.bytes)
      throw new Refusal('no', `upload: bytes: got ${have + body.length}, want ${upload.bytes}`);
    await store.blobs.writePartial(name, offset, body);
    return this.#upload(have + body.length, false);
  }

  async #uploadCommit({ round, digest }: Of<'upload-commit'>): Promise<Answer> {
    const coordinator = this.#coordinator;
    const { store } = coordinator;
    const upload = store.upload(round, this.#client);
    if (upload?.digest !== digest) throw new Refusal('no', 'upload: digest: got another, want the one that was begun');
    if (this.#wanted(round, digest) === 'taken') return this.#upload(upload.bytes, true);
    const name = partialName(round, this.#client);
    const have = await store.blobs.partialBytes(name);
    if (!(await store.blobs.has(digest))) {
      if (have !== upload.bytes) return this.#upload(have, false);
      if (!(await store.blobs.commitPartial(name, digest)))
        throw new Refusal('no', 'upload: digest: got other bytes, want those that it names');
    }
    const received = await coordinator.received({ round, client: this.#client, digest });
    if (!received) throw new Refusal('no', `upload: round ${round}: got it after the deadline`);
    return this.#upload(upload.bytes, true);
  }

  async #decline({ round, reason }: Of<'decline'>): Promise<Answer> {
    await this.#coordinator.declined(round, this.#client, reason);
    return this.#stored();
  }

  /** Sums and the accepted list only: no request names an update of another hospital. */
  async #sum({ round, offset }: Of<'sum'>): Promise<Answer> {
    const { store } = this.#coordinator;
    const sum = store.sum(round);
    if (sum === null) throw new Refusal('no', `sum: round ${round}: got none, want a round that was added up`);
    const payload = await sumOf(this.#coordinator, sum.digest);
    if (offset > payload.length) throw new Refusal('no', `sum: offset: got ${offset}, want ≤ ${payload.length}`);
    return {
      body: payload.subarray(offset, offset + CHUNK_BYTES),
      message: {
        ...this.#frame,
        round,
        type: 'sum',
        bytes: payload.length,
        digest: sum.digest,
        accepted: this.#coordinator
          .acceptedOf(round)
          .map(({ client, digest }) => ({ client, digest, signature: store.upload(round, client)!.signature })),
        signature: sum.signature,
      },
    };
  }

  async #applied({ round, model, signature, metrics, costs }: Of<'applied'>): Promise<Answer> {
    const coordinator = this.#coordinator;
    if (coordinator.store.sum(round) === null)
      throw new Refusal('no', `applied: round ${round}: got it before there was a sum`);
    const verdict = await verify({
      publicKey: fromBase64(coordinator.member(this.#client).enrolment.signatureKey),
      message: reportBytes(coordinator.study.id, round, this.#client, model),
      signature: fromBase64(signature),
      context: APPLIED,
    });
    if (!verdict.ok) throw new Refusal('no', 'applied: signature: got one that does not verify');
    const wanted = coordinator.study.study.policy.reportMetrics;
    await coordinator.report(
      { round, client: this.#client, model, metrics: (wanted && metrics) || null, costs: (wanted && costs) || null },
      signature,
    );
    return this.#stored();
  }

  #audit({ from }: Of<'audit'>): Answer {
    const entries = this.#coordinator.store.entries({ from, limit: ENTRIES });
    const next = entries.length === ENTRIES ? from + ENTRIES : null;
    return {
      body: NOTHING,
      message: {
        ...this.#frame,
        type: 'audit',
        entries: entries.map(({ entry, signature }) => ({ entry, signature })),
        next,
      },
    };
  }
}

const partialName = (round: number, client: number): string => `${round}-${client}`;
