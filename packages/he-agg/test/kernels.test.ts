import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kernelModuleText } from '../scripts/build-kernels.ts';
import { PARAMETER_SETS } from '../src/index.ts';
import { KernelMemory } from '../src/kernels.ts';
import { mod, SET_NAMES, simulation, unpackModel } from './support/model.ts';

const N = 4096;

function randomWords(random: () => number, n: number, below: bigint): BigUint64Array<ArrayBuffer> {
  return BigUint64Array.from({ length: n }, (_, i) => {
    if (i === 0) return 0n;
    if (i === 1) return below - 1n;
    return ((BigInt(Math.floor(random() * 2 ** 32)) << 32n) | BigInt(Math.floor(random() * 2 ** 32))) % below;
  });
}

it('the embedded kernels are what assembly/kernels.ts compiles to', async () => {
  const committed = readFileSync(new URL('../src/kernels.wasm.ts', import.meta.url), 'utf8');
  expect(committed).toBe(await kernelModuleText());
});

describe.each(SET_NAMES)('residues of %s', (name) => {
  const { primes, primeBits: bits, delta, plainModulus: t } = PARAMETER_SETS[name];
  const random = simulation(7);

  it.each(primes)('pack, unpack, gate and both sums agree with the big-integer model, q = %i', (q) => {
    const kernel = new KernelMemory();
    const [a, b, packed] = [kernel.reserve(8 * N), kernel.reserve(8 * N), kernel.reserve((N * bits) / 8)];
    const x = randomWords(random, N, q);
    const y = randomWords(random, N, q);
    kernel.write(a, x);
    kernel.run.pack(a, packed, N, bits);
    expect(unpackModel(kernel.copy(packed, (N * bits) / 8), 0, N, bits)).toEqual([...x]);
    kernel.run.unpack(packed, b, N, bits);
    expect(kernel.copyWords(b, N)).toEqual(x);
    expect(kernel.run.gate(packed, N, bits, q)).toBe(2);

    const sum = BigUint64Array.from(x, (value, i) => (value + y[i]!) % q);
    kernel.write(b, y);
    kernel.run.addPacked(packed, b, N, bits, q);
    expect(kernel.copyWords(b, N)).toEqual(sum);
    kernel.write(b, y);
    kernel.run.addWords(a, b, N, q);
    expect(kernel.copyWords(b, N)).toEqual(sum);
    kernel.run.negate(b, N, q);
    expect(kernel.copyWords(b, N)).toEqual(BigUint64Array.from(sum, (value) => mod(-value, q)));
  });

  it.each(primes)(
    'the gate sees a residue at q, just above it and at the top, in every position of a group, q = %i',
    (q) => {
      const kernel = new KernelMemory();
      const [words, packed] = [kernel.reserve(8 * N), kernel.reserve((N * bits) / 8)];
      const top = (1n << BigInt(bits)) - 1n;
      for (let i = 0; i < 16; i++)
        for (const [value, flags] of [
          [q - 1n, 2],
          [q, 3],
          [q + 1n, 3],
          [top, 3],
        ] as const) {
          const x = new BigUint64Array(N);
          x[i < 8 ? i : N - 16 + i] = value;
          kernel.write(words, x);
          kernel.run.pack(words, packed, N, bits);
          expect(kernel.run.gate(packed, N, bits, q)).toBe(flags);
        }
      kernel.wipe(packed, (N * bits) / 8);
      expect(kernel.run.gate(packed, N, bits, q)).toBe(0);
    },
  );

  it.each(primes)('combine is r + e + Δ·m mod q for every i32 message, q = %i', (q) => {
    const kernel = new KernelMemory();
    const [r, e, m, out] = [8 * N + 1, N, 4 * N, 8 * N].map((length) => kernel.reserve(length)) as [
      number,
      number,
      number,
      number,
    ];
    const residues = randomWords(random, N, q);
    const errors = Int8Array.from({ length: N }, (_, i) =>
      i < 4 ? (i % 2 ? 21 : -21) : Math.floor(random() * 43) - 21,
    );
    const extremes = [-(2 ** 31), 2 ** 31 - 1, 0, -1, 1];
    const message = Int32Array.from({ length: N }, (_, i) => extremes[i] ?? Math.floor((random() - 0.5) * 2 ** 32));
    const factor = delta % q;
    kernel.write(r + 1, residues);
    kernel.write(e, errors);
    kernel.write(m, message);
    kernel.run.combine(r + 1, e, m, out, N, q, factor, (factor << 64n) / q);
    const want = residues.map((x, i) => mod(x + BigInt(errors[i]!) + delta * BigInt(message[i]!), q));
    expect(kernel.copyWords(out, N)).toEqual(want);
    kernel.run.combine(r + 1, e, 0, out, N, q, 0n, 0n);
    expect(kernel.copyWords(out, N)).toEqual(residues.map((x, i) => mod(x + BigInt(errors[i]!), q)));
  });

  it('lift and centre are the two representatives mod t', () => {
    const kernel = new KernelMemory();
    const [small, words, out] = [kernel.reserve(N), kernel.reserve(8 * N), kernel.reserve(4 * N)];
    const x = Int8Array.from({ length: N }, (_, i) => (i % 3) - 1);
    kernel.write(small, x);
    kernel.run.lift(small, words, N, t);
    expect(kernel.copyWords(words, N)).toEqual(BigUint64Array.from(x, (value) => mod(BigInt(value), t)));
    const half = (t - 1n) / 2n;
    const y = BigUint64Array.from({ length: N }, (_, i) => [0n, 1n, half, half + 1n, t - 1n][i] ?? BigInt(i));
    kernel.write(words, y);
    kernel.run.centre(words, out, N, t);
    expect(new Int32Array(kernel.copy(out, 4 * N).buffer)).toEqual(
      Int32Array.from(y, (value) => Number(value > half ? value - t : value)),
    );
  });
});

