import { randomBytes } from 'node:crypto';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { initialWeights, parameterCount, type SecureChannel, simRng } from '@zkfl/fl-core';
import type { LimitFunction } from 'p-limit';
import type { AttackName, Protection } from '../config.ts';
import { ZkflError } from '../errors.ts';
import type { Study } from '../study.ts';
import { createCiphertextAggregator } from '../wiring/aggregator.ts';
import { acceptChannel, type ChannelIdentity, createIdentity, openWire } from '../wiring/channel.ts';
import { createPlaintextAggregator } from '../wiring/plaintext.ts';
import { createSigner, type Signer } from '../wiring/signature.ts';
import { digestText, modelDigest } from './bytes.ts';
import type { Directory, EvaluationReport, RunPlan } from './commands.ts';
import { Coordinator, type RoundOutcome } from './coordinator.ts';
import type { HospitalThread } from './hospital-thread.ts';
import { MemoryRoundStore, systemClock } from './memory-store.ts';
import { Meter } from './meter.ts';
import { layerBounds, updatePolicy } from './policy.ts';
import type { Phase, PhaseSeconds, RoundResult, RunResult } from './result.ts';
import { noSeconds, PHASES } from './result.ts';
import { PortTransport } from './transport.ts';
import type { VerifierPool } from './verifier-pool.ts';

/** The hospital that measures the model: a study's test set has to be somewhere. */
export const EVALUATOR = 0;
const ROUND_DEADLINE_MS = 600_000;

export interface RunOptions {
  readonly protection: Protection;
  readonly attack: AttackName | null;
  /** fewer than the study's, where a run only warms up */
  readonly rounds?: number;
  /** told after every round */
  readonly onRound?: (round: number, result: RoundResult) => void;
}

/** A run, and the model that it ends with. */
export interface CompletedRun {
  readonly result: RunResult;
  readonly weights: Float32Array;
}

/** Half of the hospitals, rounded up: the sum of fewer says too much about one of them. */
export const cohortMinimum = (clients: number): number => Math.ceil(clients / 2);

/** One run of a study under one protection: keys, channels, rounds, and their account. */
export class Run {
  readonly #study: Study;
  readonly #plan: RunPlan;
  readonly #threads: ReadonlyMap<number, HospitalThread>;
  readonly #transport: PortTransport;
  readonly #coordinator: Coordinator;
  readonly #meter: Meter;
  readonly #store: MemoryRoundStore;
  readonly #dispose: () => Promise<void>;
  readonly #coverage: { encrypted: number; proven: number }[] = [];

  private constructor(parts: {
    study: Study;
    plan: RunPlan;
    threads: ReadonlyMap<number, HospitalThread>;
    transport: PortTransport;
    coordinator: Coordinator;
    meter: Meter;
    store: MemoryRoundStore;
    dispose: () => Promise<void>;
  }) {
    this.#study = parts.study;
    this.#plan = parts.plan;
    this.#threads = parts.threads;
    this.#transport = parts.transport;
    this.#coordinator = parts.coordinator;
    this.#meter = parts.meter;
    this.#store = parts.store;
    this.#dispose = parts.dispose;
  }

