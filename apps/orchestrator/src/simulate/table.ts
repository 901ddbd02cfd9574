import Table from 'cli-table3';
import { paints } from '../terminal.ts';
import { PUBLISHED_FIGURES, PUBLISHED_UNPROTECTED, type PublishedFigure } from './published-figures.ts';
import { baselineOf, meanBytesUp, meanRoundSeconds, PHASES, type RunResult, type SimulateResult } from './result.ts';

const percent = (fraction: number) => `${(100 * fraction).toFixed(1)} %`;
const grouped = (value: number) => value.toLocaleString('en-US');

/** Three figures, as wide as the neighbours. */
function seconds(value: number): string {
  if (value < 0.0005) return '–';
  return value < 0.0995 ? value.toFixed(3) : value.toFixed(2);
}

/** 1.50 MB, 6.3 kB. */
export function bytesText(bytes: number): string {
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(2)} MB`;
  return bytes >= 1e3 ? `${(bytes / 1e3).toFixed(1)} kB` : `${bytes.toFixed(0)} B`;
}

const mean = (run: RunResult, of: (round: RunResult['rounds'][number]) => number) =>
  run.rounds.reduce((sum, round) => sum + of(round), 0) / run.rounds.length;

interface Rejections {
  /** rounds in which the attacker was rejected, of those in which it attacked */
  readonly attacker: string;
  /** rejections of others, summed over the rounds */
  readonly others: number;
}

export function rejectionsOf(run: RunResult, attacker: SimulateResult['config']['attacker']): Rejections {
  const attacked = attacker === null || run.attack === null ? [] : run.rounds.slice(attacker.fromRound - 1);
  const caught = attacked.filter(({ rejected }) => rejected.some(({ client }) => client === attacker?.client));
  const all = run.rounds.reduce((sum, { rejected }) => sum + rejected.length, 0);
  return {
    attacker: attacked.length === 0 ? '–' : `${caught.length} of ${attacked.length}`,
    others: all - caught.length,
  };
}

const ratioTo = (baseline: RunResult | undefined, run: RunResult) =>
  baseline === undefined ? '–' : (meanRoundSeconds(run) / meanRoundSeconds(baseline)).toFixed(2);

function header({ config }: SimulateResult): string {
  const dealt = config.alpha === null ? 'evenly dealt' : `Dirichlet ${config.alpha}`;
  const samples = config.hospitals.map((hospital) => hospital.samples).join(' + ');
  const training = `${config.localEpochs} local epochs, ${config.optimizer} ${config.learningRate}, batch ${config.batchSize}`;
  const attack =
    config.attacker === null
      ? ''
      : `\nattack: ${config.attack}, by hospital ${config.attacker.client} from round ${config.attacker.fromRound} on`;
  return `${config.clients} hospitals × ${config.rounds} rounds on ${config.dataset}: ${samples} samples (${dealt})
${config.model}, ${grouped(config.parameters)} parameters; ${training}; τ = ${config.tau}${config.layerTau === null ? '' : `, each layer ${config.layerTau}`}; seed ${config.seed}${attack}`;
}

type Line = readonly [name: string, of: (run: RunResult) => string];

/** A column for each run: narrow enough for a terminal of 80. */
function sideBySide({ runs, config }: SimulateResult): string {
  const paint = paints(process.stdout);
  const baseline = baselineOf(runs);
  const phases = PHASES.filter((phase) => runs.some((run) => mean(run, (round) => round.seconds[phase]) > 0));
  const proofs = runs.some(({ rounds }) => rounds.some(({ proofBytes }) => proofBytes !== undefined));
  const lines: readonly Line[] = [
    ['accuracy', (run) => paint.bold(percent(run.final.accuracy))],
    ...(runs.some(({ final }) => final.auc !== undefined)
      ? [['AUC', (run: RunResult) => run.final.auc?.toFixed(3) ?? '–'] as const]
      : []),
    ...(config.attacker === null
      ? []
      : [
          ['attacker rejected', (run: RunResult) => rejectionsOf(run, config.attacker).attacker] as const,
          ['others rejected', (run: RunResult) => String(rejectionsOf(run, config.attacker).others)] as const,
        ]),
    ['seconds a round', (run) => seconds(meanRoundSeconds(run))],
    ['  × plain', (run) => ratioTo(baseline, run)],
    ...phases.map((phase): Line => [`  ${phase}, CPU s`, (run) => seconds(mean(run, (round) => round.seconds[phase]))]),
    ['up, hospital and round', (run) => bytesText(meanBytesUp(run, config.clients))],
    ...(proofs
      ? [
          [
            '  of that proof',
            (run: RunResult) => bytesText(mean(run, (round) => round.proofBytes ?? 0) / config.clients),
          ] as const,
        ]
      : []),
    ['coordinates encrypted', (run) => grouped(run.coverage.encrypted)],
    ['coordinates proven', (run) => grouped(run.coverage.proven)],
    ['coordinates in all', (run) => grouped(run.coverage.total)],
  ];
  const table = new Table({
    head: ['', ...runs.map((run) => paint.cyan(run.protection))],
    colAligns: ['left', ...runs.map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const [name, of] of lines) table.push([name, ...runs.map(of)]);
  return table.toString();
}

/** What the published system does in the place of `run`, where that is known. */
export function publishedFigure({ attack, protection }: RunResult): PublishedFigure | null {
  if (attack === null) return null;
  if (protection === 'full') return PUBLISHED_FIGURES[attack];
  return attack === 'published' && protection === 'plain' ? PUBLISHED_UNPROTECTED : null;
}

/** A line for each run, beside what the published system does. */
function attackByAttack({ runs, config }: SimulateResult): string {
  const paint = paints(process.stdout);
  const baseline = baselineOf(runs);
  const table = new Table({
    head: [
      'attack',
      'protection',
      'attacker\nrejected',
      'others\nrejected',
      'accuracy',
      's/round',
      '× plain',
      'proven',
      'published:\nrejected',
      'published:\naccuracy',
    ],
    style: { head: [], border: [], compact: true },
  });
  for (const run of runs) {
    const { attacker, others } = rejectionsOf(run, config.attacker);
    const published = publishedFigure(run);
    table.push([
      run.attack ?? 'none',
      paint.cyan(run.protection),
      attacker,
      String(others),
      paint.bold(percent(run.final.accuracy)),
      seconds(meanRoundSeconds(run)),
      ratioTo(baseline, run),
      `${grouped(run.coverage.proven)} of ${grouped(run.coverage.total)}`,
      published?.rejected ?? '–',
      published?.accuracy ?? '–',
    ]);
  }
  return table.toString();
}

/** The figures for people: what was run, a table, and how to read it. Colours follow standard output. */
export function renderTable(result: SimulateResult): string {
  const paint = paints(process.stdout);
  const { runs, config } = result;
  const chosen = runs.some(({ rounds }) => rounds[0]?.validation !== undefined)
    ? 'Accuracy: test set, of the round with the least validation loss.'
    : 'Accuracy: test set, after the last round.';
  const table = config.attack === 'all' ? attackByAttack(result) : sideBySide(result);
  return [
    header(result),
    table,
    paint.dim(`${chosen} Seconds a round: wall time without evaluation;\nphases: CPU seconds of all parties together.`),
  ].join('\n');
}
