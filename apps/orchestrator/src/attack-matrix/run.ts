import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { CellResult } from '@zkfl/attacks';
import { type SplitDataset, WDBC_MLP } from '@zkfl/fl-core';
import CliTable from 'cli-table3';
import { writeJson, writeWhole } from '../output.ts';
import { createProgress, type Progress, paints } from '../terminal.ts';
import { version } from '../version.ts';
import { proveAgreement, proveRuns } from './agreement.ts';
import { measureHarvest } from './harvest.ts';
import { measureInversion, STEPS_A_TRIAL } from './inversion.ts';
import { type Journal, openJournal } from './journal.ts';
import type { CellRequest } from './matrix-worker.ts';
import { measureMembership } from './membership.ts';
import { gridPng, type PictureGrid } from './pictures.ts';
import { cellKey, cellsOf, type MatrixConfig } from './plan.ts';
import { runCells } from './pool.ts';
import { renderMatrixReport } from './report.ts';
import { csvOf, judgeMatrix, type MatrixResult, type PrivacyResult, policyNotes } from './result.ts';
import { writeResults } from './results-folder.ts';
import { loadSplit } from './workloads.ts';

export interface MatrixOutputs {
  /** Of pneumoniamnist.npz, where cells or inversion need it. */
  readonly data?: string | undefined;
  readonly json?: string | undefined;
  readonly csv?: string | undefined;
  readonly report?: string | undefined;
  /** A PNG of the reconstructions. */
  readonly pictures?: string | undefined;
  /** A folder for the tables that the documents quote. */
  readonly results?: string | undefined;
  readonly journal?: string | undefined;
  readonly threads?: number | undefined;
  readonly privacy: boolean;
  readonly proofs: boolean;
  readonly quiet: boolean;
}

/** Runs what is missing of a matrix, measures privacy, writes the outputs and prints the table. */
export async function runMatrix(config: MatrixConfig, outputs: MatrixOutputs): Promise<MatrixResult> {
  const started = performance.now();
  const threads = outputs.threads ?? availableParallelism();
  const progress = createProgress({ quiet: outputs.quiet });
  // Before an hour of cells: is the file there?
  for (const data of config.datasets) await loadSplit(data, outputs.data, config.seeds[0] ?? 1);
  const { cells, journal } = await runOrResume(config, outputs, threads, progress);
  const proven = outputs.proofs ? { proofs: await proveAgreement(), provenRuns: await proveRuns() } : {};
  const measured = outputs.privacy ? await measurePrivacy(outputs, config.matrix === 'small', progress) : undefined;
  const result: MatrixResult = {
    config: { ...config, version: version(), threads },
    cells,
    ...judgeMatrix(cells),
    policies: policyNotes(config.defences),
    ...proven,
    ...(measured === undefined ? {} : { privacy: measured.result }),
    seconds: (performance.now() - started) / 1000,
  };
  if (outputs.json !== undefined) await writeJson(outputs.json, result);
  if (outputs.csv !== undefined) await writeWhole(outputs.csv, csvOf(cells));
  if (outputs.report !== undefined) await writeWhole(outputs.report, renderMatrixReport(result, measured?.grid));
  if (outputs.results !== undefined) await writeResults(outputs.results, result, measured?.grid);
  if (outputs.pictures !== undefined && measured?.grid !== undefined)
    await writeWhole(outputs.pictures, gridPng(measured.grid));
  // Only now: whoever stops the measurements after the cells keeps the cells.
  await journal.remove();
  (outputs.json === '-' ? process.stderr : process.stdout).write(`${renderMatrix(result)}\n`);
  return result;
}

/** Every cell with what its worker has to load; `data`: path of pneumoniamnist.npz. */
export function requestsOf(config: MatrixConfig, data: string | undefined): CellRequest[] {
  const { clients, rounds, datasets } = config;
  return cellsOf(config).map((cell) => {
    const name = datasets.find((candidate) => candidate === cell.data)!;
    const path = name === 'pneumoniamnist' ? data : undefined;
    return { cell, workload: { data: name, path, seed: cell.seed, clients, rounds } };
  });
}

async function runOrResume(
  config: MatrixConfig,
  outputs: MatrixOutputs,
  threads: number,
  progress: Progress,
): Promise<{ readonly cells: readonly CellResult[]; readonly journal: Journal }> {
  const all = cellsOf(config);
  const beside = outputs.json === undefined || outputs.json === '-' ? undefined : `${outputs.json}.journal`;
  const path = outputs.journal ?? beside;
  const journal = await openJournal(path === undefined ? undefined : resolve(path), config);
  const finished = new Map(journal.done);
  progress.start('attack', all.length);
  if (finished.size > 0) progress.step(finished.size, 'resumed');
  const requests = requestsOf(config, outputs.data).filter(({ cell }) => !finished.has(cellKey(cell)));
  try {
    await runCells(requests, threads, async (result) => {
      finished.set(cellKey(result), result);
      await journal.append(result);
      progress.step(finished.size, `${result.attack} against ${result.defence}, ${result.partition}`);
    });
  } finally {
    progress.stop();
  }
  return { cells: all.map((cell) => finished.get(cellKey(cell))!), journal };
}

