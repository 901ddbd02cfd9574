import {
  type Aggregator,
  advance,
  type Clock,
  createStudy,
  type RoundEffect,
  type RoundEvent,
  type RoundRecord,
  type RoundState,
  type RoundStore,
  type SecureChannel,
  type StudyPlan,
  type Transport,
  type UpdateVerifier,
} from '@zkfl/fl-core';
import pLimit, { type LimitFunction } from 'p-limit';
import { describeError, ZkflError } from '../errors.ts';
import { digestOf } from './bytes.ts';
import type { Meter } from './meter.ts';
import { type AcceptedUpdate, acceptedListBytes, decodeMessage, encodeMessage, type Message } from './wire.ts';

type Update = Extract<Message, { kind: 'update' }>;
type Sum = Extract<Message, { kind: 'sum' }>;

export interface CoordinatorOptions {
  readonly plan: StudyPlan;
  /** digest of the initial model */
  readonly model: string;
  readonly transport: Transport;
  /** one a hospital, handshake done */
  readonly channels: ReadonlyMap<number, SecureChannel>;
  readonly aggregator: Aggregator;
  readonly verifier: UpdateVerifier | null;
  /** ML-DSA-65 over the accepted list; null where the protection signs nothing */
  readonly sign: ((bytes: Uint8Array) => Promise<Uint8Array>) | null;
  readonly store: RoundStore;
  readonly clock: Clock;
  /** bounds how many hospitals and verifiers compute at once; first come, first served: verifiers fill what hospitals leave */
  readonly busy: LimitFunction;
  readonly meter: Meter;
}

/** A message that was not taken while the standing of its sender stayed as it was. */
export interface Refusal {
  readonly client: number;
  readonly reason: string;
}

export interface RoundOutcome {
  readonly record: RoundRecord;
  readonly refused: readonly Refusal[];
  /** bytes of proofs among the received updates */
  readonly proofBytes: number;
}

/** For decrypting one sum and taking one step: who needs longer is not waited for. */
const APPLY_DEADLINE_MS = 60_000;

/**
 * Runs the effects of the round machine: opens envelopes, gates, has proofs verified, adds, signs, sends the sum.
 * It holds no decryption key and, under encryption, never sees an update or the model.
 */
