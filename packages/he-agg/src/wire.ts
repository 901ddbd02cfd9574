import { HeAggError } from './errors.ts';
import { ciphertextCount, PARAMETER_SETS, type ParameterSet, type SetName } from './parameters.ts';

/** `ZKHE` | version 1 | kind | set id | 0 | dimension u32 LE | count u32 LE. Residues follow without padding. */
export const HEADER_BYTES = 16;
const MAGIC = [0x5a, 0x4b, 0x48, 0x45] as const;
const VERSION = 1;

export const KIND = { update: 1, sum: 2, publicKey: 3, secretKey: 4 } as const;
export type Kind = keyof typeof KIND;

export interface Header {
  readonly kind: Kind;
  readonly set: ParameterSet;
  /** D for updates and sums, 0 for keys */
  readonly dimension: number;
  /** clients in it: 1 for an update, 0 for keys */
  readonly count: number;
}

/** Bytes of one ciphertext (or one public key): two halves of L·N residues. */
export function ciphertextBytes(set: ParameterSet): number {
  return (2 * set.primes.length * set.degree * set.primeBits) / 8;
}

/** Bytes of a whole update or sum of D coordinates, header included. */
export function updateBytes(set: ParameterSet, dimension: number): number {
  return HEADER_BYTES + ciphertextCount(set.name, dimension) * ciphertextBytes(set);
}

export function writeHeader(target: Uint8Array, header: Header): void {
  target.set(MAGIC, 0);
  target.set([VERSION, KIND[header.kind], header.set.id, 0], 4);
  const view = new DataView(target.buffer, target.byteOffset, HEADER_BYTES);
  view.setUint32(8, header.dimension, true);
  view.setUint32(12, header.count, true);
}

/**
 * Checks every byte of the header against what the caller expects; nothing is believed but the set id of a key and the
 * count of a sum, which are returned.
 * @throws {HeAggError} `encoding`
 */
export function readHeader(
  operation: string,
  bytes: Uint8Array,
  want: { readonly kind: Kind; readonly set?: SetName; readonly dimension: number },
): { readonly set: ParameterSet; readonly count: number } {
  const refuse = (field: string, got: number, wanted: number | string): never => {
    throw new HeAggError({ code: 'encoding', operation, field, got, want: wanted });
  };
  if (bytes.length < HEADER_BYTES) refuse('length', bytes.length, `at least ${HEADER_BYTES}`);
  for (let i = 0; i < 4; i++) if (bytes[i] !== MAGIC[i]) refuse(`magic[${i}]`, bytes[i]!, MAGIC[i]!);
  if (bytes[4] !== VERSION) refuse('version', bytes[4]!, VERSION);
  if (bytes[5] !== KIND[want.kind]) refuse('kind', bytes[5]!, KIND[want.kind]);
  const set = Object.values(PARAMETER_SETS).find(
    (candidate) => candidate.id === bytes[6] && (want.set === undefined || candidate.name === want.set),
  );
  if (set === undefined) refuse('set', bytes[6]!, want.set ?? 'a known set');
  if (bytes[7] !== 0) refuse('reserved', bytes[7]!, 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const dimension = view.getUint32(8, true);
  if (dimension !== want.dimension) refuse('dimension', dimension, want.dimension);
  const count = view.getUint32(12, true);
  if (want.kind === 'update' && count !== 1) refuse('count', count, 1);
  if ((want.kind === 'publicKey' || want.kind === 'secretKey') && count !== 0) refuse('count', count, 0);
  return { set: set as ParameterSet, count };
}
