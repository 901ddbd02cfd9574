/** Activations of one sample, [height, width, channels] row-major. */
export interface Plane {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly values: Float64Array;
}

/** Where a convolution's 3×3 kernel [3, 3, in, out] and bias [out] start in the flat weights. */
export interface ConvolutionPlace {
  readonly kernel: number;
  readonly bias: number;
}

/** 3×3 convolution, same padding, stride 1. */
export function convolve(input: Plane, weights: Float64Array, place: ConvolutionPlace, filters: number): Plane {
  const { height, width, channels } = input;
  const values = new Float64Array(height * width * filters);
  for (let at = 0; at < values.length; at++) values[at] = weights[place.bias + (at % filters)]!;
  eachTap(input, (from, to, tap) => {
    for (let c = 0; c < channels; c++) {
      const value = input.values[from * channels + c]!;
      if (value === 0) continue;
      const row = place.kernel + (tap * channels + c) * filters;
      for (let f = 0; f < filters; f++) values[to * filters + f]! += value * weights[row + f]!;
    }
  });
  return { height, width, channels: filters, values };
}

/** Adds the gradient by kernel and bias to `byWeights` and returns the one by the input. */
export function convolveBack(
  input: Plane,
  weights: Float64Array,
  place: ConvolutionPlace,
  delta: Plane,
  byWeights: Float64Array,
): Float64Array {
  const { channels } = input;
  const filters = delta.channels;
  for (let at = 0; at < delta.values.length; at++) byWeights[place.bias + (at % filters)]! += delta.values[at]!;
  const byInput = new Float64Array(input.values.length);
  eachTap(input, (from, to, tap) => {
    for (let c = 0; c < channels; c++) {
      const row = place.kernel + (tap * channels + c) * filters;
      const value = input.values[from * channels + c]!;
      let sum = 0;
      for (let f = 0; f < filters; f++) {
        const slope = delta.values[to * filters + f]!;
        byWeights[row + f]! += value * slope;
        sum += weights[row + f]! * slope;
      }
      byInput[from * channels + c]! += sum;
    }
  });
  return byInput;
}

/** 2×2 maxima, stride 2; `winners` are positions in the input's values. A row or column left over is dropped. */
export function maxPool(input: Plane): { readonly output: Plane; readonly winners: Uint32Array } {
  const { channels } = input;
  const [height, width] = [Math.floor(input.height / 2), Math.floor(input.width / 2)];
  const values = new Float64Array(height * width * channels);
  const winners = new Uint32Array(values.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) {
        const to = (y * width + x) * channels + c;
        const corner = (2 * y * input.width + 2 * x) * channels + c;
        let best = corner;
        for (const from of [corner + channels, corner + input.width * channels, corner + (input.width + 1) * channels])
          if (input.values[from]! > input.values[best]!) best = from;
        values[to] = input.values[best]!;
        winners[to] = best;
      }
  return { output: { height, width, channels, values }, winners };
}

/** Calls `visit(pixel of the input, pixel of the output, tap 0 … 8)` for every pair that a 3×3 kernel joins. */
function eachTap(
  { height, width }: Pick<Plane, 'height' | 'width'>,
  visit: (from: number, to: number, tap: number) => void,
): void {
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let tap = 0; tap < 9; tap++) {
        const [sy, sx] = [y + Math.floor(tap / 3) - 1, x + (tap % 3) - 1];
        if (sy >= 0 && sy < height && sx >= 0 && sx < width) visit(sy * width + sx, y * width + x, tap);
      }
}
