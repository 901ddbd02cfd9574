import { sign, verify } from '@zkfl/kem';
import type { LimitFunction } from 'p-limit';
import type { z } from 'zod';
import { ZkflError } from '../errors.ts';
import type { AuditEvent } from './audit-log.ts';
import { ENROLLED, KEY_PACKAGE, ROSTER } from './domains.ts';
import { canonicalBytes, fromBase64, toBase64 } from './encoding.ts';
import {
  checkEnrolment,
  type Enrolment,
  type EnrolmentRequest,
  type enrolledSchema,
  enrolmentDigest,
  type Member,
  rosterBytes,
  rosterDigest,
} from './enrolment.ts';
import type { Identity } from './identity.ts';
import { keyPackageBytes } from './protocol.ts';
import type { KeyRecord, Store } from './store.ts';
import type { SignedStudy } from './study-file.ts';
import { tokenHash } from './tokens.ts';

export type Enrolled = z.infer<typeof enrolledSchema>;

/** What the coordinator tells whoever runs it. Never a secret. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface FrozenRoster {
  readonly roster: string;
  readonly clients: readonly number[];
  /** the coordinator's, over study and roster digest, base64 */
  readonly signature: string;
}

export interface AdmissionOptions {
  readonly store: Store;
  readonly identity: Identity;
  readonly signed: SignedStudy;
  readonly record: (event: AuditEvent, write: () => void) => Promise<void>;
  /** one transition of the study at a time */
  readonly serial: LimitFunction;
  readonly publish: () => void;
  readonly log: Log;
}

/** Who takes part: hospitals enrol once a token until the roster is frozen. */
export class Admission {
  readonly #options: AdmissionOptions;
  #members: readonly Member[];
  #roster: FrozenRoster | null;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#members = options.store.members();
    const roster = options.store.meta('roster');
    this.#roster = roster === null ? null : (JSON.parse(roster) as FrozenRoster);
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  get roster(): FrozenRoster | null {
    return this.#roster;
  }

  /** Enrols a hospital, once a token; the same hospital asking again gets the same answer. Throws `protocol`. */
  async enrol({ token, enrolment }: EnrolmentRequest): Promise<Enrolled> {
    await checkEnrolment(enrolment, this.#options.signed.id);
    const member = await this.#options.serial(() => this.#enrol(token, enrolment));
    if (this.#members.length === this.#options.signed.study.hospitals) await this.close();
    const answer = {
      version: 1 as const,
      study: this.#options.signed.id,
      client: member.client,
      enrolment: enrolmentDigest(member.enrolment),
    };
    const { signature: keyPair } = this.#options.identity;
    const signature = await sign({ keyPair, message: canonicalBytes(answer), context: ENROLLED });
    return { ...answer, signature: toBase64(signature) };
  }

  async #enrol(token: string, enrolment: Enrolment): Promise<Member> {
    const client = this.#options.store.clientOfToken(tokenHash(token));
    if (client === null)
      throw new ZkflError('protocol', 'enrolment: token: got one that is not of this study: ask the coordinator again');
    const same = this.#members.find((member) => member.client === client);
    if (same !== undefined) {
      const { channelKey, signatureKey } = same.enrolment;
      if (channelKey === enrolment.channelKey && signatureKey === enrolment.signatureKey) return same;
      throw new ZkflError('protocol', 'enrolment: token: got one that was used, want a new one from the coordinator');
    }
    if (this.#roster !== null)
      throw new ZkflError('protocol', 'enrolment: study: got one whose enrolment is closed, want an open one');
    const taken = (['channelKey', 'channelFingerprint', 'signatureKey'] as const).find((key) =>
      this.#members.some((member) => member.enrolment[key] === enrolment[key]),
    );
    if (taken !== undefined)
      throw new ZkflError('protocol', `enrolment: ${taken}: got another hospital's, want one of your own`);
    const member: Member = { client, enrolment };
    await this.#options.record({ type: 'enrolled', member }, () => this.#options.store.addHospital(client, enrolment));
    this.#members = this.#options.store.members();
    this.#options.log.info({ client, name: enrolment.name }, 'hospital enrolled');
    this.#options.publish();
    return member;
  }

  /** Freezes the roster with those who have enrolled. Throws `protocol` where they are too few. */
  async close(): Promise<void> {
    await this.#options.serial(async () => {
      if (this.#roster !== null) return;
      const { cohortMinimum } = this.#options.signed.study.policy;
      if (this.#members.length < cohortMinimum)
        throw new ZkflError(
          'protocol',
          `enrolment: hospitals: got ${this.#members.length}, want ≥ ${cohortMinimum} before it can close`,
        );
      const roster = rosterDigest(this.#options.signed.id, this.#members);
      const clients = this.#members.map(({ client }) => client);
      const { signature: keyPair } = this.#options.identity;
      const message = rosterBytes(this.#options.signed.id, roster);
      const signature = toBase64(await sign({ keyPair, message, context: ROSTER }));
      const frozen: FrozenRoster = { roster, clients, signature };
      await this.#options.record({ type: 'roster', roster, clients }, () =>
        this.#options.store.setMeta('roster', JSON.stringify(frozen)),
      );
      this.#roster = frozen;
      this.#options.log.info({ roster, hospitals: clients.length }, 'roster frozen');
      this.#options.publish();
    });
  }

  /** The hospital that makes the aggregation key: the first of the roster; null before there is one. */
  get keyMaker(): number | null {
    return this.#roster?.clients[0] ?? null;
  }

  /** Throws `protocol` unless the key's maker signed it for exactly the other hospitals of this roster. */
  async checkKeys(record: KeyRecord): Promise<void> {
    const roster = this.#roster;
    if (roster === null || record.maker !== this.keyMaker)
      throw new ZkflError(
        'protocol',
        `keys: maker: got hospital ${record.maker}, want ${this.keyMaker ?? 'a roster first'}`,
      );
    const others = roster.clients.filter((client) => client !== record.maker);
    if (record.packages.map(({ client }) => client).join() !== others.join())
      throw new ZkflError('protocol', 'keys: packages: got others, want one for every other hospital in order');
    const maker = this.#members.find(({ client }) => client === record.maker)!;
    const verdict = await verify({
      publicKey: fromBase64(maker.enrolment.signatureKey),
      message: keyPackageBytes({ ...record, study: this.#options.signed.id, roster: roster.roster }),
      signature: fromBase64(record.signature),
      context: KEY_PACKAGE,
    });
    if (!verdict.ok) throw new ZkflError('protocol', 'keys: signature: got one that does not verify');
  }
}
