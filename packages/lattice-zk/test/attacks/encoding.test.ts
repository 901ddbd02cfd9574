import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededProof } from '../../src/testing/seeded.ts';
import { TestRandom } from '../reference/prover.ts';
import { scene, smallUpdate, TOY_TWO_PRIMES } from './scene.ts';
import { verdictOf } from './verdict.ts';

const s = scene({ m: smallUpdate(40) });
const proof = seededProof(s.statement, s.witness, new Uint8Array(32).fill(4));
const two = scene({ set: TOY_TWO_PRIMES, m: smallUpdate(40) });
const proofTwo = seededProof(two.statement, two.witness, new Uint8Array(32).fill(4));
const NIGHTLY = process.env['ZKFL_NIGHTLY'] === '1';
/** The full runs take many minutes. */
const TIMEOUT = NIGHTLY ? 7_200_000 : 600_000;

describe('there is one encoding of a proof, and nothing else is read', () => {
  it('decodes and encodes to the same bytes', () => {
    expect(s.model.encode(s.model.decode(proof))).toEqual(Uint8Array.from(proof));
    expect(two.model.encode(two.model.decode(proofTwo))).toEqual(Uint8Array.from(proofTwo));
  });

  it('truncated at every byte: never accepted, never a crash', { timeout: TIMEOUT }, () => {
    const step = NIGHTLY ? 1 : 3;
    for (let length = 0; length < proof.length; length += step) {
      expect(verdictOf(s.statement, proof.subarray(0, length))).toBe('encoding');
    }
  });

  it('longer by zeros, by ones, by itself', () => {
    for (const tail of [new Uint8Array(1), new Uint8Array(1).fill(255), proof, new Uint8Array(1 << 20)]) {
      const longer = new Uint8Array(proof.length + tail.length);
      longer.set(proof);
      longer.set(tail, proof.length);
      expect(verdictOf(s.statement, longer)).toBe('encoding');
    }
  });

  it('longer by one zero byte, wherever in a byte the proof ends', () => {
    for (let seed = 1; seed < 40; seed++) {
      const other = seededProof(s.statement, s.witness, new Uint8Array(32).fill(seed));
      const longer = new Uint8Array(other.length + 1);
      longer.set(other);
      expect(verdictOf(s.statement, longer)).toBe('encoding');
    }
  });

  it('filling bits of the last byte that are not zero', () => {
    // a proof whose last byte has room
    for (let seed = 1; seed < 20; seed++) {
      const other = seededProof(s.statement, s.witness, new Uint8Array(32).fill(seed));
      const altered = other.slice();
      altered[altered.length - 1]! |= 0x80;
      if (altered.every((byte, i) => byte === other[i])) continue;
      const decodes = (() => {
        try {
          return s.model.encode(s.model.decode(altered));
        } catch {
          return undefined;
        }
      })();
      if (decodes === undefined) {
        expect(verdictOf(s.statement, altered)).toBe('encoding');
        return;
      }
    }
    expect.unreachable('no proof with filling bits');
  });

  it('residues at q and above, in every element and prime', () => {
    for (const [scene_, bytes] of [
      [s, proof],
      [two, proofTwo],
    ] as const) {
      const { primes, n, elements } = scene_.model.layout;
      let at = 8 * 32;
      for (let e = 0; e < elements; e++) {
        for (const prime of primes) {
          const width = prime.toString(2).length;
          for (const value of [prime, (1n << BigInt(width)) - 1n]) {
            const altered = writeBits(bytes, at + width * (e % n), width, value);
            expect(verdictOf(scene_.statement, altered)).toBe('encoding');
          }
          // h may not be anything at W^0, which is checked first
          const largest = writeBits(bytes, at + width * (e % n), width, prime - 1n);
          expect(verdictOf(scene_.statement, largest)).toMatch(/challenge|garbage/);
          at += width * n;
        }
      }
    }
  });

  it('a negative zero, a run without end', () => {
    const decoded = s.model.decode(proof);
    const zero = decoded.integers.map((v, i) => (i === 0 ? v.map((x, j) => (j === 0 ? 0n : x)) : [...v]));
    const encoded = s.model.encode({ ...decoded, integers: zero });
    expect(verdictOf(s.statement, encoded)).not.toBe('encoding');
    const { elements, n, primes } = s.model.layout;
    const from = 8 * 32 + elements * n * primes.reduce((sum, p) => sum + p.toString(2).length, 0);
    const endless = writeBits(proof, from + s.model.layout.vectors[0]!.k, 60, (1n << 60n) - 1n);
    expect(verdictOf(s.statement, endless)).toBe('encoding');
    const ones = proof.slice();
    ones.fill(255, from >> 3);
    expect(verdictOf(s.statement, ones)).toBe('encoding');
  });

  it('a run of 48 ones is one too many', () => {
    const decoded = s.model.decode(proof);
    const { k } = s.model.layout.vectors[0]!;
    const withRun = (run: bigint): Uint8Array =>
      s.model.encode({
        ...decoded,
        integers: decoded.integers.map((v, i) => v.map((x, j) => (i === 0 && j === 0 ? run << BigInt(k) : x))),
      });
    expect(verdictOf(s.statement, withRun(48n))).toBe('encoding');
    expect(verdictOf(s.statement, withRun(47n))).not.toBe('encoding');
  });

  it('a length from the sender allocates nothing: a megabyte of noise is refused at once', () => {
    const noise = new Uint8Array(1 << 24).fill(85);
    const start = performance.now();
    expect(verdictOf(s.statement, noise)).toBe('encoding');
    expect(performance.now() - start).toBeLessThan(200);
  });

  it('not a Uint8Array is an option error', () => {
    expect(() => verdictOf(s.statement, [...proof] as never)).toThrow(/proof/);
    expect(() => verdictOf(s.statement, undefined as never)).toThrow(/proof/);
  });
});

