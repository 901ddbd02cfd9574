import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitReader, BitWriter, riceParameter, UNARY_LIMIT } from '../src/codec.ts';
import { LatticeZkError } from '../src/index.ts';

const words = (values: readonly bigint[]): Int32Array => new Int32Array(BigInt64Array.from(values).buffer);

function encode(values: readonly bigint[], k: number): Uint8Array | undefined {
  const writer = new BitWriter(new Uint8Array(16 + values.length * 16));
  return writer.gaussians(words(values), k) ? writer.finish() : undefined;
}

function decode(bytes: Uint8Array, count: number, k: number): bigint[] {
  const reader = new BitReader(bytes);
  const out = new Int32Array(2 * count);
  reader.gaussians(out, k, 'z');
  reader.finish();
  return [...new BigInt64Array(out.buffer)];
}

const refused = (work: () => unknown) => {
  expect(work).toThrow(LatticeZkError);
  try {
    work();
  } catch (error) {
    expect((error as LatticeZkError).code).toBe('encoding');
  }
};

describe('Golomb–Rice integers', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 32 }),
        fc.array(fc.bigInt({ min: -(2n ** 37n), max: 2n ** 37n })),
        (k, xs) => {
          const limit = BigInt(UNARY_LIMIT) << BigInt(k);
          const values = xs.map((x) => x % limit);
          expect(decode(encode(values, k)!, values.length, k)).toEqual(values);
        },
      ),
    );
  });

  it('are written at the limit and not above it', () => {
    for (const k of [0, 1, 13, 24, 25, 31]) {
      const limit = BigInt(UNARY_LIMIT) << BigInt(k);
      for (const x of [limit - 1n, 1n - limit]) expect(decode(encode([x], k)!, 1, k)).toEqual([x]);
      for (const x of [limit, -limit]) expect(encode([x], k)).toBeUndefined();
    }
  });

  it('have one encoding: whatever decodes encodes to the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 24 }), fc.integer({ min: 0, max: 12 }), (bytes, k) => {
        for (let count = 1; count <= 12; count++) {
          let values: bigint[];
          try {
            values = decode(bytes, count, k);
          } catch (error) {
            expect(error).toBeInstanceOf(LatticeZkError);
            continue;
          }
          expect(encode(values, k)).toEqual(bytes);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('refuse an endless unary run', () => refused(() => decode(new Uint8Array(64).fill(255), 1, 3)));
  it('refuse bits that fill the last byte and are not zero', () => {
    const bytes = encode([1n], 2)!;
    bytes[bytes.length - 1]! |= 0x80;
    refused(() => decode(bytes, 1, 2));
  });
  it('refuse bytes behind the end', () => {
    refused(() => decode(Uint8Array.from([...encode([5n, -7n], 3)!, 0]), 2, 3));
  });
  it('refuse every truncation', () => {
    const bytes = encode([5n, -7n, 100n, 0n, -1n], 3)!;
    for (let length = 0; length < bytes.length; length++) refused(() => decode(bytes.subarray(0, length), 5, 3));
  });
});

describe('residues', () => {
  for (const q of [0xffff7f5c0052001n, 0x1ffffffff72001n, 0x7ffffdb80001c81n, 97n, 65537n, (1n << 33n) - 9n]) {
    const bits = q.toString(2).length;
    const pack = (values: readonly bigint[]): Uint8Array => {
      const writer = new BitWriter(new Uint8Array(8 * values.length + 8));
      writer.residues(new Uint32Array(BigUint64Array.from(values).buffer), bits);
      return writer.finish();
    };
    const unpack = (bytes: Uint8Array, count: number): bigint[] => {
      const reader = new BitReader(bytes);
      const out = new Uint32Array(2 * count);
      reader.residues(out, bits, q, 't');
      reader.finish();
      return [...new BigUint64Array(out.buffer)];
    };
    it(`below ${q} come back and q itself is refused`, () => {
      fc.assert(
        fc.property(fc.array(fc.bigInt({ min: 0n, max: q - 1n }), { minLength: 1 }), (values) => {
          expect(unpack(pack(values), values.length)).toEqual(values);
        }),
      );
      expect(unpack(pack([0n, q - 1n]), 2)).toEqual([0n, q - 1n]);
      refused(() => unpack(pack([0n, q]), 2));
      refused(() => unpack(pack([(1n << BigInt(bits)) - 1n]), 1));
    });
  }
});

describe('Rice parameters', () => {
  it('are the largest k with 2·4^k ≤ σ²', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 64n }), fc.bigInt({ min: 1n, max: 1000n }), (num, den) => {
        const k = BigInt(riceParameter({ num, den }));
        expect(k === 0n || 2n * 4n ** k * den <= num).toBe(true);
        expect(2n * 4n ** (k + 1n) * den > num).toBe(true);
      }),
    );
  });
});
