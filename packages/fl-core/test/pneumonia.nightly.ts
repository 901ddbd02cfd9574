import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PRESETS, parseMedMnist } from '../src/index.ts';
import { chosenByValidation, runStudy } from './study.ts';

const folder = process.env['ZKFL_DATA'] ?? join(import.meta.dirname, '../../../../shared/data');
const file = join(folder, 'pneumoniamnist.npz');

it.skipIf(!existsSync(file))(
  'pneumoniamnist: test accuracy ≥ .82, mean of 3 seeds, round chosen on validation data (needs pneumoniamnist.npz in ZKFL_DATA)',
  { timeout: 900_000 },
  async () => {
    const data = parseMedMnist(new Uint8Array(readFileSync(file)), 'pneumoniamnist');
    const accuracies = [];
    for (const seed of [1, 2, 3])
      accuracies.push(chosenByValidation(await runStudy(PRESETS.pneumoniamnist, data, seed)).test.accuracy);
    console.info('pneumoniamnist', accuracies);
    expect(accuracies.reduce((a, b) => a + b, 0) / 3).toBeGreaterThanOrEqual(0.82);
  },
);
