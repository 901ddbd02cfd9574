import { noSeconds, type Phase, type PhaseSeconds } from './result.ts';

/** CPU seconds of the calling thread where this Node tells them, else the wall. */
const threadSeconds: () => number =
  typeof process.threadCpuUsage === 'function'
    ? () => {
        const { user, system } = process.threadCpuUsage();
        return (user + system) / 1e6;
      }
    : () => performance.now() / 1000;

/** Adds up what each phase costs on this thread. Measured work must not overlap: one at a time on a thread. */
export class Meter {
  #seconds: PhaseSeconds = noSeconds();

  async measure<T>(phase: Phase, work: () => T | Promise<T>): Promise<T> {
    const from = threadSeconds();
    try {
      return await work();
    } finally {
      this.#seconds[phase] += threadSeconds() - from;
    }
  }

  /** Seconds that another thread spent for this one. */
  add(phase: Phase, seconds: number): void {
    this.#seconds[phase] += seconds;
  }

  /** What was measured since the last call. */
  take(): PhaseSeconds {
    const seconds = this.#seconds;
    this.#seconds = noSeconds();
    return seconds;
  }
}
