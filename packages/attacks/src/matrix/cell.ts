import {
  createTrainer,
  evaluate,
  FlCoreError,
  initialWeights,
  modelLayout,
  partition,
  simRng,
  subset,
  type Trainer,
} from '@zkfl/fl-core';
import type { PoisoningAttack } from '../attack.ts';
import { requireInteger, requireNumber } from '../errors.ts';
import { type LayerRange, planRound, provedBound, type RoundPlan } from '../gates/round-plan.ts';
import { detectionRates, type GateDecision } from '../metrics/detection.ts';
import { poisoningAttack } from '../poisoning/catalogue.ts';
import { harmfulTrigger } from '../poisoning/data-poisoning.ts';
import { triggeredTest } from '../poisoning/trigger.ts';
import { euclideanNorm, mean, plus } from '../vectors.ts';
import { type Defence, defence, usesTrustedUpdate } from './defence.ts';
import { gateMessages, type Judge } from './gated-round.ts';
import { partitionNamed, type Workload } from './workload.ts';

/** One point of the matrix. */
export interface CellConfig {
  /** A name of the attack catalogue, or `none`. */
  readonly attack: string;
  readonly defence: string;
  readonly data: string;
  /** `iid` or `dirichlet-ALPHA`. */
  readonly partition: string;
  readonly seed: number;
  /** Share of clients that are malicious, rounded to a whole number; default 0.2. */
  readonly maliciousShare?: number;
  /** First attacked round; default 1. */
  readonly attackFrom?: number;
}

export interface CellRound {
  readonly accuracy: number;
  readonly loss: number;
  readonly rejected: readonly { readonly client: number; readonly reason: string }[];
  /** Nobody was accepted: the model is unchanged. */
  readonly skipped: boolean;
  /** τ of the round in update units, under gates. */
  readonly tau?: number;
  /** Rules that the round waived, and why. */
  readonly waived?: readonly string[];
}

/** Rates are fractions 0–1; `null` where nothing was there to count. */
export interface CellResult extends CellConfig {
  readonly accuracy: number;
  readonly loss: number | null;
  /** Triggered test samples of other classes that get the target; for `none` the rate that an honest model has anyway. */
  readonly asr?: number;
  readonly tpr: number | null;
  readonly fpr: number | null;
  readonly rejectedAll: number;
  readonly diverged: boolean;
  readonly maliciousClients: readonly number[];
  readonly rounds: readonly CellRound[];
  readonly seconds: number;
}

/** An attack or defence that is in no catalogue; `config` then only names it. */
export interface CellOverrides {
  readonly attack?: PoisoningAttack;
  readonly defence?: Defence;
  /** Who decides about messages under gates; default the integer predicate, which is what proofs show. */
  readonly judge?: Judge;
}

/** Trains one federation from scratch under attack and defence. Deterministic for its arguments, `seconds` apart. */
export async function runCell(
  config: CellConfig,
  workload: Workload,
  overrides: CellOverrides = {},
): Promise<CellResult> {
  const started = performance.now();
  const federation = await createFederation(config, workload, overrides);
  const rounds: CellRound[] = [];
  const decisions: GateDecision[] = [];
  let state: ModelState = { weights: initialWeights(workload.spec, simRng(config.seed, 'initial')), provedBounds: [] };
  let last = await evaluate(workload.spec, state.weights, workload.test);
  let diverged = false;
  for (let round = 1; round <= workload.rounds; round++) {
    const outcome = await runRound(federation, state, round).catch((error: unknown) => {
      if (error instanceof FlCoreError && error.code === 'not-finite') return undefined;
      throw error;
    });
    if (outcome === undefined) {
      // The model overflowed under attack: nothing trains from here.
      diverged = true;
      break;
    }
    state = outcome.state;
    decisions.push(...outcome.decisions);
    last = await evaluate(workload.spec, state.weights, workload.test);
    rounds.push({ accuracy: last.accuracy, loss: last.loss, ...outcome.record });
  }
  for (const { trainer } of federation.members) await trainer.dispose();
  await federation.trusted?.dispose();
  const { tpr, fpr } = detectionRates(decisions);
  const asr = await successRate(federation, workload, state.weights);
  return {
    ...config,
    accuracy: last.accuracy,
    loss: Number.isFinite(last.loss) ? last.loss : null,
    ...(asr === undefined ? {} : { asr }),
    tpr: tpr ?? null,
    fpr: fpr ?? null,
    rejectedAll: rounds.filter((round) => round.skipped).length,
    diverged,
    maliciousClients: federation.members.filter((m) => m.malicious).map((m) => m.client),
    rounds,
    seconds: (performance.now() - started) / 1000,
  };
}

