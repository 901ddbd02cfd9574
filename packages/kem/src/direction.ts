import type { AeadKey } from './aead.ts';
import { type Bytes, wipe } from './bytes.ts';
import { KemError } from './errors.ts';
import { deriveEpoch, type EpochKeys } from './key-schedule.ts';
import type { Role } from './record.ts';
import type { Suite } from './suite.ts';

/** Bytes under one key: 2^32 blocks of AES keep the GCM distinguishing advantage below 2^-64. */
export const MAX_EPOCH_BYTES = 2 ** 36;

/** One epoch's keys, with how many records still work with them. */
class Epoch {
  readonly keys: EpochKeys;
  users = 0;
  retired = false;
  spent = 0;

  constructor(keys: EpochKeys) {
    this.keys = keys;
  }

  retire(): void {
    this.retired = true;
    wipe(this.keys.next);
    if (this.users === 0) this.#wipe();
  }

  release(): void {
    this.users--;
    if (this.retired && this.users === 0) this.#wipe();
  }

  #wipe(): void {
    this.keys.key.wipe();
    wipe(this.keys.iv);
  }
}

/** The right to use the current epoch's keys for one record. */
export interface Lease {
  readonly key: AeadKey;
  readonly iv: Bytes;
  readonly sequence: number;
  /** Counts bytes against the epoch's bound; throws `limit` before they are sealed. */
  spend(operation: string, bytes: number): void;
  release(): void;
}

/** One direction of a session: its key, its count, and one operation at a time. */
export class Direction {
  readonly sender: Role;
  readonly #suite: Suite;
  readonly #h2: Bytes;
  readonly #epochBytes: number;
  #secret: Bytes;
  #current: Epoch | undefined;
  #epoch = 0;
  #sequence = 0;
  #state: 'open' | 'closed' | 'wiped' = 'open';
  #tail: Promise<unknown> = Promise.resolve();

  /** Takes `secret` over. */
  constructor(options: {
    readonly suite: Suite;
    readonly h2: Bytes;
    readonly sender: Role;
    readonly secret: Bytes;
    readonly epochBytes: number;
  }) {
    this.sender = options.sender;
    this.#suite = options.suite;
    this.#h2 = options.h2;
    this.#secret = options.secret;
    this.#epochBytes = options.epochBytes;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get sequence(): number {
    return this.#sequence;
  }

  get state(): 'open' | 'closed' | 'wiped' {
    return this.#state;
  }

  /** Runs `job` after all jobs before it have ended, well or not. */
  exclusive<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(job);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  async lease(operation: string): Promise<Lease> {
    this.#requireOpen(operation);
    if (this.#current === undefined) {
      const place = { h2: this.#h2, sender: this.sender, epoch: this.#epoch };
      const epoch = new Epoch(await deriveEpoch(this.#suite, this.#secret, place));
      if (this.#state !== 'open') {
        epoch.retire();
        this.#requireOpen(operation);
      }
      this.#secret = epoch.keys.next;
      this.#current = epoch;
    }
    const epoch = this.#current;
    epoch.users++;
    let released = false;
    return {
      key: epoch.keys.key,
      iv: epoch.keys.iv,
      sequence: this.#sequence,
      spend: (name, bytes) => {
        if (epoch.spent + bytes > this.#epochBytes)
          throw new KemError('limit', {
            operation: name,
            field: 'bytes under this key',
            got: epoch.spent + bytes,
            want: `at most ${this.#epochBytes}; rekey first`,
          });
        epoch.spent += bytes;
      },
      release: () => {
        if (!released) epoch.release();
        released = true;
      },
    };
  }

  advance(): void {
    this.#sequence++;
  }

  /** To the next epoch: the old key is wiped as soon as the streams that started under it have ended. */
  ratchet(): void {
    const current = this.#current;
    if (current === undefined || this.#state !== 'open') return;
    // `retire` wipes the array that `next` names.
    this.#secret = current.keys.next.slice();
    this.#epoch++;
    this.#current = undefined;
    current.retire();
  }

  end(state: 'closed' | 'wiped'): void {
    if (this.#state === 'wiped') return;
    this.#state = state;
    this.#current?.retire();
    this.#current = undefined;
    wipe(this.#secret);
  }

  #requireOpen(operation: string): void {
    if (this.#state !== 'open')
      throw new KemError('wrong-state', { operation, field: 'session', got: this.#state, want: 'an open direction' });
  }
}
