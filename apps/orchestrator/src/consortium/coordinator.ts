import { setTimeout as sleep } from 'node:timers/promises';
import {
  advance,
  createStudy,
  pendingEffects,
  type RoundEffect,
  type RoundEvent,
  type RoundState,
} from '@zkfl/fl-core';
import { sign } from '@zkfl/kem';
import pLimit from 'p-limit';
import { ZkflError } from '../errors.ts';
import { type AcceptedUpdate, acceptedListOf } from '../simulate/wire.ts';
import { Admission, type Enrolled, type FrozenRoster, type Log } from './admission.ts';
import { agreedModel } from './agreed-model.ts';
import type { AuditEvent, SignedEntry } from './audit-log.ts';
import { ACCEPTED } from './domains.ts';
import { toBase64 } from './encoding.ts';
import type { EnrolmentRequest, Member } from './enrolment.ts';
import type { Identity } from './identity.ts';
import { clockJump, Journal, steadyClock } from './journal.ts';
import type { StudyStatus } from './protocol.ts';
import type { KeyRecord, ReportRow, Store } from './store.ts';
import { initialModelDigest, policyOf, type SignedStudy } from './study-file.ts';
import type { WorkQueue } from './work.ts';

export interface CoordinatorOptions {
  readonly store: Store;
  readonly identity: Identity;
  readonly signed: SignedStudy;
  readonly work: WorkQueue;
  readonly log: Log;
  /** ms since 1970-01-01 UTC */
  readonly now?: () => number;
}

const RETRY_MS = 2000;
const MOST_RETRIES = 3;
/** A wall clock that says an earlier time than the log by more than this is not believed. */
const CLOCK_TOLERANCE_MS = 120_000;

/**
 * The coordinator of one study, without its network: it enrols, runs the effects of the round machine, and writes each
 * transition with its log entry in one transaction before anything is done about it. It holds no decryption key.
 */
export class Coordinator {
  readonly study: SignedStudy;
  readonly store: Store;
  readonly work: WorkQueue;
  readonly #options: CoordinatorOptions;
  readonly #now: () => number;
  readonly #serial = pLimit(1);
  readonly #journal: Journal;
  readonly #timers = new Set<NodeJS.Timeout>();
  #state: RoundState | null;
  readonly #admission: Admission;
  #warned = false;
  #problem: string | null = null;
  #closed = false;
  /** rejects when the coordinator cannot go on */
  readonly failed: Promise<never>;
  #fail!: (reason: unknown) => void;

