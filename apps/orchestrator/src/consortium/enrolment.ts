import { bytesToHex } from '@noble/hashes/utils.js';
import { sign, verify } from '@zkfl/kem';
import { z } from 'zod';
import { ZkflError } from '../errors.ts';
import { ENROLMENT, ROSTER } from './domains.ts';
import { base64, canonicalBytes, digest, fromBase64, sha3Hex, toBase64 } from './encoding.ts';
import type { Identity } from './identity.ts';

/** A one-time token: 32 random bytes, base64. */
export const tokenSchema = base64(32);

/** What a hospital asks to be known by. */
export const enrolmentSchema = z.strictObject({
  version: z.literal(1),
  study: digest,
  name: z.string().min(1).max(200),
  channelKey: base64(1216),
  channelFingerprint: digest,
  signatureKey: base64(1952),
  /** ML-DSA-65 over the fields above: who enrols holds the key */
  signature: base64(3309),
});
export type Enrolment = z.infer<typeof enrolmentSchema>;

/** Sealed to the coordinator's channel key. */
export const enrolmentRequestSchema = z.strictObject({ token: tokenSchema, enrolment: enrolmentSchema });
export type EnrolmentRequest = z.infer<typeof enrolmentRequestSchema>;

/** The coordinator's answer; signed over the canonical JSON of the rest. */
export const enrolledSchema = z.strictObject({
  version: z.literal(1),
  study: digest,
  client: z.number().int().min(0).max(499),
  /** SHA3-256 of the enrolment */
  enrolment: digest,
  signature: base64(3309),
});

/** One line of the roster. */
export const memberSchema = z.strictObject({ client: z.number().int().min(0).max(499), enrolment: enrolmentSchema });
export type Member = z.infer<typeof memberSchema>;

const signedPart = ({ signature: _, ...rest }: Enrolment): Uint8Array => canonicalBytes(rest);

export async function createEnrolment(identity: Identity, study: string): Promise<Enrolment> {
  const unsigned: Enrolment = {
    version: 1,
    study,
    name: identity.name,
    channelKey: toBase64(identity.channel.publicKey),
    channelFingerprint: bytesToHex(identity.channel.fingerprint),
    signatureKey: toBase64(identity.signature.publicKey),
    signature: '',
  };
  const signature = await sign({ keyPair: identity.signature, message: signedPart(unsigned), context: ENROLMENT });
  return { ...unsigned, signature: toBase64(signature) };
}

/** Throws `protocol` unless the enrolment is for `study` and signed by the key that it brings. */
export async function checkEnrolment(enrolment: Enrolment, study: string): Promise<void> {
  if (enrolment.study !== study) throw new ZkflError('protocol', 'enrolment: study: got another study, want this one');
  const verdict = await verify({
    publicKey: fromBase64(enrolment.signatureKey),
    message: signedPart(enrolment),
    signature: fromBase64(enrolment.signature),
    context: ENROLMENT,
  });
  if (!verdict.ok) throw new ZkflError('protocol', 'enrolment: signature: got one that does not verify');
}

export const enrolmentDigest = (enrolment: Enrolment): string => sha3Hex(ENROLMENT, canonicalBytes(enrolment));

/** Names the set of hospitals and their keys: what hospitals read out to each other. */
export const rosterDigest = (study: string, members: readonly Member[]): string =>
  sha3Hex(ROSTER, canonicalBytes({ study, members }));

/** What the coordinator signs about the roster. */
export const rosterBytes = (study: string, roster: string): Uint8Array => canonicalBytes({ study, roster });

/** Checks every member and that clients and keys are distinct; throws `protocol`. */
export async function checkRoster(study: string, members: readonly Member[]): Promise<void> {
  const keys = ['channelKey', 'channelFingerprint', 'signatureKey'] as const;
  for (const key of keys)
    if (new Set(members.map(({ enrolment }) => enrolment[key])).size !== members.length)
      throw new ZkflError('protocol', `roster: ${key}: got one twice, want each once`);
  for (const [i, { client, enrolment }] of members.entries()) {
    if (i > 0 && client <= members[i - 1]!.client)
      throw new ZkflError('protocol', `roster: client: got ${client} out of order, want ascending`);
    await checkEnrolment(enrolment, study);
  }
}
