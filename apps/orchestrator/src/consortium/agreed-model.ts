import type { ReportRow } from './store.ts';

export type Agreement =
  | { readonly is: 'agreed'; readonly model: string; readonly dissent: readonly number[] }
  | { readonly is: 'tied'; readonly votes: number };

/** The model that most reports name, and who names another one. `reports`: at least one, of accepted hospitals. */
export function agreedModel(reports: readonly Pick<ReportRow, 'client' | 'model'>[]): Agreement {
  const votes = new Map<string, number>();
  for (const { model } of reports) votes.set(model, (votes.get(model) ?? 0) + 1);
  const [first, second] = [...votes].sort((a, b) => b[1] - a[1]);
  const [model, most] = first!;
  if (second?.[1] === most) return { is: 'tied', votes: most };
  return {
    is: 'agreed',
    model,
    dissent: reports.filter((report) => report.model !== model).map(({ client }) => client),
  };
}
