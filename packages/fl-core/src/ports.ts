import type { ClientId, RoundState } from './round-state.ts';

/** The nine ports between learning and the world. Plain data in and out; no port knows another's implementation. */

/** What a check says: malformed input is a rejection here, because a round goes on without that client. */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Names one message of one study: everything that a ciphertext, proof or envelope must be bound to. */
export interface RoundContext {
  /** Study identifier, the same at every party. */
  readonly study: string;
  /** 1, 2, … */
  readonly round: number;
  readonly client: ClientId;
}

/** An authenticated, ordered channel between two parties. Both directions throw on anything that doesn't fit. */
export interface SecureChannel {
  seal(plaintext: Uint8Array, associatedData?: Uint8Array): Promise<Uint8Array>;
  open(envelope: Uint8Array, associatedData?: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** An update as it leaves the hospital; `witness` stays inside and is what the prover needs. */
export interface EncryptedUpdate<Witness = undefined> {
  readonly payload: Uint8Array;
  /** Coordinates of the model that `payload` carries encrypted (0 where nothing is encrypted). */
  readonly encryptedCoordinates: number;
  readonly witness: Witness;
}

/** The hospital's half of the cryptosystem: it encrypts its update and opens the sum of a round. */
export interface UpdateEncryptor<Witness = undefined> {
  /** `update`: the D coordinates, finite. */
  encrypt(update: Float32Array, context: RoundContext): Promise<EncryptedUpdate<Witness>>;
  /** Opens a sum of `clients` updates; returns the D coordinates of Σ (not the mean). */
  openSum(sum: Uint8Array, clients: number, context: RoundContext): Promise<Float32Array>;
  /** Wipes keys and witnesses. */
  dispose(): Promise<void>;
}

export interface UpdateProver<Witness> {
  /** Canonical proof bytes for `update.payload` in `context`; throws where the witness breaks a bound. */
  prove(update: EncryptedUpdate<Witness>, context: RoundContext): Promise<Uint8Array>;
  dispose(): Promise<void>;
}

export interface UpdateVerifier {
  verify(request: {
    readonly payload: Uint8Array;
    readonly proof: Uint8Array;
    readonly context: RoundContext;
  }): Promise<Verdict>;
  dispose(): Promise<void>;
}

/** Sums the payloads of accepted clients without opening one. */
export interface Aggregator {
  /** Is `payload` well formed for this study? Never throws for a bad payload. */
  gate(payload: Uint8Array, context: RoundContext): Promise<Verdict>;
  /** Σ of gated payloads, at least one. */
  sum(payloads: readonly Uint8Array[]): Promise<Uint8Array>;
  dispose(): Promise<void>;
}

export interface TrainRequest {
  /** Global weights, D coordinates; not changed. */
  readonly weights: Float32Array;
  /** 1, 2, … ; seeds this round's shuffles. */
  readonly round: number;
}

export interface TrainResult {
  /** Local weights minus global weights, D coordinates, finite. */
  readonly update: Float32Array;
  /** Training samples seen in one epoch. */
  readonly samples: number;
  /** Mean training loss of the last epoch. */
  readonly loss: number;
}

export interface Evaluation {
  /** Share of right answers, 0–1. */
  readonly accuracy: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  /** Area under the ROC curve, 0–1; macro one-vs-rest for more than two classes; absent where a class has no sample. */
  readonly auc?: number;
  readonly samples: number;
}

/** Trains on one hospital's data. */
export interface Trainer {
  train(request: TrainRequest): Promise<TrainResult>;
  dispose(): Promise<void>;
}

/** Moves bytes between the coordinator and its clients; who sent a message is what the channel authenticated. */
export interface Transport {
  send(to: ClientId, message: Uint8Array): Promise<void>;
  messages(): AsyncIterable<{ readonly from: ClientId; readonly message: Uint8Array }>;
  close(): Promise<void>;
}

/** Durable state of studies. A resolved `save` or `putBlob` survives the death of the process. */
export interface RoundStore {
  load(study: string): Promise<RoundState | undefined>;
  save(state: RoundState): Promise<void>;
  /** Content-addressed: `digest` is what the state refers to. Writing the same bytes twice is one write. */
  putBlob(digest: string, bytes: Uint8Array): Promise<void>;
  getBlob(digest: string): Promise<Uint8Array | undefined>;
}

export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): Promise<number>;
  /** Resolves at `time` (ms since 1970-01-01 UTC), rejects with the signal's reason when aborted. */
  until(time: number, signal?: AbortSignal): Promise<void>;
}
