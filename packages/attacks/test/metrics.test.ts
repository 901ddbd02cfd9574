import { simRng } from '@zkfl/fl-core';
import { describe, expect, it } from 'vitest';
import {
  AttackError,
  areaUnderRoc,
  detectionRates,
  type GreyImage,
  meanSquaredError,
  peakSignalToNoise,
  structuralSimilarity,
  summarise,
  truePositiveRateAt,
} from '../src/index.ts';

const picture = (value: (x: number, y: number) => number): GreyImage => ({
  height: 28,
  width: 28,
  pixels: Float32Array.from({ length: 784 }, (_, i) => value(i % 28, Math.floor(i / 28))),
});

describe('metrics', () => {
  it('mean and sample deviation', () => {
    expect(summarise([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ mean: 5, std: Math.sqrt(32 / 7), count: 8 });
    expect(summarise([3])).toEqual({ mean: 3, std: 0, count: 1 });
    expect(() => summarise([])).toThrow(AttackError);
    expect(() => summarise([1, Number.NaN])).toThrow(AttackError);
  });

  it('rates of a gate', () => {
    const rates = detectionRates([
      { client: 0, malicious: false, rejected: false },
      { client: 1, malicious: false, rejected: true },
      { client: 2, malicious: false, rejected: false },
      { client: 3, malicious: true, rejected: true },
    ]);
    expect(rates).toEqual({ tpr: 1, fpr: 1 / 3, malicious: 1, honest: 3 });
    expect(detectionRates([]).tpr).toBeUndefined();
  });

  it('area under the ROC curve: separated 1, reversed 0, ties ½, against counting pairs', () => {
    expect(areaUnderRoc({ positives: [2, 3], negatives: [0, 1] })).toBe(1);
    expect(areaUnderRoc({ positives: [0, 1], negatives: [2, 3] })).toBe(0);
    expect(areaUnderRoc({ positives: [1, 1], negatives: [1, 1] })).toBe(0.5);
    const rng = simRng(1, 'roc');
    const positives = Array.from({ length: 40 }, () => rng.integer(10) + 2);
    const negatives = Array.from({ length: 60 }, () => rng.integer(10));
    let wins = 0;
    for (const p of positives) for (const n of negatives) wins += p > n ? 1 : p === n ? 0.5 : 0;
    expect(areaUnderRoc({ positives, negatives })).toBeCloseTo(wins / 2400, 12);
  });

  it('true positives at a false positive rate never count ties', () => {
    const negatives = Array.from({ length: 100 }, (_, i) => i);
    expect(truePositiveRateAt({ positives: [98, 98.5, 99, 100], negatives }, 0.01)).toBe(0.75);
    expect(truePositiveRateAt({ positives: [50, 99], negatives: [50, 50] }, 0.01)).toBe(0.5);
  });

  it('PSNR and SSIM: equal pictures, a constant shift worked out by hand, noise', () => {
    const a = picture((x, y) => (x + y) / 54);
    expect(structuralSimilarity(a, a)).toBeCloseTo(1, 12);
    expect(peakSignalToNoise(a, a)).toBe(Number.POSITIVE_INFINITY);
    const flat = picture(() => 0.5);
    const brighter = picture(() => 0.6);
    expect(meanSquaredError(flat, brighter)).toBeCloseTo(0.01, 7);
    expect(peakSignalToNoise(flat, brighter)).toBeCloseTo(20, 4);
    // Only the luminance term differs from 1: (2·0.5·0.6 + C1)/(0.25 + 0.36 + C1).
    expect(structuralSimilarity(flat, brighter)).toBeCloseTo(0.6001 / 0.6101, 5);
    const rng = simRng(2, 'noise');
    expect(
      structuralSimilarity(
        a,
        picture(() => rng.uniform()),
      ),
    ).toBeLessThan(0.1);
    expect(() => structuralSimilarity(a, { height: 5, width: 5, pixels: new Float32Array(25) })).toThrow(AttackError);
  });
});