interface Member {
  readonly client: number;
  readonly malicious: boolean;
  readonly trainer: Trainer;
}

interface Federation {
  readonly config: CellConfig;
  readonly attack: PoisoningAttack | undefined;
  readonly defence: Defence;
  readonly judge: Judge | undefined;
  readonly members: readonly Member[];
  readonly trusted: Trainer | undefined;
  readonly layers: readonly LayerRange[];
  readonly dimension: number;
}

interface ModelState {
  readonly weights: Float32Array<ArrayBuffer>;
  readonly previous?: Float32Array<ArrayBuffer>;
  readonly history?: readonly Float32Array[];
  readonly provedBounds: readonly number[];
}

async function createFederation(config: CellConfig, workload: Workload, overrides: CellOverrides): Promise<Federation> {
  const { seed, maliciousShare = 0.2, attackFrom = 1 } = config;
  requireNumber('cell', 'maliciousShare', maliciousShare, 0, 0.5);
  requireInteger('cell', 'attackFrom', attackFrom, 1);
  const attack = overrides.attack ?? (config.attack === 'none' ? undefined : poisoningAttack(config.attack));
  const { spec, clients, training } = workload;
  const count = attack === undefined ? 0 : Math.max(1, Math.round(maliciousShare * clients));
  const order = simRng(seed, 'malicious').permutation(clients);
  const memberOf = new Map(Array.from(order.subarray(0, count), (client, i) => [client, i]));
  const parts = partition(workload.train, { ...partitionNamed(config.partition), clients }, simRng(seed, 'partition'));
  const members: Member[] = [];
  for (const [client, part] of parts.entries()) {
    const member = memberOf.get(client);
    const clean = subset(workload.train, part);
    const poisoned = member === undefined ? undefined : attack?.poisonData?.(clean, member, count);
    const epochs = member === undefined ? 1 : (attack?.diligence ?? 1);
    const trainer = await createTrainer({
      spec,
      dataset: poisoned ?? clean,
      training: { ...training, epochs: training.epochs * epochs },
      seed,
      client,
    });
    members.push({ client, malicious: member !== undefined, trainer });
  }
  const tolerated = Math.max(1, Math.round(maliciousShare * clients));
  const chosen = overrides.defence ?? defence(config.defence, tolerated);
  const trusted = usesTrustedUpdate(chosen)
    ? await createTrainer({ spec, dataset: workload.trusted, training, seed, client: clients })
    : undefined;
  const layers = modelLayout(spec).map(({ name, offset, size }) => ({ name, from: offset, to: offset + size }));
  return {
    config,
    attack,
    defence: chosen,
    judge: overrides.judge,
    members,
    trusted,
    layers,
    dimension: layers.at(-1)!.to,
  };
}

