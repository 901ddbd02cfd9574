import {
  conformUpdate,
  type Gate,
  gatePolicy,
  type Judge,
  judge,
  type PoisoningAttack,
  planRound,
  type QuantisedUpdate,
  quantiseAsIs,
  type RoundPlan,
  runCell,
  scaling,
  signFlip,
  stochasticRound,
} from '@zkfl/attacks';
import { initialWeights, modelLayout, simRng, WDBC_MLP } from '@zkfl/fl-core';
import { createEngine, encryptIntegers, generateKeys, wipeWitness } from '@zkfl/he-agg';
import { betaSquaredOf, LatticeZkError, prove, type UpdateClaims, updateStatement, verify } from '@zkfl/lattice-zk';
import { loadWorkload } from './workloads.ts';

const SET = 'n4096-q60';

/** One message, judged twice: by the integer predicate of the matrix, and by a real proof about real ciphertexts. */
export interface Agreement {
  readonly policy: string;
  /** What the message is. */
  readonly message: string;
  /** Inequalities of the policy, e.g. `norm, direction`. */
  readonly gates: string;
  readonly predicate: string;
  readonly proof: string;
  /** Does a proof that leaves out the gates beyond the norm pass where those are asked for? Must never be true. */
  readonly weakerProofPasses: boolean;
  readonly agree: boolean;
}

const POLICIES = ['norm', 'norm+layers', 'norm+direction', 'norm+sphere', 'recommended'] as const;

/**
 * For every kind of gate: an honest message, one that is turned against the reference and one ten times too long, on the
 * WDBC model (1,554 parameters, n4096-q60). The prover must refuse exactly what the predicate refuses.
 */
export async function proveAgreement(): Promise<Agreement[]> {
  const engine = await createEngine({ set: SET });
  const { publicKey, secretKey } = generateKeys(engine);
  try {
    const results: Agreement[] = [];
    for (const policy of POLICIES) {
      const { plan, messages } = examples(policy);
      for (const [message, update] of Object.entries(messages)) {
        const predicate = judge(plan, update);
        const { description, witness } = encryptIntegers(engine, { publicKey, message: update.m });
        try {
          const claims = claimsOf(plan, update.bucket);
          const context = new TextEncoder().encode(`agreement ${policy} ${message}`);
          const asked = updateStatement({ set: SET, description, context, ...claims });
          const weaker = updateStatement({ set: SET, description, context, betaIndex: claims.betaIndex });
          const proof = outcome(() => verify(asked, prove(asked, witness)));
          const weakerProofPasses =
            proof !== 'accepted' && outcome(() => verify(asked, prove(weaker, witness))) === 'accepted';
          results.push({
            policy,
            message,
            gates: [...new Set(plan.gatesFor(update.bucket).map(({ kind }) => kind))].join(', '),
            predicate: predicate ?? 'accepted',
            proof,
            weakerProofPasses,
            agree: (predicate === undefined) === (proof === 'accepted') && !weakerProofPasses,
          });
        } finally {
          wipeWitness(witness);
        }
      }
    }
    return results;
  } finally {
    secretKey.wipe();
  }
}

/** A whole run whose every message was encrypted, proven and verified. */
export interface ProvenRun {
  readonly policy: string;
  readonly attack: string;
  readonly messages: number;
  readonly rejected: number;
  /** Messages about which proof and predicate disagree; must be 0. */
  readonly disagreements: number;
  /** The run with proofs and the run with predicates end in the same model. */
  readonly sameAccuracy: boolean;
}

/**
 * One run for each gate policy: five hospitals on WDBC, one of them malicious, two rounds; a message counts where a real
 * proof about its real ciphertexts verifies. Beside it the same run decided by the integer predicate.
 */
