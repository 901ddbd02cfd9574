// Times the kernels, best of many runs, and the BigInt model of the transform beside them: `node
// --conditions=@zkfl/source bench/kernels.ts`. Ratios are comparable between machines; times are this machine's.

import { GaussianSampler } from '../src/ring/gaussian.ts';
import { addI64, innerI64, mulChallenge } from '../src/ring/integers.ts';
import { bitReverse, powerMod, primitiveRoot } from '../src/ring/prime.ts';
import { fold, foldTables, matrixBytes, project } from '../src/ring/projection.ts';
import { Ring } from '../src/ring/ring.ts';
import { SecretStream, Sponge } from '../src/ring/xof.ts';

/** Least time of one call in microseconds. */
function best(runs: number, act: () => void, inner = 1): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    for (let j = 0; j < inner; j++) act();
    least = Math.min(least, performance.now() - start);
  }
  return (least / inner) * 1000;
}

/** The same transform over BigInt, for the ratio. */
function bigintTransform(values: bigint[], q: bigint): () => void {
  const N = values.length;
  const psi = primitiveRoot(q, N);
  const bits = Math.log2(N);
  const table = Array.from({ length: N }, (_, k) => powerMod(psi, BigInt(bitReverse(k, bits)), q));
  return () => {
    const a = values.slice();
    for (let m = 1, span = N / 2; m < N; m *= 2, span /= 2)
      for (let i = 0; i < m; i++)
        for (let j = 2 * i * span; j < (2 * i + 1) * span; j++) {
          const t = (a[j + span]! * table[m + i]!) % q;
          const x = a[j]!;
          a[j] = x + t >= q ? x + t - q : x + t;
          a[j + span] = x >= t ? x - t : x - t + q;
        }
  };
}

const BLOCKS = 14;
const MATRICES = 4 * BLOCKS + 1;
const line = (name: string, value: number, unit: string, note = '') =>
  console.log(
    `${name.padEnd(44)}${value.toFixed(value < 10 ? 2 : 1).padStart(10)} ${unit}${note === '' ? '' : `  ${note}`}`,
  );

for (const [name, moduli] of [
  ['n4096-q60', [0xffff7f5c0052001n]],
  ['n4096-q106', [0x1ffffffff72001n, 0x1f7da129f62001n]],
] as const) {
  const ring = Ring.create({ N: 4096, moduli });
  console.log(`${name}: N = 4096, n = 8192, ${BLOCKS} blocks = ${BLOCKS * ring.n} coordinates`);
  const seed = new Uint8Array(32).fill(1);
  const [a, b, c] = [ring.allocPoly(), ring.allocPoly(), ring.allocPoly()];
  for (const [i, p] of [a, b, c].entries())
    ring.uniform(p, new Sponge(ring, { bits: 128 }).absorb(Uint8Array.of(i)).finish());
  const context = ring.context(0);
  const forward = best(300, () => ring.kernels.nttForward(context, a));
  const inverse = best(300, () => ring.kernels.nttInverse(context, a));
  const model = best(5, bigintTransform([...ring.u64(a, 4096)], moduli[0]));
  line('NTT, size 4096, one prime', forward, 'us', `BigInt / kernel = ${(model / forward).toFixed(1)}`);
  line('inverse NTT', inverse, 'us', `inverse / forward = ${(inverse / forward).toFixed(2)}`);
  line(
    'mul in S_q',
    best(100, () => ring.mul(c, a, b)),
    'us',
  );
  const pairs = Array.from({ length: BLOCKS }, () => [a, b] as const);
  line('dot, a pair', best(50, () => ring.dot(c, pairs)) / BLOCKS, 'us');
  line('dotSigma, a pair', best(50, () => ring.dotSigma(c, pairs)) / BLOCKS, 'us');
  const same = pairs.map(() => [a, a] as const);
  line('dotSigma, a norm', best(50, () => ring.dotSigma(c, same)) / BLOCKS, 'us');
  line(
    'mulR',
    best(100, () => ring.mulR(c, a, b)),
    'us',
  );
  line(
    'add',
    best(100, () => ring.add(c, a, b)),
    'us',
  );
  line(
    'mulScalar',
    best(100, () => ring.mulScalar(c, a, 12345678901234567n)),
    'us',
  );
  const matrix = ring.alloc(matrixBytes(ring));
  const bytes = matrixBytes(ring);
  const expand = best(20, () => ring.expandR(matrix, seed, 0, 0));
  line(
    'expandR',
    (expand * 1000) / bytes,
    'ns/B',
    `${((expand * MATRICES) / 1000).toFixed(1)} ms for ${MATRICES} polynomials`,
  );
  const w = ring.place(Int32Array.from({ length: ring.n }, (_, i) => (i * 7919) % 100_003));
  const acc = ring.alloc(2048);
  const once = best(50, () => project(ring, acc, matrix, w));
  line('project, a polynomial', once, 'us', `${((once * MATRICES) / 1000).toFixed(1)} ms for ${MATRICES}`);
  const gammas = ring.alloc(ring.L * 512 * 8);
  for (let i = 0; i < ring.L; i++)
    ring.uniformWords(gammas + i * 4096, 512, i, new Sponge(ring, { bits: 128 }).finish());
  const tables = foldTables(ring, gammas);
  const folded = best(30, () => fold(ring, a, b, tables, matrix));
  line('fold, a polynomial, two sets', folded, 'us', `${((folded * MATRICES) / 1000).toFixed(1)} ms for ${MATRICES}`);
  const stream = new SecretStream(ring, seed);
  const sampler = new GaussianSampler(ring, { k: 2n ** 28n + 3n });
  const y = ring.alloc(ring.n * 8);
  line('Gaussian, a sample', (best(20, () => sampler.sample(y, ring.n, stream)) * 1000) / ring.n, 'ns');
  const v = ring.alloc(ring.n * 8);
  const terms = Array.from({ length: 28 }, (_, i) => i);
  const challenge = { positions: terms.map((i) => i * 291 + 5), signs: terms.map((i) => (i % 2 ? 1 : -1)) };
  line(
    'mulChallenge, i32',
    best(50, () => mulChallenge(ring, v, challenge, w, 'i32')),
    'us',
  );
  line(
    'addI64',
    best(50, () => addI64(ring, v, y, v, ring.n)),
    'us',
  );
  line(
    'innerI64',
    best(50, () => void innerI64(ring, y, v, ring.n)),
    'us',
  );
  line('ternary', (best(50, () => stream.ternary(y, ring.n)) * 1000) / ring.n, 'ns');
  line(
    'uniform',
    best(50, () => ring.uniform(c, stream)),
    'us',
  );
  const message = ring.alloc(2 ** 20);
  line(
    'Sponge absorb, 256',
    best(10, () => void new Sponge(ring, { bits: 256 }).absorbAt(message, 2 ** 20)) / 1048.576,
    'ns/B',
  );
}
