import { type ModelSpec, parameterCount, type RoundRecord } from '@zkfl/fl-core';
import { ciphertextCount, parameterSet } from '@zkfl/he-agg';
import { SET } from '../simulate/policy.ts';
import type { Coordinator } from './coordinator.ts';
import type { ReportRow } from './store.ts';

const PHASES = ['train', 'encrypt', 'prove', 'decrypt'] as const;

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of one update's or sum's ciphertexts: their header and two halves of L·N residues each. */
function payloadBytes(model: ModelSpec): number {
  const { primes, degree, primeBits } = parameterSet(SET);
  return 16 + (ciphertextCount(SET, parameterCount(model)) * 2 * primes.length * degree * primeBits) / 8;
}

/** Everything that the dashboard shows; nothing in it is secret from who runs the coordinator. */
export function dashboardView(coordinator: Coordinator) {
  const { store, study, state, head } = coordinator;
  const { policy, model, data, name, created, hospitals } = study.study;
  const reports = Map.groupBy(store.reports(), ({ round }) => round);
  const verdicts = Map.groupBy(store.verdicts(), ({ round }) => round);
  const uploads = Map.groupBy(store.uploads(), ({ round }) => round);
  const payload = payloadBytes(model as ModelSpec);
  const phase = state?.phase;
  const rounds = (state?.history ?? []).map((record: RoundRecord) => {
    const { round, outcome, accepted, rejected, missing, model, sum } = record;
    const told = reports.get(round) ?? [];
    const costs = told.flatMap((report) => report.costs ?? []);
    const seconds = Object.fromEntries(
      PHASES.map((p) => [p, costs.reduce((total, cost) => total + cost[p], 0)]),
    ) as Record<(typeof PHASES)[number], number>;
    const sent = uploads.get(round) ?? [];
    const bytesUp = sent.reduce((total, { bytes }) => total + bytes, 0);
    const ciphertexts = sent.length * payload;
    const verify = (verdicts.get(round) ?? []).reduce((total, verdict) => total + verdict.seconds, 0);
    return {
      round,
      outcome,
      accepted,
      rejected,
      missing,
      model,
      sum: sum ?? null,
      accuracy: mean(told.flatMap(({ metrics }) => metrics?.accuracy ?? [])),
      loss: mean(told.flatMap(({ metrics }) => metrics?.loss ?? [])),
      reports: told.map(({ client, model, metrics }: ReportRow) => ({ client, model, metrics })),
      seconds: { ...seconds, verify },
      bytesUp,
      /** of updates up, proofs with the updates' envelopes, and of the sum down to every hospital that reported */
      bytes: { ciphertexts, proofs: bytesUp - ciphertexts, sums: told.length * payload },
    };
  });
  return {
    version: 1,
    revision: coordinator.revision,
    now: Date.now(),
    problem: coordinator.problem,
    study: {
      id: study.id,
      name,
      created,
      hospitals,
      rounds: policy.rounds,
      cohortMinimum: policy.cohortMinimum,
      deadlineSeconds: policy.deadlineSeconds,
      protection: policy.protection,
      tau: policy.tau,
      model,
      data: { name: data.name, classes: data.classes },
      keys: policy.keys,
    },
    status: coordinator.status,
    round: coordinator.round,
    phase: phase?.is ?? null,
    closesAt: phase?.is === 'collecting' ? phase.closesAt : null,
    standings: phase !== undefined && 'standings' in phase ? phase.standings : [],
    roster: coordinator.roster?.roster ?? null,
    hospitals: coordinator.members.map(({ client, enrolment }) => ({
      client,
      name: enrolment.name,
      fingerprint: enrolment.channelFingerprint,
    })),
    rounds,
    queue: coordinator.work.depth,
    audit: head === null ? null : { entries: head.entry.seq + 1, hash: head.hash, at: head.entry.at },
  };
}

export type DashboardView = ReturnType<typeof dashboardView>;
