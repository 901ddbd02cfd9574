import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import * as he from '../src/index.ts';
import { HeAggError } from '../src/index.ts';
import { csprng } from '../src/random.ts';
import { loadSeal } from '../src/seal.ts';
import { expectFailure } from './support/model.ts';

const wasm = readFileSync(fileURLToPath(new URL('../node_modules/node-seal/dist/seal_throws.wasm', import.meta.url)));

describe('the engine', () => {
  it('takes the wasm bytes that a bundler hands over, and no other build of SEAL', async () => {
    const changed = Uint8Array.from(wasm);
    changed[changed.length - 1]! ^= 1;
    vi.resetModules();
    const fresh = await import('../src/index.ts');
    await expect(fresh.createEngine({ set: 'n4096-q60', wasm: changed })).rejects.toMatchObject({ code: 'engine' });
    await expect(
      fresh.createEngine({ set: 'n4096-q60', locateFile: () => 'file:///nowhere/seal.wasm' }),
    ).rejects.toMatchObject({ code: 'engine' });
    const engine = await fresh.createEngine({ set: 'n4096-q60', wasm: Uint8Array.from(wasm) });
    expect(engine.set).toBe('n4096-q60');
    engine.dispose();
  });

  it('refuses unknown sets and options', async () => {
    await expect(he.createEngine({ set: 'n1024' as never })).rejects.toMatchObject({ code: 'parameters' });
    await expect(he.createEngine({ set: 'n4096-q60', sets: 1 } as never)).rejects.toMatchObject({ code: 'options' });
    await expect(he.createEngine({ set: 'n4096-q60', wasm: 'x' as never })).rejects.toMatchObject({ code: 'options' });
  });

  it('is over after dispose, which may come twice', async () => {
    const engine = await he.createEngine({ set: 'n4096-q60' });
    const { secretKey } = he.generateKeys(engine);
    engine.dispose();
    engine.dispose();
    expectFailure(() => he.generateKeys(engine), 'state');
    expectFailure(() => he.decrypt(engine, { secretKey, sum: new Uint8Array(1), dimension: 1 }), 'state');
  });

  it('5,000 exceptions of SEAL leave its stack where it was; unguarded ones do not', async () => {
    const seal = await loadSeal({});
    const { module } = seal;
    const fail = () => new module.Modulus(1n);
    const unguarded = seal.stackPointer();
    expect(() => fail()).toThrow();
    expect(seal.stackPointer()).toBeLessThan(unguarded);
    const pointer = seal.stackPointer();
    const memory = seal.memory().length;
    for (let i = 0; i < 5000; i++) {
      const error = expectFailure(() => seal.guard('test', fail), 'engine');
      if (i === 4999) expect(String((error.cause as Error).message)).toMatch(/invalid_argument|value/);
    }
    expect(seal.stackPointer()).toBe(pointer);
    expect(seal.memory().length).toBe(memory);
    expect(new module.Modulus(3n).value()).toBe(3n);
  });

  it('lets errors that are not SEAL’s through as they are', async () => {
    const seal = await loadSeal({});
    const mine = new RangeError('mine');
    expect(() =>
      seal.guard('test', () => {
        throw mine;
      }),
    ).toThrow(mine);
  });
});

describe('randomness', () => {
  it('is drawn in pieces of at most 65,536 bytes and covers the whole target', () => {
    const spy = vi.spyOn(globalThis.crypto, 'getRandomValues');
    const target = new Uint8Array(200_001);
    csprng(target);
    expect(spy.mock.calls.map(([piece]) => (piece as Uint8Array).length)).toEqual([65536, 65536, 65536, 3393]);
    spy.mockRestore();
    expect(target.subarray(-64).some((byte) => byte !== 0)).toBe(true);
  });

  it('a platform without WebCrypto is refused', () => {
    vi.stubGlobal('crypto', undefined);
    try {
      expectFailure(() => csprng(new Uint8Array(8)), 'randomness');
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

it('errors say operation, field, got and want', () => {
  const error = new HeAggError({ code: 'length', operation: 'quantise', field: 'update', got: 3, want: 4 });
  expect(error.message).toBe('quantise: update: got 3, want 4');
  expect(error).toMatchObject({ name: 'HeAggError', code: 'length', got: '3', want: '4' });
  const cause = new Error('inner');
  expect(new HeAggError({ code: 'engine', operation: 'a', field: 'b', cause }).cause).toBe(cause);
});
