import {
  baselineOf,
  meanBytesUp,
  meanRoundSeconds,
  PHASES,
  type RunResult,
  type SimulateResult,
} from '../simulate/result.ts';
import { bytesText, publishedFigure, rejectionsOf } from '../simulate/table.ts';
import { version } from '../version.ts';
import { accuracyChart, labelOf, phaseChart, type ThemedChart, uplinkChart } from './charts.ts';
import { STYLE } from './style.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
export const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
const percent = (fraction: number) => `${(100 * fraction).toFixed(1)} %`;
const grouped = (value: number) => value.toLocaleString('en-US');

export function figure(title: string, caption: string, chart: ThemedChart): string {
  return `<figure aria-label="${escaped(title)}"><h2>${escaped(title)}</h2>
<div class="light">${chart.light}</div><div class="dark">${chart.dark}</div>
<figcaption>${escaped(caption)}</figcaption></figure>`;
}

export const row = (cells: readonly string[]) =>
  `<tr>${cells.map((cell, i) => (i === 0 ? `<th scope="row">${cell}</th>` : `<td>${cell}</td>`)).join('')}</tr>`;

/** A column for each run: there are few runs and many figures. */
function comparison({ runs, config }: SimulateResult): string {
  const baseline = baselineOf(runs);
  const mean = (run: RunResult, of: (round: RunResult['rounds'][number]) => number) =>
    run.rounds.reduce((sum, round) => sum + of(round), 0) / run.rounds.length;
  const phases = PHASES.filter((phase) => runs.some((run) => mean(run, ({ seconds }) => seconds[phase]) > 0));
  const lines: readonly (readonly [string, (run: RunResult) => string])[] = [
    ['accuracy', (run) => `<strong>${percent(run.final.accuracy)}</strong>`],
    ['AUC', (run) => run.final.auc?.toFixed(3) ?? '–'],
    ...(config.attacker === null
      ? []
      : [
          ['attacker rejected', (run: RunResult) => rejectionsOf(run, config.attacker).attacker] as const,
          ['others rejected', (run: RunResult) => String(rejectionsOf(run, config.attacker).others)] as const,
        ]),
    ...(config.attack === 'all'
      ? [
          ['published system: rejected', (run: RunResult) => publishedFigure(run)?.rejected ?? '–'] as const,
          ['published system: accuracy', (run: RunResult) => publishedFigure(run)?.accuracy ?? '–'] as const,
        ]
      : []),
    ['seconds a round', (run) => meanRoundSeconds(run).toFixed(3)],
    ['× plain', (run) => (baseline ? (meanRoundSeconds(run) / meanRoundSeconds(baseline)).toFixed(2) : '–')],
    ...phases.map(
      (phase) =>
        [`${phase}, CPU s`, (run: RunResult) => mean(run, ({ seconds }) => seconds[phase]).toFixed(3)] as const,
    ),
    ['up, hospital and round', (run) => bytesText(meanBytesUp(run, config.clients))],
    ['of that proof', (run) => bytesText(mean(run, ({ proofBytes }) => proofBytes ?? 0) / config.clients)],
    ['coordinates encrypted', (run) => grouped(run.coverage.encrypted)],
    ['coordinates proven', (run) => grouped(run.coverage.proven)],
    ['coordinates in all', (run) => grouped(run.coverage.total)],
  ];
  const head = ['', ...runs.map((run) => escaped(labelOf(run)))];
  return `<div class="wide"><table class="figures"><thead><tr>${head.map((cell) => `<th scope="col">${cell}</th>`).join('')}</tr></thead>
<tbody>${lines.map(([name, of]) => row([escaped(name), ...runs.map(of)])).join('\n')}</tbody></table></div>`;
}

/** 1, 4–7 */
function ranges(rounds: readonly number[]): string {
  const spans: [number, number][] = [];
  for (const round of rounds) {
    const last = spans.at(-1);
    if (last && round === last[1] + 1) last[1] = round;
    else spans.push([round, round]);
  }
  return spans.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(', ');
}

/** A line for each client and kind of reason: reasons that differ in their figures alone are one kind. */
function rejections(runs: readonly RunResult[]): string {
  const rows = runs.flatMap((run) => {
    const kinds = new Map<string, { client: number; reason: string; rounds: number[] }>();
    for (const [i, { rejected }] of run.rounds.entries())
      for (const { client, reason } of rejected) {
        const kind = `${client} ${reason.replaceAll(/\d+/g, '0')}`;
        const seen = kinds.get(kind);
        if (seen) seen.rounds.push(i + 1);
        else kinds.set(kind, { client, reason, rounds: [i + 1] });
      }
    return [...kinds.values()].map(({ client, reason, rounds }) =>
      row([escaped(labelOf(run)), ranges(rounds), `hospital ${client}`, escaped(reason)]),
    );
  });
  if (rows.length === 0) return '<p>Nobody was rejected.</p>';
  return `<div class="wide"><table><thead><tr><th scope="col">run</th><th scope="col">rounds</th><th scope="col">who</th><th scope="col">why</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

function settings({ config }: SimulateResult): string {
  const dealt = config.alpha === null ? 'dealt evenly' : `Dirichlet ${config.alpha} by class`;
  const entries: readonly (readonly [string, string])[] = [
    ['data', `${config.dataset}, ${dealt}`],
    ['hospitals', config.hospitals.map(({ id, samples }) => `${id}: ${samples}`).join(', ')],
    ['model', `${config.model}, ${grouped(config.parameters)} parameters`],
    [
      'training',
      `${config.rounds} rounds, ${config.localEpochs} local epochs, ${config.optimizer} ${config.learningRate}, batch ${config.batchSize}`,
    ],
    ['norm bound τ', config.layerTau === null ? String(config.tau) : `${config.tau}, each layer ${config.layerTau}`],
    ['seed', String(config.seed)],
    [
      'attack',
      config.attacker === null
        ? 'none'
        : `${config.attack}: hospital ${config.attacker.client}, from round ${config.attacker.fromRound} on`,
    ],
  ];
  return `<dl>${entries.map(([term, text]) => `<dt>${escaped(term)}</dt><dd>${escaped(text)}</dd>`).join('')}</dl>`;
}

/** One file, no requests: styles, charts and figures are inside. */
export function renderReport(result: SimulateResult): string {
  const { runs, config } = result;
  const chosen = runs.some(({ rounds }) => rounds[0]?.validation !== undefined)
    ? 'Accuracy is on the test set, of the round with the least loss on validation data.'
    : 'Accuracy is on the test set after the last round.';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>zkfl: ${escaped(config.dataset)}, ${config.clients} hospitals × ${config.rounds} rounds</title>
<style>${STYLE}</style></head><body><main>
<header><p class="brand">zkfl ${escaped(version())}</p>
<h1>${config.clients} hospitals, ${config.rounds} rounds, one model</h1></header>
${settings(result)}
<section><h2>Protections side by side</h2>${comparison(result)}
<p class="note">${chosen} Seconds a round are wall time without evaluation; the phases are CPU seconds of all parties together.</p></section>
${figure('Accuracy', 'Test accuracy after each round.', accuracyChart(runs))}
${figure('Where the time goes', 'CPU seconds a round by phase, mean over the rounds.', phaseChart(runs))}
${figure('What goes up', 'Megabytes that one hospital sends in one round.', uplinkChart(runs, config.clients))}
<section><h2>Who was rejected, and why</h2>${rejections(runs)}</section>
</main></body></html>
`;
}
