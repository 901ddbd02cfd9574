import { cpus, totalmem } from 'node:os';
import type { BenchRow } from './row.ts';

export type Suite = 'kem' | 'he' | 'zk' | 'fl' | 'all';

export interface BenchResult {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    /** GiB */
    readonly memory: number;
    readonly node: string;
    readonly platform: string;
  };
  readonly rows: readonly BenchRow[];
}

/** Measured in this order; a suite is loaded only when it is asked for. */
const SUITES: Readonly<Record<Exclude<Suite, 'all'>, () => Promise<readonly BenchRow[]>>> = {
  kem: async () => (await import('./kem.ts')).benchKem(),
  he: async () => (await import('./he.ts')).benchHe(),
  zk: async () => (await import('./zk.ts')).benchZk(),
  fl: async () => (await import('./fl.ts')).benchFl(),
};

function machine(): BenchResult['machine'] {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memory: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

/** Runs one suite or all of them, one after the other. */
export async function runBench(suite: Suite): Promise<BenchResult> {
  const names = suite === 'all' ? (Object.keys(SUITES) as (keyof typeof SUITES)[]) : [suite];
  const rows: BenchRow[] = [];
  for (const name of names) {
    process.stderr.write(`bench ${name}\n`);
    rows.push(...(await SUITES[name]()));
  }
  return { machine: machine(), rows };
}

const figure = (value: number) =>
  Number.isInteger(value) ? value.toLocaleString('en-US') : value.toPrecision(value < 1e4 ? 4 : 7);

/** A line for each row. */
export function renderBench({ machine, rows }: BenchResult): string {
  const width = Math.max(...rows.map(({ name }) => name.length), 0);
  const lines = rows.map(({ name, value, unit, baseline, ratio }) => {
    const measured = `${name.padEnd(width)}  ${figure(value).padStart(12)} ${unit.padEnd(6)}`;
    return baseline === null || ratio === null
      ? measured
      : `${measured}  baseline ${figure(baseline).padStart(10)} ${unit}  ratio ${ratio.toFixed(3)}`;
  });
  return [`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`, ...lines].join('\n');
}
