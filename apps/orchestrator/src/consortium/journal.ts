import { type AuditEvent, nextEntry, type SignedEntry } from './audit-log.ts';
import type { Identity } from './identity.ts';
import type { Store } from './store.ts';

/** Wall time further from elapsed time than this was set by somebody. */
const JUMP_MS = 60_000;

/** Milliseconds since 1970-01-01 UTC, by the wall clock of the start and the time that has passed since. */
export function steadyClock(): () => number {
  const from = Date.now() - performance.now();
  return () => Math.round(from + performance.now());
}

/** How far the wall clock was set since the start, in ms; 0 for a drift that needs no words. */
export function clockJump(steady: () => number): number {
  const jump = Date.now() - steady();
  return Math.abs(jump) > JUMP_MS ? jump : 0;
}

/** Writes what happens, with its signed log entry, all or nothing; wakes whoever waits for news. One writer. */
export class Journal {
  readonly #store: Store;
  readonly #study: string;
  readonly #identity: Identity;
  readonly #now: () => number;
  readonly #waiters = new Set<() => void>();
  #last: SignedEntry | null;
  #revision = 1;
  #closed = false;

  constructor(options: {
    readonly store: Store;
    readonly study: string;
    readonly identity: Identity;
    readonly now: () => number;
  }) {
    this.#store = options.store;
    this.#study = options.study;
    this.#identity = options.identity;
    this.#now = options.now;
    this.#last = options.store.lastEntry();
  }

  get head(): SignedEntry | null {
    return this.#last;
  }

  get revision(): number {
    return this.#revision;
  }

  /** The entry and `write` in one transaction. Calls must not overlap. Throws `store`. */
  async record(event: AuditEvent, write: () => void): Promise<void> {
    const entry = await nextEntry({
      study: this.#study,
      after: this.#last,
      at: this.#now(),
      event,
      signer: this.#identity.signature,
    });
    this.#store.transaction(() => {
      this.#store.addEntry(entry);
      write();
    });
    this.#last = entry;
  }

  /** There is news. */
  publish(): void {
    this.#revision += 1;
    for (const wake of [...this.#waiters]) wake();
  }

  /** Resolves when the revision is above `since`, or after `wait` ms. */
  changed(since: number, wait: number, signal?: AbortSignal): Promise<void> {
    if (this.#revision > since || wait === 0 || this.#closed || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, wait);
      signal?.addEventListener('abort', done, { once: true });
      this.#waiters.add(done);
    });
  }

  close(): void {
    this.#closed = true;
    for (const wake of [...this.#waiters]) wake();
  }
}
