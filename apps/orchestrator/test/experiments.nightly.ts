import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ATTACKS } from '../src/config.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { rejectionsOf } from '../src/simulate/table.ts';

const QUIET = { start() {}, step() {}, stop() {} };
const DATA = join(
  process.env['ZKFL_DATA'] ?? join(import.meta.dirname, '../../../../shared/data'),
  'pneumoniamnist.npz',
);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the published experiment at full size', () => {
  it('every attack is rejected in every round, nobody else is, and the model is as good as without an attacker', async () => {
    const { result } = await simulate({ preset: 'published', attack: 'all' }, QUIET);
    const runs = result.runs.filter(({ protection }) => protection === 'full');
    expect(runs.map(({ attack }) => attack)).toEqual([...ATTACKS]);
    for (const run of runs) {
      expect([run.attack, rejectionsOf(run, result.config.attacker)]).toEqual([
        run.attack,
        { attacker: '7 of 7', others: 0 },
      ]);
      expect([run.attack, run.final.accuracy]).toEqual([run.attack, 1]);
      expect(run.coverage).toEqual({ total: 108_996, encrypted: 108_996, proven: 108_996 });
      // Ciphertexts and proof of one hospital.
      for (const { bytes } of run.rounds) expect(bytes.up / 5).toBeLessThan(3e6);
    }
  }, 3_600_000);
});

describe('PneumoniaMNIST over five hospitals, Dirichlet 0.5', () => {
  it.skipIf(!existsSync(DATA))(
    `test accuracy ≥ .82 under kem+he, within a point of plain, mean of three seeds (data: ${DATA})`,
    async () => {
      const accuracies: (readonly [plain: number, encrypted: number])[] = [];
      for (const seed of [1, 2, 3]) {
        const { result } = await simulate(
          { dataset: 'pneumoniamnist', data: DATA, seed, protection: ['plain', 'kem+he'] },
          QUIET,
        );
        const [plain, encrypted] = result.runs.map(({ final }) => final.accuracy) as [number, number];
        accuracies.push([plain, encrypted]);
      }
      const [plain, encrypted] = [mean(accuracies.map(([a]) => a)), mean(accuracies.map(([, b]) => b))];
      expect(encrypted).toBeGreaterThanOrEqual(0.82);
      expect(Math.abs(encrypted - plain)).toBeLessThanOrEqual(0.01);
    },
    3_600_000,
  );
});
