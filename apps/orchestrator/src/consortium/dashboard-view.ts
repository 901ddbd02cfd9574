import type { RoundRecord } from '@zkfl/fl-core';
import type { Coordinator } from './coordinator.ts';
import type { ReportRow } from './store.ts';

const PHASES = ['train', 'encrypt', 'prove', 'decrypt'] as const;

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Everything that the dashboard shows; nothing in it is secret from who runs the coordinator. */
export function dashboardView(coordinator: Coordinator) {
  const { store, study, state, head } = coordinator;
  const { policy, model, data, name, created, hospitals } = study.study;
  const reports = Map.groupBy(store.reports(), ({ round }) => round);
  const verdicts = Map.groupBy(store.verdicts(), ({ round }) => round);
  const uploads = Map.groupBy(store.uploads(), ({ round }) => round);
  const phase = state?.phase;
  const rounds = (state?.history ?? []).map((record: RoundRecord) => {
    const { round, outcome, accepted, rejected, missing, model, sum } = record;
    const told = reports.get(round) ?? [];
    const costs = told.flatMap((report) => report.costs ?? []);
    const seconds = Object.fromEntries(PHASES.map((p) => [p, costs.reduce((total, cost) => total + cost[p], 0)]));
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
      bytesUp: (uploads.get(round) ?? []).reduce((total, { bytes }) => total + bytes, 0),
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
