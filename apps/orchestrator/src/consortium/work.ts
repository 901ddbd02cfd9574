import type { UpdatePolicy } from '../simulate/policy.ts';
import type { AcceptedUpdate } from '../simulate/wire.ts';

/** One received update to judge; its bytes are looked up by digest where the work is done. */
export interface VerifyJob {
  readonly study: string;
  readonly round: number;
  readonly client: number;
  /** of the model that the round starts from */
  readonly model: string;
  /** of the stored update */
  readonly digest: string;
}

export interface Judgement {
  readonly ok: boolean;
  /** why not; empty where `ok` */
  readonly reason: string;
  /** CPU seconds */
  readonly seconds: number;
}

export interface SumJob {
  readonly updates: readonly AcceptedUpdate[];
}

export interface Sum {
  /** of the stored sum */
  readonly digest: string;
  readonly bytes: number;
  readonly seconds: number;
}

/** What the workers must know before any job, the same for a whole study. */
export interface WorkSetup {
  readonly blobs: string;
  readonly policy: UpdatePolicy;
  readonly proofs: boolean;
  /** digest of the public aggregation key's blob */
  readonly publicKey: string;
}

/**
 * The coordinator's heavy work, wherever it is done: threads here, other machines behind a queue that keeps jobs and
 * blobs. A job names blobs and may be given again after a crash; both answers are functions of the blobs alone.
 */
export interface WorkQueue {
  setup(setup: WorkSetup): void;
  verify(job: VerifyJob): Promise<Judgement>;
  sum(job: SumJob): Promise<Sum>;
  /** jobs that wait or run */
  readonly depth: number;
  close(): Promise<void>;
}
