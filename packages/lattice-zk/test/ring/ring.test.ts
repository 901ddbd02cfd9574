import { describe, expect, it } from 'vitest';
import { LatticeZkError } from '../../src/errors.ts';
import { Ring } from '../../src/ring/ring.ts';
import * as model from './model.ts';
import { Q60, Q106, read, ringOf, shapes, store } from './rings.ts';

/** Extremes first, random residues then. */
function sample(q: bigint, n: number, seed: number): model.Poly {
  const next = model.generator(seed);
  const edges = [0n, q - 1n, 1n, q / 2n, q / 2n + 1n];
  return Array.from({ length: n }, (_, i) => (i < edges.length ? edges[(i + seed) % edges.length]! : next(q)));
}

describe.each(shapes)('ring arithmetic equals the BigInt model: $name', (shape) => {
  const ring = ringOf(shape);
  const { q, n, N } = ring;
  const [a, b, c, d] = [1, 2, 3, 4].map((seed) => sample(q, n, seed)) as [
    model.Poly,
    model.Poly,
    model.Poly,
    model.Poly,
  ];
  const all = [a, b, c, d];
  const largest = a.map(() => q - 1n);
  const ptr = ring.allocPoly(4);
  const P = (i: number) => ptr + i * ring.polyBytes;
  const out = ring.allocPoly();
  const r = ring.alloc(ring.rBytes);
  const load = () => {
    for (const [i, poly] of all.entries()) store(ring, P(i), poly);
    ring.ntt(ptr, 4);
  };
  const fillSlots = (at: number) => {
    for (const [m, p] of ring.moduli.entries()) ring.u64(at + m * n * 8, n).fill(p - 1n);
  };
  const result = () => {
    expect(ring.isReduced(out)).toBe(true);
    ring.intt(out);
    expect(ring.isReduced(out)).toBe(true);
    return read(ring, out);
  };

  it('the transform is invertible and its outputs are reduced', () => {
    load();
    expect(all.every((_, i) => ring.isReduced(P(i)))).toBe(true);
    ring.intt(ptr, 4);
    expect(all.map((_, i) => read(ring, P(i)))).toEqual(all);
  });

  it('the slots are the values at the documented roots', () => {
    store(ring, out, a);
    ring.ntt(out);
    const prime = ring.moduli[0]!;
    // slot of X itself gives zeta_k
    ring.xPower(r, 1);
    const zeta = [...ring.u64(r, N)];
    for (const k of [0, 1, N - 1]) {
      expect((zeta[k]! * zeta[N - 1 - k]!) % prime).toBe(1n);
      const even = a.filter((_, i) => i % 2 === 0).reduceRight((sum, x) => (sum * zeta[k]! + x) % prime, 0n);
      expect(ring.u64(out, N)[k]).toBe(even);
    }
  });

  it('mul, mulAdd, mulSub, dot, also at the largest residues', () => {
    const sum = (x: model.Poly, y: model.Poly) => model.add(x, y, q);
    const product = (x: model.Poly, y: model.Poly) => model.mul(x, y, q);
    load();
    ring.mul(out, P(0), P(1));
    ring.mulAdd(out, P(2), P(3));
    ring.mulSub(out, P(0), P(3));
    expect(result()).toEqual(sum(sum(product(a, b), product(c, d)), model.scale(product(a, d), -1n, q)));
    for (const [x, y] of [
      [largest, largest],
      [a, b],
    ] as const) {
      store(ring, P(0), x);
      store(ring, P(1), y);
      for (const [i, poly] of [x, y].entries()) {
        // every slot at q - 1: the largest 128-bit sums
        if (poly === largest) fillSlots(P(i));
        else ring.ntt(P(i));
      }
      for (const count of [1, 62, 63, 64, 130]) {
        ring.mul(out, P(0), P(1));
        ring.mulScalar(out, out, BigInt(count));
        const want = result();
        ring.dot(
          out,
          Array.from({ length: count }, () => [P(0), P(1)] as const),
        );
        expect(result()).toEqual(want);
      }
    }
  });

  it('dst may be an input of mul', () => {
    load();
    ring.mul(P(0), P(0), P(1));
    ring.mul(P(0), P(0), P(0));
    ring.intt(P(0));
    const product = model.mul(a, b, q);
    expect(read(ring, P(0))).toEqual(model.mul(product, product, q));
  });

  it('sigma and dotSigma; the constant coefficient of sigma(a) b is the inner product', () => {
    load();
    ring.sigma(out, P(0));
    expect(result()).toEqual(model.sigma(a, q));
    ring.dotSigma(out, [
      [P(0), P(1)],
      [P(2), P(3)],
      [P(2), P(2)],
    ]);
    ring.dotSigmaAdd(out, [[P(0), P(0)]]);
    const pairs = [
      [a, b],
      [c, d],
      [c, c],
      [a, a],
    ] as const;
    const want = pairs.map(([x, y]) => model.mul(model.sigma(x, q), y, q)).reduce((x, y) => model.add(x, y, q));
    const got = result();
    expect(got).toEqual(want);
    expect(got[0]).toBe(
      model.mod(
        pairs.reduce((s, [x, y]) => s + x.reduce((t, v, i) => t + v * y[i]!, 0n), 0n),
        q,
      ),
    );
    // norms take another way: alone, added and past 63 of them
    load();
    ring.dotSigma(out, [
      [P(0), P(0)],
      [P(1), P(1)],
    ]);
    ring.dotSigmaAdd(
      out,
      Array.from({ length: 130 }, () => [P(2), P(2)] as const),
    );
    const norm = (x: model.Poly) => model.mul(model.sigma(x, q), x, q);
    expect(result()).toEqual(model.add(model.add(norm(a), norm(b), q), model.scale(norm(c), 130n, q), q));
    fillSlots(P(0));
    ring.sigma(out, P(0));
    ring.mul(out, out, P(0));
    ring.mulScalar(out, out, 63n);
    const largestSum = result();
    ring.dotSigma(
      out,
      Array.from({ length: 63 }, () => [P(0), P(0)] as const),
    );
    expect(result()).toEqual(largestSum);
    ring.copy(P(1), P(0), ring.polyBytes);
    ring.dotSigma(
      out,
      Array.from({ length: 63 }, () => [P(0), P(1)] as const),
    );
    expect(result()).toEqual(largestSum);
  });

  it('mulR, mulRAdd, mulRSub, mulScalar, addScalar, xPower', () => {
    load();
    const inR = (list: model.Poly) => Array.from({ length: n }, (_, i) => (i % 2 === 0 ? list[i / 2]! : 0n));
    const scalar = sample(q, N, 9);
    for (const [m, p] of ring.moduli.entries()) ring.u64(r + m * N * 8, N).set(scalar.map((x) => x % p));
    expect(ring.isReducedR(r)).toBe(true);
    ring.nttR(r);
    ring.mulR(out, r, P(0));
    ring.mulRAdd(out, r, P(1));
    ring.mulRSub(out, r, P(2));
    const combined = model.add(model.add(a, b, q), model.scale(c, -1n, q), q);
    expect(result()).toEqual(model.mul(inR(scalar), combined, q));
    ring.inttR(r);
    expect(
      ring.moduli.map((p, m) => [...ring.u64(r + m * N * 8, N)].every((x, i) => x === scalar[i]! % p)),
    ).not.toContain(false);

    const s = -(q / 3n) - 5n;
    ring.mulScalar(out, P(0), s);
    ring.mulScalarAdd(out, P(1), 7n);
    ring.mulScalarSub(out, P(2), s);
    ring.addScalar(out, out, -4n);
    const want = model.add(model.add(model.scale(a, s, q), model.scale(b, 7n, q), q), model.scale(c, -s, q), q);
    want[0] = model.mod(want[0]! - 4n, q);
    expect(result()).toEqual(want);

    ring.xPower(r, N / 2);
    ring.mulR(out, r, P(0));
    expect(result()).toEqual([...a.slice(N).map((x) => model.mod(-x, q)), ...a.slice(0, N)]);
  });

  it('add, sub, neg', () => {
    load();
    ring.add(out, P(0), P(1));
    ring.sub(out, out, P(2));
    ring.neg(out, out);
    expect(result()).toEqual(model.scale(model.add(model.add(a, b, q), model.scale(c, -1n, q), q), -1n, q));
  });

  it('lifts, centred lift, coefficient access', () => {
    const i8 = Int8Array.from({ length: n }, (_, i) => [0, 1, -1, 127, -128, 96, -97, -42][i % 8]!);
    const i32 = Int32Array.from({ length: n }, (_, i) => [0, 2 ** 31 - 1, -(2 ** 31), 97, -97, -1, 12345678][i % 7]!);
    const i64 = BigInt64Array.from(
      { length: n },
      (_, i) => [0n, 2n ** 63n - 1n, 1n - 2n ** 63n, q, -q, -1n][i % 6]!,
    ).map((x) => BigInt.asIntN(64, x));
    for (const [source, lift] of [
      [i8, () => ring.liftI8(out, ring.place(i8))],
      [i32, () => ring.lift32(out, ring.place(i32))],
      [i64, () => ring.lift64(out, ring.place(i64))],
    ] as const) {
      lift();
      expect(ring.isReduced(out)).toBe(true);
      expect(model.toSplit(read(ring, out))).toEqual([...source].map((x: number | bigint) => model.mod(BigInt(x), q)));
    }
    store(ring, out, a);
    const centred = ring.alloc(n * 8);
    const want = a.map((x) => model.center(x, q));
    const fits = want.every((x) => x < 2n ** 62n && x > -(2n ** 62n));
    expect(ring.center(centred, out)).toBe(fits);
    expect(model.fromSplit([...ring.i64(centred, n)])).toEqual(
      want.map((x) => (x < 2n ** 62n && x > -(2n ** 62n) ? x : 0n)),
    );
    expect(a.map((_, i) => ring.coefficient(out, i))).toEqual(a);
    ring.setCoefficient(out, 5, -3n);
    expect(ring.coefficient(out, 5)).toBe(q - 3n);
  });

  it('interleave, loadR and range checks', () => {
    const [even, odd] = [ring.alloc(ring.rBytes), ring.alloc(ring.rBytes)];
    const residues = BigUint64Array.from(
      { length: ring.L * N },
      (_, i) => ring.moduli[Math.floor(i / N)]! - 1n - BigInt((i % N) % 7),
    );
    expect(ring.loadR(even, residues)).toBe(true);
    expect(
      ring.loadR(
        odd,
        residues.map((x) => x - 20n),
      ),
    ).toBe(true);
    ring.interleave(out, even, odd);
    expect(ring.coefficient(out, 6)).toBe(q - 1n - 3n);
    expect(ring.coefficient(out, 7)).toBe(q - 21n - 3n);
    ring.interleave(out, even);
    expect(ring.coefficient(out, 7)).toBe(0n);
    for (const at of [0, residues.length - 1]) {
      const wrong = residues.slice();
      wrong[at] = ring.moduli[Math.floor(at / N)]!;
      expect(ring.loadR(even, wrong)).toBe(false);
    }
    expect(ring.loadR(even, residues.slice(1))).toBe(false);
    store(ring, out, a);
    ring.u64(out + ring.polyBytes - 8, 1)[0] = ring.moduli.at(-1)!;
    expect(ring.isReduced(out)).toBe(false);
  });
});

