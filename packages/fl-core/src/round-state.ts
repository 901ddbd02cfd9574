/** A client as the study's configuration names it; 0 and '0' are two clients. */
export type ClientId = string | number;

/** Fixed for a study. */
export interface StudyPlan {
  readonly study: string;
  /** All clients, distinct, in configuration order. */
  readonly clients: readonly ClientId[];
  /** Rounds to run, ≥ 1. */
  readonly rounds: number;
  /** A round with fewer accepted updates is skipped: a smaller sum says too much about one client. ≥ 1. */
  readonly cohortMinimum: number;
  /** Milliseconds from `open` until the round closes without the missing. */
  readonly deadline: number;
}

/** Where one client stands in the open round. `missing`: nothing came before the deadline. */
export type ClientStanding =
  | { readonly client: ClientId; readonly is: 'awaited' }
  | { readonly client: ClientId; readonly is: 'received'; readonly digest: string }
  | { readonly client: ClientId; readonly is: 'accepted'; readonly digest: string }
  | { readonly client: ClientId; readonly is: 'rejected'; readonly reason: string; readonly digest?: string }
  | { readonly client: ClientId; readonly is: 'missing' };

export interface Rejection {
  readonly client: ClientId;
  readonly reason: string;
}

/** A finished round. */
export interface RoundRecord {
  readonly round: number;
  readonly outcome: 'applied' | 'skipped';
  readonly accepted: readonly ClientId[];
  readonly rejected: readonly Rejection[];
  readonly missing: readonly ClientId[];
  /** Digest of the global model after the round; after a skipped round the same as before it. */
  readonly model: string;
  /** Digest of the sum that was applied; absent after a skipped round. */
  readonly sum?: string;
}

/**
 * ready → collecting → (draining) → aggregating → applying → ready | finished; a skipped round goes from collecting or
 * draining straight to ready | finished. `aborted` is final.
 */
export type Phase =
  | { readonly is: 'ready' }
  | { readonly is: 'collecting'; readonly standings: readonly ClientStanding[]; readonly closesAt: number }
  | { readonly is: 'draining'; readonly standings: readonly ClientStanding[] }
  | { readonly is: 'aggregating'; readonly standings: readonly ClientStanding[] }
  | { readonly is: 'applying'; readonly standings: readonly ClientStanding[]; readonly sum: string }
  | { readonly is: 'finished' }
  | { readonly is: 'aborted'; readonly reason: string };

/** JSON in, JSON out: a killed process resumes from its last saved state. */
export interface RoundState {
  readonly version: 1;
  readonly plan: StudyPlan;
  /** The round that is open or opens next, 1 … plan.rounds. */
  readonly round: number;
  /** Digest of the current global model. */
  readonly model: string;
  readonly phase: Phase;
  readonly history: readonly RoundRecord[];
}

export type RoundEvent =
  /** ready → collecting; `at` in ms since 1970-01-01 UTC. */
  | { readonly type: 'open'; readonly at: number }
  | {
      readonly type: 'update-received';
      readonly round: number;
      readonly client: ClientId;
      /** Digest of the stored bytes: effects refer to the update by it. */
      readonly digest: string;
    }
  /** The verdict on a received update. */
  | { readonly type: 'update-accepted'; readonly round: number; readonly client: ClientId; readonly digest: string }
  /** The verdict on a received update, or on a client whose message never became one (`digest` absent). */
  | {
      readonly type: 'update-rejected';
      readonly round: number;
      readonly client: ClientId;
      readonly reason: string;
      readonly digest?: string;
    }
  | { readonly type: 'deadline'; readonly round: number }
  | { readonly type: 'aggregated'; readonly round: number; readonly sum: string }
  | { readonly type: 'applied'; readonly round: number; readonly model: string }
  | { readonly type: 'abort'; readonly reason: string };

/** What the outside must do next. Every effect may be run again after a crash. Save the state before running any. */
export type RoundEffect =
  | {
      readonly type: 'send-model';
      readonly round: number;
      readonly model: string;
      readonly clients: readonly ClientId[];
    }
  | { readonly type: 'set-deadline'; readonly round: number; readonly at: number }
  | { readonly type: 'verify'; readonly round: number; readonly client: ClientId; readonly digest: string }
  /** Tell the client that this message was not taken; the standing of the client is unchanged. */
  | { readonly type: 'refuse'; readonly client: ClientId; readonly reason: RefusalReason }
  | {
      readonly type: 'aggregate';
      readonly round: number;
      readonly updates: readonly { readonly client: ClientId; readonly digest: string }[];
    }
  | {
      readonly type: 'apply';
      readonly round: number;
      readonly sum: string;
      readonly accepted: readonly ClientId[];
    }
  | { readonly type: 'round-finished'; readonly record: RoundRecord }
  | { readonly type: 'study-finished'; readonly model: string }
  | { readonly type: 'study-aborted'; readonly reason: string };

export type RefusalReason = 'unknown-client' | 'wrong-round' | 'round-closed' | 'already-received';

export interface Step {
  readonly state: RoundState;
  readonly effects: readonly RoundEffect[];
}
