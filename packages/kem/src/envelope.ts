import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES } from './aead.ts';
import { AEADS } from './aeads.ts';
import { asBytes, ascii, type Bytes, concat, prefixed, wipe } from './bytes.ts';
import { KemError } from './errors.ts';
import { runKdf } from './kdf.ts';
import { asKeyPair, KemKeyPair } from './key-pair.ts';
import { checkOptions } from './options.ts';
import { type BodyKey, type ByteSource, openBody, openSource, SourceReader, sealBody, sealSource } from './segments.ts';
import { asSuite, checkSuiteId, SUITE_ID_BYTES, type Suite, suiteId } from './suite.ts';
import { TAG, taggedHash } from './tags.ts';

const MAGIC = ascii('ZKE1');

/** What both ends must say alike. */
export interface EnvelopeBinding {
  /** What the message is for (study, round, purpose); part of the key derivation. Empty by default. */
  readonly context?: Uint8Array;
  /** Data that travels beside the message and is authenticated with it. Empty by default. */
  readonly aad?: Uint8Array;
  readonly suite?: Suite;
}

export interface SealOptions extends EnvelopeBinding {
  /** The recipient's public key for the suite's KEM. */
  readonly recipient: Uint8Array;
  readonly plaintext: Uint8Array;
}

export interface OpenOptions extends EnvelopeBinding {
  readonly keyPair: KemKeyPair;
  readonly message: Uint8Array;
}

export interface SealStreamOptions extends EnvelopeBinding {
  readonly recipient: Uint8Array;
  readonly source: ByteSource;
}

export interface OpenStreamOptions extends EnvelopeBinding {
  readonly keyPair: KemKeyPair;
  readonly source: ByteSource;
}

const BINDING = ['context', 'aad', 'suite'] as const;
const EMPTY = new Uint8Array(0);

/** `magic ‖ suite id ‖ KEM ciphertext`. */
function headerBytes(suite: Suite): number {
  return MAGIC.length + SUITE_ID_BYTES + suite.kem.ciphertextBytes;
}

/** Bytes that `seal` adds to a plaintext of at most 1 MiB; each further MiB adds a tag of 16. */
export function envelopeOverhead(suite?: Suite): number {
  return headerBytes(asSuite('envelopeOverhead', suite)) + AEAD_TAG_BYTES;
}

async function bodyKey(
  operation: string,
  suite: Suite,
  sharedSecret: Uint8Array,
  header: Bytes,
  publicKey: Uint8Array,
  binding: EnvelopeBinding,
): Promise<BodyKey> {
  const context = asBytes(operation, 'context', binding.context ?? EMPTY);
  const aad = taggedHash(TAG.aad, asBytes(operation, 'aad', binding.aad ?? EMPTY));
  const derived = await runKdf(operation, suite.kdf, {
    secret: sharedSecret,
    salt: taggedHash(TAG.envelope, header, publicKey, context),
    info: concat(prefixed(TAG.envelope), suiteId(suite)),
    length: AEAD_KEY_BYTES + AEAD_NONCE_BYTES,
  });
  const raw = derived.slice(0, AEAD_KEY_BYTES);
  try {
    return { key: await AEADS[suite.aead].importKey(raw), iv: derived.slice(AEAD_KEY_BYTES), sequence: 0, aad };
  } finally {
    wipe(raw, derived);
  }
}

async function sealingKey(
  operation: string,
  recipient: Uint8Array,
  binding: EnvelopeBinding,
): Promise<{ header: Bytes; body: BodyKey }> {
  const suite = asSuite(operation, binding.suite);
  const { ciphertext, sharedSecret } = await suite.kem.encapsulate({ publicKey: recipient });
  try {
    const header = concat(MAGIC, suiteId(suite), ciphertext);
    return { header, body: await bodyKey(operation, suite, sharedSecret, header, recipient, binding) };
  } finally {
    wipe(sharedSecret);
  }
}

async function openingKey(
  operation: string,
  keyPair: KemKeyPair,
  header: Bytes,
  binding: EnvelopeBinding,
): Promise<BodyKey> {
  const suite = asSuite(operation, binding.suite);
  const pair = asKeyPair(operation, 'keyPair', keyPair, suite.kem.name);
  if (header.length >= MAGIC.length && !MAGIC.every((byte, i) => byte === header[i]))
    throw new KemError('malformed', { operation, field: 'magic', got: 'other bytes', want: 'ZKE1' });
  if (header.length >= MAGIC.length + SUITE_ID_BYTES)
    checkSuiteId(operation, suite, header.slice(MAGIC.length, MAGIC.length + SUITE_ID_BYTES));
  if (header.length < headerBytes(suite))
    throw new KemError('malformed', {
      operation,
      field: 'message length',
      got: header.length,
      want: `at least ${headerBytes(suite) + AEAD_TAG_BYTES}`,
    });
  const sharedSecret = await KemKeyPair.decapsulate(operation, pair, header.slice(MAGIC.length + SUITE_ID_BYTES));
  try {
    return await bodyKey(operation, suite, sharedSecret, header, pair.publicKey, binding);
  } finally {
    wipe(sharedSecret);
  }
}

function end(body: BodyKey): void {
  body.key.wipe();
  wipe(body.iv);
}

/**
 * Seals `plaintext` for the holder of `recipient`'s secret key: KEM, KDF, AEAD, with a fresh key per message.
 * Does **not** authenticate the sender and is not forward secret: whoever gets the recipient's secret key later opens it.
 */
export async function seal(options: SealOptions): Promise<Uint8Array> {
  checkOptions('seal', options, ['recipient', 'plaintext'], BINDING);
  const plaintext = asBytes('seal', 'plaintext', options.plaintext);
  const { header, body } = await sealingKey('seal', options.recipient, options);
  try {
    return await sealBody(header, body, plaintext);
  } finally {
    end(body);
  }
}

/** Opens what `seal` or `sealStream` made. Throws `malformed`, `suite-mismatch`, `invalid-ciphertext` or `authentication-failed`. */
export async function open(options: OpenOptions): Promise<Uint8Array> {
  checkOptions('open', options, ['keyPair', 'message'], BINDING);
  const message = asBytes('open', 'message', options.message);
  const cut = headerBytes(asSuite('open', options.suite));
  const body = await openingKey('open', options.keyPair, message.slice(0, cut), options);
  try {
    return await openBody('open', body, message.subarray(cut));
  } finally {
    end(body);
  }
}

/** `seal` for a source of any size in bounded memory; the joined output is a message for `open` or `openStream`. */
export async function* sealStream(options: SealStreamOptions): AsyncGenerator<Uint8Array, void, undefined> {
  checkOptions('sealStream', options, ['recipient', 'source'], BINDING);
  const { header, body } = await sealingKey('sealStream', options.recipient, options);
  try {
    yield header.slice();
    yield* sealSource(body, new SourceReader('sealStream', options.source), () => undefined);
  } finally {
    end(body);
  }
}

/**
 * `open` for a source in bounded memory. Yielded bytes are authentic but a prefix until the iteration ends without an
 * error: a truncated source throws at its end.
 */
export async function* openStream(options: OpenStreamOptions): AsyncGenerator<Uint8Array, void, undefined> {
  checkOptions('openStream', options, ['keyPair', 'source'], BINDING);
  const reader = new SourceReader('openStream', options.source);
  const header = await reader.read(headerBytes(asSuite('openStream', options.suite)));
  const body = await openingKey('openStream', options.keyPair, header, options);
  try {
    yield* openSource('openStream', body, reader);
  } finally {
    end(body);
  }
}
