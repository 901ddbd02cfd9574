import { advance, createStudy, FlCoreError, type RoundEvent, type RoundState } from '@zkfl/fl-core';
import { verify } from '@zkfl/kem';
import { ZkflError } from '../errors.ts';
import { type AcceptedUpdate, acceptedListOf } from '../simulate/wire.ts';
import type { AuditEvent } from './audit-log.ts';
import { ACCEPTED, APPLIED, KEY_PACKAGE, UPDATE } from './domains.ts';
import { fromBase64 } from './encoding.ts';
import { checkEnrolment, type Member, rosterDigest } from './enrolment.ts';
import { keyPackageBytes, reportBytes, updateBytes } from './protocol.ts';
import { initialModelDigest, type SignedStudy } from './study-file.ts';
import type { VerifyJob } from './work.ts';

/** A proof that must turn out as the log says. */
export interface ProofToRepeat {
  readonly seq: number;
  readonly job: VerifyJob;
  readonly accepted: boolean;
}
/** A sum that must come out as the log says. */
export interface SumToRepeat {
  readonly seq: number;
  readonly sum: string;
  readonly updates: readonly AcceptedUpdate[];
}

type Of<T extends AuditEvent['type']> = Extract<AuditEvent, { type: T }>;

const bad = (message: string) => new ZkflError('audit', message);
const expect = (field: string, got: string | number | undefined, want: string | number): void => {
  if (got !== want) throw bad(`${field}: got ${got ?? 'nothing'}, want ${want}`);
};

/**
 * Runs a log through the round machine again: every entry must be a legal next step, every signature by the party that
 * it names, every model the one that most accepted hospitals reported. Proofs and sums are listed for whoever has the bytes.
 */
export class Replay {
  readonly proofs: ProofToRepeat[] = [];
  readonly sums: SumToRepeat[] = [];
  signatures = 0;
  publicKey: string | null = null;
  readonly #study: SignedStudy;
  readonly #members: Member[] = [];
  #roster: string | null = null;
  #state: RoundState | null = null;
  #updates = new Map<number, string>();
  #reports = new Map<string, string>();

  constructor(study: SignedStudy) {
    this.#study = study;
  }

  get state(): RoundState | null {
    return this.#state;
  }

  /** Throws `audit` where `event` cannot be entry `seq`. */
  async take(seq: number, event: AuditEvent): Promise<void> {
    try {
      await this.#take(seq, event);
    } catch (error) {
      if (error instanceof FlCoreError) throw bad(`${event.type}: does not follow: ${error.message}`);
      throw error;
    }
  }

