import { CIPHERTEXT_HEADER } from './blobs.ts';
import { type Engine, RANDOM_BYTES, requireEngine, type SealEngine } from './engine.ts';
import { HeAggError } from './errors.ts';
import { gateHalves } from './gate.ts';
import { KernelMemory } from './kernels.ts';
import { requireBytes } from './options.ts';
import { type ParameterSet, parameterSet, type SetName } from './parameters.ts';
import { type ByteSource, csprng } from './random.ts';
import type { PublicKey } from './types.ts';
import { ciphertextBytes, HEADER_BYTES, readHeader, writeHeader } from './wire.ts';

/** More tries than a working generator ever needs: a key passes its bound with 99.8 %. */
const MOST_TRIES = 64;
const REDACTED = '[redacted SecretKey]';

/** Keys whose residues this package has made or checked. */
const known = new WeakSet<PublicKey>();
const secrets = new WeakMap<SecretKey, Int8Array<ArrayBuffer>>();

/** s, uniform ternary. Prints as `[redacted SecretKey]`; `wipe` overwrites it, and later use throws `state`. */
export class SecretKey {
  readonly set: SetName;

  private constructor(set: SetName, s: Int8Array<ArrayBuffer>) {
    this.set = set;
    secrets.set(this, s);
  }

  /** @internal takes over the array */
  static own(set: SetName, s: Int8Array<ArrayBuffer>): SecretKey {
    return Object.freeze(new SecretKey(set, s));
  }

  wipe(): void {
    secrets.get(this)?.fill(0);
    secrets.delete(this);
  }

  toJSON(): string {
    return REDACTED;
  }

  toString(): string {
    return REDACTED;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED;
  }
}

/** N trits, not a copy. @throws {HeAggError} `options`, `state` */
export function secretTrits(operation: string, key: SecretKey): Int8Array<ArrayBuffer> {
  if (!(key instanceof SecretKey))
    throw new HeAggError({ code: 'options', operation, field: 'secretKey', got: typeof key, want: 'SecretKey' });
  const s = secrets.get(key);
  if (s === undefined)
    throw new HeAggError({ code: 'state', operation, field: 'secretKey', got: 'wiped', want: 'a live key' });
  return s;
}

/** @throws {HeAggError} `options` for a key made elsewhere, `parameters` for one of another set */
export function requireKeyOfSet(operation: string, key: PublicKey, set: ParameterSet): void {
  if (!known.has(key))
    throw new HeAggError({
      code: 'options',
      operation,
      field: 'publicKey',
      got: 'an object made elsewhere',
      want: 'one that generateKeys or decodePublicKey returned in this thread',
    });
  if (key.set !== set.name)
    throw new HeAggError({ code: 'parameters', operation, field: 'publicKey', got: key.set, want: set.name });
}

function makePublicKey(set: SetName, p0: BigUint64Array<ArrayBuffer>, p1: BigUint64Array<ArrayBuffer>): PublicKey {
  const key = Object.freeze({ set, p0, p1 });
  known.add(key);
  return key;
}

function drawBelow(operation: string, bound: number, draw: () => number): void {
  for (let i = 0; i < MOST_TRIES; i++) if (draw() <= bound) return;
  throw new HeAggError({
    code: 'randomness',
    operation,
    field: 'norm',
    got: `above ${bound} in ${MOST_TRIES} draws`,
    want: 'a generator that is random',
  });
}

/** N uniform trits at `at`. */
export function drawTrits(engine: SealEngine, source: ByteSource, at: number): void {
  const { kernel, regions, parameters } = engine;
  // 820 bytes below 243 are needed, 1024 bytes hold 972 ± 7
  for (let i = 0; i < MOST_TRIES; i++) {
    source(kernel.bytes(regions.random, 1024));
    if (kernel.run.ternary(regions.random, 1024, at, parameters.degree) === 1) return;
  }
  throw new HeAggError({
    code: 'randomness',
    operation: 'ternary',
    field: 'bytes',
    got: 'none below 243',
    want: 'random',
  });
}

/** L·N uniform residues by rejection, prime after prime, at `at`. */
function drawUniform(engine: SealEngine, source: ByteSource, at: number): void {
  const { kernel, regions, parameters } = engine;
  const { degree, primes, primeBits } = parameters;
  for (const [i, prime] of primes.entries()) {
    let done = 0;
    for (let round = 0; done < degree; round++) {
      if (round === MOST_TRIES)
        throw new HeAggError({
          code: 'randomness',
          operation: 'uniform',
          field: 'residue',
          got: 'none below q',
          want: 'random',
        });
      source(kernel.bytes(regions.random, RANDOM_BYTES));
      const to = at + 8 * (i * degree + done);
      done += kernel.run.uniform(regions.random, RANDOM_BYTES / 8, to, degree - done, primeBits, prime);
    }
  }
}