async function runRound(
  federation: Federation,
  state: ModelState,
  round: number,
): Promise<{
  state: ModelState;
  decisions: GateDecision[];
  record: Omit<CellRound, 'accuracy' | 'loss'>;
}> {
  const { weights } = state;
  const trained: Float32Array[] = [];
  for (const { trainer } of federation.members) trained.push((await trainer.train({ weights, round })).update);
  const trusted = (await federation.trusted?.train({ weights, round }))?.update;
  const chosen = federation.defence;
  const attacked = federation.attack !== undefined && round >= (federation.config.attackFrom ?? 1);
  const malicious = (client: number) => attacked && federation.members[client]!.malicious;
  const plan =
    chosen.kind === 'gates'
      ? planRound(chosen.policy, {
          dimension: federation.dimension,
          layers: federation.layers,
          // First round: declared norms. A malicious client declares the most that floats can say.
          provedBounds:
            state.provedBounds.length > 0
              ? state.provedBounds
              : trained.map((update, client) => (malicious(client) ? 1e30 : Math.max(euclideanNorm(update), 1e-9))),
          previous: state.previous,
          trusted,
        })
      : undefined;
  const updates = attacked ? poisonRound(federation, state, round, trained, plan) : trained;
  if (plan !== undefined) {
    const messages = await gateMessages({
      plan,
      updates,
      conforms: (client) => !malicious(client) || federation.attack?.conforms === true,
      rng: simRng(federation.config.seed, 'rounding', round),
      decide: federation.judge,
    });
    const rejected = messages.flatMap(({ reason }, client) => (reason === undefined ? [] : [{ client, reason }]));
    const accepted = messages.filter(({ reason }) => reason === undefined);
    const decisions = messages.map(({ reason }, client) => ({
      client,
      malicious: malicious(client),
      rejected: reason !== undefined,
    }));
    const waived = plan.log.filter(({ applied }) => !applied).map(({ rule, detail }) => `${rule}: ${detail}`);
    const record = {
      rejected,
      skipped: accepted.length === 0,
      tau: plan.tau,
      ...(waived.length > 0 ? { waived } : {}),
    };
    if (accepted.length === 0) return { state, decisions, record };
    const step = mean(accepted.map(({ update }) => update));
    const provedBounds = accepted.map(({ bucket }) => provedBound(plan, bucket));
    return { state: { weights: plus(weights, step), previous: step, provedBounds }, decisions, record };
  }
  return combine(federation, state, updates, trusted, malicious);
}

function combine(
  federation: Federation,
  state: ModelState,
  updates: readonly Float32Array[],
  trusted: Float32Array | undefined,
  malicious: (client: number) => boolean,
): { state: ModelState; decisions: GateDecision[]; record: Omit<CellRound, 'accuracy' | 'loss'> } {
  const history = updates.map((update, client) =>
    plus(update, state.history?.[client] ?? new Float32Array(update.length)),
  );
  const { defence: chosen } = federation;
  const { aggregate, weights } =
    chosen.kind === 'rule'
      ? chosen.rule.aggregate({ updates, trusted, previous: state.previous, history })
      : { aggregate: mean(updates), weights: updates.map(() => 1 / updates.length) };
  const decisions = weights.map((weight, client) => ({
    client,
    malicious: malicious(client),
    rejected: weight === 0,
  }));
  const rejected = decisions.filter((d) => d.rejected).map(({ client }) => ({ client, reason: chosen.name }));
  const record = { rejected, skipped: rejected.length === updates.length };
  if (record.skipped) return { state, decisions, record };
  const next = { weights: plus(state.weights, aggregate), previous: aggregate, history, provedBounds: [] };
  return { state: next, decisions, record };
}

function poisonRound(
  { attack, config, members }: Federation,
  state: ModelState,
  round: number,
  trained: readonly Float32Array[],
  plan: RoundPlan | undefined,
): Float32Array[] {
  const of = (malicious: boolean) => trained.filter((_, client) => members[client]!.malicious === malicious);
  const sees = attack!.adversary.sees;
  const seen = sees.startsWith('every') ? of(false) : [];
  const colluders = of(true);
  return trained.map((honestUpdate, client) =>
    members[client]!.malicious
      ? attack!.poison({
          round,
          client,
          weights: state.weights,
          honestUpdate,
          seen,
          colluders: sees === 'nothing' || sees === 'own data' ? [honestUpdate] : colluders,
          clients: members.length,
          malicious: colluders.length,
          previous: state.previous,
          plan: sees.endsWith('gate') ? plan : undefined,
          rng: simRng(config.seed, 'attack', round, client),
        })
      : honestUpdate,
  );
}

async function successRate(
  { attack }: Federation,
  workload: Workload,
  weights: Float32Array,
): Promise<number | undefined> {
  if (attack !== undefined && attack.trigger === undefined) return undefined;
  // Without an attack: what the harmful trigger does to an honest model.
  const trigger = (attack?.trigger ?? harmfulTrigger)(workload.train);
  const test = triggeredTest(workload.test, trigger);
  if (test.labels.length === 0) return undefined;
  const relabelled = { ...test, labels: new Uint8Array(test.labels.length).fill(trigger.target) };
  return (await evaluate(workload.spec, weights, relabelled)).accuracy;
}
