import { z } from 'zod';
import { ZkflError } from '../errors.ts';
import { auditEntrySchema, costsSchema, metricsSchema } from './audit-log.ts';
import { base64, canonicalBytes, digest, parseJsonBy } from './encoding.ts';
import { memberSchema } from './enrolment.ts';

/** Of everything below; another one is refused before anything else is looked at. */
export const PROTOCOL_VERSION = 1;
/** Largest body of one request inside a session. */
export const CHUNK_BYTES = 256 * 1024;
/** A sealed request is its JSON, its body and the record's frame. */
export const REQUEST_BYTES = 8 * 1024 * 1024;
/** Longest that a `state` request waits for news. */
export const LONGEST_WAIT_MS = 20_000;

const client = z.number().int().min(0).max(499);
const size = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31);
const signature = base64(3309);
/** 0 before the first round. */
const round = z.number().int().min(0).max(1000);
const frame = { version: z.literal(PROTOCOL_VERSION), study: digest, round };

/** What a hospital asks inside its session. Bytes travel behind the JSON. */
export const requestSchema = z.discriminatedUnion('type', [
  /** waits up to `wait` ms until the coordinator's revision is above `since` */
  z.strictObject({
    ...frame,
    type: z.literal('state'),
    since: size,
    wait: z.number().int().min(0).max(LONGEST_WAIT_MS),
  }),
  z.strictObject({ ...frame, type: z.literal('roster') }),
  /** body: the public aggregation key, then the sealed secret keys in the order of `packages` */
  z.strictObject({
    ...frame,
    type: z.literal('keys-put'),
    publicKey: z.strictObject({ digest, bytes: size }),
    packages: z.array(z.strictObject({ client, digest, bytes: size })).max(500),
    signature,
  }),
  z.strictObject({ ...frame, type: z.literal('keys-get') }),
  z.strictObject({ ...frame, type: z.literal('upload-begin'), digest, bytes: size.min(1), signature }),
  /** body: the bytes from `offset` on */
  z.strictObject({ ...frame, type: z.literal('upload-chunk'), digest, offset: size }),
  z.strictObject({ ...frame, type: z.literal('upload-commit'), digest }),
  /** no update this round */
  z.strictObject({ ...frame, type: z.literal('decline'), reason: z.string().min(1).max(4096) }),
  /** the sum of `round` from `offset` on */
  z.strictObject({ ...frame, type: z.literal('sum'), offset: size }),
  z.strictObject({
    ...frame,
    type: z.literal('applied'),
    model: digest,
    signature,
    metrics: metricsSchema.optional(),
    costs: costsSchema.optional(),
  }),
  z.strictObject({ ...frame, type: z.literal('audit'), from: size }),
]);
export type Request = z.infer<typeof requestSchema>;
export type RequestType = Request['type'];

const finishedRound = z.strictObject({ round, outcome: z.enum(['applied', 'skipped']), model: digest });

export const STUDY_STATUS = ['enrolling', 'keying', 'running', 'finished', 'aborted'] as const;
export type StudyStatus = (typeof STUDY_STATUS)[number];

