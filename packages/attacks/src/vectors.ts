import { AttackError } from './errors.ts';

/** ⟨a, b⟩ in float64. */
export function innerProduct(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** ‖a‖₂. */
export const euclideanNorm = (a: ArrayLike<number>): number => Math.sqrt(innerProduct(a, a));

/** ‖a − b‖₂². */
export function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!;
    sum += difference * difference;
  }
  return sum;
}

/** ⟨a, b⟩/(‖a‖‖b‖); 0 where a vector is zero. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const scale = euclideanNorm(a) * euclideanNorm(b);
  return scale > 0 ? innerProduct(a, b) / scale : 0;
}

/** factor · a, a fresh vector. */
export function scaled(a: ArrayLike<number>, factor: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(a.length);
  for (let i = 0; i < result.length; i++) result[i] = factor * a[i]!;
  return result;
}

/** a + factor · b, a fresh vector. */
export function plus(a: ArrayLike<number>, b: ArrayLike<number>, factor = 1): Float32Array<ArrayBuffer> {
  const result = new Float32Array(a.length);
  for (let i = 0; i < result.length; i++) result[i] = a[i]! + factor * b[i]!;
  return result;
}

/** Coordinate-wise mean of at least one vector. */
export function mean(vectors: readonly ArrayLike<number>[]): Float32Array<ArrayBuffer> {
  const sum = new Float64Array(vectors[0]!.length);
  for (const vector of vectors) for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + vector[i]!;
  return scaled(sum, 1 / vectors.length);
}

/** Coordinate-wise population standard deviation of at least one vector. */
export function deviation(vectors: readonly ArrayLike<number>[]): Float32Array<ArrayBuffer> {
  const centre = mean(vectors);
  const sum = new Float64Array(centre.length);
  for (const vector of vectors) for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + (vector[i]! - centre[i]!) ** 2;
  return Float32Array.from(sum, (total) => Math.sqrt(total / vectors.length));
}

/** Median of at least one number; the mean of the middle two for an even count. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Throws unless there is at least one update and all have one length and are finite. Returns that length. */
export function requireUpdates(operation: string, updates: readonly Float32Array[]): number {
  const first = updates[0];
  if (first === undefined) throw new AttackError('argument', { operation, field: 'updates', got: 0, want: '≥ 1' });
  for (const [client, update] of updates.entries()) {
    if (update.length !== first.length)
      throw new AttackError('model-size', {
        operation,
        field: `updates[${client}]`,
        got: update.length,
        want: first.length,
      });
    const bad = update.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new AttackError('not-finite', {
        operation,
        field: `updates[${client}][${bad}]`,
        got: String(update[bad]),
        want: 'a finite number',
      });
  }
  return first.length;
}