  async #take(seq: number, event: AuditEvent): Promise<void> {
    if ((seq === 0) !== (event.type === 'study')) throw bad(`type: got ${event.type}, want study first and once`);
    switch (event.type) {
      case 'study':
        return;
      case 'enrolled':
        return this.#enrolled(event);
      case 'roster':
        return this.#frozen(event);
      case 'keys':
        return this.#keys(event);
      case 'opened':
        return this.#advance({ type: 'open', at: event.closesAt - this.#running().plan.deadline }, event.round);
      case 'received':
        return this.#received(event);
      case 'accepted':
      case 'rejected':
        return this.#verdict(seq, event);
      case 'deadline':
        return this.#advance({ type: 'deadline', round: event.round }, event.round);
      case 'aggregated':
        return this.#aggregated(seq, event);
      case 'report':
        return this.#report(event);
      case 'applied':
        return this.#applied(event);
      case 'aborted':
        return this.#advance({ type: 'abort', reason: event.reason }, this.#running().round);
    }
  }

  #running(): RoundState {
    if (this.#state === null) throw bad('round: got one before the keys were agreed on');
    return this.#state;
  }

  #advance(event: RoundEvent, round: number): void {
    const state = this.#running();
    expect('round', round, state.round);
    const step = advance(state, event);
    if (step.state === state) throw bad(`${event.type}: changes nothing in round ${round}`);
    if (event.type === 'open') this.#updates = new Map();
    this.#state = step.state;
  }

  async #signed(options: {
    readonly who: number;
    readonly message: Uint8Array;
    readonly signature: string;
    readonly context: Uint8Array;
  }): Promise<void> {
    const { who, message, signature, context } = options;
    const member = this.#members.find(({ client }) => client === who);
    if (member === undefined) throw bad(`hospital ${who}: got one that is not enrolled`);
    const publicKey = fromBase64(member.enrolment.signatureKey);
    const verdict = await verify({ publicKey, message, signature: fromBase64(signature), context });
    if (!verdict.ok) throw bad(`signature: got one that is not hospital ${who}’s`);
    this.signatures += 1;
  }

  async #enrolled({ member }: Of<'enrolled'>): Promise<void> {
    if (this.#roster !== null) throw bad('enrolled: got a hospital after the roster was frozen');
    if (this.#members.some(({ client }) => client === member.client))
      throw bad(`hospital ${member.client}: got it twice`);
    await checkEnrolment(member.enrolment, this.#study.id);
    this.signatures += 1;
    this.#members.push(member);
    this.#members.sort((a, b) => a.client - b.client);
  }

  #frozen({ roster, clients }: Of<'roster'>): void {
    if (this.#roster !== null) throw bad('roster: got a second one');
    expect('roster', roster, rosterDigest(this.#study.id, this.#members));
    expect('clients', clients.join(), this.#members.map(({ client }) => client).join());
    this.#roster = roster;
  }

  async #keys({ maker, publicKey, packages, signature }: Of<'keys'>): Promise<void> {
    if (this.#roster === null || this.#state !== null) throw bad('keys: got them out of order');
    expect('maker', maker, this.#members[0]!.client);
    const message = keyPackageBytes({ study: this.#study.id, roster: this.#roster, publicKey, packages });
    await this.#signed({ who: maker, message, signature, context: KEY_PACKAGE });
    this.publicKey = publicKey;
    const { policy } = this.#study.study;
    const plan = {
      study: this.#study.id,
      clients: this.#members.map(({ client }) => client),
      rounds: policy.rounds,
      cohortMinimum: policy.cohortMinimum,
      deadline: Math.round(1000 * policy.deadlineSeconds),
    };
    this.#state = createStudy(plan, initialModelDigest(this.#study));
  }

  async #received({ round, client, update, signature }: Of<'received'>): Promise<void> {
    const message = updateBytes(this.#study.id, round, client, update);
    await this.#signed({ who: client, message, signature, context: UPDATE });
    this.#advance({ type: 'update-received', round, client, digest: update }, round);
    this.#updates.set(client, update);
  }

  #verdict(seq: number, event: Of<'accepted'> | Of<'rejected'>): void {
    const { round, client, update: digest } = event;
    const { model } = this.#running();
    if (event.type === 'accepted')
      this.#advance({ type: 'update-accepted', round, client, digest: event.update }, round);
    else {
      const { reason } = event;
      const rejected = { type: 'update-rejected', round, client, reason } as const;
      this.#advance(digest === undefined ? rejected : { ...rejected, digest }, round);
    }
    if (digest === undefined) return;
    const job: VerifyJob = { study: this.#study.id, round, client, model, digest };
    this.proofs.push({ seq, job, accepted: event.type === 'accepted' });
  }

  #accepted(): AcceptedUpdate[] {
    const { phase } = this.#running();
    if (!('standings' in phase)) throw bad('aggregated: got it outside of a round');
    return phase.standings.flatMap((standing) =>
      standing.is === 'accepted' ? [{ client: Number(standing.client), digest: standing.digest }] : [],
    );
  }

  async #aggregated(seq: number, { round, sum, signature }: Of<'aggregated'>): Promise<void> {
    const updates = this.#accepted();
    const message = acceptedListOf({ study: this.#study.id, round, accepted: updates, sum });
    const publicKey = fromBase64(this.#study.study.coordinator.signatureKey);
    const verdict = await verify({ publicKey, message, signature: fromBase64(signature), context: ACCEPTED });
    if (!verdict.ok) throw bad('signature: got one that is not the coordinator’s over the accepted list and the sum');
    this.signatures += 1;
    this.#advance({ type: 'aggregated', round, sum }, round);
    this.sums.push({ seq, sum, updates });
  }

  async #report({ round, client, model, signature }: Of<'report'>): Promise<void> {
    const message = reportBytes(this.#study.id, round, client, model);
    await this.#signed({ who: client, message, signature, context: APPLIED });
    const key = `${round} ${client}`;
    if (this.#reports.has(key)) throw bad(`report: got a second one of hospital ${client} for round ${round}`);
    this.#reports.set(key, model);
  }

  #applied({ round, model, dissent }: Of<'applied'>): void {
    const reports = this.#accepted().flatMap(({ client }) => {
      const reported = this.#reports.get(`${round} ${client}`);
      return reported === undefined ? [] : [{ client, model: reported }];
    });
    const votes = (of: string) => reports.filter((report) => report.model === of).length;
    if (votes(model) === 0) throw bad(`model: got ${model}, which no accepted hospital reported`);
    const rival = reports.find((report) => report.model !== model && votes(report.model) >= votes(model));
    if (rival !== undefined) throw bad(`model: got ${model}, but as many reported ${rival.model}`);
    const others = reports.filter((report) => report.model !== model).map(({ client }) => client);
    expect('dissent', dissent.join(), others.join());
    this.#advance({ type: 'applied', round, model }, round);
  }
}
