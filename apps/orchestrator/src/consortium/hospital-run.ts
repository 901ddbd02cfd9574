import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ModelSpec, writeModelFiles } from '@zkfl/fl-core';
import { ZkflError } from '../errors.ts';
import { writeJson, writeWhole } from '../output.ts';
import { parseJsonBy, spoken, unspoken } from './encoding.ts';
import { type HospitalOutcome, HospitalParty } from './hospital.ts';
import { loadHospitalData } from './hospital-data.ts';
import { HospitalFolder } from './hospital-folder.ts';
import { generateParty, type Identity, readIdentity, writeIdentity } from './identity.ts';
import { type Invitation, invitationSchema } from './invitation.ts';
import { fetchStudy } from './link.ts';
import { ask, passphrase } from './passphrase.ts';
import { type SignedStudy, summariseStudy } from './study-file.ts';

export interface HospitalFlags {
  readonly invitation: string;
  readonly data?: string;
  readonly share?: boolean;
  readonly name?: string;
  readonly url?: string;
  readonly approve?: string;
  readonly roster?: string;
  readonly trustRoster?: boolean;
  readonly passphraseFile?: string;
  readonly json?: string;
}

async function readInvitation(path: string): Promise<Invitation> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ZkflError('config', `hospital: ${path}: cannot be read: want the invitation file`, { path }, cause);
  }
  return parseJsonBy(invitationSchema, text, { code: 'config', what: `hospital: ${path}` });
}

/** A fingerprint given beforehand, else a yes on the terminal. Throws `study` where it is another one. */
async function approves(given: string | undefined, digest: string, options: { what: string; flag: string }) {
  if (given !== undefined) {
    if (unspoken(given) === digest) return true;
    throw new ZkflError(
      'study',
      `${options.what}: fingerprint: got ${spoken(digest)}, want ${given} of ${options.flag}: do not go on before you know why`,
    );
  }
  const answer = await ask(`${options.what} ${spoken(digest)}: approve? (yes/no)`, {
    hidden: false,
    instead: `${options.flag} FINGERPRINT`,
  });
  return answer.trim().toLowerCase() === 'yes';
}

/** `zkfl hospital`: approvals, keys, the study itself, the model. */
export async function runHospital(directory: string, flags: HospitalFlags): Promise<void> {
  const invitation = await readInvitation(flags.invitation);
  const tell = (message: string) => process.stderr.write(`${new Date().toISOString()} ${message}\n`);
  const link = { url: flags.url ?? invitation.url, onRetry: (problem: string) => tell(`${problem}; trying again`) };
  const folder = await HospitalFolder.open(directory);
  try {
    const known = await folder.study();
    if (known !== null && known.id !== invitation.study)
      throw new ZkflError('study', `hospital: ${directory}: got the folder of another study, want one for each study`);
    const signed = known ?? (await fetchStudy({ ...link, study: invitation.study }));
    const share = flags.share ? invitation.hospital : null;
    const data = await loadHospitalData(signed.study, { path: flags.data ?? null, share });
    const phrase = await passphrase(flags.passphraseFile);
    if (known === null) {
      process.stderr.write(`${summariseStudy(signed, spoken)}\n`);
      if (!(await approves(flags.approve, signed.id, { what: 'study', flag: '--approve' })))
        throw new ZkflError('study', 'study: got no approval: nothing was trained or sent');
    }
    const identity = await openIdentity(folder.keyFile, flags.name ?? `hospital ${invitation.hospital}`, phrase);
    try {
      if (known === null) await folder.approve(signed);
      const desk = {
        tell,
        async approveRoster(roster: string, members: readonly { client: number; enrolment: { name: string } }[]) {
          const names = members.map(({ client, enrolment }) => `  ${client} ${enrolment.name}`).join('\n');
          tell(`the hospitals of this study:\n${names}\nroster fingerprint ${spoken(roster)}`);
          if (flags.trustRoster) {
            tell(
              'the roster was NOT compared with the other hospitals (--trust-roster): the coordinator is trusted for it',
            );
            return true;
          }
          return approves(flags.roster, roster, { what: 'roster', flag: '--roster' });
        },
      };
      const party = new HospitalParty({ folder, identity, signed, token: invitation.token, data, desk, link });
      const outcome = await party.run();
      await writeOutcome(directory, signed, outcome, flags.json);
    } finally {
      identity.wipe();
    }
  } finally {
    folder.close();
  }
}

async function openIdentity(path: string, name: string, phrase: string): Promise<Identity> {
  if (existsSync(path)) return readIdentity(path, phrase);
  const fresh = await generateParty(name);
  try {
    await writeIdentity(path, fresh, phrase);
    return fresh;
  } catch (error) {
    fresh.wipe();
    throw error;
  }
}

async function writeOutcome(
  directory: string,
  { study }: SignedStudy,
  { weights, state, head }: HospitalOutcome,
  json: string | undefined,
): Promise<void> {
  const files = await writeModelFiles({
    spec: study.model as ModelSpec,
    weights,
    preprocessing: study.data.preprocessing,
    classes: study.data.classes,
    dataset: study.data.name,
    run: head,
  });
  const model = join(directory, 'model');
  await writeWhole(join(model, 'weights.bin'), files.weightsBin);
  await writeWhole(join(model, 'model.json'), files.modelJson);
  process.stderr.write(`model written to ${model}; zkfl evaluate --model ${model} --data FILE uses it\n`);
  const { client, history } = state;
  if (json !== undefined) await writeJson(json, { client, model: state.model, audit: head, rounds: history });
}
