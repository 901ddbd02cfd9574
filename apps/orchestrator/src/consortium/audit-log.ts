import { type IdentityKeyPair, sign, verify } from '@zkfl/kem';
import { z } from 'zod';
import { ZkflError } from '../errors.ts';
import { AUDIT_ENTRY } from './domains.ts';
import {
  base64,
  canonicalBytes,
  canonicalText,
  digest,
  fromBase64,
  parseJsonBy,
  sha3Hex,
  toBase64,
} from './encoding.ts';
import { memberSchema } from './enrolment.ts';

const client = z.number().int().min(0).max(499);
const round = z.number().int().min(1).max(1000);
const signature = base64(3309);
const seconds = z.number().min(0);
const reason = z.string().max(4096);

/** What a hospital says about the model after a round. */
export const metricsSchema = z.strictObject({
  accuracy: z.number().min(0).max(1),
  loss: z.number(),
  auc: z.number().min(0).max(1).optional(),
  samples: z.number().int().min(0),
});
export type Metrics = z.infer<typeof metricsSchema>;

/** CPU seconds of a hospital's phases in a round. */
export const costsSchema = z.strictObject({ train: seconds, encrypt: seconds, prove: seconds, decrypt: seconds });
export type Costs = z.infer<typeof costsSchema>;

/** Everything that happens in a study, once each, in order. */
export const auditEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('study') }),
  z.strictObject({ type: z.literal('enrolled'), member: memberSchema }),
  z.strictObject({ type: z.literal('roster'), roster: digest, clients: z.array(client).min(1).max(500) }),
  z.strictObject({
    type: z.literal('keys'),
    maker: client,
    /** SHA-256 of the public aggregation key */
    publicKey: digest,
    packages: z.array(z.strictObject({ client, digest })).max(500),
    signature,
  }),
  z.strictObject({ type: z.literal('opened'), round, closesAt: z.number().int() }),
  z.strictObject({
    type: z.literal('received'),
    round,
    client,
    update: digest,
    bytes: z.number().int().min(1),
    /** the hospital's, over study, round, client and digest */
    signature,
  }),
  z.strictObject({ type: z.literal('accepted'), round, client, update: digest, seconds }),
  z.strictObject({ type: z.literal('rejected'), round, client, reason, update: digest.optional(), seconds }),
  z.strictObject({ type: z.literal('deadline'), round }),
  z.strictObject({
    type: z.literal('aggregated'),
    round,
    sum: digest,
    bytes: z.number().int().min(1),
    seconds,
    /** the coordinator's, over the list of accepted updates and the sum */
    signature,
  }),
  z.strictObject({
    type: z.literal('report'),
    round,
    client,
    model: digest,
    signature,
    metrics: metricsSchema.optional(),
    costs: costsSchema.optional(),
  }),
  z.strictObject({ type: z.literal('applied'), round, model: digest, dissent: z.array(client).max(500) }),
  z.strictObject({ type: z.literal('aborted'), reason }),
]);
export type AuditEvent = z.infer<typeof auditEventSchema>;

export const auditEntrySchema = z.strictObject({
  version: z.literal(1),
  study: digest,
  /** 0, 1, … */
  seq: z.number().int().min(0),
  /** hash of the entry before, 64 zeros before the first */
  prev: digest,
  /** ms since 1970-01-01 UTC; never before the entry before */
  at: z.number().int().min(0),
  event: auditEventSchema,
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** An entry as it is stored and exported. */
export interface SignedEntry {
  readonly entry: AuditEntry;
  /** SHA3-256 of the entry */
  readonly hash: string;
  /** the coordinator's ML-DSA-65 over the hash, base64 */
  readonly signature: string;
}

export const NO_ENTRY = '0'.repeat(64);
const lineSchema = z.strictObject({ entry: auditEntrySchema, signature });

export const entryHash = (entry: AuditEntry): string => sha3Hex(AUDIT_ENTRY, canonicalBytes(entry));
const hashBytes = (hash: string) => new TextEncoder().encode(hash);

/** The next entry of the chain, signed. `after`: null for the first. */
export async function nextEntry(options: {
  readonly study: string;
  readonly after: SignedEntry | null;
  readonly at: number;
  readonly event: AuditEvent;
  readonly signer: IdentityKeyPair;
}): Promise<SignedEntry> {
  const { study, after, at, event, signer } = options;
  const entry: AuditEntry = {
    version: 1,
    study,
    seq: after === null ? 0 : after.entry.seq + 1,
    prev: after?.hash ?? NO_ENTRY,
    at: Math.max(at, after?.entry.at ?? 0),
    event,
  };
  const hash = entryHash(entry);
  const bytes = await sign({ keyPair: signer, message: hashBytes(hash), context: AUDIT_ENTRY });
  return { entry, hash, signature: toBase64(bytes) };
}

export const entryLine = ({ entry, signature }: SignedEntry): string => canonicalText({ entry, signature });

/** One line of an exported log: strict and canonical, not yet checked against a chain. Throws `audit`. */
export function readEntryLine(line: string, what: string): SignedEntry {
  const parsed = parseJsonBy(lineSchema, line, { code: 'audit', what });
  if (canonicalText(parsed) !== line)
    throw new ZkflError('audit', `${what}: encoding: got another spelling, want canonical JSON`);
  return { entry: parsed.entry, hash: entryHash(parsed.entry), signature: parsed.signature };
}

/** Throws `audit` unless `next` follows `before` in the study's chain. Its signature is another matter. */
export function checkEntry(options: {
  readonly study: string;
  readonly before: SignedEntry | null;
  readonly next: SignedEntry;
}): void {
  const { study, before, next } = options;
  const { entry } = next;
  const seq = before === null ? 0 : before.entry.seq + 1;
  const expect = (field: string, got: string | number, want: string | number) => {
    if (got !== want) throw new ZkflError('audit', `log entry ${seq}: ${field}: got ${got}, want ${want}`);
  };
  expect('seq', entry.seq, seq);
  expect('study', entry.study, study);
  expect('prev', entry.prev, before?.hash ?? NO_ENTRY);
  expect('hash', entryHash(entry), next.hash);
  if (before !== null && entry.at < before.entry.at) expect('at', entry.at, `≥ ${before.entry.at}`);
}

/** Throws `audit` unless the coordinator signed this entry and, with it, the chain before it. */
export async function checkEntrySignature(
  { entry, hash, signature }: SignedEntry,
  publicKey: Uint8Array,
): Promise<void> {
  const message = hashBytes(hash);
  const verdict = await verify({ publicKey, message, signature: fromBase64(signature), context: AUDIT_ENTRY });
  if (!verdict.ok)
    throw new ZkflError('audit', `log entry ${entry.seq}: signature: got one that is not the coordinator’s`);
}