  private constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.study = options.signed;
    this.store = options.store;
    this.work = options.work;
    this.#now = options.now ?? steadyClock();
    this.#state = options.store.state();
    const { store, identity } = options;
    this.#journal = new Journal({ store, study: this.study.id, identity, now: this.#now });
    this.#admission = new Admission({
      store,
      identity,
      signed: this.study,
      record: (event, write) => this.#record(event, write),
      serial: this.#serial,
      publish: () => this.#journal.publish(),
      log: options.log,
    });
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
  }

  /** Takes up the study where its store stands. Throws `store` for another study's store or a clock that went back. */
  static async open(options: CoordinatorOptions): Promise<Coordinator> {
    const coordinator = new Coordinator(options);
    await coordinator.#recover();
    return coordinator;
  }

  get state(): RoundState | null {
    return this.#state;
  }
  get roster(): FrozenRoster | null {
    return this.#admission.roster;
  }
  get members(): readonly Member[] {
    return this.#admission.members;
  }
  get revision(): number {
    return this.#journal.revision;
  }
  get head(): SignedEntry | null {
    return this.#journal.head;
  }
  /** What keeps the coordinator from doing its work just now; null where nothing does. */
  get problem(): string | null {
    return this.#problem;
  }
  /** Nothing changes any more: whoever waits in a loop stops. */
  get closed(): boolean {
    return this.#closed;
  }
  get round(): number {
    return this.#state?.round ?? 0;
  }
  get status(): StudyStatus {
    if (this.#admission.roster === null) return 'enrolling';
    if (this.#state === null) return 'keying';
    const { is } = this.#state.phase;
    return is === 'finished' || is === 'aborted' ? is : 'running';
  }

  /** Resolves when the revision is above `since`, or after `wait` ms. */
  changed(since: number, wait: number, signal?: AbortSignal): Promise<void> {
    return this.#journal.changed(since, wait, signal);
  }

  /** Stops timers and threads; the store stays as the last transaction left it. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#journal.close();
    await this.#serial(() => {});
    await this.work.close();
    this.store.close();
  }

  /** Throws `protocol` for another's token or keys, `store`. */
  enrol(request: EnrolmentRequest): Promise<Enrolled> {
    return this.#admission.enrol(request);
  }

  /** Freezes the roster with those who have enrolled. Throws `protocol` where they are too few. */
  closeEnrolment(): Promise<void> {
    return this.#admission.close();
  }

  /** The hospital that makes the aggregation key: the first of the roster. */
  get keyMaker(): number | null {
    return this.#admission.keyMaker;
  }

  /** Takes the aggregation key from its maker, once. Blobs are stored already. Throws `protocol`. */
  async putKeys(record: KeyRecord): Promise<void> {
    await this.#admission.checkKeys(record);
    await this.#serial(async () => {
      const before = this.store.keys();
      if (before !== null) {
        if (before.publicKey === record.publicKey) return;
        throw new ZkflError('protocol', 'keys: publicKey: got a second one, want the one of this study');
      }
      const { maker, publicKey, packages, signature } = record;
      await this.#record({ type: 'keys', maker, publicKey, packages: [...packages], signature }, () => {
        this.store.setMeta('keys', JSON.stringify(record));
        this.store.saveState(this.#firstState());
      });
      this.#begin(publicKey);
    });
    await this.#openIfReady();
  }

  member(client: number): Member {
    const member = this.#admission.members.find((candidate) => candidate.client === client);
    if (member === undefined) throw new ZkflError('protocol', `hospital: got ${client}, want one that has enrolled`);
    return member;
  }

  /** The accepted updates of a round whose sum there is, in order. */
  acceptedOf(round: number): AcceptedUpdate[] {
    const state = this.#state;
    const past = state?.history.find((record) => record.round === round);
    const phase = state?.phase;
    const open =
      state?.round === round && phase !== undefined && 'standings' in phase
        ? phase.standings.flatMap((s) => (s.is === 'accepted' ? [s.client] : []))
        : [];
    return (past?.accepted ?? open).map((client) => ({
      client: Number(client),
      digest: this.store.upload(round, Number(client))!.digest,
    }));
  }

  /** A complete upload. False where the round no longer wants it. */
  async received(options: {
    readonly round: number;
    readonly client: number;
    readonly digest: string;
  }): Promise<boolean> {
    const upload = this.store.upload(options.round, options.client)!;
    const { round, client, digest } = options;
    const { bytes, signature } = upload;
    return this.#dispatch(
      { type: 'update-received', round, client, digest },
      { type: 'received', round, client, update: digest, bytes, signature },
    );
  }

  /** No update of this hospital in this round. */
  async declined(round: number, client: number, reason: string): Promise<boolean> {
    if (round !== this.round || this.standing(client)?.is !== 'awaited') return false;
    const why = `declined: ${reason}`;
    return this.#dispatch(
      { type: 'update-rejected', round, client, reason: why },
      { type: 'rejected', round, client, reason: why, seconds: 0 },
      () => this.store.putVerdict({ round, client, verdict: 'rejected', reason: why, seconds: 0 }),
    );
  }

  /** What a hospital holds after a round; its signature was checked. The first report of a round counts. */
  async report(row: ReportRow, signature: string): Promise<void> {
    const { round, client, model, metrics, costs } = row;
    await this.#serial(async () => {
      if (this.store.reports(round).some((before) => before.client === client)) return;
      const event: AuditEvent = {
        type: 'report',
        round,
        client,
        model,
        signature,
        ...(metrics === null ? {} : { metrics }),
        ...(costs === null ? {} : { costs }),
      };
      await this.#record(event, () => this.store.putReport(row));
      this.#journal.publish();
    });
    await this.#settleApplied();
  }

  standing(client: number) {
    const phase = this.#state?.phase;
    if (phase === undefined || !('standings' in phase)) return undefined;
    return phase.standings.find((standing) => standing.client === client);
  }

  #firstState(): RoundState {
    const { policy } = this.study.study;
    return createStudy(
      {
        study: this.study.id,
        clients: [...this.#admission.roster!.clients],
        rounds: policy.rounds,
        cohortMinimum: policy.cohortMinimum,
        deadline: Math.round(1000 * policy.deadlineSeconds),
      },
      initialModelDigest(this.study),
    );
  }

  #begin(publicKey: string): void {
    this.#state ??= this.store.state();
    this.work.setup({
      blobs: this.store.blobs.directory,
      policy: policyOf(this.study.study),
      proofs: this.study.study.policy.protection === 'full',
      publicKey,
    });
    this.#journal.publish();
  }

  async #recover(): Promise<void> {
    const known = this.store.meta('study');
    if (known !== null && known !== this.study.text)
      throw new ZkflError('store', 'store: study: got the database of another study, want this one’s');
    const last = this.head;
    const behind = (last?.entry.at ?? 0) - this.#now();
    if (behind > CLOCK_TOLERANCE_MS)
      throw new ZkflError(
        'store',
        `clock: got ${new Date(this.#now()).toISOString()}, want ≥ ${new Date(last!.entry.at).toISOString()} of the last log entry: set this machine's clock`,
      );
    if (last === null)
      await this.#serial(() => this.#record({ type: 'study' }, () => this.store.setMeta('study', this.study.text)));
    // The last enrolment and the roster are two entries: a coordinator can die between them.
    if (this.#admission.members.length === this.study.study.hospitals) await this.closeEnrolment();
    const keys = this.store.keys();
    if (keys === null) return;
    this.#begin(keys.publicKey);
    for (const effect of pendingEffects(this.#state!)) this.#run(effect);
    await this.#openIfReady();
  }

  async #openIfReady(): Promise<void> {
    if (this.#closed || this.#state?.phase.is !== 'ready') return;
    const at = this.#now();
    const { round, plan } = this.#state;
    await this.#dispatch(
      { type: 'open', at },
      { type: 'opened', round, closesAt: at + plan.deadline },
      () => {},
      'ready',
    );
  }

  /** Only inside {@link Coordinator.#serial}. */
  async #record(event: AuditEvent, write: () => void): Promise<void> {
    const jump = this.#options.now === undefined ? clockJump(this.#now) : 0;
    if (jump !== 0 && !this.#warned) {
      this.#warned = true;
      this.#options.log.warn({ seconds: jump / 1000 }, 'the clock was set: deadlines and log go by elapsed time');
    }
    await this.#journal.record(event, write);
  }

  /** One transition: false, and nothing is written, where the machine refuses it or `only` is no longer the phase. */
  async #dispatch(
    event: RoundEvent,
    audit: AuditEvent,
    write: () => void = () => {},
    only?: RoundState['phase']['is'],
  ): Promise<boolean> {
    const effects = await this.#serial(async () => {
      const state = this.#state;
      if (state === null || (only !== undefined && state.phase.is !== only)) return null;
      const step = advance(state, event);
      if (step.state === state || step.effects.some(({ type }) => type === 'refuse')) return null;
      await this.#record(audit, () => {
        this.store.saveState(step.state);
        write();
      });
      this.#state = step.state;
      this.#journal.publish();
      return step.effects;
    });
    if (effects === null) return false;
    for (const effect of effects) this.#run(effect);
    if (effects.some(({ type }) => type === 'round-finished')) await this.#openIfReady();
    return true;
  }

  /** Every effect may run again: a disk that is full or a thread that died only delays it. */
  async #run(effect: RoundEffect): Promise<void> {
    for (let attempt = 1; !this.#closed; attempt += 1) {
      try {
        await this.#effect(effect);
        if (attempt > 1) this.#problem = null;
        return;
      } catch (error) {
        if (this.#closed) return;
        const code = error instanceof ZkflError ? error.code : null;
        if (code === 'worker' && effect.type === 'verify' && attempt === MOST_RETRIES) {
          // An update that no thread survives must not take the study with it.
          const reason = `verification failed ${attempt} times: ${(error as Error).message}`.slice(0, 4096);
          await this.#reject(effect.round, Number(effect.client), effect.digest, { reason, seconds: 0 });
          return;
        }
        if (code !== 'store' && !(code === 'worker' && attempt < MOST_RETRIES)) {
          this.#fail(error);
          return;
        }
        this.#problem = (error as Error).message;
        this.#options.log.error({ effect: effect.type, problem: this.#problem, attempt }, 'will try again');
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  async #effect(effect: RoundEffect): Promise<void> {
    switch (effect.type) {
      // Hospitals ask; nobody is called.
      case 'send-model':
      case 'refuse':
        return;
      case 'set-deadline':
        this.#at(effect.at, () => void this.#run({ ...effect, at: 0 }));
        if (this.#now() >= effect.at)
          await this.#dispatch({ type: 'deadline', round: effect.round }, { type: 'deadline', round: effect.round });
        return;
      case 'verify':
        return this.#judge(effect.round, Number(effect.client), effect.digest);
      case 'aggregate':
        return this.#aggregate(effect.round, effect.updates);
      case 'apply':
        this.#at(this.store.sum(effect.round)!.applyBy, () => void this.#closeOverdue(effect.round));
        return this.#settleApplied();
      case 'round-finished': {
        const { round, outcome, accepted, rejected, missing } = effect.record;
        this.#options.log.info(
          { round, outcome, accepted: accepted.length, rejected, missing },
          `round ${round} ${outcome}`,
        );
        return;
      }
      case 'study-finished':
        this.#options.log.info({ model: effect.model }, 'study finished');
        return;
      case 'study-aborted':
        this.#options.log.error({ reason: effect.reason }, 'study aborted');
        return;
    }
  }

  /** Timers count elapsed time: a wall clock that jumps while we run moves no deadline. */
  #at(time: number, then: () => void): void {
    const left = time - this.#now();
    if (left <= 0 || this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, left);
    this.#timers.add(timer);
  }

  async #closeOverdue(round: number): Promise<void> {
    try {
      if (this.round === round) await this.#settleApplied(true);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #judge(round: number, client: number, digest: string): Promise<void> {
    const standing = this.standing(client);
    if (this.round !== round || standing?.is !== 'received' || standing.digest !== digest) return;
    const { model } = this.#state!;
    const { ok, reason, seconds } = await this.work.verify({ study: this.study.id, round, client, model, digest });
    if (this.#closed) return;
    if (ok)
      await this.#dispatch(
        { type: 'update-accepted', round, client, digest },
        { type: 'accepted', round, client, update: digest, seconds },
        () => this.store.putVerdict({ round, client, verdict: 'accepted', reason: null, seconds }),
      );
    else await this.#reject(round, client, digest, { reason, seconds });
  }

  async #reject(
    round: number,
    client: number,
    digest: string,
    { reason, seconds }: { readonly reason: string; readonly seconds: number },
  ): Promise<void> {
    await this.#dispatch(
      { type: 'update-rejected', round, client, reason, digest },
      { type: 'rejected', round, client, reason, update: digest, seconds },
      () => this.store.putVerdict({ round, client, verdict: 'rejected', reason, seconds }),
    );
  }

  async #aggregate(
    round: number,
    updates: readonly { readonly client: number | string; readonly digest: string }[],
  ): Promise<void> {
    const { phase } = this.#state!;
    if (this.round !== round || phase.is !== 'aggregating') return;
    const accepted = updates.map(({ client, digest }) => ({ client: Number(client), digest }));
    const sum = await this.work.sum({ updates: accepted });
    if (this.#closed) return;
    const list = acceptedListOf({ study: this.study.id, round, accepted, sum: sum.digest });
    const { signature: keyPair } = this.#options.identity;
    const signature = toBase64(await sign({ keyPair, message: list, context: ACCEPTED }));
    const applyBy = this.#now() + this.#state!.plan.deadline;
    await this.#dispatch(
      { type: 'aggregated', round, sum: sum.digest },
      { type: 'aggregated', round, sum: sum.digest, bytes: sum.bytes, seconds: sum.seconds, signature },
      () => this.store.putSum({ round, digest: sum.digest, signature, applyBy }),
      'aggregating',
    );
  }

  /**
   * Closes an applying round once every accepted hospital has reported or the time for it is over and one has. The
   * model that most of them report is the next round's; whoever holds another one is on record and cannot go on.
   */
  async #settleApplied(timeIsOver = false): Promise<void> {
    const state = this.#state;
    if (state?.phase.is !== 'applying') return;
    const { round } = state;
    const accepted = new Set(this.acceptedOf(round).map(({ client }) => client));
    const reports = this.store.reports(round).filter(({ client }) => accepted.has(client));
    const overdue = timeIsOver || this.#now() >= this.store.sum(round)!.applyBy;
    if (reports.length === 0 || (reports.length < accepted.size && !overdue)) return;
    const agreement = agreedModel(reports);
    if (agreement.is === 'tied') {
      const reason = `round ${round}: hospitals hold different models, ${agreement.votes} each`;
      await this.#dispatch({ type: 'abort', reason }, { type: 'aborted', reason }, () => {}, 'applying');
      return;
    }
    const { model } = agreement;
    const dissent = [...agreement.dissent];
    await this.#dispatch(
      { type: 'applied', round, model },
      { type: 'applied', round, model, dissent },
      () => {},
      'applying',
    );
  }
}