  static async begin(
    study: Study,
    threads: ReadonlyMap<number, HospitalThread>,
    { busy, verifiers }: { readonly busy: LimitFunction; readonly verifiers: () => VerifierPool },
    { protection, attack, rounds = study.rounds }: RunOptions,
  ): Promise<Run> {
    const clients = [...threads.keys()];
    const plan: RunPlan = {
      study: digestText(randomBytes(32)),
      protection,
      clients,
      cohortMinimum: cohortMinimum(clients.length),
      tau: study.tau,
      layerTau: study.layerTau,
      attack: attack === null ? null : { name: attack, ...study.attacker },
    };
    const meter = new Meter();
    const store = new MemoryRoundStore();
    const { transport, hospitals } = await joinAll(threads, plan);
    const identity = protection === 'plain' ? null : await createIdentity();
    const signer = protection === 'plain' || protection === 'kem' ? null : await createSigner();
    const directory: Directory = {
      coordinator: identity && { channel: identity.publicKey, signature: signer?.publicKey ?? new Uint8Array() },
      hospitals,
    };
    const connected = Promise.all([...threads.values()].map(({ commands }) => commands.connect({ directory })));
    // A hospital that fails to connect would leave its handshake open for ever.
    const failed = connected.then(() => new Promise<never>(() => {}));
    const channels = await Promise.race([
      openChannels({ transport, hospitals, identity, clients, study: plan.study }),
      failed,
    ]);
    failed.catch(() => {});
    const dimension = parameterCount(study.model);
    const policy = updatePolicy({ dimension, tau: study.tau, layers: layerBounds(study.model, study.layerTau) });
    const verifier = protection === 'full' ? verifiers().forRun(policy, meter) : null;
    const aggregator =
      signer === null ? createPlaintextAggregator(dimension) : createCiphertextAggregator({ dimension });
    const coordinator = new Coordinator({
      plan: {
        study: plan.study,
        clients,
        rounds,
        cohortMinimum: plan.cohortMinimum,
        deadline: ROUND_DEADLINE_MS,
      },
      model: modelDigest(initialWeights(study.model, simRng(study.seed))),
      transport,
      channels,
      aggregator,
      verifier,
      sign: signer && ((bytes) => signer.sign(bytes)),
      store,
      clock: systemClock,
      busy,
      meter,
    });
    for (const [id, thread] of threads) thread.onBroken((reason) => void coordinator.lost(id, reason.message));
    void coordinator.listen();
    const dispose = () => disposeAll({ transport, channels, aggregator, verifier, signer, identity });
    const run = new Run({ study, plan, threads, transport, coordinator, meter, store, dispose });
    try {
      const publicKeys = await connected;
      if (signer !== null) {
        const publicKey = agreed(publicKeys);
        verifier?.setPublicKey(publicKey);
      }
    } catch (error) {
      await run.end();
      throw error;
    }
    return run;
  }

