import {
  conformUpdate,
  type Gate,
  gatePolicy,
  judge,
  planRound,
  type QuantisedUpdate,
  quantiseAsIs,
  type RoundPlan,
  stochasticRound,
} from '@zkfl/attacks';
import { initialWeights, modelLayout, simRng, WDBC_MLP } from '@zkfl/fl-core';
import { createEngine, encryptIntegers, generateKeys, wipeWitness } from '@zkfl/he-agg';
import { betaSquaredOf, LatticeZkError, prove, type UpdateClaims, updateStatement, verify } from '@zkfl/lattice-zk';

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

/** The gates of a bucket as the claims of a statement. */
export function claimsOf(plan: RoundPlan, bucket: number): Omit<UpdateClaims, 'description' | 'context'> {
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
