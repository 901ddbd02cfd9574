import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ZkflError } from '../errors.ts';
import type { Judgement, Sum, SumJob, VerifyJob, WorkQueue, WorkSetup } from './work.ts';

export type WorkRequest =
  | { readonly kind: 'setup'; readonly setup: WorkSetup }
  | { readonly kind: 'verify'; readonly job: VerifyJob }
  | { readonly kind: 'sum'; readonly job: SumJob };
export type WorkReply =
  | { readonly ok: true; readonly value: Judgement | Sum }
  | { readonly ok: false; readonly error: string };

interface Waiting {
  readonly request: WorkRequest;
  readonly resolve: (value: never) => void;
  readonly reject: (reason: Error) => void;
}

/** Beside this file: TypeScript from source, JavaScript once built. */
const workerUrl = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './work-worker.ts' : './work-worker.js', import.meta.url);

/** {@link WorkQueue} over worker threads, one a core. A thread that dies is replaced; its job fails and may be retried. */
export class WorkThreads implements WorkQueue {
  readonly #threads: number;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Waiting>();
  readonly #waiting: Waiting[] = [];
  #setup: WorkSetup | null = null;
  #closed = false;

  constructor(threads: number = availableParallelism()) {
    this.#threads = threads;
  }

  get depth(): number {
    return this.#busy.size + this.#waiting.length;
  }

  setup(setup: WorkSetup): void {
    this.#setup = setup;
    while (this.#idle.length + this.#busy.size < this.#threads) this.#start();
  }

  verify(job: VerifyJob): Promise<Judgement> {
    return this.#submit({ kind: 'verify', job });
  }

  sum(job: SumJob): Promise<Sum> {
    return this.#submit({ kind: 'sum', job });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const stopped = new ZkflError('worker', 'work: closed');
    for (const { reject } of [...this.#waiting.splice(0), ...this.#busy.values()]) reject(stopped);
    await Promise.all([...this.#idle, ...this.#busy.keys()].map((worker) => worker.terminate()));
  }

  #submit<T>(request: WorkRequest): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#setup === null || this.#closed) {
        reject(new ZkflError('worker', 'work: setup: got none, want it before the first job'));
        return;
      }
      this.#waiting.push({ request, resolve: resolve as (value: never) => void, reject });
      this.#next();
    });
  }

  #start(): void {
    const worker = new Worker(workerUrl(), { name: 'verifier' });
    worker.on('message', (reply: WorkReply) => this.#answered(worker, reply));
    worker.on('error', (cause) => this.#died(worker, cause));
    worker.postMessage({ kind: 'setup', setup: this.#setup! } satisfies WorkRequest);
    this.#idle.push(worker);
  }

  #next(): void {
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      const worker = this.#idle.pop()!;
      const job = this.#waiting.shift()!;
      this.#busy.set(worker, job);
      worker.postMessage(job.request);
    }
  }

  #answered(worker: Worker, reply: WorkReply): void {
    const job = this.#busy.get(worker);
    this.#busy.delete(worker);
    this.#idle.push(worker);
    if (reply.ok) job?.resolve(reply.value as never);
    else job?.reject(new ZkflError('worker', `work: ${job.request.kind}: ${reply.error}`));
    this.#next();
  }

  #died(worker: Worker, cause: unknown): void {
    const job = this.#busy.get(worker);
    this.#busy.delete(worker);
    const at = this.#idle.indexOf(worker);
    if (at >= 0) this.#idle.splice(at, 1);
    job?.reject(new ZkflError('worker', 'work: its thread died', {}, cause));
    if (this.#closed) return;
    this.#start();
    this.#next();
  }
}