async function measurePrivacy(
  outputs: MatrixOutputs,
  small: boolean,
  progress: Progress,
): Promise<{ readonly result: PrivacyResult; readonly grid?: PictureGrid }> {
  const wdbc = await loadSplit('wdbc', undefined, 1);
  const membership = await measureMembership({ data: wdbc.train, spec: WDBC_MLP, seed: 1 });
  const harvest = await measureHarvest();
  if (outputs.data === undefined) {
    const inversionSkipped = 'skipped: needs chest X-rays, --data pneumoniamnist.npz';
    return { result: { membership, harvest, inversionSkipped } };
  }
  const xrays: SplitDataset = await loadSplit('pneumoniamnist', outputs.data, 1);
  const trials = small ? 1 : 5;
  progress.start('inversion', trials * STEPS_A_TRIAL);
  try {
    const { rows, grid } = await measureInversion({
      data: xrays.train,
      trials,
      iterations: small ? 200 : 400,
      onStep: (done, _total, note) => progress.step(done, note),
    });
    return { result: { inversion: rows, membership, harvest }, grid };
  } finally {
    progress.stop();
  }
}

/** Per data set and partition: what each attack costs under each defence; then what holds. */
function renderMatrix({ table, verdicts, controls, proofs, provenRuns, privacy }: MatrixResult): string {
  const paint = paints(process.stdout);
  const parts: string[] = [];
  for (const group of [...new Set(table.map(({ data, partition }) => `${data}, ${partition}`))]) {
    const rows = table.filter(({ data, partition }) => `${data}, ${partition}` === group);
    const defences = [...new Set(rows.map(({ defence }) => defence))];
    const lines = new CliTable({ head: ['attack', ...defences], style: { head: [], border: [] } });
    for (const attack of new Set(rows.map((r) => r.attack)))
      lines.push([
        attack,
        ...defences.map((defence) => {
          const found = rows.find((r) => r.attack === attack && r.defence === defence);
          if (found === undefined) return '–';
          const asr = found.asr === undefined || attack === 'none' ? '' : ` asr ${(100 * found.asr.mean).toFixed(0)}`;
          return `${(100 * found.accuracy.mean).toFixed(1)} ± ${(100 * found.accuracy.std).toFixed(1)}${asr}`;
        }),
      ]);
    parts.push(paint.bold(`accuracy %, ${group}`), lines.toString());
  }
  const mark = (holds: boolean) => (holds ? paint.green('holds') : paint.red('FAILS'));
  for (const { claim, holds, detail } of verdicts) parts.push(`${mark(holds)}  ${claim}: ${detail}`);
  const lost = controls.filter(({ won }) => !won);
  if (lost.length > 0)
    parts.push(
      `control not won (the attack shows nothing there): ${lost.map((c) => `${c.attack} on ${c.data}, ${c.partition}`).join('; ')}`,
    );
  if (proofs !== undefined) {
    const agreeing = proofs.filter(({ agree }) => agree).length;
    parts.push(
      `${mark(agreeing === proofs.length)}  real proofs and integer predicates agree: ${agreeing} of ${proofs.length}`,
    );
  }
  for (const { policy, attack, messages, rejected, disagreements, sameAccuracy } of provenRuns ?? [])
    parts.push(
      `${mark(disagreements === 0 && sameAccuracy)}  a run decided by real proofs, ${attack} against ${policy}: ${messages} messages, ${rejected} rejected, ${disagreements} decided otherwise by the predicate`,
    );
  for (const { view, method, ssim, otherPatient } of privacy?.inversion ?? [])
    parts.push(
      `inversion  ${view.padEnd(24)}${method.padEnd(21)}SSIM ${ssim.mean.toFixed(2)} ± ${ssim.std.toFixed(2)} (another patient ${otherPatient.mean.toFixed(2)})`,
    );
  if (privacy?.inversionSkipped !== undefined) parts.push(`inversion  ${privacy.inversionSkipped}`);
  for (const { target, attack, auc, tprAt1 } of privacy?.membership ?? [])
    parts.push(`membership ${target}, ${attack}: AUC ${auc.toFixed(3)}, TPR at 1 % FPR ${tprAt1.toFixed(3)}`);
  for (const { protection, later, recovered, control } of privacy?.harvest ?? [])
    parts.push(
      `harvest    ${protection}, ${later}: ${(100 * recovered).toFixed(1)} % recovered${control ? ' (control)' : ''}`,
    );
  return parts.join('\n');
}
