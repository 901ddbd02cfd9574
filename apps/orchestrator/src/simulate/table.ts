import Table from 'cli-table3';
import { paints } from '../terminal.ts';
import { baselineOf, meanBytesUp, meanRoundSeconds, PHASES, type RunResult, type SimulateResult } from './result.ts';

const percent = (fraction: number) => `${(100 * fraction).toFixed(1)} %`;
const seconds = (value: number) => (value === 0 ? '–' : value < 0.0995 ? value.toFixed(3) : value.toFixed(2));
const grouped = (value: number) => value.toLocaleString('en-US');

/** 1.5 MB, 6.3 kB. */
export function bytesText(bytes: number): string {
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(2)} MB`;
  return bytes >= 1e3 ? `${(bytes / 1e3).toFixed(1)} kB` : `${bytes.toFixed(0)} B`;
}

const mean = (run: RunResult, of: (round: RunResult['rounds'][number]) => number) =>
  run.rounds.reduce((sum, round) => sum + of(round), 0) / run.rounds.length;

/** `3: 7 of 7` for client 3 rejected in each round in which it attacked. */
function rejections(run: RunResult): string {
  const counts = new Map<number, number>();
  for (const round of run.rounds)
    for (const { client } of round.rejected) counts.set(client, (counts.get(client) ?? 0) + 1);
  return counts.size === 0 ? 'none' : [...counts].map(([client, count]) => `#${client}: ${count}`).join(', ');
}

function header({ config }: SimulateResult): string {
  const dealt = config.alpha === null ? 'evenly dealt' : `Dirichlet ${config.alpha}`;
  const data = `${config.dataset}, ${config.hospitals.map(({ samples }) => samples).join(' + ')} samples (${dealt})`;
  const training = `${config.localEpochs} local epochs, ${config.optimizer} ${config.learningRate}, batch ${config.batchSize}`;
  return [
    `${config.clients} hospitals × ${config.rounds} rounds, ${data}`,
    `${config.model}, ${grouped(config.parameters)} parameters; ${training}; τ = ${config.tau}; seed ${config.seed}`,
  ].join('\n');
}

/** A line for each run, a footnote for what the columns mean. Colours follow standard output. */
export function renderTable(result: SimulateResult): string {
  const paint = paints(process.stdout);
  const { runs, config } = result;
  const attacked = runs.some(({ attack }) => attack !== null);
  const baseline = baselineOf(runs);
  const columns = [
    'protection',
    ...(attacked ? ['attack', 'rejected rounds'] : []),
    'accuracy',
    's/round',
    ...PHASES,
    'up/hospital',
    '× plain',
    'encrypted / proven / total',
  ];
  const table = new Table({ head: columns, style: { head: [], border: [], compact: true } });
  for (const run of runs) {
    const { total, encrypted, proven } = run.coverage;
    table.push([
      paint.bold(run.protection),
      ...(attacked ? [run.attack ?? '–', rejections(run)] : []),
      percent(run.final.accuracy),
      seconds(meanRoundSeconds(run)),
      ...PHASES.map((phase) => seconds(mean(run, (round) => round.seconds[phase]))),
      bytesText(meanBytesUp(run, config.clients)),
      baseline ? (meanRoundSeconds(run) / meanRoundSeconds(baseline)).toFixed(2) : '–',
      `${grouped(encrypted)} / ${grouped(proven)} / ${grouped(total)}`,
    ]);
  }
  const chosen = runs.some(({ rounds }) => rounds[0]?.validation !== undefined)
    ? 'accuracy: test set, of the round with the least validation loss'
    : 'accuracy: test set, last round';
  return [
    header(result),
    table.toString(),
    paint.dim(
      `${chosen}; s/round: wall time of a round without evaluation; phases: CPU seconds a round, summed over the parties.`,
    ),
  ].join('\n');
}
