import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, ZkflError } from '../errors.ts';
import { digestOf } from '../simulate/bytes.ts';
import { BUNDLE_FILES, type Bundle, blobsOf, bundleSchema } from './audit-bundle.ts';
import { checkEntry, checkEntrySignature, readEntryLine, type SignedEntry } from './audit-log.ts';
import { Replay } from './audit-replay.ts';
import { canonicalText, fromBase64, parseJsonBy } from './encoding.ts';
import { policyOf, readStudy, type SignedStudy } from './study-file.ts';
import type { WorkQueue } from './work.ts';
import { createWork } from './work-run.ts';

/** One thing that is not as it should be, and where: a file of the bundle, or a line of its log. */
export interface Finding {
  readonly where: string;
  readonly problem: string;
}

export interface AuditReport {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  readonly study: string;
  readonly kind: Bundle['kind'];
  readonly head: string;
  readonly entries: number;
  /** what was checked again */
  readonly checked: {
    readonly signatures: number;
    readonly proofs: number;
    readonly sums: number;
    readonly rounds: number;
  };
  /** `finished`, or where the log ends */
  readonly status: string;
  readonly model: string | null;
}

export interface AuditOptions {
  readonly directory: string;
  /** the study's fingerprint as the auditor knows it; else the bundle's own is believed */
  readonly study?: string | undefined;
  /** the head that hospitals or the coordinator named: shows a log that was cut short */
  readonly head?: string | undefined;
  readonly work: () => WorkQueue;
}

async function text(directory: string, name: string): Promise<string> {
  try {
    return await readFile(join(directory, name), 'utf8');
  } catch (cause) {
    throw new ZkflError(
      'audit',
      `audit: ${name}: cannot be read: want a bundle that zkfl audit export wrote`,
      {},
      cause,
    );
  }
}

/** Re-checks a bundle with nobody's keys. Findings name every file or log line that is not as it was written. */
export async function verifyBundle(options: AuditOptions): Promise<AuditReport> {
  const { directory } = options;
  const findings: Finding[] = [];
  const note = (where: string, error: unknown) =>
    findings.push({ where, problem: typeof error === 'string' ? error : describeError(error) });
  const study = await readStudy(await text(directory, BUNDLE_FILES.study)).catch((error) => {
    note(BUNDLE_FILES.study, error);
    return null;
  });
  const bundleText = await text(directory, BUNDLE_FILES.bundle);
  const bundle = attempt(
    () => parseJsonBy(bundleSchema, bundleText, { code: 'audit', what: BUNDLE_FILES.bundle }),
    (error) => note(BUNDLE_FILES.bundle, error),
  );
  if (study === null || bundle === null) return failed(findings, study, bundle);
  if (`${canonicalText(bundle)}\n` !== bundleText) note(BUNDLE_FILES.bundle, 'encoding: got another spelling');
  if (bundle.study !== study.id) note(BUNDLE_FILES.bundle, `study: got ${bundle.study}, want ${study.id}`);
  if (options.study !== undefined && options.study !== study.id)
    note(BUNDLE_FILES.study, `fingerprint: got ${study.id}, want ${options.study}`);

  const entries = await readLog(await text(directory, BUNDLE_FILES.log), study, note);
  const head = entries?.at(-1)?.hash ?? '';
  if (entries !== null) {
    if (bundle.head !== head) note(BUNDLE_FILES.bundle, `head: got ${bundle.head}, want ${head} of the log`);
    if (bundle.entries !== entries.length)
      note(BUNDLE_FILES.bundle, `entries: got ${bundle.entries}, want ${entries.length} of the log`);
    if (options.head !== undefined && !entries.some(({ hash }) => hash === options.head))
      note(BUNDLE_FILES.log, `head: got a log without ${options.head}: it was cut short, or there are two`);
    await checkBlobs(directory, bundle, entries, note);
  }
  const replay = new Replay(study);
  let proofs = 0;
  let sums = 0;
  if (
    entries !== null &&
    (await replayed(replay, entries, note)) &&
    bundle.kind === 'ciphertexts' &&
    findings.length === 0
  ) {
    proofs = await repeatProofs(options, study, replay, note);
    sums = await repeatSums(directory, study, replay, note);
  }
  const state = replay.state;
  return {
    ok: findings.length === 0,
    findings,
    study: study.id,
    kind: bundle.kind,
    head,
    entries: entries?.length ?? 0,
    // Of the study, of each entry, and of what hospitals and coordinator signed inside them.
    checked: {
      signatures: 1 + (entries?.length ?? 0) + replay.signatures,
      proofs,
      sums,
      rounds: state?.history.length ?? 0,
    },
    status:
      state === null ? 'before the first round' : `${state.phase.is} in round ${state.round} of ${state.plan.rounds}`,
    model: state?.model ?? null,
  };
}