export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #clients: readonly number[];
  #state: RoundState;
  /** Work of this thread, one at a time: what the meter measures must not overlap. */
  readonly #serial = pLimit(1);
  readonly #events = pLimit(1);
  readonly #decided = new Map<number, () => void>();
  readonly #applied = new Map<number, string>();
  /** Hospitals whose answer to this round's sum is not waited for any longer. */
  readonly #unheard = new Set<number>();
  /** Hospitals that are gone, and why. */
  readonly #lost = new Map<number, string>();
  #allApplied: (() => void) | null = null;
  #finished: ((outcome: RoundOutcome) => void) | null = null;
  #failed: ((reason: unknown) => void) | null = null;
  #timer = new AbortController();
  #refused: Refusal[] = [];
  #proofBytes = 0;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.#clients = options.plan.clients.map(Number);
    this.#state = createStudy(options.plan, options.model);
  }

  /** Pumps messages until the transport closes. */
  async listen(): Promise<void> {
    for await (const { from, message } of this.#options.transport.messages())
      this.#receive(Number(from), message).catch((error) => this.#fail(error));
  }

  /** Runs one round; rejects where the round cannot go on (a hospital disagrees on the model, a worker died). */
  async runRound(): Promise<RoundOutcome> {
    this.#refused = [];
    this.#proofBytes = 0;
    this.#applied.clear();
    this.#unheard.clear();
    const done = new Promise<RoundOutcome>((resolve, reject) => {
      this.#finished = resolve;
      this.#failed = reject;
    });
    await this.#dispatch({ type: 'open', at: await this.#options.clock.now() });
    return done;
  }

  /** A hospital is gone for good: this and every later round goes on without it. */
  async lost(client: number, reason: string): Promise<void> {
    this.#lost.set(client, reason);
    this.#noteApplied();
    await this.#reject(client, reason);
  }

  #fail(error: unknown): void {
    this.#timer.abort();
    this.#failed?.(error);
  }

  async #dispatch(event: RoundEvent): Promise<void> {
    const effects = await this.#events(async () => {
      const step = advance(this.#state, event);
      this.#state = step.state;
      await this.#options.store.save(step.state);
      return step.effects;
    });
    for (const effect of effects) this.#run(effect).catch((error) => this.#fail(error));
  }

  async #run(effect: RoundEffect): Promise<void> {
    switch (effect.type) {
      case 'send-model':
        await Promise.all(effect.clients.map((client) => this.#askForUpdate(Number(client), effect.model)));
        return;
      case 'set-deadline':
        return this.#waitForDeadline(effect.round, effect.at);
      case 'verify':
        return this.#judge(effect.round, Number(effect.client), effect.digest);
      case 'refuse':
        this.#refused.push({ client: Number(effect.client), reason: effect.reason });
        return;
      case 'aggregate':
        return this.#aggregate(effect.round, effect.updates);
      case 'apply':
        return this.#distribute(effect.round, effect.sum);
      case 'round-finished':
        return this.#close(effect.record);
      case 'study-aborted':
        throw new ZkflError('protocol', `study: aborted: ${effect.reason}`);
      case 'study-finished':
        return;
    }
  }

  /** One of the busy: the slot is given back when the hospital has answered or the round has closed on it. */
  #askForUpdate(client: number, model: string): Promise<void> {
    return this.#options.busy(async () => {
      if (this.#standing(client) !== 'awaited') return;
      const gone = this.#lost.get(client);
      if (gone !== undefined) return this.#reject(client, gone);
      const decided = new Promise<void>((resolve) => this.#decided.set(client, resolve));
      const { study } = this.#state.plan;
      await this.#send(client, { kind: 'open', study, round: this.#state.round, model });
      await decided;
    });
  }

  async #waitForDeadline(round: number, at: number): Promise<void> {
    this.#timer = new AbortController();
    try {
      await this.#options.clock.until(at, this.#timer.signal);
    } catch (error) {
      if (this.#timer.signal.aborted) return;
      throw error;
    }
    for (const resolve of this.#decided.values()) resolve();
    await this.#dispatch({ type: 'deadline', round });
  }

  #send(client: number, message: Message): Promise<void> {
    return this.#sendEncoded(client, encodeMessage(message));
  }

  async #sendEncoded(client: number, message: Uint8Array): Promise<void> {
    const channel = this.#options.channels.get(client)!;
    const { meter, transport } = this.#options;
    await this.#serial(async () => transport.send(client, await meter.measure('channel', () => channel.seal(message))));
  }

  async #receive(from: number, frame: Uint8Array): Promise<void> {
    const channel = this.#options.channels.get(from)!;
    let message: Message;
    let bytes: Uint8Array;
    try {
      bytes = await this.#serial(() => this.#options.meter.measure('channel', () => channel.open(frame)));
      message = decodeMessage(bytes);
    } catch (error) {
      return this.#discredit(from, describeError(error));
    }
    if (message.kind === 'applied' && message.round < this.#state.round) {
      // Of a hospital that was not waited for: late, and no reason to leave it out of this round.
      this.#refused.push({ client: from, reason: `applied: got round ${message.round}, which is over` });
      return;
    }
    const problem = this.#misplaced(from, message);
    if (problem !== null) return this.#discredit(from, problem);
    switch (message.kind) {
      case 'update':
        return this.#takeUpdate(message, bytes);
      case 'failed':
        return this.#reject(from, message.reason);
      case 'applied':
        this.#applied.set(from, message.model);
        this.#noteApplied();
        return;
      case 'relay':
        return this.#send(message.peer, { ...message, peer: from });
      default:
        return this.#discredit(from, `message: kind: got ${message.kind}, want update`);
    }
  }

  #present(): readonly number[] {
    return this.#clients.filter((client) => !this.#lost.has(client));
  }

  #noteApplied(): void {
    const answered = (client: number) => this.#applied.has(client) || this.#unheard.has(client);
    if (this.#present().every(answered)) this.#allApplied?.();
  }

  /** What `client` sends does not fit: it stalls neither the collecting of updates nor the step after them. */
  async #discredit(client: number, reason: string): Promise<void> {
    if (this.#state.phase.is === 'applying' && !this.#applied.has(client)) {
      this.#unheard.add(client);
      this.#noteApplied();
    }
    await this.#reject(client, reason);
  }

  /** Why `message` has no place here, whoever sealed it. */
  #misplaced(from: number, message: Message): string | null {
    if (message.study !== this.#state.plan.study) return 'message: study: got another study, want this one';
    if (message.kind === 'relay')
      return this.#clients.includes(message.peer) ? null : `message: peer: got ${message.peer}, want a hospital`;
    const client = 'client' in message ? message.client : from;
    if (client !== from) return `message: client: got ${client}, want ${from}`;
    if (message.round !== this.#state.round) return `message: round: got ${message.round}, want ${this.#state.round}`;
    if (message.kind === 'update' && message.model !== this.#state.model)
      return 'message: model: got an update of another model, want this round’s';
    return null;
  }

  #standing(client: number): string | undefined {
    const { phase } = this.#state;
    if (phase.is !== 'collecting' && phase.is !== 'draining') return undefined;
    return phase.standings.find((standing) => standing.client === client)?.is;
  }

  /** Once a round: what a decided client still sends is refused and changes nothing. */
  async #reject(client: number, reason: string, digest?: string): Promise<void> {
    const standing = this.#standing(client);
    const concerns = digest === undefined ? standing === 'awaited' : standing === 'received';
    if (!concerns) {
      this.#refused.push({ client, reason });
      return;
    }
    const event = { type: 'update-rejected', round: this.#state.round, client, reason } as const;
    this.#decided.get(client)?.();
    await this.#dispatch(digest === undefined ? event : { ...event, digest });
  }

  async #takeUpdate(message: Update, bytes: Uint8Array): Promise<void> {
    const { client, round } = message;
    const digest = await this.#serial(() => this.#options.meter.measure('channel', () => digestOf(bytes)));
    await this.#options.store.putBlob(digest, bytes);
    this.#proofBytes += message.proof.length;
    this.#decided.get(client)?.();
    await this.#dispatch({ type: 'update-received', round, client, digest });
  }

  async #stored(digest: string): Promise<Update> {
    const bytes = await this.#options.store.getBlob(digest);
    if (bytes === undefined) throw new ZkflError('protocol', `store: blob: got nothing for ${digest}, want its bytes`);
    return decodeMessage(bytes) as Update;
  }

  async #judge(round: number, client: number, digest: string): Promise<void> {
    const { aggregator, verifier, meter, busy } = this.#options;
    const { payload, proof, study, model } = await this.#stored(digest);
    const context = { study, round, client, model };
    let verdict = await this.#serial(() =>
      meter.measure('aggregate', async () => {
        if (verifier === null && proof.length > 0)
          return { ok: false, reason: `proof: got ${proof.length} B, want none` } as const;
        return aggregator.gate(payload, context);
      }),
    );
    if (verdict.ok && verifier !== null) verdict = await busy(() => verifier.verify({ payload, proof, context }));
    if (verdict.ok) await this.#dispatch({ type: 'update-accepted', round, client, digest });
    else await this.#reject(client, verdict.reason, digest);
  }

  async #aggregate(round: number, updates: readonly { readonly digest: string }[]): Promise<void> {
    const { aggregator, meter, store } = this.#options;
    const payloads = await Promise.all(updates.map(async ({ digest }) => (await this.#stored(digest)).payload));
    const sum = await this.#serial(() => meter.measure('aggregate', () => aggregator.sum(payloads)));
    const digest = digestOf(sum);
    await store.putBlob(digest, sum);
    await this.#dispatch({ type: 'aggregated', round, sum: digest });
  }

  #acceptedUpdates(): AcceptedUpdate[] {
    const { phase } = this.#state;
    if (phase.is !== 'applying') throw new ZkflError('protocol', `round: phase: got ${phase.is}, want applying`);
    return phase.standings.flatMap((standing) =>
      standing.is === 'accepted' ? [{ client: Number(standing.client), digest: standing.digest }] : [],
    );
  }

  /** Sends Σ and the signed list to every hospital, waits until each has applied it, and checks that they agree. */
  async #distribute(round: number, sumDigest: string): Promise<void> {
    const { store, sign, meter, busy, plan } = this.#options;
    const payload = await store.getBlob(sumDigest);
    if (payload === undefined) throw new ZkflError('protocol', 'store: sum: got nothing, want its bytes');
    const accepted = this.#acceptedUpdates();
    const unsigned: Sum = {
      kind: 'sum',
      study: plan.study,
      round,
      accepted,
      signature: new Uint8Array(),
      payload,
    };
    const signature = sign
      ? await this.#serial(() => meter.measure('channel', () => sign(acceptedListBytes(unsigned))))
      : unsigned.signature;
    const everyone = new Promise<void>((resolve) => {
      this.#allApplied = resolve;
    });
    const patience = new AbortController();
    const silence = this.#options.clock.until((await this.#options.clock.now()) + APPLY_DEADLINE_MS, patience.signal);
    // Aborted once everybody has answered.
    silence.catch(() => {});
    const encoded = encodeMessage({ ...unsigned, signature });
    // openWire hands its input on, and a whole array that is posted is gone from here
    const copy = (): Uint8Array => (sign ? encoded : encoded.slice());
    await Promise.all(this.#present().map((client) => busy(() => this.#sendEncoded(client, copy()))));
    await Promise.race([everyone, silence]);
    patience.abort();
    await this.#dispatch({ type: 'applied', round, model: this.#agreedModel(accepted) });
  }

  /** The digest that most of the accepted hospitals report; whoever reports another one is on record. */
  #agreedModel(accepted: readonly AcceptedUpdate[]): string {
    const votes = new Map<string, number>();
    for (const { client } of accepted) {
      const model = this.#applied.get(client);
      if (model !== undefined) votes.set(model, (votes.get(model) ?? 0) + 1);
    }
    const [model, most] = [...votes].sort(([, a], [, b]) => b - a)[0] ?? ['', 0];
    if (2 * most <= accepted.length)
      throw new ZkflError(
        'protocol',
        `round: models: got ${most} of ${accepted.length} reports alike, want most of them`,
      );
    for (const [client, reported] of this.#applied)
      if (reported !== model) this.#refused.push({ client, reason: 'model: got another digest, want the others’' });
    return model;
  }

  async #close(record: RoundRecord): Promise<void> {
    this.#timer.abort();
    for (const resolve of this.#decided.values()) resolve();
    this.#decided.clear();
    if (record.outcome === 'skipped') {
      const { study } = this.#state.plan;
      await Promise.all(
        this.#present().map((client) => this.#send(client, { kind: 'skipped', study, round: record.round })),
      );
    }
    this.#finished?.({ record, refused: this.#refused, proofBytes: this.#proofBytes });
  }
}
