import { gaussian, type PoisoningAttack, prefixPoison } from '@zkfl/attacks';
import { simRng, type UpdateEncryptor } from '@zkfl/fl-core';
import type { AttackName } from '../config.ts';
import type { Deviation } from './hospital.ts';

export interface DeviationOptions<Witness> {
  readonly name: AttackName;
  readonly fromRound: number;
  readonly seed: number;
  readonly encryptUnclipped: UpdateEncryptor<Witness>['encrypt'];
}

const POISON: Record<AttackName, PoisoningAttack> = {
  published: gaussian(),
  'prefix-256': prefixPoison({ prefix: 256 }),
  'prefix-512': prefixPoison({ prefix: 512 }),
  'foreign-proof': gaussian(),
  'replayed-proof': gaussian(),
  'lying-flag': gaussian(),
};

/** The attacking client: honest until `fromRound`, then it sends poison that no clipping of its own holds back. */
export function deviationFor<Witness>(options: DeviationOptions<Witness>): Deviation<Witness> {
  const { name, fromRound, seed, encryptUnclipped } = options;
  return {
    async send({ train, weights, context, honest }) {
      if (context.round < fromRound) return honest(await train());
      const { round, client } = context;
      const rng = simRng(seed, 'attack', name, round, client);
      const poison = POISON[name].poison({
        round,
        client,
        weights,
        honestUpdate: new Float32Array(weights.length),
        seen: [],
        rng,
      });
      const { payload } = await encryptUnclipped(poison, context);
      return { payload, proof: new Uint8Array() };
    },
  };
}