describe('samplers', () => {
  const bytes = Uint8Array.from(
    { length: 65536 },
    (
      (random) => () =>
        Math.floor(random() * 256)
    )(simulation(3)),
  );

  it('a ternary value is a base-3 digit of a byte below 243, and no other byte counts', () => {
    const kernel = new KernelMemory();
    const [src, dst] = [kernel.reserve(1024), kernel.reserve(N)];
    kernel.write(src, bytes.subarray(0, 1024));
    expect(kernel.run.ternary(src, 1024, dst, N)).toBe(1);
    const want: number[] = [];
    for (const byte of bytes.subarray(0, 1024))
      if (byte < 243) for (let j = 0, b = byte; j < 5; j++, b = Math.floor(b / 3)) want.push((b % 3) - 1);
    expect([...new Int8Array(kernel.copy(dst, N).buffer)]).toEqual(want.slice(0, N));
    expect(kernel.run.ternary(src, 800, dst, N)).toBe(0);
    kernel.bytes(src, 1024).fill(250);
    expect(kernel.run.ternary(src, 1024, dst, N)).toBe(0);
  });

  it('every trit of every byte value comes out equally often', () => {
    const kernel = new KernelMemory();
    const [src, dst] = [kernel.reserve(256), kernel.reserve(1216)];
    kernel.write(
      src,
      Uint8Array.from({ length: 256 }, (_, i) => i),
    );
    expect(kernel.run.ternary(src, 256, dst, 1215)).toBe(1);
    const counts = [0, 0, 0];
    for (const trit of new Int8Array(kernel.copy(dst, 1215).buffer)) counts[trit + 1]! += 1;
    expect(counts).toEqual([405, 405, 405]);
  });

  it('a binomial value is the difference of two popcounts of 21 bits', () => {
    const kernel = new KernelMemory();
    const [src, dst] = [kernel.reserve((42 * N) / 8), kernel.reserve(N)];
    kernel.write(src, bytes.subarray(0, (42 * N) / 8));
    kernel.run.binomial21(src, dst, N);
    const bit = (i: number) => (bytes[i >> 3]! >> (i & 7)) & 1;
    const want = Int8Array.from({ length: N }, (_, i) => {
      let value = 0;
      for (let j = 0; j < 21; j++) value += bit(42 * i + j) - bit(42 * i + 21 + j);
      return value;
    });
    expect(new Int8Array(kernel.copy(dst, N).buffer)).toEqual(want);
    expect(kernel.run.normSquared(dst, N)).toBe(want.reduce((sum, x) => sum + x * x, 0));
  });

  it('uniform residues keep what is below q and drop the rest', () => {
    const kernel = new KernelMemory();
    const words = 4096;
    const [src, dst] = [kernel.reserve(8 * words), kernel.reserve(8 * words)];
    kernel.write(src, bytes.subarray(0, 8 * words));
    const q = (1n << 52n) + 12345n;
    const kept = [...new BigUint64Array(bytes.slice(0, 8 * words).buffer)]
      .map((word) => word & ((1n << 53n) - 1n))
      .filter((word) => word < q);
    const done = kernel.run.uniform(src, words, dst, words, 53, q);
    expect(done).toBe(kept.length);
    expect(done).toBeLessThan(words);
    expect([...kernel.copyWords(dst, done)]).toEqual(kept);
  });
});
