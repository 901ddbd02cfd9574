import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SealEngine } from '../src/engine.ts';
import * as he from '../src/index.ts';
import { secretTrits } from '../src/keys.ts';
import { evaluate, mod, power, SET_NAMES } from './support/model.ts';

/** Places to look at: the first words of a freed block are overwritten by any allocator, the rest is not. */
const PLACES = [0, 100, 2048, 4000];
const RUN = 8;

const bytesOf = (words: readonly bigint[]) => new Uint8Array(BigUint64Array.from(words).buffer);

describe.each(SET_NAMES)('what %s leaves in memory', (name) => {
  const { degree, primes, plainModulus } = he.PARAMETER_SETS[name];
  const q = primes[0]!;
  let engine: SealEngine;
  let keys: ReturnType<typeof he.generateKeys>;
  beforeAll(async () => {
    engine = (await he.createEngine({ set: name })) as SealEngine;
    keys = he.generateKeys(engine);
  });
  afterAll(() => engine.dispose());

  /** How often one of the patterns stands in SEAL's memory or in the kernels'. */
  function found(patterns: readonly Uint8Array[]): number {
    const { kernel, regions } = engine;
    const memories = [engine.sealMemory(), kernel.bytes(0, regions.packed + 16 * primes.length * degree)];
    let count = 0;
    for (const memory of memories.map((view) => Buffer.from(view.buffer, view.byteOffset, view.length)))
      for (const pattern of patterns)
        for (let at = memory.indexOf(pattern); at >= 0; at = memory.indexOf(pattern, at + 1)) count++;
    return count;
  }
  const trits = (values: Int8Array) => PLACES.map((at) => new Uint8Array(values.slice(at, at + 4 * RUN).buffer));
  const lifted = (values: Int8Array, modulus: bigint) =>
    PLACES.map((at) => bytesOf(Array.from(values.slice(at, at + RUN), (x) => mod(BigInt(x), modulus))));

  /** Slot i of SEAL's transform is the value at ψ^(2·brv(i)+1), ψ the least primitive 2N-th root mod q. */
  function transformed(values: Int8Array): Uint8Array[] {
    const order = BigInt(2 * degree);
    let generator = 2n;
    while (power(power(generator, (q - 1n) / order, q), BigInt(degree), q) !== q - 1n) generator++;
    const any = power(generator, (q - 1n) / order, q);
    let psi = any;
    let walk = any;
    for (let i = 1; i < degree; i++) {
      walk = (walk * ((any * any) % q)) % q;
      if (walk < psi) psi = walk;
    }
    const bits = Math.log2(degree);
    const slot = (i: number) => {
      let reversed = 0;
      for (let bit = 0; bit < bits; bit++) reversed |= ((i >> bit) & 1) << (bits - 1 - bit);
      return evaluate(values, power(psi, BigInt(2 * reversed + 1), q), q);
    };
    return [0, 2048].map((at) => bytesOf([slot(at), slot(at + 1)]));
  }

  it('control: without the wipe, u and p0·u stand in memory; the wipe removes them', () => {
    const { kernel, regions } = engine;
    const u = Int8Array.from({ length: degree }, (_, i) => Math.floor(Math.abs(Math.sin(i * i + 1)) * 3) - 1);
    kernel.write(regions.u, u);
    engine.multiplyKey('test', keys.publicKey);
    const product = kernel.copyWords(regions.ciphertext + 113, degree);
    const patterns = PLACES.map((at) => bytesOf([...product.slice(at, at + RUN)]));
    expect(found(lifted(u, plainModulus))).toBeGreaterThan(0);
    expect(found(patterns)).toBeGreaterThan(0);
    expect(found(trits(u))).toBeGreaterThan(0);
    engine.wipe();
    expect(found([...lifted(u, plainModulus), ...lifted(u, q), ...patterns, ...trits(u)])).toBe(0);
  });

  it('key generation leaves no s and no transform of s', () => {
    const { secretKey } = he.generateKeys(engine);
    const s = secretTrits('test', secretKey);
    expect(found([...lifted(s, plainModulus), ...lifted(s, q), ...transformed(s), ...trits(s)])).toBe(0);
  });

  it('encryption leaves no u, no p0·u, no e and no m', () => {
    const message = Int32Array.from({ length: 2 * degree }, (_, i) => (i * 7919) % 1000);
    const { witness, description } = he.encrypt(engine, { publicKey: keys.publicKey, message });
    for (const [k, { c0 }] of description.ciphertexts.entries()) {
      const part = (values: Int8Array) => values.slice(k * degree, (k + 1) * degree);
      const [u, e0, e1] = [part(witness.u), part(witness.e0), part(witness.e1)];
      const delta = he.PARAMETER_SETS[name].delta;
      const product = (i: number) => mod(c0[i]! - BigInt(e0[i]!) - delta * BigInt(message[k * degree + i]!), q);
      const products = PLACES.map((at) => bytesOf(Array.from({ length: RUN }, (_, i) => product(at + i))));
      const messages = PLACES.slice(1).map(
        (at) => new Uint8Array(message.slice(k * degree + at, k * degree + at + RUN).buffer),
      );
      expect(found([...lifted(u, plainModulus), ...lifted(u, q), ...transformed(u), ...products, ...messages])).toBe(0);
      expect(found([u, e0, e1].flatMap(trits))).toBe(0);
    }
  });

  it('decryption leaves no s and no transform of s, which stands in memory only meanwhile', () => {
    const { publicKey, secretKey } = keys;
    const s = secretTrits('test', secretKey);
    const aggregator = he.createAggregator({ set: name, dimension: 3 });
    aggregator.add(he.encrypt(engine, { publicKey, message: Int32Array.of(1, 2, 3) }).bytes);
    he.decrypt(engine, { secretKey, sum: aggregator.finish().bytes, dimension: 3 });
    const patterns = [...lifted(s, plainModulus), ...lifted(s, q), ...transformed(s), ...trits(s)];
    expect(found(patterns)).toBe(0);
    engine.kernel.write(engine.regions.u, s);
    engine.withDecryptor('test', () => expect(found(transformed(s))).toBeGreaterThan(0));
    engine.wipe();
    expect(found(patterns)).toBe(0);
  });

  it('a failing decryption leaves nothing either', () => {
    const s = secretTrits('test', keys.secretKey);
    engine.kernel.write(engine.regions.u, s);
    expect(() =>
      engine.withDecryptor('test', () => {
        throw new Error('midway');
      }),
    ).toThrow('midway');
    engine.wipe();
    expect(found([...transformed(s), ...lifted(s, plainModulus)])).toBe(0);
  });
});
