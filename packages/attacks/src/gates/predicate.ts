import { AttackError } from '../errors.ts';

/**
 * A condition on the integers m of one update, exactly as a proof shows it in zero knowledge: no slack, no rounding.
 * Every one is a convex set.
 */
export type Gate =
  /** ‖m‖₂² ≤ boundSquared, over all coordinates. */
  | { readonly kind: 'norm'; readonly boundSquared: bigint }
  /** ‖m[from … to)‖₂² ≤ boundSquared: one layer, or any other range. */
  | {
      readonly kind: 'layer';
      readonly name: string;
      readonly from: number;
      readonly to: number;
      readonly boundSquared: bigint;
    }
  /** ⟨m, reference⟩ ≥ least. */
  | { readonly kind: 'direction'; readonly reference: Int32Array; readonly least: bigint }
  /** ‖m − reference‖₂² ≤ radiusSquared. */
  | { readonly kind: 'sphere'; readonly reference: Int32Array; readonly radiusSquared: bigint };

/** The left side of the gate's inequality for `m`, exact. Throws `model-size` where the lengths differ. */
export function gateValue(gate: Gate, m: Int32Array): bigint {
  switch (gate.kind) {
    case 'norm':
      return exactInnerProduct(m, m);
    case 'layer': {
      if (!(gate.from >= 0 && gate.from < gate.to && gate.to <= m.length))
        throw new AttackError('model-size', {
          operation: 'gate',
          field: `layer ${gate.name}`,
          got: `${gate.from} … ${gate.to}`,
          want: `a range within ${m.length} coordinates`,
        });
      const part = m.subarray(gate.from, gate.to);
      return exactInnerProduct(part, part);
    }
    case 'direction':
      requireLength(gate.kind, gate.reference, m);
      return exactInnerProduct(m, gate.reference);
    case 'sphere': {
      requireLength(gate.kind, gate.reference, m);
      // ‖m − r‖² = ‖m‖² − 2⟨m, r⟩ + ‖r‖²: m − r itself may not fit 32 bits.
      return (
        exactInnerProduct(m, m) -
        2n * exactInnerProduct(m, gate.reference) +
        exactInnerProduct(gate.reference, gate.reference)
      );
    }
  }
}

/** Is `m` inside the gate? Equality counts. */
export function passes(gate: Gate, m: Int32Array): boolean {
  const value = gateValue(gate, m);
  if (gate.kind === 'direction') return value >= gate.least;
  return value <= (gate.kind === 'sphere' ? gate.radiusSquared : gate.boundSquared);
}

/** The first gate that `m` fails, or `undefined`. */
export function firstFailure(gates: readonly Gate[], m: Int32Array): Gate | undefined {
  return gates.find((gate) => !passes(gate, m));
}

/** Short name for logs and reasons: `norm`, `layer dense1/kernel`, `direction`, `sphere`. */
export const gateName = (gate: Gate): string => (gate.kind === 'layer' ? `layer ${gate.name}` : gate.kind);

/** Σ a[i]·b[i] over 32-bit integers, exact. */
export function exactInnerProduct(a: Int32Array, b: Int32Array): bigint {
  // Every partial sum is an integer below 2^53, so float64 is exact.
  if (largest(a) * largest(b) * a.length < 2 ** 53) {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
    return BigInt(sum);
  }
  let total = 0n;
  // a = high·2^16 + low: 32 products of at most 2^47 stay below 2^53.
  for (let from = 0; from < a.length; from += 32) {
    let high = 0;
    let low = 0;
    const to = Math.min(from + 32, a.length);
    for (let i = from; i < to; i++) {
      high += (a[i]! >> 16) * b[i]!;
      low += (a[i]! & 0xffff) * b[i]!;
    }
    total += (BigInt(high) << 16n) + BigInt(low);
  }
  return total;
}

function largest(values: Int32Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

function requireLength(field: string, reference: Int32Array, m: Int32Array): void {
  if (reference.length !== m.length)
    throw new AttackError('model-size', { operation: 'gate', field, got: m.length, want: reference.length });
}
