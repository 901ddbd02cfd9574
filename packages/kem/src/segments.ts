import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type AeadKey } from './aead.ts';
import { asBytes, type Bytes, concat, wipe } from './bytes.ts';
import { KemError } from './errors.ts';

/**
 * A body is plaintext cut into segments of 1 MiB (the last one of 1..1 MiB, or 0 bytes if the body is empty), each
 * sealed with its own nonce that says its place and whether it is the last (the STREAM construction of Hoang,
 * Reyhanitabar, Rogaway and Vizár, 2015). Cutting, joining, reordering and truncating segments all fail.
 */
export const SEGMENT_BYTES = 1 << 20;
const SEALED_SEGMENT_BYTES = SEGMENT_BYTES + AEAD_TAG_BYTES;
/** The nonce has 31 bits for the place of a segment. */
const MAX_SEGMENTS = 2 ** 31;
/** Segments that are in the platform's hands at once, so that memory stays bounded. */
const WINDOW = 4;

/** One body's key and place; `sequence` in [0, 2^53) never repeats under one key. */
export interface BodyKey {
  readonly key: AeadKey;
  /** 12 secret bytes, XORed into every nonce. */
  readonly iv: Bytes;
  readonly sequence: number;
  readonly aad: Bytes;
}

/** iv XOR (sequence u64 ‖ (index·2 + last) u32), big-endian. */
function nonceOf({ iv, sequence }: BodyKey, index: number, last: boolean): Bytes {
  const nonce = new Uint8Array(AEAD_NONCE_BYTES);
  const view = new DataView(nonce.buffer);
  view.setUint32(0, Math.floor(sequence / 2 ** 32));
  view.setUint32(4, sequence >>> 0);
  view.setUint32(8, index * 2 + (last ? 1 : 0));
  for (let i = 0; i < AEAD_NONCE_BYTES; i++) nonce[i] = (nonce[i] as number) ^ (iv[i] as number);
  return nonce;
}

function checkIndex(operation: string, index: number): void {
  if (index >= MAX_SEGMENTS)
    throw new KemError('limit', { operation, field: 'segments', got: index + 1, want: `at most ${MAX_SEGMENTS}` });
}

async function sealSegment(body: BodyKey, index: number, last: boolean, plaintext: Bytes, out: Bytes): Promise<void> {
  checkIndex('seal', index);
  await body.key.seal(nonceOf(body, index, last), body.aad, plaintext, out);
}

async function openSegmentInto(
  op: string,
  body: BodyKey,
  index: number,
  last: boolean,
  sealed: Bytes,
  out: Bytes,
): Promise<void> {
  checkIndex(op, index);
  await body.key.open(op, nonceOf(body, index, last), body.aad, sealed, out);
}

/** One segment of a body, of at least a tag's length; throws `authentication-failed`. */
export async function openSegment(
  op: string,
  body: BodyKey,
  index: number,
  last: boolean,
  sealed: Bytes,
): Promise<Bytes> {
  const out = new Uint8Array(sealed.length - AEAD_TAG_BYTES);
  await openSegmentInto(op, body, index, last, sealed, out);
  return out;
}

/** Bytes of a sealed body for `length` bytes of plaintext. */
export function sealedLength(length: number): number {
  return length + AEAD_TAG_BYTES * Math.max(1, Math.ceil(length / SEGMENT_BYTES));
}

/** Runs `count` jobs, at most WINDOW at once; the first failure wins, after all that were started have ended. */
async function windowed(count: number, job: (index: number) => Promise<void>): Promise<void> {
  for (let start = 0; start < count; start += WINDOW) {
    const jobs: Promise<void>[] = [];
    for (let i = start; i < Math.min(count, start + WINDOW); i++) jobs.push(job(i));
    const failure = (await Promise.allSettled(jobs)).find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }
}

/** `header ‖ sealed segments` in one array. */
export async function sealBody(header: Bytes, body: BodyKey, plaintext: Bytes): Promise<Bytes> {
  const count = Math.max(1, Math.ceil(plaintext.length / SEGMENT_BYTES));
  const out = new Uint8Array(header.length + sealedLength(plaintext.length));
  out.set(header);
  await windowed(count, (i) => {
    const part = plaintext.subarray(i * SEGMENT_BYTES, (i + 1) * SEGMENT_BYTES);
    const at = header.length + i * SEALED_SEGMENT_BYTES;
    return sealSegment(body, i, i === count - 1, part, out.subarray(at, at + part.length + AEAD_TAG_BYTES));
  });
  return out;
}

