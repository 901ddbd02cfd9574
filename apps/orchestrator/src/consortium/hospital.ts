import { evaluate, fedAvg, type ModelSpec, modelDigest, parameterCount } from '@zkfl/fl-core';
import { open as openEnvelope, seal, sign, verify } from '@zkfl/kem';
import { describeError, ZkflError } from '../errors.ts';
import { bytesToFloats, digestOf, floatsToBytes } from '../simulate/bytes.ts';
import { Meter } from '../simulate/meter.ts';
import { encodeMessage } from '../simulate/wire.ts';
import {
  type BfvEncryptor,
  createBfvEncryptor,
  createBfvEngine,
  decodeBfvKeys,
  encodeBfvKeys,
  generateBfvKeys,
} from '../wiring/encryptor.ts';
import { createUpdateProver } from '../wiring/prover.ts';
import { createLearner, type Learner } from '../wiring/trainer.ts';
import type { Costs, Metrics } from './audit-log.ts';
import { APPLIED, KEY_PACKAGE, keyPackageContext, ownSecretContext, ROSTER, UPDATE } from './domains.ts';
import { fromBase64, toBase64 } from './encoding.ts';
import { checkRoster, createEnrolment, type Member, rosterBytes, rosterDigest } from './enrolment.ts';
import { checkAcceptedList, readLogOf, signatureKeyOf } from './hospital-checks.ts';
import type { HospitalData } from './hospital-share.ts';
import type { HospitalMemory, HospitalState } from './hospital-state.ts';
import type { Identity } from './identity.ts';
import { enrolAt, Link, type LinkOptions } from './link.ts';
import { CHUNK_BYTES, keyPackageBytes, LONGEST_WAIT_MS, type Reply, reportBytes, updateBytes } from './protocol.ts';
import { initialModel, policyOf, type SignedStudy, trainingOf } from './study-file.ts';

type View = Extract<Reply, { type: 'state' }>;

/** What the people at the hospital decide and see. */
export interface HospitalDesk {
  /** The roster's fingerprint is theirs to compare with the other hospitals, out of band. */
  approveRoster(roster: string, members: readonly Member[]): Promise<boolean>;
  tell(message: string): void;
}

export interface HospitalOptions {
  readonly folder: HospitalMemory;
  readonly identity: Identity;
  /** approved already */
  readonly signed: SignedStudy;
  readonly token: string;
  readonly data: HospitalData;
  readonly desk: HospitalDesk;
  readonly link: LinkOptions;
}

export interface HospitalOutcome {
  readonly weights: Float32Array;
  readonly state: HospitalState;
  /** hash of the last log entry, which the model was checked against */
  readonly head: string;
}

const NOTHING = new Uint8Array();
const broken = (message: string, details = {}) => new ZkflError('protocol', message, details);

/** One hospital in one study, from enrolment to the final model. Killed at any point, it goes on from its folder. */
export class HospitalParty {
  readonly #options: HospitalOptions;
  readonly #link: Link;
  readonly #meter = new Meter();
  #state!: HospitalState;
  #weights!: Float32Array;
  #members: readonly Member[] = [];
  #encryptor: BfvEncryptor | null = null;
  #learner: Learner | null = null;
  #view!: View;

  constructor(options: HospitalOptions) {
    this.#options = options;
    this.#link = new Link({ ...options.link, keyPair: options.identity.channel, signed: options.signed });
  }

  async run(): Promise<HospitalOutcome> {
    try {
      await this.#enter();
      for (let since = 0; ; since = this.#view.revision) {
        const { message } = await this.#link.call<'state'>({
          type: 'state',
          round: this.#state.round,
          since,
          wait: LONGEST_WAIT_MS,
        });
        this.#view = message;
        if (message.status === 'aborted') throw broken('study: the coordinator aborted it: see its audit log');
        if (message.status === 'enrolling') {
          this.#tell(`waiting for hospitals: ${message.enrolled} of ${this.#options.signed.study.hospitals} enrolled`);
          continue;
        }
        await this.#learnRoster();
        if (!(await this.#agreeOnKeys())) continue;
        await this.#catchUp();
        await this.#tellReport();
        if (message.status === 'finished') return await this.#finish();
        await this.#takePart();
      }
    } finally {
      this.#link.close();
      await this.#encryptor?.dispose();
    }
  }

