import { LatticeZkError } from './errors.ts';
import { getSet } from './parameters.ts';
import { bitReverse, powerMod, primitiveRoot } from './ring/prime.ts';
import { Ring } from './ring/ring.ts';
import { Sponge } from './ring/xof.ts';

/** Microseconds of one forward transform of size 4096 modulo the 60-bit prime of `n4096-q60`. */
export interface TransformTiming {
  /** least of many runs of the kernel */
  readonly kernel: number;
  /** least of many runs of the same transform over BigInt, timed in between */
  readonly model: number;
}

/** The negacyclic transform over BigInt, in the kernel's slot order. */
export function modelTransform(values: readonly bigint[], q: bigint): () => bigint[] {
  const N = values.length;
  const bits = Math.log2(N);
  const psi = primitiveRoot(q, N);
  const table = Array.from({ length: N }, (_, k) => powerMod(psi, BigInt(bitReverse(k, bits)), q));
  return () => {
    const a = values.slice();
    for (let m = 1, span = N / 2; m < N; m *= 2, span /= 2) {
      for (let i = 0; i < m; i++) {
        const root = table[m + i]!;
        for (let j = 2 * i * span; j < (2 * i + 1) * span; j++) {
          const t = (a[j + span]! * root) % q;
          const x = a[j]!;
          a[j] = x + t >= q ? x + t - q : x + t;
          a[j + span] = x >= t ? x - t : x - t + q;
        }
      }
    }
    return a;
  };
}

/** Times the kernel beside the BigInt model; the ratio is comparable between machines. @throws LatticeZkError `internal` if they disagree */
export function timeTransform(): TransformTiming {
  const { N, primes } = getSet('n4096-q60');
  const [q] = primes as [bigint];
  const ring = Ring.create({ N, moduli: primes });
  const half = ring.allocPoly();
  ring.uniform(half, new Sponge(ring, { bits: 128 }).finish());
  const model = modelTransform([...ring.u64(half, N)], q);
  const expected = model();
  const context = ring.context(0);
  ring.kernels.nttForward(context, half);
  if (ring.u64(half, N).some((value, k) => value !== expected[k])) {
    throw new LatticeZkError({
      code: 'internal',
      operation: 'timeTransform',
      field: 'kernel',
      got: 'not what the model gives',
    });
  }
  const best = { kernel: Number.POSITIVE_INFINITY, model: Number.POSITIVE_INFINITY };
  const clock = (runs: number, act: () => void): number => {
    const start = performance.now();
    for (let i = 0; i < runs; i++) act();
    return ((performance.now() - start) * 1000) / runs;
  };
  for (let i = 0; i < 20; i++) {
    best.kernel = Math.min(
      best.kernel,
      clock(50, () => ring.kernels.nttForward(context, half)),
    );
    best.model = Math.min(
      best.model,
      clock(1, () => model()),
    );
  }
  return best;
}
