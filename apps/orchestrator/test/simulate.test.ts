import { describe, expect, it } from 'vitest';
import { Consortium } from '../src/simulate/consortium.ts';
import { startHospitalHere } from '../src/simulate/hospital-thread.ts';
import { PHASES, type RunResult } from '../src/simulate/result.ts';
import type { CompletedRun } from '../src/simulate/run.ts';
import { planRuns, simulate } from '../src/simulate/simulate.ts';
import { renderTable } from '../src/simulate/table.ts';
import { resolveStudy } from '../src/study.ts';
import { runHere } from './here.ts';

const QUIET = { start() {}, step() {}, stop() {} };
const SMALL = { rounds: 3, clients: 3, alpha: null, localEpochs: 2 } as const;
const WDBC = 1554;

/** What does not depend on the machine's speed. */
const learned = (runs: readonly RunResult[]) =>
  runs.map(({ rounds, final }) => ({
    final,
    rounds: rounds.map(({ accuracy, loss, accepted, rejected }) => ({ accuracy, loss, accepted, rejected })),
  }));

describe('zkfl simulate', () => {
  it('trains under all four protections in worker threads and accounts for every round', async () => {
    const { result } = await simulate(SMALL, QUIET);
    expect(result.runs.map(({ protection }) => protection)).toEqual(['plain', 'kem', 'kem+he', 'full']);
    expect(result.runs.map(({ coverage }) => coverage)).toEqual([
      { total: WDBC, encrypted: 0, proven: 0 },
      { total: WDBC, encrypted: 0, proven: 0 },
      { total: WDBC, encrypted: WDBC, proven: 0 },
      { total: WDBC, encrypted: WDBC, proven: WDBC },
    ]);
    for (const { protection, rounds, final } of result.runs) {
      expect(rounds).toHaveLength(SMALL.rounds);
      for (const round of rounds) {
        expect(Object.keys(round.seconds).sort()).toEqual([...PHASES, 'total'].sort());
        expect(round.seconds.total).toBeGreaterThan(0);
        expect(round.accepted).toEqual([0, 1, 2]);
        expect(round.rejected).toEqual([]);
        expect(round.accuracy).toBeGreaterThanOrEqual(0);
        expect(round.accuracy).toBeLessThanOrEqual(1);
        expect(Number.isFinite(round.loss)).toBe(true);
        // Every hospital sends every coordinate: four bytes each in the clear, a whole ciphertext encrypted.
        const least = protection === 'plain' || protection === 'kem' ? 4 * WDBC : 61_440;
        expect(round.bytes.up).toBeGreaterThan(3 * least);
        expect(round.bytes.down).toBeGreaterThan(3 * least);
        expect(round.proofBytes === undefined).toBe(protection !== 'full');
      }
      expect(final.accuracy).toBe(rounds[final.round - 1]?.accuracy);
      expect(final.accuracy).toBeGreaterThan(0.9);
    }
    const seconds = (protection: string, phase: 'prove' | 'verify') =>
      result.runs.find((run) => run.protection === protection)!.rounds.reduce((sum, r) => sum + r.seconds[phase], 0);
    expect(seconds('full', 'prove')).toBeGreaterThan(0);
    expect(seconds('full', 'verify')).toBeGreaterThan(0);
    expect(seconds('kem+he', 'prove')).toBe(0);
    expect(result.config).toMatchObject({ clients: 3, rounds: 3, seed: 42, dataset: 'wdbc', attack: null });
    expect(result.config.hospitals.map(({ id }) => id)).toEqual([0, 1, 2]);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    const table = renderTable(result);
    for (const text of ['accuracy', '× plain', 'up, hospital and round', 'coordinates proven', '1,554', 'kem+he'])
      expect(table).toContain(text);
  });

  it('learns the same for the same seed, whatever the protection randomises, and something else for another', async () => {
    const [once, again] = await runHere({ ...SMALL, seed: 7 }, [{ protection: 'kem+he' }, { protection: 'kem+he' }]);
    const [other] = await runHere({ ...SMALL, seed: 8 }, [{ protection: 'kem+he' }]);
    expect(learned([again!])).toEqual(learned([once!]));
    expect(learned([other!])).not.toEqual(learned([once!]));
  });

  it('encryption changes nothing that the rounding does not: accuracy within a point of plain', async () => {
    const runs = await runHere({ ...SMALL, rounds: 6 }, [{ protection: 'plain' }, { protection: 'kem+he' }]);
    const [plain, encrypted] = runs.map(({ final }) => final.accuracy) as [number, number];
    expect(Math.abs(plain - encrypted)).toBeLessThanOrEqual(0.01);
  });

  it('every hospital ends with the same model', async () => {
    const study = await resolveStudy(SMALL);
    const models: string[] = [];
    const consortium = await Consortium.start(study, (id) => {
      const thread = startHospitalHere(id);
      const { commands } = thread;
      const leave = async () => {
        models.push((await commands.weights()).join());
        await commands.leave();
      };
      const watched = Object.assign(Object.create(commands), { leave }) as typeof commands;
      for (const name of ['setup', 'join', 'connect', 'account', 'evaluate', 'weights'] as const)
        Object.assign(watched, { [name]: (commands[name] as (input: unknown) => unknown).bind(commands) });
      return { ...thread, commands: watched };
    });
    let run: CompletedRun;
    try {
      run = await consortium.run({ protection: 'kem+he', attack: null });
    } finally {
      await consortium.close();
    }
    expect(models).toHaveLength(3);
    expect(new Set(models).size).toBe(1);
    expect(run.weights.length).toBe(WDBC);
  });

  it('runs hold the asked protections in the asked order, a baseline that was added comes first', () => {
    const names = (protection?: ('plain' | 'kem' | 'kem+he' | 'full')[]) =>
      planRuns(protection ? { protection } : {}).map((run) => run.protection);
    expect(names()).toEqual(['plain', 'kem', 'kem+he', 'full']);
    expect(names(['kem+he'])).toEqual(['plain', 'kem+he']);
    expect(names(['kem', 'plain'])).toEqual(['kem', 'plain']);
    expect(names(['full', 'kem'])).toEqual(['plain', 'full', 'kem']);
    expect(planRuns({ attack: 'all' }).map(({ attack, protection }) => `${protection}/${attack}`)).toEqual([
      'plain/published',
      'full/published',
      'full/prefix-256',
      'full/prefix-512',
      'full/foreign-proof',
      'full/replayed-proof',
      'full/lying-flag',
    ]);
  });
});
