import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ZkflError } from '../errors.ts';
import { writeJson } from '../output.ts';
import { exportBundle } from './audit-bundle.ts';
import { verifyBundle } from './audit-verify.ts';
import { spoken, unspoken } from './encoding.ts';
import { Store } from './store.ts';
import { WorkThreads } from './work-threads.ts';

export interface ExportFlags {
  readonly out: string;
  readonly digests?: boolean;
}

/** `zkfl audit export`: also while the coordinator runs. */
export async function runExport(directory: string, { out, digests }: ExportFlags): Promise<void> {
  if (!existsSync(join(directory, 'study.db')))
    throw new ZkflError('audit', `audit: ${directory}: got a folder without study.db, want a coordinator's`, {
      directory,
    });
  const store = await Store.open(directory, { exclusive: false });
  try {
    const kind = digests ? 'digests' : 'ciphertexts';
    const bundle = await exportBundle(store, out, kind);
    const whom = digests
      ? 'digests only: for hospitals too'
      : 'with every ciphertext: ONLY for an auditor who does not hold the hospitals’ key. Hospitals get one with --digests';
    process.stderr.write(`${out}: ${bundle.entries} log entries (${whom})\nhead ${spoken(bundle.head)}\n`);
  } finally {
    store.close();
  }
}

export interface VerifyFlags {
  readonly study?: string;
  readonly head?: string;
  readonly json?: string;
}

/** `zkfl audit verify`: prints what was re-checked; throws `audit` with every finding. */
export async function runVerify(directory: string, { study, head, json }: VerifyFlags): Promise<void> {
  const report = await verifyBundle({
    directory,
    study: study === undefined ? undefined : unspoken(study),
    head: head === undefined ? undefined : unspoken(head),
    work: () => new WorkThreads(),
  });
  if (json !== undefined) await writeJson(json, report);
  if (!report.ok)
    throw new ZkflError(
      'audit',
      `audit: ${directory}: ${report.findings.length} findings\n${report.findings.map(({ where, problem }) => `  ${where}: ${problem}`).join('\n')}`,
    );
  if (json === '-') return;
  const { signatures, proofs, sums, rounds } = report.checked;
  const without = report.kind === 'digests' ? '; no ciphertexts here: proofs and sums were NOT re-checked' : '';
  process.stdout.write(
    `${directory}: as it was written. ${report.entries} log entries, ${rounds} rounds, ${signatures} signatures, ${proofs} proofs, ${sums} sums re-checked${without}\nstudy ${spoken(report.study)}: ${report.status}\nmodel ${report.model ?? 'none'}\nhead  ${spoken(report.head)}\n${study === undefined ? 'The study’s fingerprint was not given (--study): compare it with one that you got elsewhere.\n' : ''}`,
  );
}
