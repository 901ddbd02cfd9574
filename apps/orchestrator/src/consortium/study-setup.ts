import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ZkflError } from '../errors.ts';
import { writeJson } from '../output.ts';
import { type DemoData, draftDemo, readDraft, studyOf } from './draft.ts';
import { canonicalText, spoken, toBase64 } from './encoding.ts';
import { generateParty, writeIdentity } from './identity.ts';
import type { Invitation } from './invitation.ts';
import { passphrase } from './passphrase.ts';
import { Store } from './store.ts';
import { type SignedStudy, signStudy, summariseStudy } from './study-file.ts';
import { tokenHash } from './tokens.ts';

export interface InitFlags {
  readonly dataset?: DemoData;
  readonly config?: string;
  readonly name?: string;
  readonly hospitals?: number;
  readonly rounds?: number;
  readonly seed?: number;
  readonly tau?: number;
  readonly protection?: 'full' | 'kem+he';
  readonly deadline?: number;
  readonly cohort?: number;
  readonly url: string;
  readonly passphraseFile?: string;
  readonly json?: string;
}

async function writeInvitations(folder: string, signed: SignedStudy, url: string, store: Store): Promise<void> {
  const invitations = join(folder, 'invitations');
  await mkdir(invitations, { mode: 0o700 });
  for (let hospital = 0; hospital < signed.study.hospitals; hospital += 1) {
    const token = toBase64(randomBytes(32));
    store.addToken(tokenHash(token), hospital);
    const invitation: Invitation = { version: 1, url, study: signed.id, hospital, token };
    await writeFile(join(invitations, `hospital-${hospital}.json`), `${canonicalText(invitation)}\n`, { mode: 0o600 });
  }
}

async function requireNew(directory: string): Promise<void> {
  const there = await readdir(directory).catch(() => []);
  if (there.length > 0)
    throw new ZkflError('output', `init: ${directory}: got a folder that is not empty, want a new one`, { directory });
}

/** Makes a coordinator's folder, whole or not at all. Throws `usage`, `config`, `output`, `identity`, `study`. */
export async function setUpStudy(directory: string, flags: InitFlags): Promise<void> {
  if ((flags.dataset === undefined) === (flags.config === undefined))
    throw new ZkflError('usage', 'init: got both or neither of --dataset and --config, want one');
  await requireNew(directory);
  const { deadline: deadlineSeconds, cohort: cohortMinimum, dataset } = flags;
  const draft =
    flags.config === undefined
      ? await draftDemo({ ...flags, dataset: dataset!, deadlineSeconds, cohortMinimum })
      : await readDraft(flags.config);
  const phrase = await passphrase(flags.passphraseFile);
  const coordinator = await generateParty('coordinator');
  const partial = `${resolve(directory)}.${process.pid}.partial`;
  try {
    const signed = await signStudy(studyOf(draft, coordinator, new Date()), coordinator);
    await mkdir(partial, { recursive: true, mode: 0o700 });
    await writeIdentity(join(partial, 'coordinator.key'), coordinator, phrase);
    await writeFile(join(partial, 'study.json'), `${signed.text}\n`);
    const store = await Store.open(partial, { exclusive: false });
    try {
      store.transaction(() => {});
      await writeInvitations(partial, signed, flags.url, store);
    } finally {
      store.close();
    }
    await rm(directory, { recursive: true, force: true });
    await rename(partial, directory);
    report(directory, signed);
    if (flags.json !== undefined)
      await writeJson(flags.json, { directory: resolve(directory), study: signed.id, hospitals: draft.hospitals });
  } finally {
    coordinator.wipe();
    await rm(partial, { recursive: true, force: true });
  }
}

function report(directory: string, signed: SignedStudy): void {
  process.stderr.write(`${summariseStudy(signed, spoken)}

Written to ${directory}. Give each hospital its own file of ${join(directory, 'invitations')} on a way that nobody else
reads, and read it the fingerprint over the telephone. Then: zkfl coordinator ${directory}
`);
}
