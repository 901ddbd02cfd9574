import type { Summary, TableRow } from '@zkfl/attacks';
import { escaped, figure, row } from '../report/report.ts';
import { STYLE } from '../report/style.ts';
import { curves, heatMap } from './charts.ts';
import { dataUri, gridPng, type PictureGrid } from './pictures.ts';
import type { MatrixResult } from './result.ts';

/** Attacks whose accuracy over the rounds is drawn. */
const CURVES = ['sign-flip', 'adaptive', 'label-flip'];

const percent = (summary: Summary | undefined): string =>
  summary === undefined ? '–' : `${(100 * summary.mean).toFixed(1)} ± ${(100 * summary.std).toFixed(1)}`;

/** `words`: cells hold sentences, which wrap and start at the left. */
const table = (head: readonly string[], body: readonly (readonly string[])[], words = false): string =>
  `<div class="wide"><table${words ? ' class="words"' : ''}><thead><tr>${head.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join('')}</tr></thead>
<tbody>${body.map((cells) => row(cells.map(escaped))).join('\n')}</tbody></table></div>`;

const section = (title: string, content: string): string => `<section><h2>${escaped(title)}</h2>${content}</section>`;

const yes = (holds: boolean): string => (holds ? 'yes' : 'NO');

/** One file, no requests: tables, curves, heat maps and pictures are inside. */
export function renderMatrixReport(result: MatrixResult, grid: PictureGrid | undefined): string {
  const { config, cells, controls, verdicts, policies, proofs, provenRuns, privacy } = result;
  const groups = [...new Set(result.table.map(({ data, partition }) => `${data}, ${partition}`))];
  const of = (rows: readonly TableRow[], group: string) => rows.filter((r) => `${r.data}, ${r.partition}` === group);
  const parts: string[] = [
    `<dl>${Object.entries({
      matrix: `${config.matrix}: ${cells.length} runs`,
      hospitals: `${config.clients}, ${Math.round(config.maliciousShare * config.clients)} of them malicious from round ${config.attackFrom} on`,
      seeds: config.seeds.join(', '),
      took: `${result.seconds.toFixed(0)} s on ${config.threads} threads`,
    })
      .map(([term, text]) => `<dt>${escaped(term)}</dt><dd>${escaped(text)}</dd>`)
      .join('')}</dl>`,
    section(
      'What holds',
      table(
        ['claim', 'holds', 'measured'],
        verdicts.map(({ claim, holds, detail }) => [claim, yes(holds), detail]),
        true,
      ),
    ),
  ];
  for (const group of groups) {
    const rows = of(result.table, group);
    if (rows.some((r) => r.drop !== undefined))
      parts.push(
        figure(
          `Accuracy lost: ${group}`,
          'Points below the undefended, attack-free run of the same seeds, mean.',
          heatMap(rows, 'drop'),
        ),
      );
    if (rows.some((r) => r.asr !== undefined && r.attack !== 'none'))
      parts.push(
        figure(
          `Success of backdoors: ${group}`,
          'Per cent of triggered samples of other classes that get the target; under “none” what an honest model does.',
          heatMap(rows, 'asr'),
        ),
      );
    for (const attack of CURVES) {
      const attacked = cells.filter((cell) => cell.attack === attack && `${cell.data}, ${cell.partition}` === group);
      if (attacked.length > 0)
        parts.push(
          figure(`${attack}: ${group}`, 'Test accuracy after each round, mean over the seeds.', curves(attacked)),
        );
    }
    parts.push(section(`All figures: ${group}`, allFigures(rows)));
  }
  parts.push(
    section(
      'Controls',
      `${table(
        ['attack', 'data', 'partition', 'won', 'measured', 'criterion'],
        controls.map((c) => [c.attack, c.data, c.partition, yes(c.won), c.measured.toFixed(3), c.criterion]),
      )}<p class="note">Each attack on the undefended target. One that does not win there shows nothing by failing elsewhere.</p>`,
    ),
    section(
      'What each policy tells the coordinator',
      table(
        ['policy', 'rule', 'reveals', 'first round'],
        policies.map((note) => [note.policy, note.rule, note.reveals, note.firstRound]),
        true,
      ),
    ),
  );
  if (proofs !== undefined)
    parts.push(
      section(
        'Integer predicate and real proofs',
        table(
          ['policy', 'message', 'predicate', 'proof', 'agree'],
          proofs.map((p) => [p.policy, p.message, p.predicate, p.proof, yes(p.agree)]),
          true,
        ),
      ),
    );
  if (provenRuns !== undefined)
    parts.push(
      section(
        'Runs decided by real proofs',
        table(
          ['policy', 'attack', 'messages', 'rejected', 'decided otherwise by the predicate', 'same model'],
          provenRuns.map((r) => [
            r.policy,
            r.attack,
            String(r.messages),
            String(r.rejected),
            String(r.disagreements),
            yes(r.sameAccuracy),
          ]),
        ),
      ),
    );
  if (privacy !== undefined) parts.push(privacySections(privacy, grid));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>zkfl attack: ${escaped(config.matrix)}, ${cells.length} runs</title>
<style>${STYLE}.words td,.words th{white-space:normal;text-align:left;vertical-align:top}img{max-width:100%;image-rendering:pixelated;background:#fff}</style></head><body><main>
<header><p class="brand">zkfl ${escaped(config.version)}</p>
<h1>Attacks and defences, side by side</h1></header>
${parts.join('\n')}
</main></body></html>
`;
}

function allFigures(rows: readonly TableRow[]): string {
  return table(
    [
      'attack',
      'defence',
      'accuracy %',
      'lost, points',
      'success %',
      'attackers rejected %',
      'honest rejected %',
      'rounds lost',
    ],
    rows.map((r) => [
      r.attack,
      r.defence,
      percent(r.accuracy),
      percent(r.drop),
      percent(r.asr),
      percent(r.tpr),
      percent(r.fpr),
      String(r.rejectedAll),
    ]),
  );
}

function privacySections(privacy: NonNullable<MatrixResult['privacy']>, grid: PictureGrid | undefined): string {
  const number = ({ mean, std }: Summary) => `${mean.toFixed(2)} ± ${std.toFixed(2)}`;
  const parts: string[] = [];
  if (privacy.inversion !== undefined)
    parts.push(
      section(
        'Inversion of a chest X-ray',
        table(
          ['view', 'method', 'SSIM', 'PSNR dB', 'SSIM of other patients', 'labels recovered'],
          privacy.inversion.map((r) => [
            r.view,
            r.method,
            number(r.ssim),
            number(r.psnr),
            number(r.otherPatient),
            `${(100 * r.labels).toFixed(0)} %`,
          ]),
        ),
      ),
    );
  else parts.push(section('Inversion of a chest X-ray', `<p>${escaped(privacy.inversionSkipped ?? 'not run')}</p>`));
  if (grid !== undefined)
    parts.push(
      section(
        grid.title,
        `<img alt="${escaped(grid.columns.join('; '))}" src="${dataUri(gridPng(grid))}"><p class="note">Columns: ${escaped(
          grid.columns.join(' · '),
        )}. A row is a patient.</p>`,
      ),
    );
  parts.push(
    section(
      'Membership inference',
      table(
        ['target', 'attack', 'AUC', 'found at 1 % false alarms'],
        privacy.membership.map((r) => [r.target, r.attack, r.auc.toFixed(3), r.tprAt1.toFixed(3)]),
      ),
    ),
    section(
      'Harvest now, decrypt later',
      table(
        ['wire', 'the eavesdropper later has', 'update recovered', 'control', 'χ²/df of the bytes'],
        privacy.harvest.map((r) => [
          r.protection,
          r.later,
          `${(100 * r.recovered).toFixed(1)} %`,
          r.control ? 'yes' : '',
          r.chiSquared.toFixed(2),
        ]),
      ),
    ),
  );
  return parts.join('\n');
}
