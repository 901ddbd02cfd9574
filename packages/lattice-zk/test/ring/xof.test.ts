import { turboshake128, turboshake256 } from '@noble/hashes/sha3-addons.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelMemory } from '../../src/ring/memory.ts';
import { SecretStream, Sponge } from '../../src/ring/xof.ts';
import { expandR, streamWords } from './model.ts';
import { Q106, ringOf, shapes } from './rings.ts';

const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255);
const hex = (bytes: Uint8Array) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

describe('Sponge is TurboSHAKE', () => {
  const memory = new KernelMemory();

  it('gives the vectors of RFC 9861 section 5', () => {
    const empty128 = new Sponge(memory, { bits: 128 }).finish();
    expect(hex(empty128.squeeze(32))).toBe('1e415f1c5983aff2169217277d17bb538cd945a397ddec541f1ce41af2c1b74c');
    const empty256 = new Sponge(memory, { bits: 256 }).finish();
    expect(hex(empty256.squeeze(64))).toBe(
      '367a329dafea871c7802ec67f905ae13c57695dc2c6663c61035f59a18f8e7db11edc0e12e91ea60eb6b32df06dd7f002fbafabb6e13ec1cc20d995547600db0',
    );
  });

  it('equals @noble/hashes for any message, split, domain and output length', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 5 }),
        fc.constantFrom<128 | 256>(128, 256),
        fc.integer({ min: 1, max: 127 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 4 }),
        (parts, bits, domain, outputs) => {
          const mark = memory.mark();
          const total = parts.reduce((a, b) => a + b, 0);
          const message = pattern(total);
          const sponge = new Sponge(memory, { bits, domain });
          let at = 0;
          for (const part of parts) {
            sponge.absorb(message.subarray(at, at + part));
            at += part;
          }
          const twin = sponge.clone();
          sponge.finish();
          const length = outputs.reduce((a, b) => a + b, 0);
          const got = outputs.flatMap((part) => [...sponge.squeeze(part)]);
          const want = (bits === 128 ? turboshake128 : turboshake256)(message, {
            D: domain,
            dkLen: Math.max(1, length),
          });
          expect(got).toEqual([...want.subarray(0, length)]);
          expect([...twin.finish().squeeze(length)]).toEqual(got);
          memory.release(mark);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('absorbs messages longer than the transfer buffer, from outside and from memory', () => {
    const message = pattern(50_001);
    const want = hex(turboshake256(message, { D: 0x1f, dkLen: 40_000 }));
    expect(hex(new Sponge(memory, { bits: 256 }).absorb(message).finish().squeeze(40_000))).toBe(want);
    const p = memory.place(message);
    expect(hex(new Sponge(memory, { bits: 256 }).absorbAt(p, message.length).finish().squeeze(40_000))).toBe(want);
  });

  it('refuses to absorb after finish and to squeeze before', () => {
    const sponge = new Sponge(memory, { bits: 128 });
    expect(() => sponge.squeeze(1)).toThrow(/absorbing/);
    sponge.finish();
    expect(() => sponge.absorb(new Uint8Array(1))).toThrow(/squeezing/);
    expect(() => sponge.finish()).toThrow(/squeezing/);
    expect(() => new Sponge(memory, { bits: 128, domain: 128 })).toThrow(/domain/);
  });
});

describe('expandR and uniform', () => {
  it.each(shapes)('expandR equals the model: $name', (shape) => {
    const ring = ringOf(shape);
    const p = ring.alloc(64 * ring.n);
    const seed = pattern(32);
    ring.expandR(p, seed, 3, 0x01020304);
    expect(hex(ring.bytes(p, 64 * ring.n))).toBe(hex(expandR(ring.n, seed, 3, 0x01020304)));
  });

  it.each([...shapes, { name: 'q106', N: 4096, moduli: Q106 }])(
    'uniform rejects what is not below the prime: $name',
    (shape) => {
      const ring = ringOf(shape);
      const seed = pattern(40);
      const p = ring.allocPoly();
      ring.uniform(p, new Sponge(ring, { bits: 128, domain: 5 }).absorb(seed).finish());
      const bytes = turboshake128(seed, { D: 5, dkLen: 8 * ring.n * ring.L * 3 });
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      let at = 0;
      const want = ring.moduli.flatMap((prime) => {
        const list: bigint[] = [];
        const mask = (1n << BigInt(prime.toString(2).length)) - 1n;
        while (list.length < ring.n) {
          const x = view.getBigUint64(at, true) & mask;
          at += 8;
          if (x < prime) list.push(x);
        }
        return list;
      });
      expect([...ring.u64(p, ring.n * ring.L)]).toEqual(want);
    },
  );
});

it('uniform after an odd squeeze goes on at the next word', () => {
  const ring = ringOf(shapes[1]!);
  const [p, r] = [ring.allocPoly(), ring.allocPoly()];
  for (const [odd, skipped] of [
    [3, 8],
    [165, 168],
  ] as const) {
    const one = new Sponge(ring, { bits: 128 }).finish();
    one.squeeze(odd);
    ring.uniform(p, one);
    const two = new Sponge(ring, { bits: 128 }).finish();
    two.squeeze(skipped);
    ring.uniform(r, two);
    expect(ring.equals(p, r)).toBe(true);
  }
});

describe('SecretStream', () => {
  const ring = ringOf(shapes[0]!);
  const key = pattern(32);

  it('alternates the blocks of two TurboSHAKE256 streams', () => {
    const p = ring.alloc(800);
    const stream = new SecretStream(ring, key);
    stream.fill(p, 800);
    expect([...ring.u64(p, 100)]).toEqual(streamWords(key, 100));
    expect(stream.word()).toBe(streamWords(key, 101)[100]);
    expect(JSON.stringify({ stream })).toBe('{"stream":"[secret stream]"}');
    stream.wipe();
    expect(ring.bytes(stream.state, 416).every((x) => x === 0)).toBe(true);
    expect(() => new SecretStream(ring, key.subarray(1))).toThrow(/key/);
  });

  it('ternary takes five digits of every byte below 243; binary takes bits', () => {
    const count = 5000;
    const p = ring.alloc(count);
    new SecretStream(ring, key).ternary(p, count);
    const bytes = streamWords(key, 300).flatMap((w) =>
      Array.from({ length: 8 }, (_, i) => Number((w >> BigInt(8 * i)) & 255n)),
    );
    const digits = bytes
      .filter((b) => b < 243)
      .flatMap((b) => Array.from({ length: 5 }, (_, i) => (Math.floor(b / 3 ** i) % 3) - 1));
    expect([...ring.i8(p, count)]).toEqual(digits.slice(0, count));
    new SecretStream(ring, key).binary(p, count);
    const bits = streamWords(key, 100).flatMap((w) =>
      Array.from({ length: 64 }, (_, i) => Number((w >> BigInt(i)) & 1n)),
    );
    expect([...ring.i8(p, count)]).toEqual(bits.slice(0, count));
  });
});
