import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addI64,
  innerI8,
  innerI32,
  innerI64,
  largestI64,
  mulChallenge,
  narrowI64,
  widenI8,
  widenI32,
} from '../../src/ring/integers.ts';
import { fromSplit, generator } from './model.ts';
import { ringOf, shapes } from './rings.ts';

const ring = ringOf(shapes[0]!);
const { n } = ring;

/** Product over Z modulo W^n + 1. */
function product(positions: readonly number[], signs: readonly number[], s: readonly bigint[]): bigint[] {
  const out = new Array<bigint>(s.length).fill(0n);
  positions.forEach((position, j) => {
    s.forEach((x, i) => {
      const k = position + i;
      out[k % s.length]! += (k >= s.length ? -1n : 1n) * BigInt(signs[j]!) * x;
    });
  });
  return out;
}

describe('mulChallenge', () => {
  it('equals the product over Z at every single position, both signs, i8 and i32', () => {
    const i8 = Int8Array.from({ length: n }, (_, i) => [127, -128, 1, -1, 0, 55][i % 6]!);
    const i32 = Int32Array.from({ length: n }, (_, i) => [2 ** 31 - 1, -(2 ** 31), 1, -1, 0, 55][i % 6]!);
    const out = ring.alloc(n * 8);
    for (let position = 0; position < n; position++)
      for (const sign of [1, -1])
        for (const [values, kind] of [
          [i8, 'i8'],
          [i32, 'i32'],
        ] as const) {
          const mark = ring.mark();
          mulChallenge(ring, out, { positions: [position], signs: [sign] }, ring.place(values), kind);
          ring.release(mark);
          const s = fromSplit([...values].map(BigInt));
          expect(fromSplit([...ring.i64(out, n)])).toEqual(product([position], [sign], s));
        }
  });

  it('sums 28 terms exactly at full size', () => {
    const big = ringOf({ N: 4096, moduli: [0xffff7f5c0052001n] });
    const next = generator(3);
    const values = Int32Array.from({ length: big.n }, () => Number(next(2n ** 32n)) - 2 ** 31);
    const positions = Array.from({ length: 28 }, () => Number(next(BigInt(big.n))));
    const signs = positions.map((p) => (p % 3 ? 1 : -1));
    const out = big.alloc(big.n * 8);
    mulChallenge(big, out, { positions, signs }, big.place(values), 'i32');
    expect(fromSplit([...big.i64(out, big.n)])).toEqual(product(positions, signs, fromSplit([...values].map(BigInt))));
  });

  it('refuses positions and signs out of range', () => {
    for (const [position, sign] of [
      [n, 1],
      [-1, 1],
      [0, 0],
      [0, 2],
      [0.5, 1],
    ] as const)
      expect(() => mulChallenge(ring, 0, { positions: [position], signs: [sign] }, 0, 'i8')).toThrow(/mulChallenge/);
  });
});

describe('sums are exact in 128 bits', () => {
  const i64 = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });

  it('innerI64, addI64 and largestI64 equal BigInt', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(i64, i64), { maxLength: 40 }), (pairs) => {
        const mark = ring.mark();
        const [a, b] = [0, 1].map((i) => ring.place(BigInt64Array.from(pairs, (pair) => pair[i]!))) as [number, number];
        expect(innerI64(ring, a, b, pairs.length)).toBe(pairs.reduce((sum, [x, y]) => sum + x * y, 0n));
        expect(innerI64(ring, a, a, pairs.length)).toBe(pairs.reduce((sum, [x]) => sum + x * x, 0n));
        expect(largestI64(ring, a, pairs.length)).toBe(
          pairs.map(([x]) => (x < 0n ? -x : x)).toSorted((x, y) => (x < y ? 1 : -1))[0] ?? 0n,
        );
        addI64(ring, b, a, b, pairs.length);
        expect([...ring.i64(b, pairs.length)]).toEqual(pairs.map(([x, y]) => x + y));
        ring.release(mark);
      }),
    );
    const least = ring.place(BigInt64Array.of(-(2n ** 63n)));
    expect(largestI64(ring, least, 1)).toBe(2n ** 63n);
    expect(innerI64(ring, least, least, 1)).toBe(2n ** 126n);
  });

  it('innerI32 and innerI8 equal BigInt, past 64 bits', () => {
    for (const value of [-(2 ** 31), 2 ** 31 - 1]) {
      const p = ring.place(new Int32Array(64).fill(value));
      expect(innerI32(ring, p, p, 64)).toBe(64n * BigInt(value) ** 2n);
      const minus = ring.place(new Int32Array(64).fill(-1));
      expect(innerI32(ring, p, minus, 64)).toBe(-64n * BigInt(value));
    }
    fc.assert(
      fc.property(fc.int32Array({ maxLength: 50 }), fc.int8Array({ maxLength: 50 }), (words, bytes) => {
        const mark = ring.mark();
        const p = ring.place(words);
        const q = ring.place(words.toReversed());
        const want = words.reduce((sum, x, i) => sum + BigInt(x) * BigInt(words[words.length - 1 - i]!), 0n);
        // reduce over an Int32Array starts from the bigint seed
        expect(innerI32(ring, p, q, words.length)).toBe(want);
        const r = ring.place(bytes);
        expect(innerI8(ring, r, r, bytes.length)).toBe(BigInt(bytes.reduce((sum, x) => sum + x * x, 0)));
        ring.release(mark);
      }),
    );
  });

  it('narrowI64 and the widenings keep values or say that they do not fit', () => {
    const values = [0n, -1n, 2n ** 31n - 1n, -(2n ** 31n)];
    const p = ring.place(BigInt64Array.from(values));
    const out = ring.alloc(64);
    expect(narrowI64(ring, out, p, 4)).toBe(true);
    expect([...ring.i32(out, 4)].map(BigInt)).toEqual(values);
    const back = ring.alloc(64);
    widenI32(ring, back, out, 4);
    expect([...ring.i64(back, 4)]).toEqual(values);
    for (const x of [2n ** 31n, -(2n ** 31n) - 1n, 2n ** 40n]) {
      ring.put(p, BigInt64Array.of(x));
      expect(narrowI64(ring, out, p, 4)).toBe(false);
      expect(ring.i32(out, 1)[0]).toBe(0);
    }
    widenI8(ring, out, ring.place(Int8Array.of(-128, 127, -1, 0)), 4);
    expect([...ring.i32(out, 4)]).toEqual([-128, 127, -1, 0]);
  });
});
