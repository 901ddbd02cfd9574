import type { DashboardView } from './feed.ts';

export type Verdict = 'accepted' | 'rejected' | 'missing' | 'received' | 'awaited' | 'none';

export interface HospitalHistory {
  readonly client: number;
  readonly name: string;
  readonly fingerprint: string;
  /** by round, 1 … the last that has begun */
  readonly verdicts: readonly Verdict[];
  readonly accepted: number;
  readonly rejected: number;
  readonly missing: number;
}

/** What became of a hospital's update in one round that is over. */
function verdictIn(round: DashboardView['rounds'][number], client: number): Verdict {
  if (round.accepted.some((id) => Number(id) === client)) return 'accepted';
  if (round.rejected.some((entry) => Number(entry.client) === client)) return 'rejected';
  return round.missing.some((id) => Number(id) === client) ? 'missing' : 'none';
}

/** Each hospital's updates over the rounds, the open one included. */
export function histories(view: DashboardView): HospitalHistory[] {
  const open = view.rounds.some(({ round }) => round === view.round) ? [] : view.standings;
  return view.hospitals.map(({ client, name, fingerprint }) => {
    const verdicts = view.rounds.map((round) => verdictIn(round, client));
    const now = open.find((standing) => Number(standing.client) === client);
    if (now !== undefined) verdicts.push(now.is);
    const count = (wanted: Verdict) => verdicts.filter((verdict) => verdict === wanted).length;
    return {
      client,
      name,
      fingerprint,
      verdicts,
      accepted: count('accepted'),
      rejected: count('rejected'),
      missing: count('missing'),
    };
  });
}

export interface RejectionRow {
  readonly round: number;
  readonly client: number;
  readonly name: string;
  readonly reason: string;
}

/** Every rejection so far with its reason, the latest first. */
export function rejections(view: DashboardView): RejectionRow[] {
  const nameOf = (client: number) => view.hospitals.find((entry) => entry.client === client)?.name ?? '';
  const past = view.rounds.flatMap(({ round, rejected }) =>
    rejected.map(({ client, reason }) => ({ round, client: Number(client), name: nameOf(Number(client)), reason })),
  );
  const open = view.rounds.some(({ round }) => round === view.round) ? [] : view.standings;
  const now = open.flatMap((standing) =>
    standing.is === 'rejected'
      ? [
          {
            round: view.round,
            client: Number(standing.client),
            name: nameOf(Number(standing.client)),
            reason: standing.reason,
          },
        ]
      : [],
  );
  return [...past, ...now].reverse();
}
