import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { RoundContext, UpdateVerifier, Verdict } from '@zkfl/fl-core';
import { ZkflError } from '../errors.ts';
import type { ProofToVerify } from '../wiring/verifier.ts';
import type { UpdateContext } from './hospital.ts';
import type { Meter } from './meter.ts';
import type { UpdatePolicy } from './policy.ts';

export type VerifierRequest =
  | { readonly policy: UpdatePolicy; readonly publicKey: Uint8Array }
  | { readonly update: ProofToVerify };
export type VerifierReply =
  | { readonly ok: true; readonly verdict: Verdict; readonly seconds: number }
  | { readonly ok: false; readonly error: string };

export interface RunVerifier extends UpdateVerifier {
  /** The hospitals agree on their key after the coordinator has begun to listen, and before the first round. */
  setPublicKey(publicKey: Uint8Array): void;
}

interface Job {
  readonly update: ProofToVerify;
  readonly meter: Meter;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (reason: Error) => void;
}

const workerUrl = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './verifier-worker.ts' : './verifier-worker.js', import.meta.url);

/** The coordinator's verifiers, a thread a core; they outlive a run, the key does not. */
export class VerifierPool {
  readonly #workers: readonly Worker[];
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Job>();
  readonly #waiting: Job[] = [];
  #dead: ZkflError | null = null;

  constructor(threads: number = availableParallelism()) {
    this.#workers = Array.from({ length: threads }, (_, i) => new Worker(workerUrl(), { name: `verifier-${i}` }));
    for (const worker of this.#workers) {
      this.#idle.push(worker);
      worker.on('message', (reply: VerifierReply) => this.#answered(worker, reply));
      worker.on('error', (cause) => this.#died(cause));
    }
  }

  /** The verifier of one run. */
  forRun(policy: UpdatePolicy, meter: Meter): RunVerifier {
    return {
      setPublicKey: (publicKey) => {
        const key: VerifierRequest = { policy, publicKey };
        for (const worker of this.#workers) worker.postMessage(key);
      },
      verify: ({ payload, proof, context }) => this.#verify({ payload, proof, context: withModel(context) }, meter),
      dispose: async () => {},
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #verify(update: ProofToVerify, meter: Meter): Promise<Verdict> {
    if (this.#dead) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ update, meter, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    const worker = this.#idle.pop();
    if (worker === undefined) return;
    const job = this.#waiting.shift();
    if (job === undefined) {
      this.#idle.push(worker);
      return;
    }
    this.#busy.set(worker, job);
    const request: VerifierRequest = { update: job.update };
    worker.postMessage(request);
  }

  #answered(worker: Worker, reply: VerifierReply): void {
    const job = this.#busy.get(worker);
    this.#busy.delete(worker);
    this.#idle.push(worker);
    if (reply.ok) {
      job?.meter.add('verify', reply.seconds);
      job?.resolve(reply.verdict);
    } else job?.reject(new ZkflError('worker', `verifier: ${reply.error}`));
    this.#next();
  }

  #died(cause: unknown): void {
    this.#dead = new ZkflError('worker', 'verifier: its thread died', {}, cause);
    for (const job of [...this.#busy.values(), ...this.#waiting.splice(0)]) job.reject(this.#dead);
    this.#busy.clear();
  }
}

/** The port's context, with the model digest that the coordinator adds to it. */
function withModel(context: RoundContext): UpdateContext {
  if (!('model' in context) || typeof context.model !== 'string')
    throw new ZkflError('protocol', 'verifier: context: got no model, want its digest');
  return { ...context, model: context.model };
}
