import type { RoundContext, StrategyState, SumStrategy, Trainer, UpdateEncryptor, UpdateProver } from '@zkfl/fl-core';
import { describeError, ZkflError } from '../errors.ts';
import { digestOf, modelDigest } from './bytes.ts';
import type { Meter } from './meter.ts';
import { acceptedListBytes, encodeMessage, type Message } from './wire.ts';

type Open = Extract<Message, { kind: 'open' }>;
type Sum = Extract<Message, { kind: 'sum' }>;

/** What an update is bound to: its round, and the digest of the model that it starts from. */
export interface UpdateContext extends RoundContext {
  readonly model: string;
}

/** What leaves a hospital in a round. */
export interface Sent {
  readonly payload: Uint8Array;
  /** empty where the protection has no proofs */
  readonly proof: Uint8Array;
}

/** A client that deviates; it has everything that an honest one has. */
export interface Deviation {
  send(input: {
    /** this round's honest update, trained when it is asked for */
    readonly train: () => Promise<Float32Array>;
    /** the global model that it started from */
    readonly weights: Float32Array;
    readonly context: UpdateContext;
    /** the honest way, for the rounds in which it behaves */
    readonly honest: (update: Float32Array) => Promise<Sent>;
  }): Promise<Sent>;
}

export interface HospitalOptions<Witness> {
  readonly id: number;
  readonly study: string;
  readonly cohortMinimum: number;
  /** the initial global model */
  readonly weights: Float32Array;
  readonly trainer: Trainer;
  readonly strategy: SumStrategy;
  readonly encryptor: UpdateEncryptor<Witness>;
  readonly prover: UpdateProver<Witness> | null;
  /** of the coordinator's signature over the accepted list; null where the protection signs nothing */
  readonly checkSignature: ((bytes: Uint8Array, signature: Uint8Array) => Promise<boolean>) | null;
  readonly deviation: Deviation | null;
  readonly meter: Meter;
}

/** One hospital in one study: trains on its own data, sends its update, applies the sum to its copy of the model. */
export class Hospital<Witness> {
  readonly #options: HospitalOptions<Witness>;
  #weights: Float32Array;
  #model: string;
  #state: StrategyState | undefined;
  /** rounds that are over */
  #round = 0;
  #sent: string | null = null;
  #coverage = { encrypted: 0, proven: 0 };

  constructor(options: HospitalOptions<Witness>) {
    this.#options = options;
    this.#weights = options.weights;
    this.#model = modelDigest(options.weights);
  }

  /** A copy of the current global model. */
  get weights(): Float32Array {
    return this.#weights.slice();
  }

  get model(): string {
    return this.#model;
  }

  /** Coordinates encrypted and proven in the last honest update. */
  get coverage(): { readonly encrypted: number; readonly proven: number } {
    return this.#coverage;
  }

  /** The reply's bytes, or null where none is due. Throws `protocol` where the coordinator breaks the protocol. */
  async answer(message: Message): Promise<Uint8Array | null> {
    if (message.study !== this.#options.study)
      throw new ZkflError('protocol', `hospital ${this.#options.id}: study: got another, want its own`);
    switch (message.kind) {
      case 'open':
        return this.#update(message);
      case 'sum':
        return this.#apply(message);
      case 'skipped':
        this.#round = message.round;
        return null;
      default:
        throw new ZkflError('protocol', `hospital ${this.#options.id}: message: got ${message.kind}, want open or sum`);
    }
  }

  #expect(field: string, got: string | number, want: string | number): void {
    if (got !== want)
      throw new ZkflError('protocol', `hospital ${this.#options.id}: ${field}: got ${got}, want ${want}`, { field });
  }

  async #update(message: Open): Promise<Uint8Array> {
    const { id, study } = this.#options;
    this.#expect('round', message.round, this.#round + 1);
    this.#expect('model', message.model, this.#model);
    const context = { study, round: message.round, client: id, model: this.#model };
    try {
      const sent = await this.#send(context);
      const reply = encodeMessage({ kind: 'update', ...context, ...sent });
      this.#sent = digestOf(reply);
      return reply;
    } catch (error) {
      // The round goes on without this hospital, and the coordinator records why.
      return encodeMessage({ kind: 'failed', study, round: message.round, client: id, reason: describeError(error) });
    }
  }

  async #send(context: UpdateContext): Promise<Sent> {
    const { deviation, trainer, meter } = this.#options;
    const weights = this.#weights;
    const train = async () => {
      const { update } = await meter.measure('train', () => trainer.train({ weights, round: context.round }));
      return update;
    };
    const honest = (update: Float32Array) => this.#honest(update, context);
    return deviation ? deviation.send({ train, weights, context, honest }) : honest(await train());
  }

  async #honest(update: Float32Array, context: UpdateContext): Promise<Sent> {
    const { encryptor, prover, meter } = this.#options;
    const encrypted = await meter.measure('encrypt', () => encryptor.encrypt(update, context));
    const proof = prover ? await meter.measure('prove', () => prover.prove(encrypted, context)) : new Uint8Array();
    this.#coverage = { encrypted: encrypted.encryptedCoordinates, proven: prover ? update.length : 0 };
    return { payload: encrypted.payload, proof };
  }

  /** Refuses a sum that its signed list does not account for, then decrypts and takes the step. */
  async #apply(message: Sum): Promise<Uint8Array> {
    const { id, study, encryptor, strategy, meter } = this.#options;
    this.#expect('round', message.round, this.#round + 1);
    await this.#checkList(message);
    const context = { study, round: message.round, client: id };
    const count = message.accepted.length;
    const sum = await meter.measure('decrypt', () => encryptor.openSum(message.payload, count, context));
    const step = await meter.measure('aggregate', () =>
      strategy.apply({ weights: this.#weights, sum, clients: count, state: this.#state }),
    );
    this.#weights = step.weights;
    this.#state = step.state;
    this.#model = modelDigest(step.weights);
    this.#round = message.round;
    return encodeMessage({ kind: 'applied', study, round: message.round, client: id, model: this.#model });
  }

  async #checkList(message: Sum): Promise<void> {
    const { id, cohortMinimum, checkSignature, meter } = this.#options;
    const { accepted, signature } = message;
    if (accepted.length < cohortMinimum) this.#expect('accepted', accepted.length, `≥ ${cohortMinimum}`);
    this.#expect('distinct clients', new Set(accepted.map(({ client }) => client)).size, accepted.length);
    this.#expect('distinct updates', new Set(accepted.map(({ digest }) => digest)).size, accepted.length);
    const own = accepted.find(({ client }) => client === id);
    if (own !== undefined) this.#expect('own update', own.digest, this.#sent ?? 'none');
    if (checkSignature === null) return;
    const valid = await meter.measure('channel', () => checkSignature(acceptedListBytes(message), signature));
    if (!valid) throw new ZkflError('protocol', `hospital ${id}: signature: got one that does not verify`);
  }
}