  #tell(message: string): void {
    this.#options.desk.tell(message);
  }

  async #save(change: Partial<HospitalState>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    await this.#options.folder.save(this.#state);
  }

  /** Enrols, or takes up where the folder stands. */
  async #enter(): Promise<void> {
    const { folder, identity, signed, token, link } = this.#options;
    const known = await folder.state();
    if (known !== null) {
      if (known.study !== signed.id) throw new ZkflError('study', 'hospital: folder: got one of another study');
      this.#state = known;
      const dimension = parameterCount(signed.study.model as ModelSpec);
      this.#weights = bytesToFloats(await folder.blobs.get(known.model), dimension);
      this.#tell(`resuming after round ${known.round}`);
      return;
    }
    const enrolment = await createEnrolment(identity, signed.id);
    const client = await enrolAt({ ...link, signed, token, enrolment });
    this.#weights = initialModel(signed);
    const model = await folder.blobs.put(floatsToBytes(this.#weights));
    this.#state = {
      version: 1,
      study: signed.id,
      client,
      roster: null,
      keys: null,
      round: 0,
      model,
      upload: null,
      report: null,
      history: [],
    };
    await this.#save({});
    this.#tell(`enrolled as hospital ${client}`);
  }

  /** Checks the roster, and asks the people here to compare it before it counts. */
  async #learnRoster(): Promise<void> {
    if (this.#members.length > 0) return;
    const { signed, identity, desk } = this.#options;
    const { message } = await this.#link.call<'roster'>({ type: 'roster', round: this.#state.round });
    const roster = rosterDigest(signed.id, message.members);
    if (roster !== message.roster) throw broken('roster: digest: got another one than that of its members');
    const verdict = await verify({
      publicKey: fromBase64(signed.study.coordinator.signatureKey),
      message: rosterBytes(signed.id, roster),
      signature: fromBase64(message.signature),
      context: ROSTER,
    });
    if (!verdict.ok) throw broken('roster: signature: got one that does not verify');
    if (this.#state.roster !== null && this.#state.roster !== roster)
      throw broken(`roster: got ${roster}, want ${this.#state.roster} that this hospital approved`);
    await checkRoster(signed.id, message.members);
    const own = message.members.find(({ client }) => client === this.#state.client);
    if (own?.enrolment.channelKey !== toBase64(identity.channel.publicKey))
      throw broken('roster: own entry: got other keys, want this hospital’s: the coordinator swapped them');
    if (this.#state.roster === null) {
      if (!(await desk.approveRoster(roster, message.members)))
        throw new ZkflError('study', 'roster: got no approval: nothing was trained or sent');
      await this.#save({ roster });
    }
    this.#members = message.members;
  }

  /** The first hospital of the roster makes the key; the others get it sealed to their own keys. */
  async #agreeOnKeys(): Promise<boolean> {
    if (this.#encryptor !== null) return true;
    const { folder, identity, signed } = this.#options;
    const { client } = this.#state;
    const maker = this.#members[0]!.client;
    const engine = await createBfvEngine();
    if (this.#state.keys === null) {
      if (client === maker) {
        const keys = encodeBfvKeys(generateBfvKeys(engine));
        await this.#keepKeys(keys);
      } else if (this.#view.status === 'keying') {
        this.#tell('waiting for the first hospital to share the aggregation key');
        return false;
      } else await this.#takeKeys(maker);
    }
    const stored = this.#state.keys!;
    const secretKey = await openEnvelope({
      keyPair: identity.channel,
      message: await folder.blobs.get(stored.secret),
      context: ownSecretContext(signed.id),
    });
    const publicKey = await folder.blobs.get(stored.publicKey);
    try {
      if (client === maker && this.#view.status === 'keying') await this.#shareKeys(publicKey, secretKey);
      const keys = decodeBfvKeys({ publicKey, secretKey });
      const { protection } = signed.study.policy;
      this.#encryptor = createBfvEncryptor({
        engine,
        keys,
        policy: policyOf(signed.study),
        seed: this.#seed(),
        proofs: protection === 'full',
      });
    } finally {
      secretKey.fill(0);
    }
    return true;
  }

  /** Of shuffles and rounding. Without a study seed, drawn anew by each process: neither has to be repeatable. */
  #seed(): number {
    return this.#options.signed.study.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
  }

  async #keepKeys(keys: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array }): Promise<void> {
    const { folder, identity, signed } = this.#options;
    try {
      const sealed = await seal({
        recipient: identity.channel.publicKey,
        plaintext: keys.secretKey,
        context: ownSecretContext(signed.id),
      });
      const publicKey = await folder.blobs.put(keys.publicKey);
      await this.#save({ keys: { publicKey, secret: await folder.blobs.put(sealed) } });
    } finally {
      keys.secretKey.fill(0);
    }
  }

  async #shareKeys(publicKey: Uint8Array, secretKey: Uint8Array): Promise<void> {
    const { identity, signed } = this.#options;
    const roster = this.#state.roster!;
    const others = this.#members.filter(({ client }) => client !== this.#state.client);
    const sealed = await Promise.all(
      others.map(({ client, enrolment }) =>
        seal({
          recipient: fromBase64(enrolment.channelKey),
          plaintext: secretKey,
          context: keyPackageContext(signed.id, roster, client),
        }),
      ),
    );
    const packages = others.map(({ client }, i) => ({
      client,
      digest: digestOf(sealed[i]!),
      bytes: sealed[i]!.length,
    }));
    const named = { digest: digestOf(publicKey), bytes: publicKey.length };
    const signature = await sign({
      keyPair: identity.signature,
      message: keyPackageBytes({ study: signed.id, roster, publicKey: named.digest, packages }),
      context: KEY_PACKAGE,
    });
    const body = new Uint8Array(publicKey.length + sealed.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of [publicKey, ...sealed]) {
      body.set(part, at);
      at += part.length;
    }
    await this.#link.call<'keys-put'>(
      { type: 'keys-put', round: 0, publicKey: named, packages, signature: toBase64(signature) },
      body,
    );
    this.#tell('made the aggregation key and shared it with the other hospitals');
  }

  async #takeKeys(maker: number): Promise<void> {
    const { identity, signed } = this.#options;
    const { client } = this.#state;
    const roster = this.#state.roster!;
    const { message, body } = await this.#link.call<'keys-get'>({ type: 'keys-get', round: this.#state.round });
    const { publicKey: named, package: own, packages, signature } = message;
    if (message.maker !== maker) throw broken(`keys: maker: got hospital ${message.maker}, want ${maker}`);
    const verdict = await verify({
      publicKey: signatureKeyOf(this.#members, maker),
      message: keyPackageBytes({ study: signed.id, roster, publicKey: named.digest, packages }),
      signature: fromBase64(signature),
      context: KEY_PACKAGE,
    });
    if (!verdict.ok) throw broken('keys: signature: got one that is not the first hospital’s');
    const publicKey = body.slice(0, named.bytes);
    const sealed = body.slice(named.bytes);
    const wanted = packages.find((entry) => entry.client === client)?.digest;
    if (digestOf(publicKey) !== named.digest || digestOf(sealed) !== wanted || own.digest !== wanted)
      throw broken('keys: bytes: got others, want those that the first hospital signed');
    const secretKey = await openEnvelope({
      keyPair: identity.channel,
      message: sealed,
      context: keyPackageContext(signed.id, roster, client),
    });
    await this.#keepKeys({ publicKey, secretKey });
    this.#tell('got the aggregation key from the first hospital');
  }

  /** Applies the sums of every round that is over and was not yet over here. */
  async #catchUp(): Promise<void> {
    for (const record of this.#view.history) {
      if (record.round !== this.#state.round + 1) continue;
      if (record.outcome === 'applied') {
        await this.#apply(record.round);
        await this.#tellReport();
      } else await this.#skip(record.round);
      if (record.model !== this.#state.model)
        throw broken(
          `round ${record.round}: model: got ${this.#state.model} here, want ${record.model} of the audit log: this hospital cannot go on`,
        );
    }
    if (this.#view.phase === 'applying' && this.#view.round === this.#state.round + 1)
      await this.#apply(this.#view.round);
  }

  async #skip(round: number): Promise<void> {
    const { model, history, upload } = this.#state;
    await this.#save({
      round,
      upload: null,
      history: [...history, { round, outcome: 'skipped', model, own: 'not in it' }],
    });
    if (upload !== null) await this.#options.folder.blobs.remove(upload.digest);
    this.#tell(`round ${round}: skipped: too few updates were accepted`);
  }

  /** Refuses a sum that its signed list does not account for, then decrypts and takes the step. */
  async #apply(round: number): Promise<void> {
    const { folder, signed, data } = this.#options;
    const { client, upload } = this.#state;
    const { payload, accepted } = await this.#fetchSum(round);
    const context = { study: signed.id, round, client };
    const sum = await this.#meter.measure('decrypt', () => this.#encryptor!.openSum(payload, accepted.length, context));
    const { weights } = fedAvg().apply({ weights: this.#weights, sum, clients: accepted.length });
    const { decrypt } = this.#meter.take();
    const metrics: Metrics = await evaluate(signed.study.model as ModelSpec, weights, data.heldOut);
    const model = await folder.blobs.put(floatsToBytes(weights));
    const own = accepted.some((entry) => entry.client === client) ? 'accepted' : 'not in it';
    const costs: Costs | undefined = upload?.round === round ? { ...upload.costs, decrypt } : undefined;
    const told = signed.study.policy.reportMetrics ? { metrics, ...(costs ? { costs } : {}) } : {};
    const before = this.#state.model;
    this.#weights = weights;
    await this.#save({
      round,
      model,
      upload: null,
      report: { round, model, ...told },
      history: [...this.#state.history, { round, outcome: 'applied', model, own, metrics }],
    });
    if (before !== model) await folder.blobs.remove(before);
    if (upload !== null) await folder.blobs.remove(upload.digest);
    this.#tell(
      `round ${round}: sum of ${accepted.length} applied (own update ${own}); held-out accuracy ${(100 * metrics.accuracy).toFixed(1)} %, loss ${metrics.loss.toFixed(4)}`,
    );
  }

  async #fetchSum(round: number): Promise<{
    readonly payload: Uint8Array;
    readonly accepted: readonly { readonly client: number; readonly digest: string; readonly signature: string }[];
  }> {
    const parts: Uint8Array[] = [];
    let have = 0;
    for (;;) {
      const { message, body } = await this.#link.call<'sum'>({ type: 'sum', round, offset: have });
      parts.push(body.slice());
      have += body.length;
      if (have < message.bytes && body.length > 0) continue;
      const payload = new Uint8Array(have);
      let at = 0;
      for (const part of parts) {
        payload.set(part, at);
        at += part.length;
      }
      const { upload, client } = this.#state;
      await checkAcceptedList({
        signed: this.#options.signed,
        members: this.#members,
        round,
        sum: digestOf(payload),
        message,
        own: {
          client,
          sent: upload?.round === round ? upload.digest : null,
          accepted: this.#view.round === round && this.#view.standing === 'accepted',
        },
      });
      return { payload, accepted: message.accepted };
    }
  }

  /** Tells the coordinator which model this hospital holds; the next round starts when enough agree. */
  async #tellReport(): Promise<void> {
    const { report, client } = this.#state;
    if (report === null) return;
    const { signed, identity } = this.#options;
    const signature = await sign({
      keyPair: identity.signature,
      message: reportBytes(signed.id, report.round, client, report.model),
      context: APPLIED,
    });
    await this.#link.call<'applied'>({ ...report, type: 'applied', signature: toBase64(signature) });
    await this.#save({ report: null });
  }

  /** Trains and sends this round's update, or sends again what was finished before. */
  async #takePart(): Promise<void> {
    const { phase, round, standing, model, reason } = this.#view;
    if (standing === 'rejected' && reason !== null) this.#tell(`round ${round}: own update rejected: ${reason}`);
    if (phase !== 'collecting' || round !== this.#state.round + 1 || standing !== 'awaited') return;
    if (model !== this.#state.model)
      throw broken(`round ${round}: model: got ${model}, want ${this.#state.model} that this hospital holds`);
    if (this.#state.upload?.round !== round) {
      try {
        await this.#makeUpdate(round);
      } catch (error) {
        // The round goes on without this hospital, and the log says why.
        this.#tell(`round ${round}: no update: ${describeError(error)}`);
        await this.#link.call<'decline'>({ type: 'decline', round, reason: 'the hospital could not make an update' });
        return;
      }
    }
    await this.#upload(round);
  }

  /** Kept on disk before one byte of it leaves: this round's update is made once, its randomness used once. */
  async #makeUpdate(round: number): Promise<void> {
    const { folder, signed, identity, data } = this.#options;
    const { client, model } = this.#state;
    this.#learner ??= await createLearner({
      id: client,
      shard: data.train,
      judged: null,
      model: signed.study.model as ModelSpec,
      training: trainingOf(signed.study),
      seed: this.#seed(),
    });
    const { trainer } = this.#learner;
    const context = { study: signed.id, round, client, model };
    this.#tell(`round ${round}: training`);
    const { update } = await this.#meter.measure('train', () => trainer.train({ weights: this.#weights, round }));
    const encrypted = await this.#meter.measure('encrypt', () => this.#encryptor!.encrypt(update, context));
    const proof =
      signed.study.policy.protection === 'full'
        ? await this.#meter.measure('prove', () => createUpdateProver(policyOf(signed.study)).prove(encrypted, context))
        : NOTHING;
    const { train, encrypt, prove } = this.#meter.take();
    const bytes = encodeMessage({ kind: 'update', ...context, payload: encrypted.payload, proof });
    const digest = await folder.blobs.put(bytes);
    const signature = await sign({
      keyPair: identity.signature,
      message: updateBytes(signed.id, round, client, digest),
      context: UPDATE,
    });
    const costs = { train, encrypt, prove, decrypt: 0 };
    await this.#save({ upload: { round, digest, signature: toBase64(signature), costs } });
  }

  /** Goes on where the coordinator has it: after a lost connection only the rest is sent. */
  async #upload(round: number): Promise<void> {
    const { digest, signature } = this.#state.upload!;
    const bytes = await this.#options.folder.blobs.get(digest);
    try {
      let { next, received } = (
        await this.#link.call<'upload-begin'>({ type: 'upload-begin', round, digest, bytes: bytes.length, signature })
      ).message;
      while (!received) {
        const chunk = bytes.subarray(next, next + CHUNK_BYTES);
        const { message } =
          chunk.length > 0
            ? await this.#link.call<'upload-chunk'>({ type: 'upload-chunk', round, digest, offset: next }, chunk)
            : await this.#link.call<'upload-commit'>({ type: 'upload-commit', round, digest });
        ({ next, received } = message);
      }
    } catch (error) {
      // A round that closed meanwhile goes on without this update; anything else is not ours to swallow.
      if (!(error instanceof ZkflError) || error.details['refused'] === undefined) throw error;
      this.#tell(`round ${round}: update not taken: ${error.message}`);
      return;
    }
    this.#tell(`round ${round}: update sent, ${bytes.length} B`);
  }

  /** The log's chain, the coordinator's signature at its end, and the model of every round against this hospital's. */
  async #finish(): Promise<HospitalOutcome> {
    const { signed } = this.#options;
    const { head, models } = await readLogOf(signed, (from) =>
      this.#link.call<'audit'>({ type: 'audit', round: this.#state.round, from }),
    );
    for (const { round, outcome, model } of this.#state.history)
      if (outcome === 'applied' && models.get(round) !== model)
        throw broken(
          `audit: round ${round}: got model ${models.get(round)}, want ${model} that this hospital computed`,
        );
    if (modelDigest(this.#weights) !== this.#state.model) throw broken('model: got other weights than their digest');
    this.#tell(`finished: model ${this.#state.model} is the audit log's (head ${head})`);
    return { weights: this.#weights, state: this.#state, head };
  }
}
