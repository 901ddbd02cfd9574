import { type Dataset, loadWdbc, simRng, WDBC_MLP } from '@zkfl/fl-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CellResult,
  controls,
  cornerTrigger,
  createWorkload,
  harmfulTrigger,
  littleIsEnoughDeviations,
  POISONING_ATTACKS,
  type PoisoningContext,
  poisoningAttack,
  runCell,
  triggeredTest,
  triggerPart,
  type Workload,
  withBackdoor,
} from '../src/index.ts';
import { cosine, deviation, euclideanNorm, mean, squaredDistance } from '../src/vectors.ts';

const SIZE = 600;
const rng = simRng(1, 'poisoning');
const honest = Array.from({ length: 8 }, () =>
  Float32Array.from({ length: SIZE }, (_, i) => Math.sin(i) + rng.normal(0, 0.5)),
);
const context = (overrides: Partial<PoisoningContext> = {}): PoisoningContext => ({
  round: 2,
  client: 1,
  weights: new Float32Array(SIZE),
  honestUpdate: honest[0]!,
  seen: honest,
  colluders: honest.slice(0, 2),
  clients: 10,
  malicious: 2,
  previous: honest[1],
  rng: simRng(4, 'attack'),
  ...overrides,
});
const pictures: Dataset = {
  name: 'pictures',
  features: new Float32Array(6 * 784),
  labels: Uint8Array.from([0, 1, 0, 1, 1, 1]),
  shape: [28, 28, 1],
  classes: ['normal', 'ill'],
};

describe('each attack does what its citation says', () => {
  it('all are named, cited, pure and of the right length', () => {
    for (const [name, create] of Object.entries(POISONING_ATTACKS)) {
      const attack = create();
      expect(attack.name).toBe(name);
      expect(attack.citation.length).toBeGreaterThan(10);
      expect(attack.poison(context())).toHaveLength(SIZE);
      expect(attack.poison(context())).toEqual(attack.poison(context()));
    }
    expect(() => poisoningAttack('signflip')).toThrow(/did you mean sign-flip\?/);
  });

  it('sign-flip is −5 times the own update, IPM −5 times the honest mean', () => {
    const flip = poisoningAttack('sign-flip').poison(context());
    expect(flip[7]).toBeCloseTo(-5 * honest[0]![7]!, 5);
    const ipm = poisoningAttack('ipm').poison(context());
    expect(cosine(ipm, mean(honest))).toBeCloseTo(-1, 6);
    expect(euclideanNorm(ipm)).toBeCloseTo(5 * euclideanNorm(mean(honest)), 3);
  });

  it('scaling is 20 median norms long', () => {
    const norms = honest.map(euclideanNorm).sort((a, b) => a - b);
    expect(euclideanNorm(poisoningAttack('scaling').poison(context()))).toBeCloseTo(10 * (norms[3]! + norms[4]!), 2);
  });

  it('ALIE stays z deviations from the mean; z is the published formula’s', () => {
    const update = poisoningAttack('alie').poison(context());
    const [centre, spread] = [mean(honest), deviation(honest)];
    for (const i of [0, 99, 500]) expect((centre[i]! - update[i]!) / spread[i]!).toBeCloseTo(1.5, 4);
    // n = 50, f = 24: s = 2, share (26 − 2)/26; Φ⁻¹(0.923077) = 1.42608.
    expect(littleIsEnoughDeviations(50, 24)).toBeCloseTo(1.42608, 4);
    expect(littleIsEnoughDeviations(10, 2)).toBe(0);
  });

  it('min-max and min-sum go exactly as far as two honest clients are apart', () => {
    const farthest = (of: (d: number[]) => number) =>
      Math.max(...honest.map((a) => of(honest.map((b) => squaredDistance(a, b)))));
    const reach = (name: string, of: (d: number[]) => number) =>
      of(honest.map((b) => squaredDistance(poisoningAttack(name).poison(context()), b))) / farthest(of);
    expect(reach('min-max', (d) => Math.max(...d))).toBeCloseTo(1, 4);
    expect(reach('min-sum', (d) => d.reduce((sum, x) => sum + x, 0))).toBeCloseTo(1, 4);
  });

  it('model replacement lands the mean of the round on the backdoored model', () => {
    const update = poisoningAttack('model-replacement').poison(context());
    expect((2 * update[3]!) / 10).toBeCloseTo(mean(honest.slice(0, 2))[3]!, 5);
  });

  it('the free rider repeats the last step and has nothing to send in the first round', () => {
    expect(cosine(poisoningAttack('free-rider').poison(context()), honest[1]!)).toBeGreaterThan(0.98);
    expect(euclideanNorm(poisoningAttack('free-rider').poison(context({ previous: undefined })))).toBeLessThan(0.01);
  });

  it('an omniscient attack refuses to run blind', () => {
    for (const name of ['alie', 'ipm', 'min-max', 'min-sum', 'adaptive', 'scaling'])
      expect(() => poisoningAttack(name).poison(context({ seen: [] }))).toThrow(/seen/);
  });

  it('the trigger is a bright square in pictures and three features in tables; parts make the whole', () => {
    const trigger = harmfulTrigger(pictures);
    expect(trigger).toEqual({
      features: [26, 25, 24].flatMap((y) => [26, 25, 24].map((x) => y * 28 + x)),
      value: 1,
      target: 0,
    });
    const parts = [0, 1].flatMap((member) => triggerPart(trigger, member, 2).features);
    expect(parts.toSorted()).toEqual(trigger.features.toSorted());
    const table = { ...pictures, shape: [30], features: new Float32Array(180).fill(-3) };
    expect(cornerTrigger(table, 1)).toEqual({ features: [27, 28, 29], value: 4, target: 1 });
  });

  it('backdoored data keeps the clean samples and relabels triggered ones of the other class first', () => {
    const trigger = harmfulTrigger(pictures);
    const data = withBackdoor(pictures, trigger, 0.5);
    expect([...data.labels]).toEqual([0, 1, 0, 1, 1, 1, 0, 0, 0]);
    expect(data.features.subarray(0, 6 * 784)).toEqual(pictures.features);
    expect(data.features[7 * 784 + trigger.features[0]!]).toBe(1);
    expect(triggeredTest(pictures, trigger).labels).toHaveLength(4);
  });

  it('label-flip turns ill into healthy and the reverse', () => {
    expect([...poisoningAttack('label-flip').poisonData!(pictures, 0, 1).labels]).toEqual([1, 0, 1, 0, 0, 0]);
  });
});

