import { verify } from '@zkfl/kem';
import { ZkflError } from '../errors.ts';
import { acceptedListOf } from '../simulate/wire.ts';
import { checkEntry, checkEntrySignature, entryHash, type SignedEntry } from './audit-log.ts';
import { ACCEPTED, UPDATE } from './domains.ts';
import { fromBase64 } from './encoding.ts';
import type { Member } from './enrolment.ts';
import { type Framed, type Reply, updateBytes } from './protocol.ts';
import type { SignedStudy } from './study-file.ts';

const broken = (message: string) => new ZkflError('protocol', message);

/** Throws `protocol` where `client` is not on the approved roster. */
export function signatureKeyOf(members: readonly Member[], client: number): Uint8Array {
  const member = members.find((candidate) => candidate.client === client);
  if (member === undefined) throw broken(`roster: hospital ${client}: got one that is not on it`);
  return fromBase64(member.enrolment.signatureKey);
}

/**
 * What a hospital demands of a sum before it decrypts it: enough accepted hospitals, each once and by its own signature,
 * the coordinator's signature over list and sum, its own update as it sent it. Throws `protocol`.
 */
export async function checkAcceptedList(options: {
  readonly signed: SignedStudy;
  readonly members: readonly Member[];
  readonly round: number;
  /** digest of the sum that was received */
  readonly sum: string;
  readonly message: Extract<Reply, { type: 'sum' }>;
  readonly own: { readonly client: number; readonly sent: string | null; readonly accepted: boolean };
}): Promise<void> {
  const { signed, members, round, sum, message, own } = options;
  const { accepted } = message;
  const { cohortMinimum } = signed.study.policy;
  const what = `round ${round}: accepted list`;
  if (accepted.length < cohortMinimum)
    throw broken(`${what}: got ${accepted.length} updates, want ≥ ${cohortMinimum}: a smaller sum says too much`);
  for (const key of ['client', 'digest'] as const)
    if (new Set(accepted.map((entry) => entry[key])).size !== accepted.length)
      throw broken(`${what}: ${key}: got one twice, want each once`);
  const list = accepted.map(({ client, digest }) => ({ client, digest }));
  const verdict = await verify({
    publicKey: fromBase64(signed.study.coordinator.signatureKey),
    message: acceptedListOf({ study: signed.id, round, accepted: list, sum }),
    signature: fromBase64(message.signature),
    context: ACCEPTED,
  });
  if (!verdict.ok) throw broken(`${what}: signature: got one that is not the coordinator’s over this list and sum`);
  for (const { client, digest, signature } of accepted) {
    const signedBy = await verify({
      publicKey: signatureKeyOf(members, client),
      message: updateBytes(signed.id, round, client, digest),
      signature: fromBase64(signature),
      context: UPDATE,
    });
    if (!signedBy.ok) throw broken(`${what}: hospital ${client}: got an update that it did not sign`);
  }
  const listed = accepted.find(({ client }) => client === own.client);
  if (listed !== undefined && listed.digest !== own.sent)
    throw broken(`${what}: own update: got ${listed.digest}, want ${own.sent ?? 'none: nothing was sent'}`);
  if (listed === undefined && own.accepted)
    throw broken(`${what}: own update: got a list without it, want it: the coordinator had accepted it`);
}

/**
 * Reads the whole log page by page: its chain, and the coordinator's signature at its end, which covers all before it.
 * Returns the model of every applied round. Throws `audit`, `protocol`.
 */
export async function readLogOf(
  { study, id }: SignedStudy,
  page: (from: number) => Promise<Framed<Extract<Reply, { type: 'audit' }>>>,
): Promise<{ readonly head: string; readonly models: ReadonlyMap<number, string> }> {
  const models = new Map<number, string>();
  let last: SignedEntry | null = null;
  for (let from: number | null = 0; from !== null; ) {
    const { message }: Awaited<ReturnType<typeof page>> = await page(from);
    for (const { entry, signature } of message.entries) {
      const next: SignedEntry = { entry, signature, hash: entryHash(entry) };
      checkEntry({ study: id, before: last, next });
      last = next;
      if (entry.event.type === 'applied') models.set(entry.event.round, entry.event.model);
    }
    from = message.next;
  }
  if (last === null) throw broken('audit: log: got an empty one');
  await checkEntrySignature(last, fromBase64(study.coordinator.signatureKey));
  return { head: last.hash, models };
}
