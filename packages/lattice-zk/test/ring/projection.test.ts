import { describe, expect, it } from 'vitest';
import { fold, foldTables, matrixBytes, PROJECTION_ROWS, project } from '../../src/ring/projection.ts';
import { entryR, generator, mod } from './model.ts';
import { primesBelow, Q60, Q106, ringOf, shapes } from './rings.ts';

const cases = [
  ...shapes,
  { name: 'N = 256, below 2^58', N: 256, moduli: primesBelow(58, 256, 1) },
  { name: 'N = 512, q60 congruent', N: 512, moduli: primesBelow(60, 512, 1) },
];

describe.each(cases)('projection equals the model: $name', (shape) => {
  const ring = ringOf(shape);
  const { n, L } = ring;
  const seed = new Uint8Array(32).fill(11);
  const matrix = ring.alloc(matrixBytes(ring));
  ring.expandR(matrix, seed, 1, 2);
  const bytes = ring.bytes(matrix, 64 * n).slice();
  const rows = Array.from({ length: PROJECTION_ROWS }, (_, i) => i);

  it('entries are bit - bit: 0 half the time, 1 and -1 a quarter each', () => {
    const counts = new Map([-1, 0, 1].map((value) => [value, 0]));
    for (const i of rows)
      for (let j = 0; j < n; j++) counts.set(entryR(bytes, n, i, j), counts.get(entryR(bytes, n, i, j))! + 1);
    const total = 256 * n;
    for (const [value, share] of [
      [-1, 0.25],
      [0, 0.5],
      [1, 0.25],
    ] as const) {
      const deviation = Math.sqrt(total * share * (1 - share));
      expect(Math.abs(counts.get(value)! - total * share)).toBeLessThan(5 * deviation);
    }
  });

  it('project adds R w, also for the largest w', () => {
    const next = generator(5);
    for (const make of [
      (_: number) => Number(next(2n ** 32n)) - 2 ** 31,
      () => -(2 ** 31),
      (j: number) => (j % 2 ? 2 ** 31 - 1 : -1),
    ]) {
      const w = Int32Array.from({ length: n }, (_, j) => make(j));
      const acc = ring.alloc(PROJECTION_ROWS * 8);
      const start = BigInt64Array.from(rows, (i) => BigInt(i) * 10n ** 12n - 5n);
      ring.put(acc, start);
      project(ring, acc, matrix, ring.place(w));
      expect([...ring.i64(acc, 256)]).toEqual(
        rows.map((i) => start[i]! + BigInt(w.reduce((sum, x, j) => sum + x * entryR(bytes, n, i, j), 0))),
      );
    }
  });

  it('fold is the transposed product modulo each prime, for two sets at once, also for the largest challenges', () => {
    const next = generator(6);
    for (const largest of [false, true]) {
      const gammas = ring.moduli.map((q) => rows.concat(rows).map(() => (largest ? q - 1n : next(q))));
      const tables = foldTables(ring, ring.place(BigUint64Array.from(gammas.flat())));
      const [a, b] = [ring.allocPoly(), ring.allocPoly()];
      for (const j of [0, n - 1]) {
        // columns of all ones in both halves reach the largest sums
        if (largest) for (let g = 0; g < 64; g++) ring.bytes(matrix + g * n + j, 1)[0] = g < 32 === (j === 0) ? 255 : 0;
      }
      const present = ring.bytes(matrix, 64 * n).slice();
      fold(ring, a, b, tables, matrix);
      const columns = n <= 256 ? Array.from({ length: n }, (_, j) => j) : [0, 1, 255, 256, n / 2, n - 1];
      for (const [set, p] of [a, b].entries())
        for (let i = 0; i < L; i++)
          for (const j of columns)
            expect(ring.u64(p + (i * n + j) * 8, 1)[0]).toBe(
              mod(
                rows.reduce((sum, r) => sum + gammas[i]![set * 256 + r]! * BigInt(entryR(present, n, r, j)), 0n),
                ring.moduli[i]!,
              ),
            );
      expect(ring.isReduced(a) && ring.isReduced(b)).toBe(true);
    }
  });
});

describe.each([
  { name: 'q60', moduli: Q60 },
  { name: 'q106', moduli: Q106 },
])('at full size: $name', ({ moduli }) => {
  it('gamma (R w) = (gamma R) w', () => {
    const ring = ringOf({ N: 4096, moduli });
    const next = generator(8);
    const matrix = ring.alloc(matrixBytes(ring));
    ring.expandR(matrix, new Uint8Array(32).fill(3), 0, 0);
    const w = Int32Array.from({ length: ring.n }, () => Number(next(2n ** 32n)) - 2 ** 31);
    const acc = ring.place(new BigInt64Array(256));
    project(ring, acc, matrix, ring.place(w));
    const z = [...ring.i64(acc, 256)];
    const gammas = ring.moduli.flatMap((q) => Array.from({ length: 512 }, () => next(q)));
    const [a, b] = [ring.allocPoly(), ring.allocPoly()];
    fold(ring, a, b, foldTables(ring, ring.place(BigUint64Array.from(gammas))), matrix);
    ring.moduli.forEach((q, i) => {
      for (const [set, p] of [a, b].entries()) {
        const columns = ring.u64(p + i * ring.n * 8, ring.n);
        const right = w.reduce((sum, x, j) => sum + BigInt(x) * columns[j]!, 0n);
        const left = z.reduce((sum, x, r) => sum + x * gammas[i * 512 + set * 256 + r]!, 0n);
        expect(mod(left, q)).toBe(mod(right, q));
      }
    });
  });
});
