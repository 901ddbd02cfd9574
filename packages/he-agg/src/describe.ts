import { HeAggError } from './errors.ts';
import { gate } from './gate.ts';
import { publicStaging } from './kernels.ts';
import { requireKeyOfSet } from './keys.ts';
import { refuseUnknownOptions, requireBytes } from './options.ts';
import { ciphertextCount, type ParameterSet, parameterSet, type SetName } from './parameters.ts';
import type { CiphertextDescription, PublicKey } from './types.ts';
import { ciphertextBytes, HEADER_BYTES, updateBytes } from './wire.ts';

/** Descriptions whose residues this package has checked or made itself: c0, c1 of every ciphertext in order. */
const described = new WeakMap<CiphertextDescription, readonly BigUint64Array<ArrayBuffer>[]>();

export function describedResidues(
  operation: string,
  description: CiphertextDescription,
): readonly BigUint64Array<ArrayBuffer>[] {
  const residues = described.get(description);
  if (residues === undefined)
    throw new HeAggError({
      code: 'options',
      operation,
      field: 'description',
      got: 'an object made elsewhere',
      want: 'one that describe or encrypt returned in this thread',
    });
  return residues;
}

/** Freezes and registers a description; `residues` are in range by the caller's word. */
export function makeDescription(
  set: ParameterSet,
  dimension: number,
  publicKey: PublicKey,
  residues: readonly BigUint64Array<ArrayBuffer>[],
): CiphertextDescription {
  const ciphertexts = Array.from({ length: residues.length / 2 }, (_, k) =>
    Object.freeze({ c0: residues[2 * k]!, c1: residues[2 * k + 1]! }),
  );
  const description: CiphertextDescription = Object.freeze({
    set: set.name,
    dimension,
    publicKey: Object.freeze({ p0: publicKey.p0, p1: publicKey.p1 }),
    ciphertexts: Object.freeze(ciphertexts),
  });
  described.set(description, residues);
  return description;
}

/**
 * Gates an update's wire bytes and returns them as residues, for a verifier.
 * @throws {HeAggError} `encoding`, `transparent`; `options`, `parameters`, `range` for what the caller says
 */
export function describe(options: {
  readonly set: SetName;
  readonly dimension: number;
  readonly publicKey: PublicKey;
  readonly bytes: Uint8Array;
}): CiphertextDescription {
  refuseUnknownOptions('describe', options, ['set', 'dimension', 'publicKey', 'bytes']);
  const { dimension, publicKey, bytes } = options;
  const set = parameterSet(options.set);
  requireKeyOfSet('describe', publicKey, set);
  requireBytes('describe', 'bytes', bytes);
  const ciphertexts = ciphertextCount(set.name, dimension);
  const half = set.primes.length * set.degree;
  const length = updateBytes(set, dimension);
  // packed runs are read a few bytes beyond their end
  const words = (length + 64 + 15) & ~15;
  const { kernel, at: staging } = publicStaging(words + 8 * half);
  gate({ operation: 'describe', kernel, at: staging, bytes, set, dimension, kind: 'update' });
  const residues: BigUint64Array<ArrayBuffer>[] = [];
  for (let i = 0; i < 2 * ciphertexts; i++) {
    kernel.run.unpack(staging + HEADER_BYTES + (i * ciphertextBytes(set)) / 2, staging + words, half, set.primeBits);
    residues.push(kernel.copyWords(staging + words, half));
  }
  return makeDescription(set, dimension, publicKey, residues);
}