  async complete({ onRound, rounds = this.#study.rounds }: RunOptions): Promise<CompletedRun> {
    const results: RoundResult[] = [];
    let best: { round: number; score: number; weights: Float32Array } | null = null;
    await this.#account();
    this.#coverage.length = 0;
    this.#transport.take();
    for (let round = 1; round <= rounds; round += 1) {
      const { result, report } = await this.#round();
      results.push(result);
      onRound?.(round, result);
      // The round is chosen on validation data where there is some, and is the last one where there is none.
      const score = report.validation?.loss ?? -round;
      if (best === null || score < best.score || Number.isNaN(best.score))
        best = { round, score, weights: await this.#evaluator().weights() };
    }
    const { round, weights } = best!;
    const { accuracy, auc } = results[round - 1]!;
    const total = parameterCount(this.#study.model);
    const { protection, attack } = this.#plan;
    return {
      weights,
      result: {
        protection,
        attack: attack?.name ?? null,
        coverage: {
          total,
          encrypted: Math.min(total, ...this.#coverage.map(({ encrypted }) => encrypted)),
          proven: Math.min(total, ...this.#coverage.map(({ proven }) => proven)),
        },
        rounds: results,
        final: { accuracy, ...(auc === undefined ? {} : { auc }), round },
      },
    };
  }

  async end(): Promise<void> {
    await Promise.allSettled([...this.#threads.values()].map(({ commands }) => commands.leave()));
    await this.#dispose();
  }

  #evaluator() {
    return this.#threads.get(EVALUATOR)!.commands;
  }

  async #round(): Promise<{ result: RoundResult; report: EvaluationReport }> {
    const from = performance.now();
    const outcome = await this.#coordinator.runRound();
    const total = (performance.now() - from) / 1000;
    const seconds = { ...(await this.#account()), total };
    const { up, down } = this.#transport.take();
    this.#store.clearBlobs();
    const report = await this.#evaluator().evaluate();
    return { report, result: roundResult({ outcome, seconds, bytes: { up, down }, report }) };
  }

  /** The phases of all threads since the last call; coverage counts what honest hospitals sent. */
  async #account(): Promise<PhaseSeconds> {
    const sum = noSeconds();
    const add = (seconds: PhaseSeconds) => {
      for (const phase of PHASES) sum[phase as Phase] += seconds[phase];
    };
    add(this.#meter.take());
    for (const [id, { commands }] of this.#threads) {
      const { seconds, encrypted, proven } = await commands.account();
      add(seconds);
      if (this.#plan.attack?.client !== id) this.#coverage.push({ encrypted, proven });
    }
    return sum;
  }
}

function roundResult(parts: {
  outcome: RoundOutcome;
  seconds: PhaseSeconds;
  bytes: { up: number; down: number };
  report: EvaluationReport;
}): RoundResult {
  const { outcome, seconds, bytes, report } = parts;
  const { record, refused, proofBytes } = outcome;
  const { accuracy, loss, auc } = report.test;
  return {
    accuracy,
    loss,
    ...(auc === undefined ? {} : { auc }),
    ...(report.validation ? { validation: lossAndAccuracy(report.validation) } : {}),
    seconds,
    bytes,
    ...(proofBytes > 0 ? { proofBytes } : {}),
    accepted: record.accepted.map(Number),
    rejected: [
      ...record.rejected.map(({ client, reason }) => ({ client: Number(client), reason })),
      ...record.missing.map((client) => ({ client: Number(client), reason: 'no update before the deadline' })),
    ],
    ...(refused.length > 0 ? { refused } : {}),
  };
}

const lossAndAccuracy = ({ accuracy, loss }: { accuracy: number; loss: number }) => ({ accuracy, loss });

/** Gives every hospital its wire and its plan; returns the other ends, and the public keys that the hospitals made. */
async function joinAll(
  threads: ReadonlyMap<number, HospitalThread>,
  plan: RunPlan,
): Promise<{ transport: PortTransport; hospitals: ReadonlyMap<number, Uint8Array> }> {
  const ports = new Map<number, MessagePort>();
  const hospitals = new Map<number, Uint8Array>();
  await Promise.all(
    [...threads].map(async ([id, { commands }]) => {
      const { port1, port2 } = new MessageChannel();
      ports.set(id, port1);
      const publicKey = await commands.join({ plan, port: port2 });
      if (publicKey !== null) hospitals.set(id, publicKey);
    }),
  );
  return { transport: new PortTransport(ports), hospitals };
}

async function openChannels(parts: {
  transport: PortTransport;
  hospitals: ReadonlyMap<number, Uint8Array>;
  identity: ChannelIdentity | null;
  clients: readonly number[];
  study: string;
}): Promise<ReadonlyMap<number, SecureChannel>> {
  const { transport, hospitals, identity, clients, study: context } = parts;
  if (identity === null) return new Map(clients.map((id) => [id, openWire()]));
  const opened = await Promise.all(
    [...hospitals].map(async ([id, peer]) => {
      const channel = await transport.handshake(id, (wire) => acceptChannel({ identity, peer, context, wire }));
      return [id, channel] as const;
    }),
  );
  return new Map(opened);
}

/** The public aggregation key, which every hospital must hold. */
function agreed(keys: readonly (Uint8Array | null)[]): Uint8Array {
  const [first] = keys;
  const same = (key: Uint8Array | null) =>
    first && key && key.length === first.length && key.every((byte, i) => byte === first[i]);
  if (!first || !keys.every(same)) throw new ZkflError('protocol', 'keys: got different public keys, want one');
  return first;
}

async function disposeAll(parts: {
  transport: PortTransport;
  channels: ReadonlyMap<number, SecureChannel>;
  aggregator: { dispose(): Promise<void> };
  verifier: { dispose(): Promise<void> } | null;
  signer: Signer | null;
  identity: ChannelIdentity | null;
}): Promise<void> {
  await parts.transport.close();
  for (const channel of parts.channels.values()) await channel.close();
  await parts.aggregator.dispose();
  await parts.verifier?.dispose();
  await parts.signer?.dispose();
  await parts.identity?.dispose();
}
