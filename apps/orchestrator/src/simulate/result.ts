import type { AttackName, DatasetName, Protection } from '../config.ts';

/** CPU seconds of each phase, summed over the hospitals and the coordinator; `total` is the wall time of the round. */
export interface PhaseSeconds {
  train: number;
  encrypt: number;
  prove: number;
  verify: number;
  aggregate: number;
  decrypt: number;
  channel: number;
  total: number;
}
export type Phase = Exclude<keyof PhaseSeconds, 'total'>;
export const PHASES: readonly Phase[] = ['train', 'encrypt', 'prove', 'verify', 'aggregate', 'decrypt', 'channel'];

export function noSeconds(): PhaseSeconds {
  return { train: 0, encrypt: 0, prove: 0, verify: 0, aggregate: 0, decrypt: 0, channel: 0, total: 0 };
}

export interface RejectedClient {
  /** id of the hospital, as in `config.hospitals` */
  readonly client: number;
  readonly reason: string;
}

export interface RoundResult {
  /** on the test set, 0–1 */
  readonly accuracy: number;
  readonly loss: number;
  readonly auc?: number;
  /** on the validation set, where the data set has one */
  readonly validation?: { readonly accuracy: number; readonly loss: number };
  readonly seconds: PhaseSeconds;
  /** bytes on the wire, summed over the hospitals */
  readonly bytes: { readonly up: number; readonly down: number };
  /** bytes of proofs within `bytes.up`; absent where there are none */
  readonly proofBytes?: number;
  readonly accepted: readonly number[];
  readonly rejected: readonly RejectedClient[];
  /** messages that came beside the one that counts; absent where there were none */
  readonly refused?: readonly RejectedClient[];
}

export interface RunResult {
  readonly protection: Protection;
  readonly attack: AttackName | null;
  readonly coverage: { readonly total: number; readonly encrypted: number; readonly proven: number };
  readonly rounds: readonly RoundResult[];
  /** of the round in `round` (1-based): the last, or the one with the least loss on validation data where there is such */
  readonly final: { readonly accuracy: number; readonly auc?: number; readonly round: number };
}

export interface SimulateResult {
  readonly config: {
    readonly preset: string | null;
    readonly dataset: DatasetName;
    readonly model: string;
    readonly parameters: number;
    readonly clients: number;
    readonly rounds: number;
    readonly seed: number;
    readonly tau: number;
    readonly layerTau: number | null;
    readonly localEpochs: number;
    readonly batchSize: number;
    readonly learningRate: number;
    readonly optimizer: 'sgd' | 'adam';
    readonly alpha: number | null;
    readonly protections: readonly Protection[];
    readonly attack: AttackName | 'all' | null;
    /** who attacks, and from which round (1-based) on */
    readonly attacker: { readonly client: number; readonly fromRound: number } | null;
    readonly hospitals: readonly { readonly id: number; readonly samples: number }[];
    readonly threads: number;
  };
  readonly runs: readonly RunResult[];
}

/** Seconds a round of `run` takes on average. */
export function meanRoundSeconds(run: RunResult): number {
  return run.rounds.reduce((sum, round) => sum + round.seconds.total, 0) / run.rounds.length;
}

/** Bytes one hospital sends up in one round, on average over the hospitals and rounds. */
export function meanBytesUp(run: RunResult, clients: number): number {
  return run.rounds.reduce((sum, round) => sum + round.bytes.up, 0) / run.rounds.length / clients;
}

/** The run that ratios are taken against. */
export function baselineOf(runs: readonly RunResult[]): RunResult | undefined {
  return runs.find((run) => run.protection === 'plain');
}
