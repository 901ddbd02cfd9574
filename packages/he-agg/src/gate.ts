import { HeAggError } from './errors.ts';
import type { KernelMemory } from './kernels.ts';
import { ciphertextCount, type ParameterSet } from './parameters.ts';
import { ciphertextBytes, HEADER_BYTES, type Kind, readHeader, updateBytes } from './wire.ts';

/**
 * Checks the packed halves at `at` in kernel memory: every residue below its prime, second half not zero.
 * @throws {HeAggError} `encoding` or `transparent`
 */
export function gateHalves(options: {
  readonly operation: string;
  readonly field: string;
  readonly kernel: KernelMemory;
  readonly set: ParameterSet;
  readonly at: number;
}): void {
  const { operation, field, kernel, set, at } = options;
  const { degree, primeBits, primes } = set;
  const run = (degree * primeBits) / 8;
  let all = 0;
  let second = 0;
  for (let half = 0; half < 2; half++)
    for (const [i, prime] of primes.entries()) {
      const flags = kernel.run.gate(at + (half * primes.length + i) * run, degree, primeBits, prime);
      all |= flags;
      if (half === 1) second |= flags;
    }
  if ((all & 1) !== 0)
    throw new HeAggError({
      code: 'encoding',
      operation,
      field,
      got: 'a residue at or above its prime',
      want: 'all below',
    });
  if ((second & 2) === 0)
    throw new HeAggError({
      code: 'transparent',
      operation,
      field,
      got: 'a second half of zeros',
      want: 'one that hides the first',
    });
}

/**
 * The strict gate. `bytes` (header included) are copied to `at` in kernel memory first, then checked there, so that what
 * was checked is what is used: exact length for the dimension, every header byte, every residue below its prime, no
 * ciphertext whose second half is zero. There are no padding bits and no trailing bytes.
 * @returns the client count of the header
 * @throws {HeAggError} `encoding` or `transparent`
 */
export function gate(options: {
  readonly operation: string;
  readonly kernel: KernelMemory;
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly set: ParameterSet;
  readonly dimension: number;
  readonly kind: Extract<Kind, 'update' | 'sum'>;
}): number {
  const { operation, kernel, at, bytes, set, dimension, kind } = options;
  const length = updateBytes(set, dimension);
  if (bytes.length !== length)
    throw new HeAggError({ code: 'encoding', operation, field: 'length', got: bytes.length, want: length });
  kernel.write(at, bytes);
  const { count } = readHeader(operation, kernel.bytes(at, HEADER_BYTES), { kind, set: set.name, dimension });
  const size = ciphertextBytes(set);
  const ciphertexts = ciphertextCount(set.name, dimension);
  for (let k = 0; k < ciphertexts; k++)
    gateHalves({ operation, field: `ciphertext ${k}`, kernel, set, at: at + HEADER_BYTES + k * size });
  return count;
}