describe.each([
  { name: 'q60', moduli: Q60 },
  { name: 'q106', moduli: Q106 },
])('the transform at full size: $name', ({ moduli }) => {
  it('multiplies a sparse and a dense polynomial as the model does', () => {
    const ring = Ring.create({ N: 4096, moduli });
    const next = model.generator(7);
    const dense = Array.from({ length: ring.n }, () => next(ring.q));
    const sparse = dense.map((_, i) => ([0, 1, 4095, 4096, 8191].includes(i) ? next(ring.q) : 0n));
    const p = ring.allocPoly(2);
    store(ring, p, sparse);
    store(ring, p + ring.polyBytes, dense);
    ring.ntt(p, 2);
    ring.mul(p, p, p + ring.polyBytes);
    ring.intt(p);
    expect(read(ring, p)).toEqual(model.mul(sparse, dense, ring.q));
  });
});

describe('options and memory', () => {
  const code = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      return error instanceof LatticeZkError ? error.code : error;
    }
    return undefined;
  };

  it('refuses degrees, counts, congruences and composites', () => {
    for (const options of [
      { N: 15, moduli: [97n] },
      { N: 8192, moduli: Q60 },
      { N: 16, moduli: [] },
      { N: 16, moduli: [97n, 97n] },
      { N: 16, moduli: [193n] },
      { N: 16, moduli: [33n] },
      { N: 16, moduli: [33n * 193n] },
      { N: 16, moduli: [1152921504606850529n] },
      { N: 16, moduli: [97n, 1889n, 2017n] },
    ])
      expect(code(() => Ring.create(options))).toBe('parameters');
  });

  it('stops at the stated limit and reuses released memory after wiping it', () => {
    const ring = Ring.create({ N: 16, moduli: [97n], limit: 2 ** 20 });
    expect(code(() => ring.alloc(2 ** 20))).toBe('memory');
    const mark = ring.mark();
    const p = ring.alloc(100);
    expect(p % 16).toBe(0);
    ring.bytes(p, 100).fill(7);
    ring.release(mark);
    expect(ring.alloc(100)).toBe(p);
    expect(ring.bytes(p, 100).every((x) => x === 0)).toBe(true);
    expect(code(() => ring.release(ring.mark() + 16))).toBe('internal');
    expect(code(() => ring.release(0))).toBe('internal');
  });

  it('instances are independent, and createAsync gives the same ring', async () => {
    const [one, two] = [Ring.create({ N: 16, moduli: [97n] }), await Ring.createAsync({ N: 16, moduli: [97n] })];
    const [p, r] = [one.allocPoly(), two.allocPoly()];
    store(
      one,
      p,
      Array.from({ length: 32 }, (_, i) => BigInt(i)),
    );
    store(
      two,
      r,
      Array.from({ length: 32 }, (_, i) => BigInt(i)),
    );
    one.ntt(p);
    expect(read(two, r)[3]).toBe(3n);
    two.ntt(r);
    expect([...two.u64(r, 32)]).toEqual([...one.u64(p, 32)]);
  });
});
