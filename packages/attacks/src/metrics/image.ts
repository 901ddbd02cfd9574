import { AttackError } from '../errors.ts';

/** A grey picture, row-major, values 0–1. */
export interface GreyImage {
  readonly height: number;
  readonly width: number;
  readonly pixels: Float32Array<ArrayBuffer>;
}

/** Mean squared error of two pictures of one size. */
export function meanSquaredError(a: GreyImage, b: GreyImage): number {
  requireSameSize('meanSquaredError', a, b);
  let sum = 0;
  for (let i = 0; i < a.pixels.length; i++) sum += (a.pixels[i]! - b.pixels[i]!) ** 2;
  return sum / a.pixels.length;
}

/** 10·log₁₀(1/MSE) in dB; Infinity for equal pictures. */
export const peakSignalToNoise = (a: GreyImage, b: GreyImage): number => -10 * Math.log10(meanSquaredError(a, b));

const WINDOW = 11;
const GAUSS = (() => {
  const raw = Array.from({ length: WINDOW }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * 1.5 ** 2)));
  const total = raw.reduce((sum, value) => sum + value, 0);
  return raw.map((value) => value / total);
})();
const C1 = 0.01 ** 2;
const C2 = 0.03 ** 2;

/**
 * Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004): 11×11 Gaussian window of deviation 1.5, K1 = 0.01,
 * K2 = 0.03, dynamic range 1, mean over the windows that lie inside. 1 for equal pictures. Both sides ≥ 11 pixels.
 */
export function structuralSimilarity(a: GreyImage, b: GreyImage): number {
  requireSameSize('structuralSimilarity', a, b);
  if (a.height < WINDOW || a.width < WINDOW)
    throw new AttackError('argument', {
      operation: 'structuralSimilarity',
      field: 'size',
      got: `${a.height}×${a.width}`,
      want: `at least ${WINDOW}×${WINDOW}`,
    });
  const product = (x: ArrayLike<number>, y: ArrayLike<number>) => Float64Array.from(x, (value, i) => value * y[i]!);
  const smooth = (values: ArrayLike<number>) => gaussianFilter(values, a.height, a.width);
  const meanA = smooth(a.pixels);
  const meanB = smooth(b.pixels);
  const squareA = smooth(product(a.pixels, a.pixels));
  const squareB = smooth(product(b.pixels, b.pixels));
  const cross = smooth(product(a.pixels, b.pixels));
  let sum = 0;
  for (let i = 0; i < meanA.length; i++) {
    const [ma, mb] = [meanA[i]!, meanB[i]!];
    const variances = squareA[i]! - ma * ma + squareB[i]! - mb * mb;
    const covariance = cross[i]! - ma * mb;
    sum += ((2 * ma * mb + C1) * (2 * covariance + C2)) / ((ma * ma + mb * mb + C1) * (variances + C2));
  }
  return sum / meanA.length;
}

/** Shifts and stretches a picture to minimum 0 and maximum 1; a flat one becomes 0. */
export function stretched(image: GreyImage): GreyImage {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of image.pixels) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const range = high - low;
  return { ...image, pixels: image.pixels.map((value) => (range > 0 ? (value - low) / range : 0)) };
}

/** Separable, valid positions only: (height − 10)·(width − 10) values. */
function gaussianFilter(values: ArrayLike<number>, height: number, width: number): Float64Array {
  const columns = width - WINDOW + 1;
  const rows = height - WINDOW + 1;
  const across = new Float64Array(height * columns);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW; k++) sum += GAUSS[k]! * values[y * width + x + k]!;
      across[y * columns + x] = sum;
    }
  const result = new Float64Array(rows * columns);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW; k++) sum += GAUSS[k]! * across[(y + k) * columns + x]!;
      result[y * columns + x] = sum;
    }
  return result;
}

function requireSameSize(operation: string, a: GreyImage, b: GreyImage): void {
  for (const [field, image] of Object.entries({ a, b }))
    if (image.height !== a.height || image.width !== a.width || image.pixels.length !== image.height * image.width)
      throw new AttackError('argument', {
        operation,
        field,
        got: `${image.height}×${image.width}, ${image.pixels.length} pixels`,
        want: `${a.height}×${a.width}`,
      });
}
