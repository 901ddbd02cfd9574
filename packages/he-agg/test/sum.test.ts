import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CIPHERTEXT_HEADER } from '../src/blobs.ts';
import type { SealEngine } from '../src/engine.ts';
import type { Engine } from '../src/index.ts';
import * as he from '../src/index.ts';
import { secretTrits } from '../src/keys.ts';
import { addToCoefficient, expectFailure, SET_NAMES, simulation, uniformIntegers } from './support/model.ts';
import { bareSeal } from './support/seal.ts';

describe.each(SET_NAMES)('sums under %s', (name) => {
  const set = he.PARAMETER_SETS[name];
  const { degree, primes } = set;
  const plainLimit = Number((set.plainModulus - 3n) / 2n);
  let engine: Engine;
  let keys: ReturnType<typeof he.generateKeys>;
  beforeAll(async () => {
    engine = await he.createEngine({ set: name });
    keys = he.generateKeys(engine);
  });
  afterAll(() => engine.dispose());

  const open = (sum: Uint8Array, dimension: number) => he.decrypt(engine, { ...keys, sum, dimension } as never);
  const decrypt = (sum: Uint8Array, dimension: number) =>
    he.decrypt(engine, { secretKey: keys.secretKey, sum, dimension });
  const repeat = (bytes: Uint8Array, times: number, dimension: number) => {
    const aggregator = he.createAggregator({ set: name, dimension });
    for (let i = 0; i < times; i++) aggregator.add(bytes);
    return aggregator.finish().bytes;
  };

  it('decrypt(Σ enc(m_i)) = Σ m_i for any clients, dimensions and messages', () => {
    const shape = fc.record({
      clients: fc.integer({ min: 1, max: 6 }),
      dimension: fc.constantFrom(1, 2, degree - 1, degree, degree + 1, 2 * degree + 17),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(shape, ({ clients, dimension, seed }) => {
        const random = simulation(seed);
        const aggregator = he.createAggregator({ set: name, dimension, clients });
        const want = new Int32Array(dimension);
        for (let i = 0; i < clients; i++) {
          const message = uniformIntegers(random, dimension, he.messageLimit(name, clients));
          for (let d = 0; d < dimension; d++) want[d]! += message[d]!;
          const { bytes, description } = he.encrypt(engine, { publicKey: keys.publicKey, message, clients });
          if (random() < 0.5) aggregator.add(bytes);
          else aggregator.addDescribed(description);
        }
        const { bytes, count } = aggregator.finish();
        expect(count).toBe(clients);
        expect(decrypt(bytes, dimension)).toEqual({ sum: want, count: clients });
      }),
      { numRuns: 25 },
    );
  });

  it.each([1, -1])('500 clients at the message limit, sign %i, add up exactly', (sign) => {
    const limit = sign * he.messageLimit(name);
    const message = new Int32Array(degree).fill(limit);
    const { publicKey } = keys;
    const aggregator = he.createAggregator({ set: name, dimension: degree });
    const updates = Array.from({ length: 10 }, () => he.encrypt(engine, { publicKey, message }).bytes);
    for (let i = 0; i < 500; i++) aggregator.add(updates[i % 10]!);
    expect(decrypt(aggregator.finish().bytes, degree).sum).toEqual(new Int32Array(degree).fill(500 * limit));
  });

  it('500 replayed ciphertexts with every coefficient at the noise bound of a million parameters add up exactly', () => {
    const limit = he.messageLimit(name);
    const noise = he.noisePerClient(name, he.ciphertextCount(name, 1_000_000));
    const message = Int32Array.from({ length: degree }, (_, i) => (i % 2 ? limit : -limit));
    const { publicKey } = keys;
    for (const sign of [1n, -1n]) {
      const { bytes } = he.encrypt(engine, { publicKey, message });
      for (let index = 0; index < degree; index += 7)
        addToCoefficient(bytes, set, { k: 0, half: 0, index }, sign * noise);
      expect(decrypt(repeat(bytes, 500, degree), degree).sum).toEqual(message.map((m) => 500 * m));
    }
  });

  it('beyond the bound a sum is wrong in the coordinates that overflow: the test above can fail', () => {
    const message = new Int32Array(degree).fill(1);
    const { bytes } = he.encrypt(engine, { publicKey: keys.publicKey, message });
    const noise = set.modulus / (2n * set.plainModulus) / 500n;
    addToCoefficient(bytes, set, { k: 0, half: 0, index: 3 }, noise + noise / 50n);
    addToCoefficient(bytes, set, { k: 0, half: 0, index: 5 }, noise - noise / 50n);
    const { sum } = decrypt(repeat(bytes, 500, degree), degree);
    const want = message.map((m) => 500 * m);
    expect(sum[3]).not.toBe(want[3]);
    want[3] = sum[3]!;
    expect(sum).toEqual(want);
  });

  it('noise aimed at the key, within β_noise, comes close to the bound and never above it', () => {
    const s = secretTrits('test', keys.secretKey);
    const seal = engine as SealEngine;
    const { kernel, regions } = seal;
    const q = primes[0]!;
    const centred = (x: bigint) => Number(x > q / 2n ? x - q : x);
    kernel.write(regions.u, s);
    seal.multiplyOnce('test', keys.publicKey.p1);
    const e = Array.from(
      kernel.copyWords(regions.ciphertext + CIPHERTEXT_HEADER, degree),
      (x, i) => -centred((x + keys.publicKey.p0[i]!) % q),
    );
    // coefficient 0 of e0 + e1·s − u·e_pk is the inner product of (e0, e1, −u) with (1, s, e_pk) turned around
    const turned = (values: ArrayLike<number>, i: number) => (i === 0 ? values[0]! : -values[degree - i]!);
    const length = Math.sqrt(1 + [...s, ...e].reduce((sum, x) => sum + x * x, 0));
    const betaSquared = Number(he.noiseBoundSquared(name, 1));
    const aim = Math.sqrt(betaSquared) / length;
    const [u, e0, e1] = [new Int8Array(degree), new Int8Array(degree), new Int8Array(degree)];
    e0[0] = Math.trunc(aim);
    let used = e0[0]! ** 2;
    const place = (into: Int8Array, i: number, value: number) => {
      if (used + value * value > betaSquared) return;
      used += value * value;
      into[i] = value;
    };
    for (let i = 0; i < degree; i++) {
      place(u, i, -Math.round(aim * turned(e, i)));
      place(e1, i, Math.round(aim * turned(s, i)));
    }
    for (const [at, values] of [
      [regions.u, u],
      [regions.e0, e0],
      [regions.e1, e1],
    ] as const)
      kernel.write(at, values);
    seal.multiplyKey('test', keys.publicKey);
    const product = regions.ciphertext + CIPHERTEXT_HEADER;
    kernel.run.combine(product, regions.e0, 0, regions.words, degree, q, 0n, 0n);
    kernel.run.combine(
      product + 8 * primes.length * degree,
      regions.e1,
      0,
      regions.words + 8 * degree,
      degree,
      q,
      0n,
      0n,
    );
    const words = kernel.copyWords(regions.words, 2 * degree);
    let noise = words[0]!;
    for (let i = 0; i < degree; i++) noise += words[degree + i]! * BigInt(turned(s, i));
    const bound = Number(he.noisePerClient(name, 1));
    expect(used).toBeLessThanOrEqual(betaSquared);
    expect(centred(((noise % q) + q) % q)).toBeLessThanOrEqual(bound);
    expect(centred(((noise % q) + q) % q)).toBeGreaterThan(0.9 * bound);
  });

  it('an attacker may encrypt up to (t−3)/2; its sum wraps mod t and says so to nobody', () => {
    const { publicKey } = keys;
    const message = Int32Array.of(plainLimit, -plainLimit, 5);
    const { bytes } = he.encryptIntegers(engine, { publicKey, message });
    expect(decrypt(repeat(bytes, 1, 3), 3).sum).toEqual(message);
    const t = Number(set.plainModulus);
    const wrapped = Int32Array.of(2 * plainLimit - t, t - 2 * plainLimit, 10);
    expect(decrypt(repeat(bytes, 2, 3), 3).sum).toEqual(wrapped);
  });

  it('one client more than the maximum is refused, by the aggregator and by decryption', () => {
    const { publicKey, secretKey } = keys;
    const { bytes, description } = he.encrypt(engine, { publicKey, message: Int32Array.of(1) });
    const aggregator = he.createAggregator({ set: name, dimension: 1, clients: 2 });
    aggregator.add(bytes);
    aggregator.addDescribed(description);
    expectFailure(() => aggregator.add(bytes), 'too-many-clients');
    expectFailure(() => aggregator.addDescribed(description), 'too-many-clients');
    expect(aggregator.count).toBe(2);
    const sum = aggregator.finish().bytes;
    expect(decrypt(sum, 1).sum).toEqual(Int32Array.of(2));
    const most = he.maxClients(name, 1);
    expectFailure(() => he.createAggregator({ set: name, dimension: 1, clients: most + 1 }), 'range');
    for (const count of [0, most + 1, 2 ** 32 - 1]) {
      const forged = sum.slice();
      new DataView(forged.buffer).setUint32(12, count, true);
      expectFailure(() => he.decrypt(engine, { secretKey, sum: forged, dimension: 1 }), 'too-many-clients');
    }
  });

  it('an aggregator ends with finish, an empty one has no sum, a described object must be ours', () => {
    const { publicKey } = keys;
    const aggregator = he.createAggregator({ set: name, dimension: 2 });
    expectFailure(() => aggregator.finish(), 'state');
    const { bytes, description } = he.encrypt(engine, { publicKey, message: Int32Array.of(1, 2) });
    expectFailure(() => aggregator.addDescribed({ ...description }), 'options');
    const short = he.encrypt(engine, { publicKey, message: Int32Array.of(1) });
    expectFailure(() => aggregator.addDescribed(short.description), 'length');
    expectFailure(() => aggregator.add(short.bytes), 'encoding');
    aggregator.add(bytes);
    aggregator.finish();
    expectFailure(() => aggregator.add(bytes), 'state');
    expectFailure(() => aggregator.finish(), 'state');
    expectFailure(() => he.createAggregator({ set: name, dimension: 2, client: 3 } as never), 'options');
    expectFailure(() => open(bytes, 2), 'options');
  });

  it('another key opens nothing', () => {
    const other = he.generateKeys(engine);
    const message = uniformIntegers(simulation(4), degree, 1000);
    const sum = repeat(he.encrypt(engine, { publicKey: keys.publicKey, message }).bytes, 1, degree);
    const { sum: got } = he.decrypt(engine, { secretKey: other.secretKey, sum, dimension: degree });
    expect(got.filter((x, i) => x === message[i]).length).toBeLessThan(4);
  });
});

it('a described update of one set does not enter a sum of the other', async () => {
  const [first, second] = SET_NAMES;
  const engine = await he.createEngine({ set: first! });
  const { publicKey } = he.generateKeys(engine);
  const { description } = he.encrypt(engine, { publicKey, message: Int32Array.of(1) });
  const aggregator = he.createAggregator({ set: second!, dimension: 1 });
  expectFailure(() => aggregator.addDescribed(description), 'parameters');
  expect(aggregator.count).toBe(0);
  engine.dispose();
});

describe('beside SEAL itself, n4096-q60', () => {
  it('the sum of our kernels is bit for bit the sum of SEAL, and SEAL opens it', async () => {
    const seal = await bareSeal();
    const engine = await he.createEngine({ set: 'n4096-q60' });
    const { publicKey } = he.generateKeys(engine);
    const dimension = 4096;
    const random = simulation(21);
    const aggregator = he.createAggregator({ set: 'n4096-q60', dimension });
    const evaluator = new seal.module.Evaluator(seal.context);
    let total: ReturnType<typeof seal.load> | undefined;
    for (let i = 0; i < 40; i++) {
      const { bytes, description } = he.encrypt(engine, {
        publicKey,
        message: uniformIntegers(random, dimension, 9999),
      });
      aggregator.add(bytes);
      const ciphertext = seal.load(seal.blob(description.ciphertexts[0]!));
      if (total === undefined) total = ciphertext;
      else {
        evaluator.addInplace(total, ciphertext);
        ciphertext.delete();
      }
    }
    const update = aggregator.finish().bytes.slice();
    update.set([1], 5);
    new DataView(update.buffer).setUint32(12, 1, true);
    const [ours] = he.describe({ set: 'n4096-q60', dimension, publicKey, bytes: update }).ciphertexts;
    expect(seal.residues(total!)).toEqual(ours);
    engine.dispose();
  });

  it('a ciphertext that SEAL encrypted under our key adds up with ours', async () => {
    const seal = await bareSeal();
    const { module, context } = seal;
    const engine = await he.createEngine({ set: 'n4096-q60' });
    const { publicKey, secretKey } = he.generateKeys(engine);
    const key = new module.PublicKey();
    key.loadFromArray(context, seal.publicKeyBlob(publicKey));
    const plaintext = new module.Plaintext();
    // 7 − 5X + 3X²
    const { plaintextHeader } = await import('../src/blobs.ts');
    const t = he.PARAMETER_SETS['n4096-q60'].plainModulus;
    const blob = new Uint8Array(88 + 24);
    blob.set(plaintextHeader({ parmsId: new BigUint64Array(4), words: 3 }));
    blob.set(new Uint8Array(BigUint64Array.of(7n, t - 5n, 3n).buffer), 88);
    plaintext.loadFromArray(context, blob);
    const theirs = new module.Ciphertext();
    new module.Encryptor(context, key).encrypt(plaintext, theirs);
    const ours = he.encrypt(engine, { publicKey, message: Int32Array.of(100, 200, 300) });
    const evaluator = new module.Evaluator(context);
    evaluator.addInplace(theirs, seal.load(seal.blob(ours.description.ciphertexts[0]!)));
    const { c0, c1 } = seal.residues(theirs);
    const { KernelMemory } = await import('../src/kernels.ts');
    const kernel = new KernelMemory();
    const [words, packed] = [kernel.reserve(65536), kernel.reserve(61440)];
    kernel.write(words, c0);
    kernel.write(words + 32768, c1);
    kernel.run.pack(words, packed, 8192, 60);
    const sum = ours.bytes.slice();
    sum.set(kernel.copy(packed, 61440), 16);
    sum.set([2], 5);
    new DataView(sum.buffer).setUint32(12, 2, true);
    expect(he.decrypt(engine, { secretKey, sum, dimension: 3 }).sum).toEqual(Int32Array.of(107, 195, 303));
    engine.dispose();
  });
});
