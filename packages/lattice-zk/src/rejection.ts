import type { Rational } from './parameters.ts';
import { bernoulliExp } from './ring/gaussian.ts';
import type { SecretStream } from './ring/xof.ts';

/** One part of a rejection test: z = y + v with y of width σ. */
export interface RejectionTerm {
  /** ⟨z, v⟩ */
  readonly inner: bigint;
  /** ‖v‖² */
  readonly normSquared: bigint;
  readonly sigmaSquared: Rational;
}

/**
 * Lyubashevsky's test: accept with probability min(1, exp(Σ (−2⟨z, v⟩ + ‖v‖²)/(2σ²))/M). An accepted z is distributed as
 * its mask alone. Integers only, to 2⁻¹²⁷.
 */
export function acceptResponse(stream: SecretStream, terms: readonly RejectionTerm[], logM: Rational): boolean {
  let numerator = logM.num;
  let denominator = logM.den;
  for (const { inner, normSquared, sigmaSquared } of terms) {
    const above = (2n * inner - normSquared) * sigmaSquared.den;
    const below = 2n * sigmaSquared.num;
    numerator = numerator * below + above * denominator;
    denominator *= below;
  }
  return bernoulliExp(stream, { numerator, denominator });
}
