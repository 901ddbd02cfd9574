import { HeAggError } from './errors.ts';
import { refuseUnknownOptions, requireIntegers, requirePositive, requirePositiveInteger } from './options.ts';
import { csprngUnit } from './random.ts';

export interface QuantiseOptions {
  /** D finite numbers */
  readonly update: Float32Array | Float64Array;
  /** τ, in the update's unit: its l2 norm is brought down to τ·(1 − 2⁻⁹) where it is larger */
  readonly clipNorm: number;
  /** S, integers per unit */
  readonly scale: number;
  /** |m| ≤ limit in every coordinate, such as messageLimit(set, clients); below 2³¹ */
  readonly limit: number;
  /** β: ‖m‖₂ ≤ β, exactly; β² below 2⁵³ */
  readonly maxNorm?: number;
  /** uniform in [0, 1): the CSPRNG by default, a seeded source for a study that repeats. It only rounds. */
  readonly random?: () => number;
}

export interface Quantised {
  /** D integers */
  readonly message: Int32Array<ArrayBuffer>;
  /** what the update was multiplied with to fit the l2 norm; 1 where it fitted */
  readonly shrunk: number;
  /** coordinates that met `limit` */
  readonly clipped: number;
}

const HEADROOM = 1 - 2 ** -9;
const ROUNDINGS = 8;

function isFloats(value: unknown): value is Float32Array | Float64Array {
  return ArrayBuffer.isView(value) && /^\[object Float(32|64)Array\]$/.test(Object.prototype.toString.call(value));
}

/** ‖x‖₂, scaled by the largest entry so that no square overflows. @throws {HeAggError} `not-finite` */
function norm(update: Float32Array | Float64Array): number {
  let largest = 0;
  for (let i = 0; i < update.length; i++) {
    const size = Math.abs(update[i]!);
    if (!(size < Number.POSITIVE_INFINITY))
      throw new HeAggError({
        code: 'not-finite',
        operation: 'quantise',
        field: `update[${i}]`,
        got: String(update[i]),
        want: 'a finite number',
      });
    if (size > largest) largest = size;
  }
  if (largest === 0) return 0;
  let sum = 0;
  for (let i = 0; i < update.length; i++) sum += (update[i]! / largest) ** 2;
  const length = largest * Math.sqrt(sum);
  if (length === Number.POSITIVE_INFINITY)
    throw new HeAggError({
      code: 'not-finite',
      operation: 'quantise',
      field: 'norm of the update',
      got: 'Infinity',
      want: 'a finite number',
    });
  return length;
}

/** Rounds to one of the two integers around x, up with probability x − ⌊x⌋, and keeps |m| ≤ limit. */
function roundInto(
  message: Int32Array,
  update: Float32Array | Float64Array,
  factor: number,
  limit: number,
  random: () => number,
): number {
  let clipped = 0;
  for (let i = 0; i < message.length; i++) {
    const x = update[i]! * factor;
    const floor = Math.floor(x);
    const draw = random();
    if (!(draw >= 0 && draw < 1))
      throw new HeAggError({ code: 'options', operation: 'quantise', field: 'random()', got: draw, want: 'in [0, 1)' });
    let value = draw < x - floor ? floor + 1 : floor;
    if (value > limit || value < -limit) {
      value = value > 0 ? limit : -limit;
      clipped++;
    }
    message[i] = value;
  }
  return clipped;
}

/** ‖m‖² ≤ bound < 2⁵³: partial sums are exact up to the bound, and the first one above it ends the loop. */
function withinNorm(message: Int32Array, boundSquared: number): boolean {
  let sum = 0;
  for (let i = 0; i < message.length; i++) {
    sum += message[i]! * message[i]!;
    if (sum > boundSquared) return false;
  }
  return true;
}

/**
 * Clip, scale, round stochastically. With x the update after the l2 clip and no coordinate at `limit`:
 * |m/S − x| < 1/S in every coordinate and E[m/S] = x, up to the 2⁻³² steps of the default source.
 * @throws {HeAggError} `options`, `not-finite`, `length` for an empty update, `range` where S·τ leaves no room below β
 */
export function quantise(options: QuantiseOptions): Quantised {
  const operation = 'quantise';
  refuseUnknownOptions(operation, options, ['update', 'clipNorm', 'scale', 'limit', 'maxNorm', 'random']);
  const { update, clipNorm, scale, limit, maxNorm, random = csprngUnit() } = options;
  if (!isFloats(update))
    throw new HeAggError({
      code: 'options',
      operation,
      field: 'update',
      got: typeof update,
      want: 'Float32Array or Float64Array',
    });
  if (update.length === 0)
    throw new HeAggError({ code: 'length', operation, field: 'update', got: 0, want: 'at least 1' });
  requirePositive(operation, 'clipNorm', clipNorm);
  requirePositive(operation, 'scale', scale);
  requirePositiveInteger(operation, 'limit', limit);
  if (limit >= 2 ** 31)
    throw new HeAggError({ code: 'options', operation, field: 'limit', got: limit, want: 'below 2^31' });
  if (maxNorm !== undefined) {
    requirePositive(operation, 'maxNorm', maxNorm);
    if (maxNorm * maxNorm >= 2 ** 53)
      throw new HeAggError({
        code: 'options',
        operation,
        field: 'maxNorm²',
        got: maxNorm * maxNorm,
        want: 'below 2^53',
      });
    if (scale * clipNorm * HEADROOM > maxNorm)
      throw new HeAggError({
        code: 'range',
        operation,
        field: 'scale·clipNorm·(1 − 2^-9)',
        got: scale * clipNorm * HEADROOM,
        want: `at most ${maxNorm}`,
      });
  }
  const length = norm(update);
  const target = clipNorm * HEADROOM;
  let shrunk = length > target ? target / length : 1;
  const message = new Int32Array(update.length);
  for (;;) {
    for (let i = 0; i < ROUNDINGS; i++) {
      const clipped = roundInto(message, update, shrunk * scale, limit, random);
      if (maxNorm === undefined || withinNorm(message, maxNorm * maxNorm)) return { message, shrunk, clipped };
    }
    shrunk *= HEADROOM;
  }
}

/**
 * The mean update: sum/(count·S), D numbers in the update's unit. Off the mean of the clipped updates by less than 1/S.
 * @throws {HeAggError} `options`
 */
export function dequantise(options: {
  readonly sum: Int32Array;
  readonly count: number;
  readonly scale: number;
}): Float64Array<ArrayBuffer> {
  const operation = 'dequantise';
  refuseUnknownOptions(operation, options, ['sum', 'count', 'scale']);
  const { sum, count, scale } = options;
  requireIntegers(operation, 'sum', sum);
  requirePositiveInteger(operation, 'count', count);
  requirePositive(operation, 'scale', scale);
  const unit = count * scale;
  const mean = new Float64Array(sum.length);
  for (let i = 0; i < mean.length; i++) mean[i] = sum[i]! / unit;
  return mean;
}
