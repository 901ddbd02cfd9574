import type { MessagePort } from 'node:worker_threads';
import { fedAvg, initialWeights, parameterCount, type SecureChannel, simRng } from '@zkfl/fl-core';
import type { Engine } from '@zkfl/he-agg';
import pLimit from 'p-limit';
import { ZkflError } from '../errors.ts';
import { acceptChannel, type ChannelIdentity, connectChannel, createIdentity, openWire } from '../wiring/channel.ts';
import {
  type BfvKeys,
  type BfvWitness,
  createBfvEncryptor,
  createBfvEngine,
  decodeBfvKeys,
  encodeBfvKeys,
  generateBfvKeys,
} from '../wiring/encryptor.ts';
import { createPlaintextEncryptor } from '../wiring/plaintext.ts';
import { createUpdateProver } from '../wiring/prover.ts';
import { createSignatureCheck } from '../wiring/signature.ts';
import { createLearner, type Learner } from '../wiring/trainer.ts';
import { floatsToBytes, modelDigest } from './bytes.ts';
import type { Directory, EvaluationReport, HospitalCommands, HospitalSetup, RunPlan } from './commands.ts';
import { encryptedDeviation, plainDeviation } from './deviations.ts';
import { Hospital } from './hospital.ts';
import { Meter } from './meter.ts';
import { layerBounds, updatePolicy } from './policy.ts';
import { type Link, Mailbox, portLink } from './transport.ts';
import { decodeMessage, encodeMessage } from './wire.ts';

/** The hospital that generates the aggregation key and hands it to the others. */
const KEY_MAKER = 0;

/** What a compromised hospital sends in place of an answer: nothing, something else, or more than one message. */
export type Tamper = (message: Uint8Array) => readonly Uint8Array[];

type AnyHospital = Hospital<undefined> | Hospital<BfvWitness>;

interface Run {
  readonly plan: RunPlan;
  readonly link: Link;
  readonly identity: ChannelIdentity | null;
  readonly meter: Meter;
  /** envelopes of other hospitals, by sender */
  readonly relayed: Map<number, Mailbox<Uint8Array>>;
  channel: SecureChannel;
  hospital: AnyHospital | null;
  dispose: () => Promise<void>;
}

/** What runs in a hospital's thread: it lives as long as the thread, a run as long as one protection is tried. */
export class HospitalHost implements HospitalCommands {
  readonly #broken: (error: unknown) => void;
  readonly #tamper: Tamper;
  #setup: HospitalSetup | null = null;
  #learner: Learner | null = null;
  #engine: Engine | null = null;
  #run: Run | null = null;
  /** whether this thread's prover has run before */
  #proved = false;

  /** `broken` is told when the wire's loop cannot go on; `tamper` stands between the hospital and its channel. */
  constructor(broken: (error: unknown) => void, tamper: Tamper = (message) => [message]) {
    this.#broken = broken;
    this.#tamper = tamper;
  }

  async setup(input: HospitalSetup): Promise<void> {
    this.#setup = input;
    this.#learner = await createLearner(input);
    // Compiles the training path before anything is measured; the result is not used.
    await this.#learner.trainer.train({ weights: initialWeights(input.model, simRng(input.seed)), round: 1 });
  }

