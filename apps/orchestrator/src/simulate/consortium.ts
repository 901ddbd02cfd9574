import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import type { Study } from '../study.ts';
import { type HospitalThread, startHospitalThread } from './hospital-thread.ts';
import { type CompletedRun, EVALUATOR, Run, type RunOptions } from './run.ts';
import { VerifierPool } from './verifier-pool.ts';

/** Coordinator and hospitals on one machine. Threads, trainers and wasm instances outlive a run. */
export class Consortium {
  readonly #study: Study;
  readonly #threads: ReadonlyMap<number, HospitalThread>;
  /** Hospitals that compute at once: more than the cores would only disturb each other. */
  readonly #busy = pLimit(availableParallelism());
  #verifiers: VerifierPool | null = null;

  private constructor(study: Study, threads: ReadonlyMap<number, HospitalThread>) {
    this.#study = study;
    this.#threads = threads;
  }

  static async start(
    study: Study,
    startHospital: (id: number) => HospitalThread = startHospitalThread,
  ): Promise<Consortium> {
    const threads = new Map(study.shards.map((_, id) => [id, startHospital(id)]));
    const consortium = new Consortium(study, threads);
    const { model, training, seed, data } = study;
    try {
      await Promise.all(
        [...threads].map(([id, { commands }]) =>
          commands.setup({
            id,
            shard: study.shards[id]!,
            judged: id === EVALUATOR ? { test: data.test, validation: study.validation } : null,
            model,
            training,
            seed,
          }),
        ),
      );
    } catch (error) {
      await consortium.close();
      throw error;
    }
    return consortium;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#threads.values()].map((thread) => thread.close()));
    await this.#verifiers?.close();
  }

  /** Runs the whole study once, from the initial model. */
  async run(options: RunOptions): Promise<CompletedRun> {
    const run = await Run.begin(
      this.#study,
      this.#threads,
      { busy: this.#busy, verifiers: () => this.#pool() },
      options,
    );
    try {
      return await run.complete(options);
    } finally {
      await run.end();
    }
  }

  /** Threads for proofs are started by the first run that has any. */
  #pool(): VerifierPool {
    this.#verifiers ??= new VerifierPool();
    return this.#verifiers;
  }
}