export const replySchema = z.discriminatedUnion('type', [
  z.strictObject({
    ...frame,
    type: z.literal('state'),
    revision: size,
    status: z.enum(STUDY_STATUS),
    enrolled: size,
    roster: digest.nullable(),
    /** of the open round, or of none */
    phase: z.enum(['ready', 'collecting', 'draining', 'aggregating', 'applying', 'finished', 'aborted']).nullable(),
    model: digest,
    /** of the hospital that asks, in the open round */
    standing: z.enum(['awaited', 'received', 'accepted', 'rejected', 'missing']).nullable(),
    reason: z.string().max(4096).nullable(),
    history: z.array(finishedRound).max(1000),
  }),
  z.strictObject({
    ...frame,
    type: z.literal('roster'),
    roster: digest,
    members: z.array(memberSchema).max(500),
    signature,
  }),
  z.strictObject({ ...frame, type: z.literal('stored') }),
  /** body: the public key, then the sealed secret key of the hospital that asks */
  z.strictObject({
    ...frame,
    type: z.literal('keys'),
    maker: client,
    publicKey: z.strictObject({ digest, bytes: size }),
    package: z.strictObject({ digest, bytes: size }),
    packages: z.array(z.strictObject({ client, digest })).max(500),
    signature,
  }),
  /** the offset that the coordinator wants next */
  z.strictObject({ ...frame, type: z.literal('upload'), next: size, received: z.boolean() }),
  /** body: part of the sum */
  z.strictObject({
    ...frame,
    type: z.literal('sum'),
    bytes: size,
    digest,
    /** accepted updates in order, with each hospital's signature of its own */
    accepted: z.array(z.strictObject({ client, digest, signature })).max(500),
    /** the coordinator's, over the list and the sum */
    signature,
  }),
  z.strictObject({
    ...frame,
    type: z.literal('audit'),
    entries: z.array(z.strictObject({ entry: auditEntrySchema, signature })).max(100),
    next: size.nullable(),
  }),
  z.strictObject({
    ...frame,
    type: z.literal('refused'),
    /** `later`: the same request may come again; `no`: it may not */
    again: z.enum(['later', 'no']),
    reason: z.string().max(4096),
  }),
]);
export type Reply = z.infer<typeof replySchema>;
export type ReplyTo = {
  state: 'state';
  roster: 'roster';
  'keys-put': 'stored';
  'keys-get': 'keys';
  'upload-begin': 'upload';
  'upload-chunk': 'upload';
  'upload-commit': 'upload';
  decline: 'stored';
  sum: 'sum';
  applied: 'stored';
  audit: 'audit';
};

/** A message and the bytes behind it. */
export interface Framed<T> {
  readonly message: T;
  readonly body: Uint8Array;
}

/** u32 length, canonical JSON, body. */
export function encodeFrame({ message, body }: Framed<unknown>): Uint8Array<ArrayBuffer> {
  const json = canonicalBytes(message);
  const bytes = new Uint8Array(4 + json.length + body.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  bytes.set(body, 4 + json.length);
  return bytes;
}

/** Strict; throws `message`. The body is a view. */
export function decodeFrame<T>(bytes: Uint8Array, schema: z.ZodType<T>, what: string): Framed<T> {
  const fail = (field: string, got: string | number, want: string | number) =>
    new ZkflError('message', `${what}: ${field}: got ${got}, want ${want}`);
  if (bytes.length < 4) throw fail('length', bytes.length, '≥ 4 B');
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  if (length > bytes.length - 4) throw fail('json', `${bytes.length - 4} B`, `${length} B`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(4, 4 + length));
  } catch (cause) {
    throw new ZkflError('message', `${what}: json: got other bytes, want UTF-8`, {}, cause);
  }
  const version: unknown = versionOf(text);
  if (version !== PROTOCOL_VERSION)
    throw fail('version', String(version), `${PROTOCOL_VERSION}: both ends must run a zkfl of the same protocol`);
  return { message: parseJsonBy(schema, text, { code: 'message', what }), body: bytes.subarray(4 + length) };
}

function versionOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { version?: unknown } | null)?.version;
  } catch {
    return PROTOCOL_VERSION;
  }
}

/** What a hospital signs about the update that it sends. */
export const updateBytes = (study: string, round: number, client: number, update: string): Uint8Array =>
  canonicalBytes({ study, round, client, update });

/** What a hospital signs about the model after a round. */
export const reportBytes = (study: string, round: number, client: number, model: string): Uint8Array =>
  canonicalBytes({ study, round, client, model });

/** What the maker of the aggregation key signs. */
export const keyPackageBytes = (parts: {
  readonly study: string;
  readonly roster: string;
  readonly publicKey: string;
  readonly packages: readonly { readonly client: number; readonly digest: string }[];
}): Uint8Array => {
  const { study, roster, publicKey, packages } = parts;
  return canonicalBytes({
    study,
    roster,
    publicKey,
    packages: packages.map(({ client, digest }) => ({ client, digest })),
  });
};
