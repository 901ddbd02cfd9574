import { gaussian, type PoisoningAttack, prefixPoison } from '@zkfl/attacks';
import { simRng } from '@zkfl/fl-core';
import type { AttackName } from '../config.ts';
import type { BfvEncryptor } from '../wiring/encryptor.ts';
import { createUpdateProver, isRefusedWitness } from '../wiring/prover.ts';
import type { Deviation, Sent, UpdateContext } from './hospital.ts';
import { betaOf, LAXEST_BETA_INDEX, type UpdatePolicy } from './policy.ts';

interface Schedule {
  readonly name: AttackName;
  readonly fromRound: number;
  readonly seed: number;
}

interface Catalogued {
  readonly poison: PoisoningAttack;
  /** first coordinates that stay zero */
  readonly prefix: number;
}

const CATALOGUE: Record<AttackName, Catalogued> = {
  published: { poison: gaussian(), prefix: 0 },
  'prefix-256': { poison: prefixPoison({ prefix: 256 }), prefix: 256 },
  'prefix-512': { poison: prefixPoison({ prefix: 512 }), prefix: 512 },
  'foreign-proof': { poison: gaussian(), prefix: 0 },
  'replayed-proof': { poison: gaussian(), prefix: 0 },
  'lying-flag': { poison: gaussian(), prefix: 0 },
};

const NO_PROOF = new Uint8Array();

/** The prover knows no way to prove what is false: it refuses, and the attacker is left without a proof. */
async function attempted(prove: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await prove();
  } catch (error) {
    if (isRefusedWitness(error)) return NO_PROOF;
    throw error;
  }
}

function poisonOf({ name, seed }: Schedule, context: UpdateContext, weights: Float32Array): Float32Array {
  const { round, client } = context;
  const rng = simRng(seed, 'attack', name, round, client);
  const honestUpdate = new Float32Array(weights.length);
  return CATALOGUE[name].poison.poison({ round, client, weights, honestUpdate, seen: [], rng });
}

/** The attacker where nothing is encrypted: its poison as it is. */
export function plainDeviation(schedule: Schedule, encode: (update: Float32Array) => Uint8Array): Deviation {
  return {
    async send({ train, honest, context, weights }) {
      if (context.round < schedule.fromRound) return honest(await train());
      return { payload: encode(poisonOf(schedule, context, weights)), proof: NO_PROOF };
    },
  };
}

/**
 * The attacker where updates are encrypted: honest until `fromRound`, then poison that no clipping of its own holds
 * back, with the best proof that it can lay its hands on. It has the public API of every package and its hospital's keys.
 */
export function encryptedDeviation(
  schedule: Schedule,
  tools: { readonly encryptor: BfvEncryptor; readonly policy: UpdatePolicy; readonly proofs: boolean },
): Deviation {
  const { encryptor, policy, proofs } = tools;
  const { name, fromRound } = schedule;
  const prover = createUpdateProver(policy);
  let honestly: Sent | null = null;

  /** A true proof of the very update, for the laxest bound that there is instead of the policy's. */
  async function provenLaxly(poison: Float32Array, context: UpdateContext): Promise<Sent> {
    const laxest = betaOf(LAXEST_BETA_INDEX);
    const norm = Math.sqrt(poison.reduce((sum, x) => sum + x * x, 0));
    // A thousandth below it: rounding to integers moves the norm by less.
    const scaled = poison.map((x) => (x * 0.999 * laxest) / (norm * policy.scale));
    const encrypted = await encryptor.encryptUnclipped(scaled, context);
    const laxly = createUpdateProver({ ...policy, betaIndex: LAXEST_BETA_INDEX });
    return { payload: encrypted.payload, proof: await laxly.prove(encrypted, context) };
  }

  return {
    async send({ train, honest, context, weights }) {
      if (context.round < fromRound) {
        const { payload, proof } = await honest(await train());
        honestly = { payload: payload.slice(), proof: proof.slice() };
        return { payload, proof };
      }
      if (name === 'replayed-proof' && honestly !== null)
        return { payload: honestly.payload.slice(), proof: honestly.proof.slice() };
      const poison = poisonOf(schedule, context, weights);
      if (proofs && name === 'lying-flag') return provenLaxly(poison, context);
      const encrypted = await encryptor.encryptUnclipped(poison, context);
      const { payload } = encrypted;
      if (!proofs) return { payload, proof: NO_PROOF };
      if (name === 'published') return { payload, proof: await attempted(() => prover.prove(encrypted, context)) };
      if (name === 'foreign-proof') return { payload, proof: (await honest(await train())).proof };
      // The prefix attacks prove what they begin with, as if nothing came after it.
      const prefix = poison.map((x, d) => (d < CATALOGUE[name].prefix ? x : 0));
      return { payload, proof: await prover.prove(await encryptor.encryptUnclipped(prefix, context), context) };
    },
  };
}
