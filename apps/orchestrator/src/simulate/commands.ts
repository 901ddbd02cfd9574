import type { MessagePort } from 'node:worker_threads';
import type { Dataset, Evaluation, ModelSpec, TrainingOptions } from '@zkfl/fl-core';
import type { AttackName, Protection } from '../config.ts';
import type { PhaseSeconds } from './result.ts';

/** What a hospital's thread is given once: its own shard, and for one of them the sets that everybody is judged on. */
export interface HospitalSetup {
  readonly id: number;
  readonly shard: Dataset;
  /** only for the hospital that evaluates */
  readonly judged: { readonly test: Dataset; readonly validation: Dataset | null } | null;
  readonly model: ModelSpec;
  readonly training: TrainingOptions;
  readonly seed: number;
}

/** One run of the study under one protection. */
export interface RunPlan {
  /** 64 hex digits, fresh each run */
  readonly study: string;
  readonly protection: Protection;
  readonly clients: readonly number[];
  readonly cohortMinimum: number;
  readonly tau: number;
  readonly layerTau: number | null;
  readonly attack: { readonly name: AttackName; readonly client: number; readonly fromRound: number } | null;
}

/** Public keys that the parties got out of band, before the study: a coordinator that chose them could impersonate. */
export interface Directory {
  readonly coordinator: { readonly channel: Uint8Array; readonly signature: Uint8Array } | null;
  readonly hospitals: ReadonlyMap<number, Uint8Array>;
}

export interface EvaluationReport {
  readonly test: Evaluation;
  readonly validation: Evaluation | null;
}

/** Control of the simulation, beside the wire: what an operator does, never what the protocol carries. */
export interface HospitalCommands {
  setup(input: HospitalSetup): Promise<void>;
  /** Begins a run; `port` is its wire to the coordinator. Returns the hospital's public channel key, if it has one. */
  join(input: { readonly plan: RunPlan; readonly port: MessagePort }): Promise<Uint8Array | null>;
  /** Handshakes, and agrees on the aggregation key with the other hospitals. Returns the public aggregation key. */
  connect(input: { readonly directory: Directory }): Promise<Uint8Array | null>;
  /** The coverage of the last update and the phases measured since the last call. */
  account(): Promise<{ readonly seconds: PhaseSeconds; readonly encrypted: number; readonly proven: number }>;
  evaluate(): Promise<EvaluationReport>;
  weights(): Promise<Float32Array>;
  leave(): Promise<void>;
}

export type HospitalCommand = keyof HospitalCommands;
export interface CommandRequest {
  readonly id: number;
  readonly command: HospitalCommand;
  readonly input: unknown;
}
export type CommandReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: string }
  /** the wire's loop broke: the run cannot go on */
  | { readonly broken: string };