describe('controls on undefended WDBC, and what the recommended gates make of the same attacks', () => {
  let workload: Workload;
  const cells: CellResult[] = [];
  const cell = async (attack: string, defence: string) => {
    const result = await runCell({ attack, defence, data: 'wdbc', partition: 'iid', seed: 1 }, workload);
    cells.push(result);
    return result;
  };

  beforeAll(async () => {
    workload = createWorkload({
      data: await loadWdbc({ seed: 1 }),
      spec: WDBC_MLP,
      training: { epochs: 3, batch: 16, learningRate: 0.05, optimiser: 'sgd', proximal: 0 },
      rounds: 8,
      clients: 10,
      trustedSamples: 40,
      seed: 1,
    });
    await cell('none', 'none');
  });

  it.each(['gaussian', 'prefix-512', 'scaling', 'sign-flip', 'ipm', 'adaptive', 'model-replacement', 'free-rider'])(
    'control: %s wins on the undefended target',
    async (attack) => {
      await cell(attack, 'none');
      expect(controls(cells).find((control) => control.attack === attack)).toMatchObject({ won: true, seeds: 1 });
    },
  );

  it.each(['gaussian', 'prefix-512', 'scaling', 'model-replacement'])(
    '%s is rejected in every round and no honest hospital is',
    async (attack) => {
      const clean = cells[0]!.accuracy;
      for (const defence of ['norm', 'recommended']) {
        const result = await cell(attack, defence);
        expect(result).toMatchObject({ tpr: 1, fpr: 0, rejectedAll: 0, diverged: false });
        expect(clean - result.accuracy).toBeLessThanOrEqual(0.045);
        if (result.asr !== undefined) expect(result.asr).toBeLessThan(0.2);
      }
    },
  );

  it.each(['sign-flip', 'ipm'])('%s is rejected in every round by direction', async (attack) => {
    expect(await cell(attack, 'norm+direction')).toMatchObject({ tpr: 1, fpr: 0 });
  });

  it('the adaptive attacker passes every gate, ruins nothing under the recommended ones, and does under norm alone', async () => {
    const under = (attack: string, defence: string) =>
      runCell({ attack, defence, data: 'wdbc', partition: 'dirichlet-0.5', seed: 2 }, workload);
    const clean = await under('none', 'none');
    const [norm, recommended] = [await under('adaptive', 'norm'), await under('adaptive', 'recommended')];
    expect(recommended).toMatchObject({ tpr: 0, fpr: 0 });
    expect(clean.accuracy - recommended.accuracy).toBeLessThanOrEqual(0.055);
    expect(clean.accuracy - norm.accuracy).toBeGreaterThan(0.1);
  });
});
