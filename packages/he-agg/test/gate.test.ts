import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SealEngine } from '../src/engine.ts';
import type { Engine } from '../src/index.ts';
import * as he from '../src/index.ts';
import { expectFailure, residueModel, SET_NAMES, setResidue, simulation, uniformIntegers } from './support/model.ts';

const HEADER = 16;
const BLOBS = process.env['ZKFL_NIGHTLY'] === '1' ? 200_000 : 10_000;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe.each(SET_NAMES)('the gate of %s', (name) => {
  const set = he.PARAMETER_SETS[name];
  const { degree, primes, primeBits: bits } = set;
  const dimension = degree;
  const residueCount = 2 * primes.length * degree;
  const primeOf = (index: number) => primes[Math.floor(index / degree) % primes.length]!;
  let engine: Engine;
  let keys: ReturnType<typeof he.generateKeys>;
  let honest: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    engine = await he.createEngine({ set: name });
    keys = he.generateKeys(engine);
    const message = uniformIntegers(simulation(1), dimension, 1000);
    honest = he.encrypt(engine, { publicKey: keys.publicKey, message }).bytes;
  });
  afterAll(() => engine.dispose());

  const aggregator = () => he.createAggregator({ set: name, dimension });
  const refuses = (bytes: Uint8Array, code: he.HeAggErrorCode = 'encoding') => {
    expectFailure(() => aggregator().add(bytes), code);
    expectFailure(() => he.checkUpdate({ set: name, dimension, bytes }), code);
    expectFailure(() => he.describe({ set: name, dimension, publicKey: keys.publicKey, bytes }), code);
  };

  it('refuses every other length', () => {
    for (const length of [0, 1, HEADER - 1, HEADER, HEADER + 1, honest.length - 1]) refuses(honest.slice(0, length));
    for (const extra of [1, 8, honest.length]) {
      const longer = new Uint8Array(honest.length + extra);
      longer.set(honest);
      refuses(longer);
    }
    const two = he.encrypt(engine, { publicKey: keys.publicKey, message: new Int32Array(degree + 1) }).bytes;
    refuses(two);
  });

  it('refuses every other value of every header byte', () => {
    const sum = aggregator();
    for (let at = 0; at < HEADER; at++) {
      const changed = honest.slice();
      for (let value = 0; value < 256; value++) {
        if (value === honest[at]) continue;
        changed[at] = value;
        expectFailure(() => sum.add(changed), 'encoding');
      }
      refuses(changed);
    }
    expect(sum.count).toBe(0);
  });

  it('refuses a residue at its prime and takes the one below, wherever it stands', () => {
    for (const index of [0, 1, 7, 8, degree - 1, degree, residueCount - 1]) {
      for (const value of [primeOf(index), primeOf(index) + 1n, (1n << BigInt(bits)) - 1n]) {
        const changed = honest.slice();
        setResidue(changed, HEADER, index, bits, value);
        refuses(changed);
      }
      const changed = honest.slice();
      setResidue(changed, HEADER, index, bits, primeOf(index) - 1n);
      aggregator().add(changed);
    }
  });

  it('refuses transparent and all-zero ciphertexts, in any place of an update', () => {
    const half = (honest.length - HEADER) / 2;
    const transparent = honest.slice();
    transparent.fill(0, HEADER + half);
    refuses(transparent, 'transparent');
    const zero = honest.slice();
    zero.fill(0, HEADER);
    refuses(zero, 'transparent');
    const wide = 3 * degree;
    const { bytes } = he.encrypt(engine, { publicKey: keys.publicKey, message: new Int32Array(wide) });
    for (let k = 0; k < 3; k++) {
      const changed = bytes.slice();
      changed.fill(0, HEADER + (2 * k + 1) * half, HEADER + (2 * k + 2) * half);
      const error = expectFailure(
        () => he.createAggregator({ set: name, dimension: wide }).add(changed),
        'transparent',
      );
      expect(error.field).toBe(`ciphertext ${k}`);
    }
    // c0 alone may be zero: it hides nothing that c1 does not, and it opens to some integers like any other
    const noFirst = honest.slice();
    noFirst.fill(0, HEADER, HEADER + half);
    aggregator().add(noFirst);
  });

  it('refuses what is not bytes, and bytes of another set', () => {
    for (const bad of [undefined, null, 'ZKHE', [1], new Uint16Array(4), honest.buffer, {}])
      expectFailure(() => aggregator().add(bad as never), 'options');
    const other = SET_NAMES.find((candidate) => candidate !== name)!;
    expectFailure(() => he.createAggregator({ set: other, dimension }).add(honest), 'encoding');
  });

  it('an update that fails in its last ciphertext leaves no trace in the sum', () => {
    const wide = 2 * degree;
    const random = simulation(2);
    const message = uniformIntegers(random, wide, 1000);
    const good = he.encrypt(engine, { publicKey: keys.publicKey, message }).bytes;
    const bad = he.encrypt(engine, { publicKey: keys.publicKey, message }).bytes;
    setResidue(bad, HEADER, 2 * residueCount - 1, bits, primes.at(-1)!);
    const sum = he.createAggregator({ set: name, dimension: wide });
    sum.add(good);
    expectFailure(() => sum.add(bad), 'encoding');
    const alone = he.createAggregator({ set: name, dimension: wide });
    alone.add(good);
    expect(sum.count).toBe(1);
    expect(sum.finish().bytes).toEqual(alone.finish().bytes);
  });

  it('does not see later changes of the caller’s bytes', () => {
    const mutable = honest.slice();
    const sum = aggregator();
    sum.add(mutable);
    const { ciphertexts } = he.describe({ set: name, dimension, publicKey: keys.publicKey, bytes: mutable });
    const before = ciphertexts[0]!.c0[0]!;
    mutable.fill(0xff);
    expect(ciphertexts[0]!.c0[0]).toBe(before);
    const alone = aggregator();
    expect(() => he.checkUpdate({ set: name, dimension, bytes: honest })).not.toThrow();
    alone.add(honest);
    expect(sum.finish().bytes).toEqual(alone.finish().bytes);
  });

  it(`${BLOBS.toLocaleString('en-US')} mutated blobs: no crash, no growth, no wrong sum`, async () => {
    const random = simulation(99);
    const pick = (n: number) => Math.floor(random() * n);
    const words = (length: number) => Uint8Array.from({ length }, () => pick(256));
    const model = new Map<number, bigint>();
    const base = new Map<number, bigint>();
    const original = (index: number) => {
      if (!base.has(index)) base.set(index, residueModel(honest, HEADER, index, bits));
      return base.get(index)!;
    };
    let sum = aggregator();
    let passed = 0;
    let refused = 0;
    const settle = () => {
      if (sum.count === 0) return;
      const { bytes, count } = sum.finish();
      for (const [index, delta] of model) {
        const q = primeOf(index);
        expect(residueModel(bytes, HEADER, index, bits)).toBe((BigInt(count) * original(index) + delta) % q);
        // once it agrees, put the honest multiple in its place: what is left must be the honest blob, count times
        setResidue(bytes, HEADER, index, bits, (BigInt(count) * original(index)) % q);
      }
      const alone = aggregator();
      for (let i = 0; i < count; i++) alone.add(honest);
      expect(bytes).toEqual(alone.finish().bytes);
      model.clear();
      sum = aggregator();
    };
    /** Changes `blob` and returns the residues that it may have changed, or undefined where the gate must refuse. */
    const mutations: ((blob: Uint8Array<ArrayBuffer>) => { blob: Uint8Array; touched: number[] | undefined })[] = [
      (blob) => {
        const bit = pick(8 * (blob.length - HEADER));
        blob[HEADER + (bit >> 3)]! ^= 1 << (bit & 7);
        return { blob, touched: [Math.floor(bit / bits)] };
      },
      (blob) => {
        const at = pick(blob.length - HEADER - 64);
        const noise = words(1 + pick(64));
        blob.set(noise, HEADER + at);
        const first = Math.floor((8 * at) / bits);
        const last = Math.floor((8 * (at + noise.length) - 1) / bits);
        return { blob, touched: Array.from({ length: last - first + 1 }, (_, i) => first + i) };
      },
      (blob) => {
        const index = pick(residueCount);
        const q = primeOf(index);
        const values = [0n, 1n, q - 1n, q - 2n, q, q + 1n, (1n << BigInt(bits)) - 1n];
        setResidue(blob, HEADER, index, bits, values[pick(values.length)]!);
        return { blob, touched: [index] };
      },
      (blob) => {
        blob[pick(HEADER)]! ^= 1 << pick(8);
        return { blob, touched: undefined };
      },
      (blob) => ({ blob: blob.subarray(0, pick(blob.length)), touched: undefined }),
      (blob) => {
        const longer = new Uint8Array(blob.length + 1 + pick(200));
        longer.set(blob);
        return { blob: longer, touched: undefined };
      },
      (blob) => ({ blob: words(pick(400)), touched: blob.length > 0 ? undefined : [] }),
    ];
    // array buffers are swept behind the collector's back: a second collection waits for the first
    const memory = async () => {
      for (let i = 0; i < 2; i++) {
        collectGarbage();
        await new Promise((resume) => setTimeout(resume, 20));
      }
      return process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    };
    let before = 0;
    for (let i = 0; i < BLOBS; i++) {
      if (i === BLOBS / 10) before = await memory();
      // mutants that may pass are drawn more often than those that never do
      const mutate = mutations[random() < 0.7 ? pick(3) : 3 + pick(4)]!;
      const { blob, touched } = mutate(honest.slice());
      let ok = true;
      try {
        sum.add(blob);
      } catch (error) {
        expect(error).toBeInstanceOf(he.HeAggError);
        expect(['encoding', 'transparent']).toContain((error as he.HeAggError).code);
        ok = false;
      }
      const inRange = touched?.every((index) => residueModel(blob, HEADER, index, bits) < primeOf(index));
      expect(ok).toBe(inRange ?? false);
      if (!ok) {
        refused++;
        continue;
      }
      passed++;
      for (const index of touched!) {
        const delta = residueModel(blob, HEADER, index, bits) - original(index) + primeOf(index);
        model.set(index, (model.get(index) ?? 0n) + delta);
      }
      if (sum.count === 400) settle();
    }
    settle();
    expect(passed + refused).toBe(BLOBS);
    expect(passed).toBeGreaterThan(BLOBS / 4);
    expect(refused).toBeGreaterThan(BLOBS / 4);
    expect((await memory()) - before).toBeLessThan(4e6);
  }, 900_000);

  it('500 mutated sums: decryption refuses or opens the ciphertext that the bytes say, and the engine lives on', () => {
    const random = simulation(5);
    const start = aggregator();
    start.add(honest);
    const sum = start.finish().bytes;
    const { secretKey } = keys;
    const message = he.decrypt(engine, { secretKey, sum, dimension }).sum;
    const memory = (engine as SealEngine).sealMemory().length;
    let opened = 0;
    for (let i = 0; i < 500; i++) {
      const blob = sum.slice();
      const kind = i % 20;
      if (kind < 17) {
        // header and top bits: almost all must be refused
        const at = kind < 8 ? Math.floor(random() * HEADER) : HEADER + Math.floor(random() * (blob.length - HEADER));
        blob[at] = kind < 12 ? Math.floor(random() * 256) : 0xff;
        if (kind >= 12) blob.fill(0xff, at, at + 16);
      }
      const cut = kind >= 17 ? blob.subarray(0, Math.floor(random() * blob.length)) : blob;
      try {
        const { sum: out } = he.decrypt(engine, { secretKey, sum: cut, dimension });
        expect(out).toHaveLength(dimension);
        opened++;
      } catch (error) {
        expect(error).toBeInstanceOf(he.HeAggError);
        expect((error as he.HeAggError).code).toMatch(/encoding|transparent|too-many-clients/);
      }
    }
    expect(opened).toBeGreaterThan(0);
    expect((engine as SealEngine).sealMemory().length).toBe(memory);
    expect(he.decrypt(engine, { secretKey, sum, dimension }).sum).toEqual(message);
  });
});