function attempt<T>(work: () => T, failed: (error: unknown) => void): T | null {
  try {
    return work();
  } catch (error) {
    failed(error);
    return null;
  }
}

function failed(findings: readonly Finding[], study: SignedStudy | null, bundle: Bundle | null): AuditReport {
  return {
    ok: false,
    findings,
    study: study?.id ?? '',
    kind: bundle?.kind ?? 'digests',
    head: bundle?.head ?? '',
    entries: 0,
    checked: { signatures: 0, proofs: 0, sums: 0, rounds: 0 },
    status: 'unknown',
    model: null,
  };
}

type Note = (where: string, error: unknown) => void;

/** Every line by itself, then as a chain. Null where one is not as the coordinator signed it. */
async function readLog(log: string, study: SignedStudy, note: Note): Promise<SignedEntry[] | null> {
  const publicKey = fromBase64(study.study.coordinator.signatureKey);
  const lines = log.split('\n');
  if (lines.pop() !== '') note(BUNDLE_FILES.log, 'end: got no line break, want one');
  const entries: SignedEntry[] = [];
  let before: SignedEntry | null = null;
  let broken = false;
  for (const [i, line] of lines.entries()) {
    const where = `${BUNDLE_FILES.log} line ${i + 1}`;
    try {
      const next = readEntryLine(line, where);
      await checkEntrySignature(next, publicKey);
      if (i === 0 || before !== null) checkEntry({ study: study.id, before, next });
      entries.push(next);
      before = next;
    } catch (error) {
      note(where, error);
      broken = true;
      // The line after a changed one is judged by its own signature.
      before = null;
    }
  }
  if (lines.length === 0) note(BUNDLE_FILES.log, 'log: got an empty one');
  return broken || entries.length === 0 ? null : entries;
}

async function checkBlobs(
  directory: string,
  { kind }: Bundle,
  entries: readonly SignedEntry[],
  note: Note,
): Promise<void> {
  const folder = join(directory, BUNDLE_FILES.blobs);
  const wanted = new Set(entries.flatMap(({ entry }) => blobsOf(entry, kind)));
  for (const name of await readdir(folder).catch(() => [] as string[]))
    if (!wanted.has(name)) note(`${BUNDLE_FILES.blobs}/${name}`, 'got a file that the log does not name');
  for (const name of await readdir(directory))
    if (!Object.values<string>(BUNDLE_FILES).includes(name)) note(name, 'got a file that is not of a bundle');
  for (const name of wanted) {
    const where = `${BUNDLE_FILES.blobs}/${name}`;
    try {
      if (digestOf(await readFile(join(folder, name))) !== name) note(where, 'got other bytes than its name’s digest');
    } catch {
      note(where, 'cannot be read');
    }
  }
}

async function replayed(replay: Replay, entries: readonly SignedEntry[], note: Note): Promise<boolean> {
  for (const { entry } of entries)
    try {
      await replay.take(entry.seq, entry.event);
    } catch (error) {
      note(`${BUNDLE_FILES.log} line ${entry.seq + 1}`, error);
      return false;
    }
  return true;
}

const setupOf = (directory: string, { study }: SignedStudy, publicKey: string) => ({
  blobs: join(directory, BUNDLE_FILES.blobs),
  policy: policyOf(study),
  proofs: study.policy.protection === 'full',
  publicKey,
});

async function repeatProofs(
  { directory, work }: AuditOptions,
  study: SignedStudy,
  replay: Replay,
  note: Note,
): Promise<number> {
  if (replay.publicKey === null || replay.proofs.length === 0) return 0;
  const queue = work();
  try {
    queue.setup(setupOf(directory, study, replay.publicKey));
    await Promise.all(
      replay.proofs.map(async ({ seq, job, accepted }) => {
        const { ok, reason } = await queue.verify(job);
        if (ok === accepted) return;
        const said = accepted ? `accepted, but ${reason}` : 'rejected, but it is right';
        note(`${BUNDLE_FILES.log} line ${seq + 1}`, `update ${job.digest} of hospital ${job.client}: ${said}`);
      }),
    );
  } finally {
    await queue.close();
  }
  return replay.proofs.length;
}

async function repeatSums(directory: string, study: SignedStudy, replay: Replay, note: Note): Promise<number> {
  if (replay.publicKey === null) return 0;
  const { addUp } = await createWork(setupOf(directory, study, replay.publicKey));
  for (const { seq, sum, updates } of replay.sums) {
    const again = digestOf(await addUp(updates));
    if (again !== sum) note(`${BUNDLE_FILES.log} line ${seq + 1}`, `sum: got ${sum}, want ${again} of its updates`);
  }
  return replay.sums.length;
}
