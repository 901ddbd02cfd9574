import { describe, expect, it } from 'vitest';
import { loadWdbc, PRESETS, parseMedMnist, syntheticPublished } from '../src/index.ts';
import { toyMedMnist } from '../src/testing.ts';
import { chosenByValidation, runStudy } from './study.ts';

describe('presets', () => {
  it('published: 100 % after 10 rounds, and every honest norm stays below τ = 5', async () => {
    const results = await runStudy(PRESETS.published, syntheticPublished({ seed: 42 }), 42);
    expect(results.at(-1)!.test.accuracy).toBe(1);
    expect(results.at(-1)!.test.auc).toBe(1);
    // Published: 0.27–0.46 in round 1, then falling to about 0.03.
    expect(Math.max(...results[0]!.norms)).toBeLessThan(0.6);
    expect(Math.max(...results.flatMap(({ norms }) => norms))).toBeLessThan(5);
    expect(Math.max(...results.at(-1)!.norms)).toBeLessThan(0.06);
  });

  it('wdbc: test accuracy ≥ .95 after 10 rounds, mean of 5 seeds, none below .93', async () => {
    const accuracies = [];
    for (let seed = 1; seed <= 5; seed++) {
      const results = await runStudy(PRESETS.wdbc, await loadWdbc({ seed }), seed);
      accuracies.push(results.at(-1)!.test.accuracy);
      expect(Math.max(...results.flatMap(({ norms }) => norms))).toBeLessThan(5);
    }
    expect(Math.min(...accuracies)).toBeGreaterThanOrEqual(0.93);
    expect(accuracies.reduce((a, b) => a + b, 0) / 5).toBeGreaterThanOrEqual(0.95);
  });

  it('the small CNN learns pictures, and a whole study repeats bit for bit', async () => {
    const data = parseMedMnist(toyMedMnist({ seed: 1, train: 150, validation: 30, test: 60 }), 'pneumoniamnist');
    const preset = { ...PRESETS.pneumoniamnist, rounds: 8 };
    const one = await runStudy(preset, data, 1);
    expect(chosenByValidation(one).test.accuracy).toBeGreaterThan(0.9);
    expect(await runStudy(preset, data, 1)).toEqual(one);
    expect(await runStudy(preset, data, 2)).not.toEqual(one);
  });
});
