import { join } from 'node:path';
import type { Summary, TableRow } from '@zkfl/attacks';
import { writeJson, writeWhole } from '../output.ts';
import { gridPng, type PictureGrid } from './pictures.ts';
import type { MatrixConfig } from './plan.ts';
import type { MatrixResult } from './result.ts';

/** What a later run of the same command may differ by: other engines round differently, and noise of ties follows. */
export const TOLERANCE = { accuracy: 0.03, asr: 0.15, tpr: 0.1, fpr: 0.01 } as const;

/** The committed form of a result: everything but the single cells and the times. */
export type CommittedResult = Omit<MatrixResult, 'cells' | 'seconds'> & { readonly tolerance: typeof TOLERANCE };

/** `attack-small`, … */
export const resultName = ({ matrix }: Pick<MatrixConfig, 'matrix'>): string => `attack-${matrix}`;

/** Writes `NAME.json`, `NAME.md` and, where there are reconstructions, `NAME.png` into `folder`. */
export async function writeResults(folder: string, result: MatrixResult, grid: PictureGrid | undefined): Promise<void> {
  const { cells, seconds, ...rest } = result;
  const name = resultName(result.config);
  // The page quotes the rounded figures: it and the JSON then never differ.
  const committed: CommittedResult = rounded({ ...rest, tolerance: TOLERANCE });
  await writeJson(join(folder, `${name}.json`), committed);
  await writeWhole(join(folder, `${name}.md`), markdown(name, committed, grid !== undefined));
  if (grid !== undefined) await writeWhole(join(folder, `${name}.png`), gridPng(grid));
}

/** Numbers to four decimals: more is noise. */
function rounded<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => (typeof item === 'number' ? Number(item.toFixed(4)) : item)),
  ) as T;
}

const percent = (summary: Summary | undefined): string =>
  summary === undefined ? '–' : `${(100 * summary.mean).toFixed(1)} ± ${(100 * summary.std).toFixed(1)}`;
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], body: readonly (readonly string[])[]): string =>
  [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n');
const yes = (holds: boolean): string => (holds ? 'yes' : '**no**');

function markdown(name: string, result: CommittedResult, pictures: boolean): string {
  const { config, verdicts, controls, policies, proofs, provenRuns, privacy } = result;
  const parts = [
    `# ${name}`,
    `Written by \`zkfl attack --results\`; don't edit. Matrix \`${config.matrix}\`: ${config.attacks.length} attacks × ${config.defences.length} defences × ${config.datasets.join(', ')} × ${config.partitions.join(', ')} × seeds ${config.seeds.join(', ')}; ${config.clients} hospitals, ${Math.round(config.maliciousShare * config.clients)} malicious from round ${config.attackFrom} on. Mean ± standard deviation over the seeds.`,
    '## What holds',
    table(
      ['claim', 'holds', 'measured'],
      verdicts.map(({ claim, holds, detail }) => [claim, yes(holds), detail]),
    ),
  ];
  for (const group of new Set(result.table.map(({ data, partition }) => `${data}, ${partition}`))) {
    const rows = result.table.filter(({ data, partition }) => `${data}, ${partition}` === group);
    const matrix = (of: (row: TableRow) => string) => crossTable(rows, config.defences, of);
    parts.push(
      `## Accuracy %, ${group}`,
      matrix(({ accuracy }) => percent(accuracy)),
    );
    const backdoors = rows.filter(({ asr }) => asr !== undefined);
    if (backdoors.length > 0)
      parts.push(
        `## Success rate of backdoors %, ${group}`,
        crossTable(backdoors, config.defences, ({ asr }) => percent(asr)),
      );
    parts.push(
      `## Attackers rejected % / honest rejected %, ${group}`,
      matrix(
        ({ tpr, fpr }) =>
          `${tpr === undefined ? '–' : (100 * tpr.mean).toFixed(0)} / ${(100 * (fpr?.mean ?? 0)).toFixed(1)}`,
      ),
    );
  }
  parts.push(
    '## Controls',
    table(
      ['attack', 'data', 'partition', 'won undefended', 'measured', 'criterion'],
      controls.map((c) => [c.attack, c.data, c.partition, yes(c.won), c.measured.toFixed(3), c.criterion]),
    ),
    '## What each policy tells the coordinator',
    table(
      ['policy', 'rule', 'reveals', 'first round'],
      policies.map((note) => [note.policy, note.rule, note.reveals, note.firstRound]),
    ),
  );
  if (proofs !== undefined)
    parts.push(
      '## Integer predicate and real proofs',
      table(
        ['policy', 'message', 'predicate', 'proof', 'agree'],
        proofs.map((p) => [p.policy, p.message, p.predicate, p.proof, yes(p.agree)]),
      ),
    );
  if (provenRuns !== undefined)
    parts.push(
      '## Runs decided by real proofs',
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
    );
  if (privacy !== undefined) parts.push(...privacyParts(privacy));
  if (pictures) parts.push('## Reconstructions', `![a row a patient](${name}.png)`);
  return `${parts.join('\n\n')}\n`;
}

function crossTable(rows: readonly TableRow[], defences: readonly string[], of: (row: TableRow) => string): string {
  const attacks = [...new Set(rows.map(({ attack }) => attack))];
  return table(
    ['attack', ...defences],
    attacks.map((attack) => [
      attack,
      ...defences.map((defence) => {
        const found = rows.find((row) => row.attack === attack && row.defence === defence);
        return found === undefined ? '–' : of(found);
      }),
    ]),
  );
}

function privacyParts({
  inversion,
  inversionSkipped,
  membership,
  harvest,
}: NonNullable<MatrixResult['privacy']>): string[] {
  const number = ({ mean, std }: Summary) => `${mean.toFixed(2)} ± ${std.toFixed(2)}`;
  return [
    '## Inversion of a chest X-ray',
    inversion === undefined
      ? (inversionSkipped ?? '')
      : table(
          ['view', 'method', 'SSIM', 'PSNR dB', 'SSIM of other patients', 'labels recovered'],
          inversion.map((r) => [
            r.view,
            r.method,
            number(r.ssim),
            number(r.psnr),
            number(r.otherPatient),
            `${(100 * r.labels).toFixed(0)} %`,
          ]),
        ),
    '## Membership inference',
    table(
      ['target', 'attack', 'AUC', 'TPR at 1 % FPR'],
      membership.map((r) => [r.target, r.attack, r.auc.toFixed(3), r.tprAt1.toFixed(3)]),
    ),
    '## Harvest now, decrypt later',
    table(
      ['wire', 'the eavesdropper later has', 'update recovered', 'control'],
      harvest.map((r) => [r.protection, r.later, `${(100 * r.recovered).toFixed(1)} %`, r.control ? 'yes' : '']),
    ),
  ];
}
