import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { ATTACKS, type AttackName, PROTECTIONS, type Protection, type SimulateConfig } from '../config.ts';
import { writeJson, writeWhole } from '../output.ts';
import { resolveStudy, type Study } from '../study.ts';
import { createProgress, type Progress } from '../terminal.ts';
import { Consortium } from './consortium.ts';
import type { SimulateResult } from './result.ts';
import type { CompletedRun } from './run.ts';
import { renderTable } from './table.ts';

export interface SimulationOutputs {
  readonly json?: string | undefined;
  readonly report?: string | undefined;
  readonly model?: string | undefined;
  readonly quiet: boolean;
}

interface PlannedRun {
  readonly protection: Protection;
  readonly attack: AttackName | null;
}

/** The asked protections in the asked order; a `plain` that nobody asked for comes first: ratios need it. */
export function planRuns(config: Pick<SimulateConfig, 'protection' | 'attack'>): readonly PlannedRun[] {
  const all = config.attack === 'all';
  const asked = config.protection ?? (all ? (['full'] as const) : PROTECTIONS);
  const attacks: readonly (AttackName | null)[] = all ? ATTACKS : [(config.attack as AttackName | undefined) ?? null];
  const runs = attacks.flatMap((attack) => asked.map((protection) => ({ protection, attack })));
  if (asked.includes('plain')) return runs;
  return [{ protection: 'plain', attack: all ? 'published' : attacks[0]! }, ...runs];
}

const runLabel = ({ protection, attack }: PlannedRun) => (attack === null ? protection : `${protection} (${attack})`);

/** Runs everything that was asked for, one run after the other on the same threads. */
export async function simulate(
  config: SimulateConfig,
  progress: Progress,
): Promise<{ readonly study: Study; readonly result: SimulateResult; readonly last: CompletedRun }> {
  const planned = planRuns(config);
  const study = await resolveStudy(config);
  const consortium = await Consortium.start(study);
  const completed: CompletedRun[] = [];
  try {
    // The first run, which is the baseline, would pay for compiling what all runs share.
    await consortium.run({ protection: 'plain', attack: null, rounds: 1 });
    for (const run of planned) {
      progress.start(runLabel(run).padEnd(8), study.rounds);
      const onRound = (round: number, { accuracy }: { readonly accuracy: number }) =>
        progress.step(round, `accuracy ${(100 * accuracy).toFixed(1)} %`);
      try {
        completed.push(await consortium.run({ ...run, onRound }));
      } finally {
        progress.stop();
      }
    }
  } finally {
    await consortium.close();
  }
  const result: SimulateResult = {
    config: {
      ...study.summary,
      protections: config.protection ?? [...new Set(planned.map(({ protection }) => protection))],
      attack: config.attack ?? null,
      attacker: config.attack === undefined ? null : study.attacker,
      threads: availableParallelism(),
    },
    runs: completed.map((run) => run.result),
  };
  return { study, result, last: completed.at(-1)! };
}

/** `zkfl simulate`: runs, prints the table, writes what was asked for. */
export async function runSimulation(config: SimulateConfig, outputs: SimulationOutputs): Promise<void> {
  // Messages of megabytes pass through heaps of 15 MB: V8 would mark a whole heap for every 10 MB of them, some 20 times a
  // round. A heap may grow to four times its live size instead, in every thread and under every protection.
  setFlagsFromString('--heap-growing-percent=300');
  const { study, result, last } = await simulate(config, createProgress({ quiet: outputs.quiet }));
  const text = `${renderTable(result)}\n`;
  (outputs.json === '-' ? process.stderr : process.stdout).write(text);
  if (outputs.json !== undefined) await writeJson(outputs.json, result);
  if (outputs.report !== undefined) {
    const { renderReport } = await import('../report/report.ts');
    await writeWhole(outputs.report, renderReport(result));
  }
  if (outputs.model !== undefined) {
    const { writeModel } = await import('../model-directory.ts');
    await writeModel(outputs.model, { study, result, weights: last.weights });
  }
}