  async join({ plan, port }: { readonly plan: RunPlan; readonly port: MessagePort }): Promise<Uint8Array | null> {
    const identity = plan.protection === 'plain' ? null : await createIdentity();
    this.#run = {
      plan,
      link: portLink(port),
      identity,
      meter: new Meter(),
      relayed: new Map(plan.clients.map((client) => [client, new Mailbox<Uint8Array>()])),
      channel: openWire(),
      hospital: null,
      dispose: async () => {},
    };
    return identity?.publicKey ?? null;
  }

  async connect({ directory }: { readonly directory: Directory }): Promise<Uint8Array | null> {
    const run = this.#current();
    const { plan, identity, link } = run;
    if (identity !== null && directory.coordinator !== null)
      run.channel = await connectChannel({
        identity,
        peer: directory.coordinator.channel,
        context: plan.study,
        wire: { send: async (bytes) => link.send(bytes), receive: () => link.receive() },
      });
    const outbox = pLimit(1);
    const send = (message: Uint8Array) =>
      outbox(async () => link.send(await run.meter.measure('channel', () => run.channel.seal(message))));
    this.#pump(run, send);
    const encrypts = plan.protection === 'kem+he' || plan.protection === 'full';
    const keys = encrypts ? await this.#agreeOnKeys(run, directory, send) : null;
    run.hospital = await this.#createHospital(run, directory, keys);
    return keys === null ? null : encodeBfvKeys(keys).publicKey;
  }

  async account(): ReturnType<HospitalCommands['account']> {
    const { meter, hospital } = this.#current();
    return { seconds: meter.take(), ...(hospital?.coverage ?? { encrypted: 0, proven: 0 }) };
  }

  async evaluate(): Promise<EvaluationReport> {
    return this.#ready().evaluate(await this.weights());
  }

  async weights(): Promise<Float32Array> {
    const { hospital } = this.#current();
    if (hospital === null) throw new ZkflError('protocol', 'hospital: weights: got no study, want a running one');
    return hospital.weights;
  }

  async leave(): Promise<void> {
    const run = this.#current();
    this.#run = null;
    run.link.close();
    await run.channel.close();
    await run.dispose();
    await run.identity?.dispose();
  }

  #current(): Run {
    if (this.#run === null) throw new ZkflError('protocol', 'hospital: run: got none, want join first');
    return this.#run;
  }

  #ready(): Learner {
    if (this.#learner === null) throw new ZkflError('protocol', 'hospital: learner: got none, want setup first');
    return this.#learner;
  }

  /** Opens what comes, answers it, until the link closes. */
  async #pump(run: Run, send: (message: Uint8Array) => Promise<void>): Promise<void> {
    try {
      for (;;) {
        const frame = await run.link.receive();
        const message = decodeMessage(await run.meter.measure('channel', () => run.channel.open(frame)));
        if (message.kind === 'relay') {
          run.relayed.get(message.peer)?.put(message.payload);
          continue;
        }
        if (run.hospital === null) throw new ZkflError('protocol', `hospital: ${message.kind}: got it before the keys`);
        const answer = await run.hospital.answer(message);
        if (answer !== null) for (const message of this.#tamper(answer)) await send(message);
      }
    } catch (error) {
      if (this.#run === run) this.#broken(error);
    }
  }

  /** One hospital generates the key; the others get it on channels that the coordinator relays and cannot open. */
  async #agreeOnKeys(run: Run, directory: Directory, send: (message: Uint8Array) => Promise<void>): Promise<BfvKeys> {
    const { id } = this.#setup!;
    const { clients, study } = run.plan;
    this.#engine ??= await createBfvEngine();
    const between = (peer: number) => ({
      identity: run.identity!,
      peer: directory.hospitals.get(peer)!,
      context: study,
      wire: {
        send: (payload: Uint8Array) => send(encodeMessage({ kind: 'relay', study, peer, payload })),
        receive: () => run.relayed.get(peer)!.take(),
      },
    });
    if (id !== KEY_MAKER) {
      const { wire } = between(KEY_MAKER);
      const channel = await acceptChannel(between(KEY_MAKER));
      const publicKey = await channel.open(await wire.receive());
      const secretKey = await channel.open(await wire.receive());
      await channel.close();
      const keys = decodeBfvKeys({ publicKey, secretKey });
      secretKey.fill(0);
      return keys;
    }
    const keys = generateBfvKeys(this.#engine);
    const encoded = encodeBfvKeys(keys);
    try {
      for (const peer of clients) {
        if (peer === id) continue;
        const { wire } = between(peer);
        const channel = await connectChannel(between(peer));
        await wire.send(await channel.seal(encoded.publicKey));
        await wire.send(await channel.seal(encoded.secretKey));
        await channel.close();
      }
    } finally {
      encoded.secretKey.fill(0);
    }
    return keys;
  }

  async #createHospital(run: Run, directory: Directory, keys: BfvKeys | null): Promise<AnyHospital> {
    const { id, model, seed } = this.#setup!;
    const { plan, meter } = run;
    const { study, cohortMinimum, attack } = plan;
    const dimension = parameterCount(model);
    const common = {
      id,
      study,
      cohortMinimum,
      weights: initialWeights(model, simRng(seed)),
      trainer: this.#ready().trainer,
      strategy: fedAvg(),
      meter,
    };
    const attacking = attack?.client === id ? { name: attack.name, fromRound: attack.fromRound, seed } : null;
    if (keys === null) {
      const encryptor = createPlaintextEncryptor(dimension);
      const deviation = attacking && plainDeviation(attacking, floatsToBytes);
      run.dispose = () => encryptor.dispose();
      return new Hospital({ ...common, encryptor, prover: null, checkSignature: null, deviation });
    }
    const policy = updatePolicy({ dimension, tau: plan.tau, layers: layerBounds(model, plan.layerTau) });
    const proofs = plan.protection === 'full';
    const encryptor = createBfvEncryptor({ engine: this.#engine!, keys, policy, seed, proofs });
    const prover = proofs ? createUpdateProver(policy) : null;
    if (prover !== null && !this.#proved) {
      // Expands the commitment key and compiles the prover, as `setup` does for training; nobody sees this proof.
      const context = { study, round: 1, client: id, model: modelDigest(common.weights) };
      await prover.prove(await encryptor.encrypt(new Float32Array(dimension), context), context);
      this.#proved = true;
    }
    const checkSignature = createSignatureCheck(directory.coordinator!.signature);
    const deviation = attacking && encryptedDeviation(attacking, { encryptor, policy, proofs });
    run.dispose = async () => {
      await encryptor.dispose();
      await prover?.dispose();
    };
    return new Hospital({ ...common, encryptor, prover, checkSignature, deviation });
  }
}
