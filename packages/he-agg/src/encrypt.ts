import { CIPHERTEXT_HEADER } from './blobs.ts';
import { makeDescription } from './describe.ts';
import { type Engine, requireEngine, type SealEngine } from './engine.ts';
import { HeAggError } from './errors.ts';
import { drawTrits, requireKeyOfSet } from './keys.ts';
import { refuseUnknownOptions, requireIntegers, requirePositiveInteger } from './options.ts';
import { ciphertextCount, maxClients, messageLimit, noiseBoundSquared, parameterSet } from './parameters.ts';
import { type ByteSource, csprng } from './random.ts';
import type { Encryption, EncryptionWitness, PublicKey } from './types.ts';
import { ciphertextBytes, HEADER_BYTES, updateBytes, writeHeader } from './wire.ts';

/** An honest update passes its noise bound but for 10 standard deviations; a second miss in a row is no chance. */
const MOST_TRIES = 16;

export interface EncryptOptions {
  readonly publicKey: PublicKey;
  /** D integers */
  readonly message: Int32Array;
}

/** Overwrites all four vectors. */
export function wipeWitness(witness: EncryptionWitness): void {
  for (const vector of [witness.m, witness.u, witness.e0, witness.e1]) vector.fill(0);
}

function requireRange(operation: string, message: Int32Array, limit: number): void {
  for (let i = 0; i < message.length; i++)
    if (message[i]! > limit || message[i]! < -limit)
      throw new HeAggError({
        code: 'range',
        operation,
        field: `message[${i}]`,
        got: 'beyond the limit',
        want: `at most ${limit} in size`,
      });
}

/** u, e0, e1 of one ciphertext into their regions; ‖(u, e0, e1)‖². */
function drawNoise(engine: SealEngine, source: ByteSource): number {
  const { kernel, regions, parameters } = engine;
  const { degree } = parameters;
  drawTrits(engine, source, regions.u);
  const bytes = (42 * degree) / 8;
  source(kernel.bytes(regions.random, 2 * bytes));
  kernel.run.binomial21(regions.random, regions.e0, degree);
  kernel.run.binomial21(regions.random + bytes, regions.e1, degree);
  return [regions.u, regions.e0, regions.e1].reduce((sum, at) => sum + kernel.run.normSquared(at, degree), 0);
}

/** One pass over all ciphertexts; `undefined` where the joint noise norm misses its bound. */
function encryptOnce(
  operation: string,
  engine: SealEngine,
  publicKey: PublicKey,
  witness: EncryptionWitness,
  source: ByteSource,
): Encryption | undefined {
  const { kernel, regions, parameters: set } = engine;
  const { degree, primes, primeBits, delta } = set;
  const dimension = witness.m.length;
  const half = primes.length * degree;
  const size = ciphertextBytes(set);
  const bytes = new Uint8Array(updateBytes(set, dimension));
  writeHeader(bytes, { kind: 'update', set, dimension, count: 1 });
  const residues: BigUint64Array<ArrayBuffer>[] = [];
  const constants = primes.map((q) => ({ q, delta: delta % q, ratio: ((delta % q) << 64n) / q }));
  let norm = 0;
  for (let k = 0; k * degree < dimension; k++) {
    norm += drawNoise(engine, source);
    witness.u.set(kernel.signed(regions.u, degree), k * degree);
    witness.e0.set(kernel.signed(regions.e0, degree), k * degree);
    witness.e1.set(kernel.signed(regions.e1, degree), k * degree);
    kernel.wipe(regions.message, 4 * degree);
    kernel.write(regions.message, witness.m.subarray(k * degree, (k + 1) * degree));
    engine.multiplyKey(operation, publicKey);
    let from = regions.ciphertext + CIPHERTEXT_HEADER;
    let to = regions.words;
    for (const [error, message] of [
      [regions.e0, regions.message],
      [regions.e1, 0],
    ] as const)
      for (const { q, delta: factor, ratio } of constants) {
        kernel.run.combine(from, error, message, to, degree, q, factor, ratio);
        from += 8 * degree;
        to += 8 * degree;
      }
    kernel.run.pack(regions.words, regions.packed, 2 * half, primeBits);
    bytes.set(kernel.bytes(regions.packed, size), HEADER_BYTES + k * size);
    residues.push(kernel.copyWords(regions.words, half), kernel.copyWords(regions.words + 8 * half, half));
  }
  if (BigInt(norm) > noiseBoundSquared(set.name, ciphertextCount(set.name, dimension))) return undefined;
  return { bytes, description: makeDescription(set, dimension, publicKey, residues), witness };
}

/** @internal `encryptIntegers` with its source of randomness named */
export function encryptFrom(
  operation: string,
  engine: Engine,
  options: EncryptOptions,
  limit: number,
  source: ByteSource,
): Encryption {
  const { publicKey, message } = options;
  const seal = requireEngine(operation, engine);
  const set = seal.parameters;
  requireKeyOfSet(operation, publicKey, set);
  requireIntegers(operation, 'message', message);
  const slots = ciphertextCount(set.name, message.length) * set.degree;
  requireRange(operation, message, limit);
  const witness: EncryptionWitness = {
    m: new Int32Array(message),
    u: new Int8Array(slots),
    e0: new Int8Array(slots),
    e1: new Int8Array(slots),
  };
  let encryption: Encryption | undefined;
  try {
    for (let i = 0; i < MOST_TRIES && encryption === undefined; i++)
      encryption = encryptOnce(operation, seal, publicKey, witness, source);
  } finally {
    seal.wipe();
    if (encryption === undefined) wipeWitness(witness);
  }
  if (encryption === undefined)
    throw new HeAggError({
      code: 'randomness',
      operation,
      field: 'noise norm',
      got: `above its bound in ${MOST_TRIES} draws`,
      want: 'a generator that is random',
    });
  return encryption;
}

/** (t − 3)/2: as far as Δ·m is what SEAL's rounding gives. */
export function plainRange(engine: Engine, operation: string): number {
  return Number((requireEngine(operation, engine).parameters.plainModulus - 3n) / 2n);
}

/**
 * Encrypts an update of D integers, each at most messageLimit(set, clients) in size, with randomness of the platform's
 * CSPRNG that is returned for a proof. `clients`: of the round, by default maxClients(set, D). The witness is secret.
 * @throws {HeAggError} `options`, `parameters`, `range`, `state`, `randomness`
 */
export function encrypt(engine: Engine, options: EncryptOptions & { readonly clients?: number }): Encryption {
  const operation = 'encrypt';
  refuseUnknownOptions(operation, options, ['publicKey', 'message', 'clients']);
  const { set } = requireEngine(operation, engine);
  requireIntegers(operation, 'message', options.message);
  const clients = options.clients ?? maxClients(set, options.message.length);
  requirePositiveInteger(operation, 'clients', clients);
  return encryptFrom(operation, engine, options, messageLimit(parameterSet(set).name, clients), csprng);
}

/**
 * Encrypts any integers up to (t − 3)/2 in size: for a simulated attacker, whose sum may wrap mod t.
 * @throws {HeAggError} as `encrypt`
 */
export function encryptIntegers(engine: Engine, options: EncryptOptions): Encryption {
  const operation = 'encryptIntegers';
  refuseUnknownOptions(operation, options, ['publicKey', 'message']);
  return encryptFrom(operation, engine, options, plainRange(engine, operation), csprng);
}
