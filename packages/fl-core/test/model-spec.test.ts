import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  flatten,
  initialWeights,
  type ModelSpec,
  modelLayout,
  PUBLISHED_MLP,
  parameterCount,
  simRng,
  smallCnn,
  unflatten,
  WDBC_MLP,
} from '../src/index.ts';

const size = fc.integer({ min: 1, max: 12 });
const classes = fc.integer({ min: 2, max: 6 });
const specs: fc.Arbitrary<ModelSpec> = fc.oneof(
  fc.record({ kind: fc.constant('mlp' as const), inputs: size, hidden: fc.array(size, { maxLength: 3 }), classes }),
  fc.record({
    kind: fc.constant('cnn' as const),
    height: fc.integer({ min: 4, max: 9 }),
    width: fc.integer({ min: 4, max: 9 }),
    channels: fc.integer({ min: 1, max: 3 }),
    filters: fc.array(size, { minLength: 1, maxLength: 2 }),
    classes,
  }),
);

describe('the flat model', () => {
  it('has the published sizes', () => {
    expect(parameterCount(PUBLISHED_MLP)).toBe(108_996);
    expect(parameterCount(WDBC_MLP)).toBe(1554);
    expect(parameterCount(smallCnn(2))).toBe(2818);
  });

  it('has a stable order', () => {
    expect(modelLayout(smallCnn(2)).map(({ name, shape, offset }) => [name, shape, offset])).toEqual([
      ['conv1/kernel', [3, 3, 1, 8], 0],
      ['conv1/bias', [8], 72],
      ['conv2/kernel', [3, 3, 8, 16], 80],
      ['conv2/bias', [16], 1232],
      ['dense1/kernel', [784, 2], 1248],
      ['dense1/bias', [2], 2816],
    ]);
  });

  it('flatten and unflatten are inverse, and every coordinate belongs to one tensor', () => {
    fc.assert(
      fc.property(specs, fc.nat(), (spec, seed) => {
        const weights = initialWeights(spec, simRng(seed));
        const parts = unflatten(spec, weights);
        expect(parts.reduce((sum, part) => sum + part.length, 0)).toBe(weights.length);
        expect(flatten(spec, parts)).toEqual(weights);
      }),
    );
  });

  it('starts He-normal with zero biases, the same for a seed', () => {
    const weights = initialWeights(PUBLISHED_MLP, simRng(42));
    expect(weights).toEqual(initialWeights(PUBLISHED_MLP, simRng(42)));
    expect(weights).not.toEqual(initialWeights(PUBLISHED_MLP, simRng(43)));
    const parts = unflatten(PUBLISHED_MLP, weights);
    for (const [i, { fanIn, size }] of modelLayout(PUBLISHED_MLP).entries()) {
      const power = parts[i]!.reduce((sum, x) => sum + x * x, 0) / size;
      if (fanIn === 0) expect(power).toBe(0);
      else expect(Math.abs(power * (fanIn / 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / size));
    }
  });

  it('refuses wrong sizes and models that can not be built', () => {
    expect(() => unflatten(WDBC_MLP, new Float32Array(1553))).toThrow('unflatten: coordinates: got 1553, want 1554');
    const parts = unflatten(WDBC_MLP, new Float32Array(1554));
    expect(() => flatten(WDBC_MLP, parts.slice(1))).toThrow('flatten: tensors: got 5, want 6');
    expect(() => flatten(WDBC_MLP, parts.with(1, new Float32Array(3)))).toThrow('flatten: dense1/bias: got 3, want 32');
    expect(() => modelLayout({ ...WDBC_MLP, hidden: [0] })).toThrow('hidden: got 0');
    expect(() => modelLayout({ ...WDBC_MLP, classes: 1 })).toThrow('classes: got 1');
    expect(() => modelLayout({ ...WDBC_MLP, hiden: [] } as never)).toThrow('hiden');
    expect(() => modelLayout({ kind: 'rnn' } as never)).toThrow('kind: got rnn');
    expect(() => modelLayout({ ...smallCnn(2), filters: [1, 1, 1, 1, 1] })).toThrow('height after pooling: got 0');
  });
});
