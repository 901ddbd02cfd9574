import type { ClientId, SimRng } from '@zkfl/fl-core';

/** Whom the attacker is and what it sees; a result means nothing without it. */
export interface Adversary {
  /** Clients that act together under one attacker's control. */
  readonly controls: 'one client' | 'colluding clients';
  /** Everything that the attacker's update may depend on, beyond the global model. */
  readonly sees: 'nothing' | 'own data' | "colluders' updates" | "every client's update";
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
  /** What honest training gave this client, D coordinates; not to be changed. */
  readonly honestUpdate: Float32Array;
  /** The other updates of the round that `adversary.sees`; empty where it sees none. */
  readonly seen: readonly Float32Array[];
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
}
