/** One measurement: `value` beside the `baseline` that was timed in the same run, and what one is of the other. */
export interface BenchRow {
  /** e.g. `seal/3MB`, `prove/108996` */
  readonly name: string;
  /** median of the measured thing, in `unit` */
  readonly value: number;
  /** e.g. `s`, `ms`, `µs`, `B`, `MB` */
  readonly unit: string;
  /** median of the thing it is compared with, in `unit`; null where there is none (sizes, absolute times) */
  readonly baseline: number | null;
  /** value ÷ baseline; null where there is no baseline */
  readonly ratio: number | null;
}
