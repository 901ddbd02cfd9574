import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PLAINTEXT_HEADER } from '../src/blobs.ts';
import type { SealEngine } from '../src/engine.ts';
import type { Engine } from '../src/index.ts';
import * as he from '../src/index.ts';
import { encryptSeeded, seededKeys, seededSource } from '../src/testing.ts';
import { evaluate, expectFailure, mod, roots, SET_NAMES, simulation, uniformIntegers } from './support/model.ts';

/** Ones in the first 21 of every 42 bits: e = 21 everywhere, ‖e‖² = 441·N, far above any bound. */
const LOUD = Uint8Array.from({ length: 42 }, (_, byte) => {
  let value = 0;
  for (let bit = 0; bit < 8; bit++) if ((8 * byte + bit) % 42 < 21) value |= 1 << bit;
  return value;
});

function fillLoud(target: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] = LOUD[i % 42]!;
}

describe.each(SET_NAMES)('encryption under %s', (name) => {
  const set = he.PARAMETER_SETS[name];
  const { degree, primes, delta } = set;
  const plainLimit = Number((set.plainModulus - 3n) / 2n);
  let engine: Engine;
  let keys: ReturnType<typeof he.generateKeys>;
  beforeAll(async () => {
    engine = await he.createEngine({ set: name });
    keys = he.generateKeys(engine);
  });
  afterAll(() => engine.dispose());

  it('c0 = p0·u + e0 + Δ·m and c1 = p1·u + e1 at roots of X^N + 1, with the witness it returns', () => {
    const dimension = degree + 1000;
    const message = uniformIntegers(simulation(11), dimension, plainLimit);
    message.set([plainLimit, -plainLimit, 0], 0);
    const { publicKey } = keys;
    const { description, witness } = he.encryptIntegers(engine, { publicKey, message });
    expect(witness.m).toEqual(message);
    expect(description.ciphertexts).toHaveLength(2);
    expect(description).toMatchObject({ set: name, dimension });
    for (const [k, { c0, c1 }] of description.ciphertexts.entries())
      for (const [i, q] of primes.entries()) {
        const run = (words: BigUint64Array) => words.subarray(i * degree, (i + 1) * degree);
        const part = <T extends Int8Array | Int32Array>(values: T) => values.slice(k * degree, (k + 1) * degree);
        for (const x of roots(q, degree, 4)) {
          const at = (values: ArrayLike<number | bigint>) => evaluate(values, x, q);
          const u = at(part(witness.u));
          const m = at(part(witness.m));
          expect(at(run(c0))).toBe(mod(at(run(publicKey.p0)) * u + at(part(witness.e0)) + delta * m, q));
          expect(at(run(c1))).toBe(mod(at(run(publicKey.p1)) * u + at(part(witness.e1)), q));
        }
      }
  });

  it('the wire bytes describe to the same residues', () => {
    const message = uniformIntegers(simulation(12), degree + 5, 1000);
    const encryption = he.encrypt(engine, { publicKey: keys.publicKey, message });
    const { bytes, description } = encryption;
    expect(bytes).toHaveLength(16 + 2 * ((2 * primes.length * degree * set.primeBits) / 8));
    const again = he.describe({ set: name, dimension: degree + 5, publicKey: keys.publicKey, bytes });
    expect(again).toEqual(description);
  });

  it('u is a ternary polynomial and e0, e1 have the centred binomial law 21+21', () => {
    const message = new Int32Array(8 * degree);
    const { witness } = he.encrypt(engine, { publicKey: keys.publicKey, message });
    const n = witness.u.length;
    const share = (values: Int8Array, value: number) => values.filter((x) => x === value).length / n;
    // six standard errors: √(2/9/n), and for the variance of the binomial √(2·10.5²/n)
    for (const trit of [-1, 0, 1])
      expect(Math.abs(share(witness.u, trit) - 1 / 3)).toBeLessThan(6 * Math.sqrt(2 / 9 / n));
    expect(Math.max(...witness.u)).toBe(1);
    for (const e of [witness.e0, witness.e1]) {
      const mean = e.reduce((sum, x) => sum + x, 0) / n;
      const variance = e.reduce((sum, x) => sum + x * x, 0) / n;
      expect(Math.abs(mean)).toBeLessThan(6 * Math.sqrt(10.5 / n));
      expect(Math.abs(variance - 10.5)).toBeLessThan(6 * 10.5 * Math.sqrt(2 / n));
      expect(e.every((x) => Math.abs(x) <= 21)).toBe(true);
    }
    expect(witness.e0).not.toEqual(witness.e1);
  });

  it('never encrypts the same way twice', () => {
    const message = new Int32Array(degree);
    const [a, b] = [1, 2].map(() => he.encrypt(engine, { publicKey: keys.publicKey, message }));
    expect(a!.witness.u).not.toEqual(b!.witness.u);
    expect(a!.bytes).not.toEqual(b!.bytes);
  });

  it('accepts honest messages up to their limit and integers up to (t−3)/2, and nothing beyond', () => {
    const { publicKey } = keys;
    const limit = he.messageLimit(name);
    for (const sign of [1, -1]) {
      he.encrypt(engine, { publicKey, message: Int32Array.of(0, sign * limit) });
      he.encrypt(engine, { publicKey, message: Int32Array.of(0, sign * he.messageLimit(name, 5)), clients: 5 });
      he.encryptIntegers(engine, { publicKey, message: Int32Array.of(0, sign * plainLimit) });
      const beyond = Int32Array.of(0, sign * (limit + 1));
      expect(expectFailure(() => he.encrypt(engine, { publicKey, message: beyond }), 'range').field).toBe('message[1]');
      const wrap = Int32Array.of(0, sign * (plainLimit + 1));
      expectFailure(() => he.encryptIntegers(engine, { publicKey, message: wrap }), 'range');
    }
  });

  it('an update whose joint noise is above β_noise² is drawn again', () => {
    const { publicKey } = keys;
    const honest = seededSource(5);
    let calls = 0;
    const source = ((target: Uint8Array<ArrayBuffer>) => {
      calls += 1;
      if (calls === 2) fillLoud(target);
      else honest(target);
    }) as typeof honest;
    const { witness } = encryptSeeded(engine, { publicKey, message: new Int32Array(degree), source });
    expect(calls).toBe(4);
    const norm = [witness.u, witness.e0, witness.e1].reduce((sum, v) => sum + v.reduce((s, x) => s + x * x, 0), 0);
    expect(BigInt(norm) <= he.noiseBoundSquared(name, 1)).toBe(true);
  });

  it('a generator that only gives loud noise is refused, not used', () => {
    const honest = seededSource(6);
    const source = ((target: Uint8Array<ArrayBuffer>) => {
      if (target.length === 1024) honest(target);
      else fillLoud(target);
    }) as typeof honest;
    const { publicKey } = keys;
    const message = new Int32Array(2 * degree).fill(9);
    const fill = vi.spyOn(Object.getPrototypeOf(Int8Array.prototype) as Int8Array, 'fill');
    const error = expectFailure(() => encryptSeeded(engine, { publicKey, message, source }), 'randomness');
    const wiped = fill.mock.contexts as unknown as (Int8Array | Int32Array)[];
    fill.mockRestore();
    expect(error.field).toBe('noise norm');
    // m, u, e0, e1 of the try that was given up
    const vectors = wiped.filter((vector) => vector.length === 2 * degree && !(vector instanceof Uint8Array));
    expect(vectors).toHaveLength(4);
    expect(vectors.every((vector) => vector.every((x) => x === 0))).toBe(true);
  });

  it('a seeded encryption repeats, under ./testing only', () => {
    const make = () => {
      const { publicKey } = seededKeys(engine, seededSource(1));
      return encryptSeeded(engine, { publicKey, message: Int32Array.of(7, -7), source: seededSource(2) }).bytes;
    };
    expect(make()).toEqual(make());
    expect(Object.keys(he).filter((key) => /seed/i.test(key))).toEqual([]);
  });

  it('refuses keys of elsewhere, of another set, other types and unknown options', async () => {
    const { publicKey } = keys;
    const message = Int32Array.of(1);
    expectFailure(() => he.encrypt(engine, { publicKey: { ...publicKey }, message }), 'options');
    expectFailure(() => he.encrypt(engine, { publicKey, message: [1] as unknown as Int32Array }), 'options');
    expectFailure(() => he.encrypt(engine, { publicKey, message: new Int32Array(0) }), 'range');
    expectFailure(() => he.encrypt(engine, { publicKey, message, client: 5 } as never), 'options');
    expectFailure(() => he.encrypt({ set: name, dispose() {} }, { publicKey, message }), 'options');
    const other = await he.createEngine({ set: SET_NAMES.find((set) => set !== name)! });
    expectFailure(() => he.encrypt(other, { publicKey, message }), 'parameters');
    other.dispose();
    expectFailure(() => he.encrypt(other, { publicKey, message }), 'state');
  });

  it('leaves no u, e, m behind in kernel memory, and wipeWitness clears the rest', () => {
    const seal = engine as SealEngine;
    const { witness } = he.encrypt(engine, { publicKey: keys.publicKey, message: Int32Array.of(5) });
    const { regions, kernel } = seal;
    const plaintext = regions.plaintext + PLAINTEXT_HEADER;
    for (const at of [regions.u, regions.e0, regions.e1, regions.message, plaintext, regions.random, regions.words])
      expect(kernel.bytes(at, degree).every((byte) => byte === 0)).toBe(true);
    he.wipeWitness(witness);
    for (const vector of Object.values(witness)) expect(vector.every((x: number) => x === 0)).toBe(true);
  });
});
