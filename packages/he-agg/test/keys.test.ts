import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CIPHERTEXT_HEADER } from '../src/blobs.ts';
import { SealEngine } from '../src/engine.ts';
import type { Engine } from '../src/index.ts';
import * as he from '../src/index.ts';
import { secretTrits } from '../src/keys.ts';
import { seededKeys, seededSource } from '../src/testing.ts';
import { evaluate, expectFailure, mod, roots, SET_NAMES } from './support/model.ts';

describe.each(SET_NAMES)('keys of %s', (name) => {
  const set = he.PARAMETER_SETS[name];
  let engine: Engine;
  let keys: ReturnType<typeof he.generateKeys>;
  beforeAll(async () => {
    engine = await he.createEngine({ set: name });
    keys = he.generateKeys(engine);
  });
  afterAll(() => engine.dispose());

  /** e_pk = −(p0 + a·s), by the engine's ring product. */
  function keyError(publicKey: he.PublicKey, s: Int8Array): bigint[] {
    const seal = engine as SealEngine;
    const { kernel, regions } = seal;
    kernel.write(regions.u, s);
    seal.multiplyOnce('test', publicKey.p1);
    const q = set.primes[0]!;
    const product = kernel.copyWords(regions.ciphertext + CIPHERTEXT_HEADER, set.degree);
    return Array.from(product, (x, i) => {
      const e = mod(-(x + publicKey.p0[i]!), q);
      return e > q / 2n ? e - q : e;
    });
  }

  it('p0 = −(a·s + e) with s ternary, e small, and ‖s‖² + ‖e‖² within the bound that maxClients rests on', () => {
    for (let i = 0; i < 5; i++) {
      const { publicKey, secretKey } = he.generateKeys(engine);
      const s = secretTrits('test', secretKey);
      expect(s.every((x) => Math.abs(x) <= 1)).toBe(true);
      const e = keyError(publicKey, s);
      expect(e.every((x) => x >= -21n && x <= 21n)).toBe(true);
      const norm = e.reduce((sum, x) => sum + x * x, 0n) + BigInt(s.reduce((sum, x) => sum + x * x, 0));
      expect(norm <= BigInt(set.keyNormSquared)).toBe(true);
      for (const [j, q] of set.primes.entries())
        for (const x of roots(q, set.degree, 2)) {
          const part = (words: BigUint64Array) => evaluate(words.subarray(j * set.degree, (j + 1) * set.degree), x, q);
          expect(part(publicKey.p0)).toBe(mod(-(part(publicKey.p1) * evaluate(s, x, q) + evaluate(e, x, q)), q));
        }
    }
  });

  it('a key pair with a norm above the bound is drawn again', () => {
    const honest = seededSource(9);
    let calls = 0;
    const source = ((target: Uint8Array<ArrayBuffer>) => {
      honest(target);
      // the first e is 21 in most places
      if (++calls === 2) for (let i = 0; i < target.length; i++) target[i] = (8 * i) % 42 < 21 ? 0xff : 0;
    }) as typeof honest;
    const { publicKey, secretKey } = seededKeys(engine, source);
    const e = keyError(publicKey, secretTrits('test', secretKey));
    expect(e.reduce((sum, x) => sum + x * x, 0n) <= BigInt(set.keyNormSquared)).toBe(true);
    expect(calls).toBeGreaterThan(4);
  });

  it('public keys have canonical bytes: one encoding, strict decoder', () => {
    const bytes = he.encodePublicKey(keys.publicKey);
    expect(bytes).toHaveLength(16 + (2 * set.primes.length * set.degree * set.primeBits) / 8);
    const decoded = he.decodePublicKey(bytes);
    expect(decoded).toEqual(keys.publicKey);
    expect(he.encodePublicKey(decoded)).toEqual(bytes);
    for (const length of [0, 1, 15, 16, bytes.length - 1])
      expectFailure(() => he.decodePublicKey(bytes.slice(0, length)), 'encoding');
    expectFailure(() => he.decodePublicKey(Uint8Array.of(...bytes.subarray(0, 16))), 'encoding');
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expectFailure(() => he.decodePublicKey(longer), 'encoding');
    for (let i = 0; i < 16; i++) {
      const changed = bytes.slice();
      changed[i]! ^= 0x80;
      expectFailure(() => he.decodePublicKey(changed), 'encoding');
    }
    const over = bytes.slice();
    over.fill(0xff, 16, 32);
    expectFailure(() => he.decodePublicKey(over), 'encoding');
    const zero = bytes.slice();
    zero.fill(0, 16 + (bytes.length - 16) / 2);
    expectFailure(() => he.decodePublicKey(zero), 'transparent');
  });

  it('secret keys have canonical bytes: one encoding, strict decoder', () => {
    const bytes = he.encodeSecretKey(keys.secretKey);
    expect(bytes).toHaveLength(16 + set.degree / 4);
    const decoded = he.decodeSecretKey(bytes);
    expect(secretTrits('test', decoded)).toEqual(secretTrits('test', keys.secretKey));
    expect(he.encodeSecretKey(decoded)).toEqual(bytes);
    for (const length of [0, 15, 16, bytes.length - 1])
      expectFailure(() => he.decodeSecretKey(bytes.slice(0, length)), 'encoding');
    for (let i = 0; i < 16; i++) {
      const changed = bytes.slice();
      changed[i]! ^= 0x80;
      expectFailure(() => he.decodeSecretKey(changed), 'encoding');
    }
    for (let slot = 0; slot < 4; slot++) {
      const changed = bytes.slice();
      changed[500]! |= 3 << (2 * slot);
      expectFailure(() => he.decodeSecretKey(changed), 'encoding');
    }
    expectFailure(() => he.decodeSecretKey(he.encodePublicKey(keys.publicKey)), 'encoding');
  });

  it('a secret key prints nothing of itself and is gone after wipe', () => {
    const { secretKey } = he.generateKeys(engine);
    const s = secretTrits('test', secretKey);
    for (const text of [inspect(secretKey), `${secretKey}`, JSON.stringify({ secretKey }), inspect({ a: [secretKey] })])
      expect(text).toContain('[redacted SecretKey]');
    expect(inspect(secretKey, { showHidden: true, depth: 9 })).not.toMatch(/-1|Int8Array/);
    secretKey.wipe();
    expect(s.every((x) => x === 0)).toBe(true);
    expectFailure(() => he.encodeSecretKey(secretKey), 'state');
    secretKey.wipe();
  });

  it('keys come from the platform CSPRNG, and a failing one throws', () => {
    for (const broken of [
      () => {
        throw new Error('no entropy');
      },
      (target: Uint8Array) => target.fill(0),
    ]) {
      const spy = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation(broken as never);
      try {
        expectFailure(() => he.generateKeys(engine), 'randomness');
        expectFailure(() => he.encrypt(engine, { publicKey: keys.publicKey, message: Int32Array.of(1) }), 'randomness');
        expect(spy).toHaveBeenCalled();
      } finally {
        spy.mockRestore();
      }
    }
  });

  it('a constant generator is refused', () => {
    const constant = ((target: Uint8Array) => target.fill(0xff)) as unknown as ReturnType<typeof seededSource>;
    expectFailure(() => seededKeys(engine, constant), 'randomness');
  });
});

it('an engine of another set refuses a key', async () => {
  const [a, b] = await Promise.all(SET_NAMES.map((set) => he.createEngine({ set })));
  const { secretKey } = he.generateKeys(a!);
  expect(a).toBeInstanceOf(SealEngine);
  expectFailure(() => he.decrypt(b!, { secretKey, sum: new Uint8Array(9), dimension: 1 }), 'parameters');
});
