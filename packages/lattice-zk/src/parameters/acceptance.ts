import { LatticeZkError } from '../errors.ts';
import { MULTIPLIER_LIMIT } from './base-variance.ts';
import { type Derived, derive, keyNormBoundSquared, type StatementShape } from './bounds.ts';
import { betaSquaredOf } from './buckets.ts';
import { bitLength, ceilDiv, isqrtUp } from './integers.ts';
import type { ParameterSet } from './sets.ts';

/** `left` and `right` are integers; `ok` says whether the relation between them holds. */
export interface Inequality {
  readonly name: string;
  readonly left: bigint;
  readonly relation: '<' | '<=';
  readonly right: bigint;
  readonly ok: boolean;
}

/** ⌈8η·√(Σ_g 2·n_g·σ_g²)⌉: length of the Module-SIS solution that two different openings would give. */
export function moduleSisNorm(derived: Pick<Derived, 'set' | 'groups'>): bigint {
  const { set, groups } = derived;
  const sum = groups.reduce(
    (total, g) => total + ceilDiv(2n * BigInt(set.n * g.polynomials) * g.sigmaSquared.num, g.sigmaSquared.den),
    0n,
  );
  return isqrtUp(64n * BigInt(set.challenge.eta) ** 2n * sum);
}

/**
 * ⌈√(noise²)⌉ of the worst decryption: C accepted clients whose joint noise vectors all have length β_noise and point
 * the same way, times √(1 + ‖s‖² + ‖e_pk‖²) with the key bounds of P holders added up, times 1 + P·2⁴⁰ where shares are
 * smudged.
 */
export function decryptionNoise(derived: Derived): bigint {
  const { set } = derived;
  const holders = BigInt(set.keyHolders);
  const key = 1n + holders * holders * keyNormBoundSquared(set);
  const noise = isqrtUp(BigInt(set.clients) ** 2n * derived.noiseBoundSquared * key);
  return set.keyHolders === 1 ? noise : noise + ((holders * noise) << BigInt(set.smudgingBits));
}

/**
 * Every condition under which the proof means what it says, with both sides as integers.
 * A statement may be used only if all hold: see `accept`.
 * @throws LatticeZkError as `derive`
 */
export function acceptance(set: ParameterSet, shape: StatementShape): readonly Inequality[] {
  const derived = derive(set, shape);
  const { q, t, n } = set;
  const { z3, z4, slackBits, fields } = derived;
  const { betaSquared, directions, spheres, ranges } = derived.shape;
  const list: Inequality[] = [];
  const add = (name: string, left: bigint, relation: '<' | '<=', right: bigint): void => {
    list.push({ name, left, relation, right, ok: relation === '<' ? left < right : left <= right });
  };
  const room = (name: string): bigint => 1n << BigInt(fields.find((field) => field.name === name)?.bits ?? 0);
  const square = (x: bigint): bigint => x * x;
  const sisNorm = moduleSisNorm(derived);

  add('β bucket: β² ≤ largest β² of the set', betaSquared, '<=', betaSquaredOf(set.maxBetaIndex));
  add('norm: B̄3² + 2^l0 < q', square(z3.provenNorm) + room('norm'), '<', q);
  add('noise: B̄4² + 2^l1 < q', square(z4.provenNorm) + room('noise'), '<', q);
  add('binary: B̄4² + √n·B̄4 < q', square(z4.provenNorm) + isqrtUp(BigInt(n) * square(z4.provenNorm)), '<', q);
  add('projection 3: 41·m3·B̄3 ≤ q', 41n * BigInt(z3.coordinates) * z3.provenNorm, '<=', q);
  add('projection 4: 41·m4·B̄4 ≤ q', 41n * BigInt(z4.coordinates) * z4.provenNorm, '<=', q);
  add('slack 3: 2·‖z3‖² ≤ 13·B̄3²', 2n * z3.maxNormSquared, '<=', 13n * square(z3.provenNorm));
  add('slack 4: 2·‖z4‖² ≤ 13·B̄4²', 2n * z4.maxNormSquared, '<=', 13n * square(z4.provenNorm));
  directions.forEach(({ normSquared, tau }, j) => {
    const reach = isqrtUp(betaSquared * normSquared);
    const absolute = tau < 0n ? -tau : tau;
    add(`direction ${j}: β·‖r‖ + |τ| + 2^l < q`, reach + absolute + room(`direction ${j}`), '<', q);
    add(`direction ${j}: τ ≤ β·‖r‖`, tau, '<=', reach);
  });
  spheres.forEach(({ centreNormSquared, radiusSquared }, j) => {
    // ‖m − r‖ ≤ β + ‖r‖; ρ² is subtracted, so it must stay below q as well
    const reach = isqrtUp(betaSquared) + isqrtUp(centreNormSquared);
    add(`sphere ${j}: (β + ‖r‖)² + 2^l < q`, square(reach) + room(`sphere ${j}`), '<', q);
    add(`sphere ${j}: ρ² < q`, radiusSquared, '<', q);
  });
  ranges.forEach((range, j) => {
    add(`range ${j}: β_r ≤ β`, range.betaSquared, '<=', betaSquared);
    add(`range ${j}: β² + 2^l < q`, betaSquared + room(`range ${j}`), '<', q);
  });
  add('slack polynomial: L ≤ n', BigInt(slackBits), '<=', BigInt(n));
  const widest = [z3, z4, ...derived.groups].reduce((most, { k }) => (k > most ? k : most), 0n);
  add('sampler: largest σ/σ_bin < 2^31', widest, '<', MULTIPLIER_LIMIT);
  add('plaintext: 4·C²·β² < t²', 4n * BigInt(set.clients) ** 2n * betaSquared, '<', t * t);
  // |noise| < (q − t)/(2t) is enough for a correct rounding because q ≡ 1 mod t and |m| < t/2
  add('decryption: 2t·noise + t < q', 2n * t * decryptionNoise(derived) + t, '<', q);
  add('Module-SIS: norm < q', sisNorm, '<', q);
  if (set.insecure) return list;
  // δ = 2^{log2(norm)² / (4·n·log2 q)} ≤ 1.0044, with log2 1.0044 ≥ 6333/10⁶ and each logarithm rounded the safe way
  add(
    'Module-SIS: δ ≤ 1.0044',
    BigInt(bitLength(sisNorm)) ** 2n * 1_000_000n,
    '<=',
    4n * BigInt(n) * BigInt(bitLength(q) - 1) * 6333n,
  );
  return list;
}

/**
 * The derived numbers of a statement that passes every inequality.
 * @throws LatticeZkError code `acceptance`, naming the first inequality that fails, with both sides
 */
export function accept(set: ParameterSet, shape: StatementShape): Derived {
  for (const { name, left, relation, right, ok } of acceptance(set, shape)) {
    if (!ok) {
      throw new LatticeZkError({
        code: 'acceptance',
        operation: 'updateStatement',
        field: name,
        got: left,
        want: `${relation} ${right}`,
      });
    }
  }
  return derive(set, shape);
}
