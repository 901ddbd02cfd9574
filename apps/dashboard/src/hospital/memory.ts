import type { HospitalMemory, HospitalState } from '../../../orchestrator/src/consortium/hospital-state.ts';
import { digestOf } from '../../../orchestrator/src/simulate/bytes.ts';

/** A hospital's memory for as long as its tab is open: nothing is written to the browser's disk. */
export class TabMemory implements HospitalMemory {
  #state: HospitalState | null = null;
  readonly #blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #onState: (state: HospitalState) => void;

  constructor(onState: (state: HospitalState) => void) {
    this.#onState = onState;
  }

  async state(): Promise<HospitalState | null> {
    return this.#state;
  }

  async save(state: HospitalState): Promise<void> {
    this.#state = state;
    this.#onState(state);
  }

  readonly blobs: HospitalMemory['blobs'] = {
    get: async (digest) => {
      const bytes = this.#blobs.get(digest);
      if (bytes === undefined) throw new Error(`memory: blob: got ${digest}, want one that was put`);
      return bytes.slice();
    },
    put: async (bytes) => {
      const digest = digestOf(bytes);
      this.#blobs.set(digest, Uint8Array.from(bytes));
      return digest;
    },
    remove: async (digest) => {
      this.#blobs.delete(digest);
    },
  };
}
