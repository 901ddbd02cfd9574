import { describedResidues } from './describe.ts';
import { HeAggError } from './errors.ts';
import { gate } from './gate.ts';
import { KernelMemory } from './kernels.ts';
import { refuseUnknownOptions, requireBytes, requirePositiveInteger } from './options.ts';
import { ciphertextCount, maxClients, type ParameterSet, parameterSet, type SetName } from './parameters.ts';
import type { CiphertextDescription } from './types.ts';
import { ciphertextBytes, HEADER_BYTES, updateBytes, writeHeader } from './wire.ts';

/** A sum in the making. Memory: one sum and one update, however many clients come. */
export interface Aggregator {
  readonly set: SetName;
  readonly dimension: number;
  /** updates added so far */
  readonly count: number;
  /**
   * Gates the update, then adds it: all of it or, when it throws, nothing.
   * @throws {HeAggError} `encoding`, `transparent`, `too-many-clients`, `state`
   */
  add(bytes: Uint8Array): void;
  /**
   * Adds an update that `describe` or `encrypt` of this package has returned in this thread, without a second gate.
   * @throws {HeAggError} `options` for any other object; `parameters`, `length`, `too-many-clients`, `state`
   */
  addDescribed(description: CiphertextDescription): void;
  /** The sum's canonical bytes, its count in the header. Ends the aggregator. @throws {HeAggError} `state` when empty */
  finish(): { readonly bytes: Uint8Array<ArrayBuffer>; readonly count: number };
}

class StreamingSum implements Aggregator {
  readonly dimension: number;
  readonly #set: ParameterSet;
  readonly #clients: number;
  readonly #ciphertexts: number;
  #kernel: KernelMemory | undefined = new KernelMemory();
  readonly #sum: number;
  readonly #staging: number;
  #count = 0;

  constructor(set: ParameterSet, dimension: number, clients: number) {
    this.#set = set;
    this.dimension = dimension;
    this.#clients = clients;
    this.#ciphertexts = ciphertextCount(set.name, dimension);
    this.#sum = this.#kernel!.reserve(this.#ciphertexts * 16 * set.primes.length * set.degree);
    this.#staging = this.#kernel!.reserve(updateBytes(set, dimension));
  }

  get set(): SetName {
    return this.#set.name;
  }

  get count(): number {
    return this.#count;
  }

  #open(operation: string): KernelMemory {
    if (this.#kernel === undefined)
      throw new HeAggError({ code: 'state', operation, field: 'aggregator', got: 'finished', want: 'open' });
    return this.#kernel;
  }

  #roomForOne(operation: string): void {
    if (this.#count >= this.#clients)
      throw new HeAggError({
        code: 'too-many-clients',
        operation,
        field: 'clients',
        got: this.#count + 1,
        want: `at most ${this.#clients}`,
      });
  }

  add(bytes: Uint8Array): void {
    const kernel = this.#open('add');
    requireBytes('add', 'bytes', bytes);
    this.#roomForOne('add');
    const { degree, primes, primeBits } = this.#set;
    gate({
      operation: 'add',
      kernel,
      at: this.#staging,
      bytes,
      set: this.#set,
      dimension: this.dimension,
      kind: 'update',
    });
    const run = (degree * primeBits) / 8;
    let from = this.#staging + HEADER_BYTES;
    let to = this.#sum;
    for (let half = 0; half < 2 * this.#ciphertexts; half++)
      for (const prime of primes) {
        kernel.run.addPacked(from, to, degree, primeBits, prime);
        from += run;
        to += 8 * degree;
      }
    this.#count += 1;
  }

  addDescribed(description: CiphertextDescription): void {
    const kernel = this.#open('addDescribed');
    const residues = describedResidues('addDescribed', description);
    this.#roomForOne('addDescribed');
    if (description.set !== this.#set.name)
      throw new HeAggError({
        code: 'parameters',
        operation: 'addDescribed',
        field: 'set',
        got: description.set,
        want: this.#set.name,
      });
    if (description.dimension !== this.dimension)
      throw new HeAggError({
        code: 'length',
        operation: 'addDescribed',
        field: 'dimension',
        got: description.dimension,
        want: this.dimension,
      });
    const { degree, primes } = this.#set;
    let to = this.#sum;
    // one run of N words fits the staging area, which holds at least a whole packed ciphertext
    for (const words of residues) {
      for (const [i, prime] of primes.entries()) {
        kernel.write(this.#staging, words.subarray(i * degree, (i + 1) * degree));
        kernel.run.addWords(this.#staging, to, degree, prime);
        to += 8 * degree;
      }
    }
    this.#count += 1;
  }

  finish(): { bytes: Uint8Array<ArrayBuffer>; count: number } {
    const kernel = this.#open('finish');
    if (this.#count === 0)
      throw new HeAggError({ code: 'state', operation: 'finish', field: 'count', got: 0, want: 'at least 1' });
    const { degree, primes, primeBits } = this.#set;
    const size = ciphertextBytes(this.#set);
    const bytes = new Uint8Array(updateBytes(this.#set, this.dimension));
    writeHeader(bytes, { kind: 'sum', set: this.#set, dimension: this.dimension, count: this.#count });
    for (let k = 0; k < this.#ciphertexts; k++) {
      const words = 2 * primes.length * degree;
      kernel.run.pack(this.#sum + 8 * words * k, this.#staging, words, primeBits);
      bytes.set(kernel.bytes(this.#staging, size), HEADER_BYTES + k * size);
    }
    this.#kernel = undefined;
    return { bytes, count: this.#count };
  }
}

/**
 * Starts a sum of updates of D coordinates.
 * `clients`: the most it takes, at most (and by default) `maxClients(set, dimension)`.
 * @throws {HeAggError} `options`, `parameters`, `range`
 */
export function createAggregator(options: {
  readonly set: SetName;
  readonly dimension: number;
  readonly clients?: number;
}): Aggregator {
  refuseUnknownOptions('createAggregator', options, ['set', 'dimension', 'clients']);
  const set = parameterSet(options.set);
  const most = maxClients(set.name, options.dimension);
  const clients = options.clients ?? most;
  requirePositiveInteger('createAggregator', 'clients', clients);
  if (clients > most)
    throw new HeAggError({
      code: 'range',
      operation: 'createAggregator',
      field: 'clients',
      got: clients,
      want: `at most ${most}`,
    });
  return new StreamingSum(set, options.dimension, clients);
}
