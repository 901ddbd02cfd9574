import type { AttackName, Protection, SimulateConfig } from '../src/config.ts';
import { Consortium } from '../src/simulate/consortium.ts';
import { startHospitalHere } from '../src/simulate/hospital-thread.ts';
import type { RunResult } from '../src/simulate/result.ts';
import { resolveStudy } from '../src/study.ts';

/** Real runs of one study with every hospital on this thread: what a test of the protocol needs, without start-up costs. */
export async function runHere(
  config: SimulateConfig,
  runs: readonly { readonly protection: Protection; readonly attack?: AttackName }[],
): Promise<RunResult[]> {
  const consortium = await Consortium.start(await resolveStudy(config), (id) => startHospitalHere(id));
  const results: RunResult[] = [];
  try {
    for (const { protection, attack = null } of runs)
      results.push((await consortium.run({ protection, attack })).result);
  } finally {
    await consortium.close();
  }
  return results;
}
