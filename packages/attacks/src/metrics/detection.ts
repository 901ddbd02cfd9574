/** What a gate decided in one round. */
export interface GateDecision {
  readonly client: number;
  readonly malicious: boolean;
  readonly rejected: boolean;
}

export interface DetectionRates {
  /** Rejected malicious updates over malicious updates; `undefined` where there was none. */
  readonly tpr: number | undefined;
  /** Rejected honest updates over honest updates; `undefined` where there was none. */
  readonly fpr: number | undefined;
  readonly malicious: number;
  readonly honest: number;
}

/** Rates over all decisions of a run. */
export function detectionRates(decisions: readonly GateDecision[]): DetectionRates {
  const count = (malicious: boolean, rejected?: boolean) =>
    decisions.filter((d) => d.malicious === malicious && (rejected === undefined || d.rejected === rejected)).length;
  const [malicious, honest] = [count(true), count(false)];
  return {
    tpr: malicious > 0 ? count(true, true) / malicious : undefined,
    fpr: honest > 0 ? count(false, true) / honest : undefined,
    malicious,
    honest,
  };
}
