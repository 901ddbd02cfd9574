import {
  createTrainer,
  evaluate,
  fedAvg,
  initialWeights,
  PUBLISHED_MLP,
  PUBLISHED_TRAINING,
  partition,
  simRng,
  subset,
  sumUpdates,
  syntheticPublished,
} from '@zkfl/fl-core';
import { describe, expect, it } from 'vitest';
import { gaussian, type PoisoningAttack, prefixPoison } from '../src/index.ts';

const SEED = 42;
const ATTACKER = 3;
const FIRST_ATTACKED_ROUND = 4;

async function finalAccuracy(attack: PoisoningAttack | undefined, rounds: number): Promise<number> {
  const data = syntheticPublished({ seed: SEED });
  const parts = partition(data.train, { kind: 'dirichlet', alpha: 0.5, clients: 5 }, simRng(SEED, 'partition'));
  const trainers = await Promise.all(
    parts.map((part, client) =>
      createTrainer({
        spec: PUBLISHED_MLP,
        dataset: subset(data.train, part),
        training: PUBLISHED_TRAINING,
        seed: SEED,
        client,
      }),
    ),
  );
  let weights = initialWeights(PUBLISHED_MLP, simRng(SEED, 'initial'));
  for (let round = 1; round <= rounds; round++) {
    const updates: Float32Array[] = [];
    for (const [client, trainer] of trainers.entries()) {
      const { update } = await trainer.train({ weights, round });
      const attacked = attack && client === ATTACKER && round >= FIRST_ATTACKED_ROUND;
      const rng = simRng(SEED, 'attack', round, client);
      updates.push(attacked ? attack.poison({ round, client, weights, honestUpdate: update, seen: [], rng }) : update);
    }
    ({ weights } = fedAvg().apply({ weights, sum: sumUpdates(updates), clients: updates.length }));
  }
  return (await evaluate(PUBLISHED_MLP, weights, data.test)).accuracy;
}

const context = (seed: number) => ({
  round: 4,
  client: ATTACKER,
  weights: new Float32Array(20_000),
  honestUpdate: new Float32Array(20_000),
  seen: [],
  rng: simRng(seed, 'attack'),
});

describe('the published attack and its prefix form', () => {
  it('the workload without an attacker is learned', async () => {
    expect(await finalAccuracy(undefined, 6)).toBe(1);
  });

  it.each([gaussian(), prefixPoison({ prefix: 256 }), prefixPoison({ prefix: 512 })])(
    'control: $name ruins an undefended FedAvg',
    async (attack) => {
      expect(await finalAccuracy(attack, 6)).toBeLessThan(0.5);
    },
  );

  it('has the stated distribution', () => {
    const update = gaussian().poison(context(1));
    const mean = update.reduce((sum, x) => sum + x, 0) / update.length;
    const deviation = Math.sqrt(update.reduce((sum, x) => sum + (x - mean) ** 2, 0) / update.length);
    // Standard errors: 50/√20000 = 0.35 and 50/√40000 = 0.25; five of each.
    expect(Math.abs(mean)).toBeLessThan(1.8);
    expect(Math.abs(deviation - 50)).toBeLessThan(1.25);
  });

  it('leaves exactly the prefix at zero', () => {
    const update = prefixPoison({ prefix: 512 }).poison(context(1));
    expect(update.subarray(0, 512).every((x) => x === 0)).toBe(true);
    expect(update.subarray(512).filter((x) => x !== 0).length).toBeGreaterThan(19_400);
  });

  it('is the same for the same seed and another for another', () => {
    expect(gaussian().poison(context(1))).toEqual(gaussian().poison(context(1)));
    expect(gaussian().poison(context(1))).not.toEqual(gaussian().poison(context(2)));
  });

  it('refuses bad options', () => {
    expect(() => gaussian({ deviation: 0 })).toThrow('gaussian: deviation: got 0, want > 0, finite');
    expect(() => prefixPoison({ prefix: -1 })).toThrow('prefixPoison: prefix: got -1, want an integer ≥ 0');
    expect(() => gaussian({ sigma: 1 } as never)).toThrow('sigma');
  });
});
