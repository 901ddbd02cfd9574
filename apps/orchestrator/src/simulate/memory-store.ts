import type { Clock, RoundState, RoundStore } from '@zkfl/fl-core';

/** Rounds of one process: a simulation that is killed starts again. Blobs live until the round is over. */
export class MemoryRoundStore implements RoundStore {
  readonly #states = new Map<string, RoundState>();
  readonly #blobs = new Map<string, Uint8Array>();

  async load(study: string): Promise<RoundState | undefined> {
    return this.#states.get(study);
  }

  async save(state: RoundState): Promise<void> {
    this.#states.set(state.plan.study, state);
  }

  async putBlob(digest: string, bytes: Uint8Array): Promise<void> {
    this.#blobs.set(digest, bytes);
  }

  async getBlob(digest: string): Promise<Uint8Array | undefined> {
    return this.#blobs.get(digest);
  }

  /** Forgets the updates and sums of rounds that are over. */
  clearBlobs(): void {
    this.#blobs.clear();
  }
}

export const systemClock: Clock = {
  now: async () => Date.now(),
  until: (time, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, Math.max(0, time - Date.now()));
      signal?.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          reject(signal.reason);
        },
        { once: true },
      );
    }),
};
