import type { ClientId, Dataset, SimRng } from '@zkfl/fl-core';
import type { RoundPlan } from './gates/round-plan.ts';
import type { Trigger } from './poisoning/trigger.ts';

/** Whom the attacker is and what it sees; a result means nothing without it. */
export interface Adversary {
  /** Clients that act together under one attacker's control. */
  readonly controls: 'one client' | 'colluding clients';
  /** Everything that the attacker's update may depend on, beyond the global model. */
  readonly sees:
    | 'nothing'
    | 'own data'
    | "colluders' updates"
    | "every client's update"
    | "every client's update and every gate";
}

/** `ruin`: any loss of accuracy. `targeted`: a chosen behaviour at unchanged accuracy. `none`: e.g. a free ride. */
export type Goal = 'ruin' | 'targeted' | 'none';

/** What an attacker may work with in one round, for one client under its control. */
export interface PoisoningContext {
  /** 1, 2, … */
  readonly round: number;
  readonly client: ClientId;
  /** The global model, D coordinates; not to be changed. */
  readonly weights: Float32Array;
  /** What training gave this client (on poisoned data where the attack poisons data), D coordinates; not to be changed. */
  readonly honestUpdate: Float32Array;
  /** The honest clients' updates of the round where `adversary.sees` them; else empty. */
  readonly seen: readonly Float32Array[];
  /** What training gave every client under the attacker's control; default this client's alone. */
  readonly colluders?: readonly Float32Array[] | undefined;
  /** Clients of the round and how many of them are malicious; default 1 more than `seen`, and 1. */
  readonly clients?: number | undefined;
  readonly malicious?: number | undefined;
  /** The global model's last step; absent in the first round. */
  readonly previous?: Float32Array | undefined;
  /** The gates of the round; absent where the target has none or the attacker doesn't know them. */
  readonly plan?: RoundPlan | undefined;
  /** A stream of the attacked run's own, for this round and client. */
  readonly rng: SimRng;
}

/** An attack on one update. Pure: the same context gives the same update; the result is a fresh array of D numbers. */
export interface PoisoningAttack {
  readonly name: string;
  readonly citation: string;
  readonly adversary: Adversary;
  readonly goal: Goal;
  readonly poison: (context: PoisoningContext) => Float32Array<ArrayBuffer>;
  /** Training data of the `member`-th of `malicious` clients; absent where the attack trains on clean data. */
  readonly poisonData?: (data: Dataset, member: number, malicious: number) => Dataset;
  /** What a targeted attack wants recognised. */
  readonly trigger?: (data: Dataset) => Trigger;
  /** Training passes as a multiple of the honest number, an integer; default 1. */
  readonly diligence?: number;
  /**
   * Does the attacker run the honest client software on what it made, so that its message is projected into the gates?
   * Data poisoners do. Who writes updates by hand sends them as they are (default).
   */
  readonly conforms?: boolean;
}
