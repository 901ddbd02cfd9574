import { LatticeZkError } from '../errors.ts';
import { isPrime } from './prime.ts';

export interface RingOptions {
  /** Degree of R = Z[X]/(X^N+1): a power of two, 16 to 4096. S = Z[W]/(W^n+1) has n = 2N, X = W^2. */
  readonly N: number;
  /** One or two distinct primes below 2^60, each 2N+1 modulo 4N. */
  readonly moduli: readonly bigint[];
  /** Bytes the instance may use. */
  readonly limit?: number;
}

/** @throws LatticeZkError `parameters` */
export function checkOptions({ N, moduli }: RingOptions): void {
  const refuse = (field: string, got: string | number | bigint, want: string): never => {
    throw new LatticeZkError({ code: 'parameters', operation: 'Ring', field, got, want });
  };
  if (![16, 32, 64, 128, 256, 512, 1024, 2048, 4096].includes(N)) refuse('N', N, 'a power of two from 16 to 4096');
  if (moduli.length < 1 || moduli.length > 2) refuse('moduli.length', moduli.length, '1 or 2');
  if (new Set(moduli).size !== moduli.length) refuse('moduli', moduli.join(), 'distinct primes');
  for (const q of moduli) {
    if (q >= 1n << 60n) refuse('moduli', q, 'below 2^60');
    if (q % BigInt(4 * N) !== BigInt(2 * N + 1)) refuse('moduli', q, '2N+1 modulo 4N');
    if (!isPrime(q)) refuse('moduli', q, 'a prime');
  }
}