/** @internal `generateKeys` with its source of randomness named */
export function generateKeysFrom(engine: Engine, source: ByteSource): { publicKey: PublicKey; secretKey: SecretKey } {
  const operation = 'generateKeys';
  const seal = requireEngine(operation, engine);
  const { kernel, regions, parameters } = seal;
  const { degree, primes, keyNormSquared } = parameters;
  const half = primes.length * degree;
  try {
    drawBelow(operation, keyNormSquared, () => {
      drawTrits(seal, source, regions.u);
      source(kernel.bytes(regions.random, (42 * degree) / 8));
      kernel.run.binomial21(regions.random, regions.e0, degree);
      return kernel.run.normSquared(regions.u, degree) + kernel.run.normSquared(regions.e0, degree);
    });
    drawUniform(seal, source, regions.words);
    const p1 = kernel.copyWords(regions.words, half);
    seal.multiplyOnce(operation, p1);
    for (const [i, prime] of primes.entries()) {
      const from = regions.ciphertext + CIPHERTEXT_HEADER + 8 * i * degree;
      const to = regions.words + 8 * i * degree;
      kernel.run.combine(from, regions.e0, 0, to, degree, prime, 0n, 0n);
      kernel.run.negate(to, degree, prime);
    }
    const p0 = kernel.copyWords(regions.words, half);
    const s = new Int8Array(kernel.copy(regions.u, degree).buffer);
    return { publicKey: makePublicKey(seal.set, p0, p1), secretKey: SecretKey.own(seal.set, s) };
  } finally {
    seal.wipe();
  }
}

/**
 * A key pair: s uniform ternary, p1 = a uniform, p0 = −(a·s + e) with e centred binomial 21+21; s and e are drawn again
 * until ‖s‖² + ‖e‖² keeps the set's bound, on which `maxClients` rests.
 * @throws {HeAggError} `options`, `state`, `randomness`
 */
export function generateKeys(engine: Engine): { publicKey: PublicKey; secretKey: SecretKey } {
  return generateKeysFrom(engine, csprng);
}

/** Canonical bytes: header, then p0 and p1 packed like a ciphertext. @throws {HeAggError} `options` */
export function encodePublicKey(key: PublicKey): Uint8Array<ArrayBuffer> {
  const set = parameterSet(key.set);
  requireKeyOfSet('encodePublicKey', key, set);
  const kernel = new KernelMemory();
  const words = kernel.reserve(key.p0.byteLength);
  const size = ciphertextBytes(set) / 2;
  const packed = kernel.reserve(size);
  const bytes = new Uint8Array(HEADER_BYTES + 2 * size);
  writeHeader(bytes, { kind: 'publicKey', set, dimension: 0, count: 0 });
  for (const [i, half] of [key.p0, key.p1].entries()) {
    kernel.write(words, half);
    kernel.run.pack(words, packed, half.length, set.primeBits);
    bytes.set(kernel.bytes(packed, size), HEADER_BYTES + i * size);
  }
  return bytes;
}

/** Strict: exact length, every residue below its prime, p1 not zero. @throws {HeAggError} `options`, `encoding` */
export function decodePublicKey(bytes: Uint8Array): PublicKey {
  const operation = 'decodePublicKey';
  requireBytes(operation, 'bytes', bytes);
  const copy = Uint8Array.from(bytes);
  const { set } = readHeader(operation, copy, { kind: 'publicKey', dimension: 0 });
  const length = HEADER_BYTES + ciphertextBytes(set);
  if (copy.length !== length)
    throw new HeAggError({ code: 'encoding', operation, field: 'length', got: copy.length, want: length });
  const kernel = new KernelMemory();
  const packed = kernel.reserve(length);
  kernel.write(packed, copy);
  gateHalves({ operation, field: 'publicKey', kernel, set, at: packed + HEADER_BYTES });
  const half = set.primes.length * set.degree;
  const words = kernel.reserve(8 * half);
  const [p0, p1] = [0, 1].map((i) => {
    kernel.run.unpack(packed + HEADER_BYTES + (i * ciphertextBytes(set)) / 2, words, half, set.primeBits);
    return kernel.copyWords(words, half);
  });
  return makePublicKey(set.name, p0!, p1!);
}

/** Canonical bytes, secret: header, then two bits a trit (0, 1, 2 for −1), lowest first. Wipe them after use. */
export function encodeSecretKey(key: SecretKey): Uint8Array<ArrayBuffer> {
  const s = secretTrits('encodeSecretKey', key);
  const bytes = new Uint8Array(HEADER_BYTES + s.length / 4);
  writeHeader(bytes, { kind: 'secretKey', set: parameterSet(key.set), dimension: 0, count: 0 });
  for (let i = 0; i < s.length; i++) bytes[HEADER_BYTES + (i >> 2)]! |= ((s[i]! + 3) % 3) << (2 * (i & 3));
  return bytes;
}

/**
 * Strict: exact length, no code 3. The caller's bytes are left as they are.
 * @throws {HeAggError} `options`, `encoding`
 */
export function decodeSecretKey(bytes: Uint8Array): SecretKey {
  const operation = 'decodeSecretKey';
  requireBytes(operation, 'bytes', bytes);
  const { set } = readHeader(operation, bytes, { kind: 'secretKey', dimension: 0 });
  const length = HEADER_BYTES + set.degree / 4;
  if (bytes.length !== length)
    throw new HeAggError({ code: 'encoding', operation, field: 'length', got: bytes.length, want: length });
  const s = new Int8Array(set.degree);
  let bad = 0;
  for (let i = 0; i < s.length; i++) {
    const code = (bytes[HEADER_BYTES + (i >> 2)]! >> (2 * (i & 3))) & 3;
    bad |= code & (code >> 1);
    s[i] = (code & 1) - (code >> 1);
  }
  if (bad !== 0) {
    s.fill(0);
    throw new HeAggError({ code: 'encoding', operation, field: 'trit', got: 'code 3', want: '0, 1 or 2' });
  }
  return SecretKey.own(set.name, s);
}