describe('malleability', () => {
  it('no flipped bit is accepted', { timeout: TIMEOUT }, () => {
    const random = new TestRandom(99);
    const bits = 8 * proof.length;
    const tries = NIGHTLY ? bits : 400;
    for (let i = 0; i < tries; i++) {
      const bit = NIGHTLY ? i : random.below(bits);
      const altered = proof.slice();
      altered[bit >> 3]! ^= 1 << (bit & 7);
      expect(verdictOf(s.statement, altered)).not.toBe('ok');
    }
  });

  it('no mutated proof is accepted or crashes the verifier', { timeout: TIMEOUT }, () => {
    const mutation = fc.oneof(
      fc.record({
        kind: fc.constant('set' as const),
        at: fc.nat(proof.length - 1),
        value: fc.integer({ min: 0, max: 255 }),
      }),
      fc.record({ kind: fc.constant('move' as const), at: fc.nat(proof.length - 1), value: fc.nat(proof.length - 1) }),
      fc.record({
        kind: fc.constant('cut' as const),
        at: fc.nat(proof.length - 1),
        value: fc.integer({ min: 1, max: 64 }),
      }),
      fc.record({
        kind: fc.constant('splice' as const),
        at: fc.nat(proof.length - 1),
        value: fc.integer({ min: 1, max: 64 }),
      }),
    );
    const twin = seededProof(s.statement, s.witness, new Uint8Array(32).fill(5));
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        let bytes = Array.from(proof);
        for (const { kind, at, value } of mutations) {
          const i = Math.min(at, bytes.length - 1);
          if (kind === 'set') bytes[i] = value;
          else if (kind === 'move') bytes[i] = bytes[Math.min(value, bytes.length - 1)]!;
          else if (kind === 'cut') bytes = [...bytes.slice(0, i), ...bytes.slice(i + value)];
          else bytes = [...bytes.slice(0, i), ...twin.subarray(i, i + value), ...bytes.slice(i + value)];
        }
        const altered = Uint8Array.from(bytes);
        if (altered.length === proof.length && altered.every((byte, i) => byte === proof[i])) return true;
        return verdictOf(s.statement, altered) !== 'ok';
      }),
      { numRuns: NIGHTLY ? 100_000 : 600, seed: 1, endOnFailure: true },
    );
  });

  it('commitments of one proof with the responses of another', () => {
    const twin = seededProof(s.statement, s.witness, new Uint8Array(32).fill(5));
    const [a, b] = [s.model.decode(proof), s.model.decode(twin)];
    expect(verdictOf(s.statement, s.model.encode({ ...a, integers: b.integers }))).toBe('challenge');
    expect(verdictOf(s.statement, s.model.encode({ ...a, seed: b.seed }))).toBe('challenge');
    a.elements.forEach((_, i) => {
      const elements = a.elements.map((p, j) => (i === j ? b.elements[j]! : p));
      expect(verdictOf(s.statement, s.model.encode({ ...a, elements }))).toBe('challenge');
    });
    a.integers.forEach((_, i) => {
      const integers = a.integers.map((p, j) => (i === j ? b.integers[j]! : p));
      expect(verdictOf(s.statement, s.model.encode({ ...a, integers }))).toBe('challenge');
    });
  });
});

/** `count` bits of `value` at bit `at`, least significant first. */
function writeBits(bytes: Uint8Array, at: number, count: number, value: bigint): Uint8Array {
  const out = bytes.slice();
  for (let i = 0; i < count; i++) {
    const place = at + i;
    const bit = Number((value >> BigInt(i)) & 1n);
    out[place >> 3] = (out[place >> 3]! & ~(1 << (place & 7))) | (bit << (place & 7));
  }
  return out;
}