/** The plaintext of a whole sealed body; throws `malformed` or `authentication-failed` and gives out nothing. */
export async function openBody(operation: string, body: BodyKey, sealed: Bytes): Promise<Bytes> {
  const count = Math.max(1, Math.ceil(sealed.length / SEALED_SEGMENT_BYTES));
  checkTail(operation, count - 1, sealed.length - (count - 1) * SEALED_SEGMENT_BYTES);
  const out = new Uint8Array(sealed.length - count * AEAD_TAG_BYTES);
  try {
    await windowed(count, (i) => {
      const part = sealed.subarray(i * SEALED_SEGMENT_BYTES, (i + 1) * SEALED_SEGMENT_BYTES);
      const place = out.subarray(i * SEGMENT_BYTES, i * SEGMENT_BYTES + part.length - AEAD_TAG_BYTES);
      return openSegmentInto(operation, body, i, i === count - 1, part, place);
    });
    return out;
  } catch (error) {
    wipe(out);
    throw error;
  }
}

/** Bytes of a full sealed segment. */
export function readSegment(reader: SourceReader): Promise<Bytes> {
  return reader.read(SEALED_SEGMENT_BYTES);
}

/** A tail of tag only is canonical for an empty body alone. */
export function checkTail(operation: string, index: number, length: number): void {
  const least = index === 0 ? AEAD_TAG_BYTES : AEAD_TAG_BYTES + 1;
  if (length < least)
    throw new KemError('malformed', {
      operation,
      field: 'last segment length',
      got: length,
      want: `at least ${least}`,
    });
}

/** Bytes that arrive in pieces of any size. */
export type ByteSource = Iterable<Uint8Array> | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

async function* pieces(operation: string, source: ByteSource): AsyncGenerator<Bytes, void, undefined> {
  if (typeof source === 'object' && source !== null && 'getReader' in source && !(Symbol.asyncIterator in source)) {
    const reader = (source as ReadableStream<Uint8Array>).getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        yield asBytes(operation, 'piece', value);
      }
    } finally {
      await reader.cancel().catch(() => undefined);
      reader.releaseLock();
    }
  }
  if (typeof source !== 'object' || source === null || source instanceof Uint8Array)
    throw new KemError('argument', {
      operation,
      field: 'source',
      got: typeof source,
      want: 'an iterable of Uint8Array',
    });
  for await (const piece of source as AsyncIterable<Uint8Array>) yield asBytes(operation, 'piece', piece);
}

/** A source that is read in exact lengths; holds at most one piece and what was asked for. */
export class SourceReader {
  readonly #pieces: AsyncGenerator<Bytes, void, undefined>;
  #rest: Bytes = new Uint8Array(0);
  #done = false;

  constructor(operation: string, source: ByteSource) {
    this.#pieces = pieces(operation, source);
  }

  /** Up to `length` bytes: fewer only at the end of the source. */
  async read(length: number): Promise<Bytes> {
    const parts: Bytes[] = [];
    let missing = length;
    while (missing > 0 && (await this.#fill())) {
      const part = this.#rest.subarray(0, missing);
      parts.push(part);
      missing -= part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return concat(...parts);
  }

  /** True when nothing is left. */
  async ended(): Promise<boolean> {
    return !(await this.#fill());
  }

  /** Lets the source know that nobody reads on. */
  async cancel(): Promise<void> {
    await this.#pieces.return(undefined);
  }

  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0 && !this.#done) {
      const next = await this.#pieces.next();
      if (next.done === true) this.#done = true;
      else this.#rest = next.value;
    }
    return this.#rest.length > 0;
  }
}

/** Seals a source segment by segment; the joined output equals `sealBody`'s without its header. */
export async function* sealSource(
  body: BodyKey,
  reader: SourceReader,
  spent: (bytes: number) => void,
): AsyncGenerator<Bytes, void, undefined> {
  try {
    for (let index = 0; ; index++) {
      const plaintext = await reader.read(SEGMENT_BYTES);
      const last = await reader.ended();
      spent(plaintext.length + AEAD_TAG_BYTES);
      const sealed = new Uint8Array(plaintext.length + AEAD_TAG_BYTES);
      try {
        await sealSegment(body, index, last, plaintext, sealed);
      } finally {
        wipe(plaintext);
      }
      yield sealed;
      if (last) return;
    }
  } finally {
    await reader.cancel();
  }
}

/**
 * Opens a source segment by segment. What was yielded is authentic but may be a prefix: only the normal end of the
 * iteration says that the body is whole. `from` is the place of the first segment that the reader still has.
 */
export async function* openSource(
  operation: string,
  body: BodyKey,
  reader: SourceReader,
  from = 0,
): AsyncGenerator<Bytes, void, undefined> {
  try {
    for (let index = from; ; index++) {
      const sealed = await readSegment(reader);
      const last = await reader.ended();
      if (last) checkTail(operation, index, sealed.length);
      yield await openSegment(operation, body, index, last, sealed);
      if (last) return;
    }
  } finally {
    await reader.cancel();
  }
}