export async function proveRuns(): Promise<ProvenRun[]> {
  const engine = await createEngine({ set: SET });
  const { publicKey, secretKey } = generateKeys(engine);
  try {
    const workload = await loadWorkload({ data: 'wdbc', path: undefined, seed: 1, clients: 5, rounds: 2 });
    const runs: ProvenRun[] = [];
    for (const policy of POLICIES) {
      const attack = ATTACKED_BY[policy];
      const config = { attack: attack.name, defence: policy, data: 'wdbc', partition: 'iid', seed: 1 };
      const count = { messages: 0, rejected: 0, disagreements: 0 };
      const byProof: Judge = (plan, message, client) => {
        const { description, witness } = encryptIntegers(engine, { publicKey, message: message.m });
        try {
          const context = new TextEncoder().encode(`run ${policy} ${count.messages} ${client}`);
          const statement = updateStatement({ set: SET, description, context, ...claimsOf(plan, message.bucket) });
          const proof = outcome(() => verify(statement, prove(statement, witness)));
          const accepted = proof === 'accepted';
          count.messages++;
          if (!accepted) count.rejected++;
          if (accepted !== (judge(plan, message) === undefined)) count.disagreements++;
          return accepted ? undefined : proof;
        } finally {
          wipeWitness(witness);
        }
      };
      const proven = await runCell(config, workload, { attack, judge: byProof });
      const predicted = await runCell(config, workload, { attack });
      const sameAccuracy = proven.accuracy === predicted.accuracy && proven.loss === predicted.loss;
      runs.push({ policy, attack: attack.name, ...count, sameAccuracy });
    }
    return runs;
  } finally {
    secretKey.wipe();
  }
}

/** Turned round at honest length: the norm alone lets it through. */
const TURNED = signFlip({ factor: 1 });
/** All of an honest norm in the last coordinate. */
const ONE_LAYER: PoisoningAttack = {
  name: 'one-layer',
  citation: 'what a bound on the whole norm cannot see',
  adversary: { controls: 'one client', sees: 'own data' },
  goal: 'ruin',
  poison: ({ honestUpdate }) => {
    const update = new Float32Array(honestUpdate.length);
    update[update.length - 1] = Math.sqrt(honestUpdate.reduce((sum, value) => sum + value * value, 0));
    return update;
  },
};

/** An attack that the policy's own gate has to catch, not its norm alone. */
const ATTACKED_BY: Readonly<Record<(typeof POLICIES)[number], PoisoningAttack>> = {
  norm: scaling(),
  'norm+layers': ONE_LAYER,
  'norm+direction': TURNED,
  'norm+sphere': TURNED,
  recommended: TURNED,
};

/** The gates of a bucket as the claims of a statement. */
function claimsOf(plan: RoundPlan, bucket: number): Omit<UpdateClaims, 'description' | 'context'> {
  const gates = plan.gatesFor(bucket);
  const of = <K extends Gate['kind']>(kind: K) =>
    gates.filter((gate): gate is Extract<Gate, { kind: K }> => gate.kind === kind);
  const [norm] = of('norm');
  if (norm?.boundSquared !== betaSquaredOf(bucket)) throw new Error('claimsOf: norm: the two ladders differ');
  return {
    betaIndex: bucket,
    directions: of('direction').map(({ reference, least }) => ({ vector: reference, atLeast: least })),
    spheres: of('sphere').map(({ reference, radiusSquared }) => ({ centre: reference, radiusSquared })),
    layers: of('layer').map(({ from, to, boundSquared }) => ({ from, to, boundSquared })),
  };
}

function outcome(run: () => { readonly ok: boolean }): string {
  try {
    return run().ok ? 'accepted' : 'false';
  } catch (error) {
    if (error instanceof LatticeZkError && (error.code === 'witness' || error.code === 'encoding'))
      return error.code === 'witness' ? `prover refuses: ${error.field}` : 'malformed';
    throw error;
  }
}

function examples(policy: (typeof POLICIES)[number]): {
  plan: RoundPlan;
  messages: Readonly<Record<string, QuantisedUpdate>>;
} {
  const layers = modelLayout(WDBC_MLP).map(({ name, offset, size }) => ({ name, from: offset, to: offset + size }));
  const dimension = layers.at(-1)!.to;
  // Any vectors will do; these have the model's own shape.
  const vector = (seed: number) => initialWeights(WDBC_MLP, simRng(seed, 'agreement')).map((value) => value / 10);
  const [trusted, own] = [vector(1), vector(2)];
  const plan = planRound(gatePolicy(policy), {
    dimension,
    layers,
    provedBounds: [1, 1, 1],
    previous: trusted,
    trusted,
  });
  const rng = simRng(3, 'agreement');
  const round = (values: Float64Array) => stochasticRound(values, rng);
  const honest = own.map((value, i) => value + trusted[i]!);
  const narrow = new Float32Array(dimension);
  narrow[dimension - 1] = 0.9 * plan.tau;
  return {
    plan,
    messages: {
      honest: conformUpdate(plan, honest, round),
      'turned against the reference': quantiseAsIs(
        plan,
        trusted.map((value) => -0.5 * value),
        round,
      ),
      'ten times too long': quantiseAsIs(
        plan,
        honest.map((value) => 10 * value),
        round,
      ),
      'all in one coordinate': quantiseAsIs(plan, narrow, round),
    },
  };
}
