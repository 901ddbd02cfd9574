import { afterEach, describe, expect, it, vi } from 'vitest';
import { LatticeZkError, prove, verify } from '../src/index.ts';
import { encryptForTest, INSECURE_N64, seededStream, withInstance, withProver } from '../src/testing.ts';
import { coordinates, toyStatement, toyUpdate } from './toy.ts';

const { claims, witness } = toyUpdate(coordinates(200));
const statement = toyStatement(claims);

/** Bytes above the arena's floor that are not zero. */
const residue = (): number =>
  withInstance(INSECURE_N64, 0, ({ ring }) => {
    const floor = ring.mark();
    const bytes = ring.bytes(floor, ring.kernels.memory.buffer.byteLength - floor);
    return bytes.reduce((count, byte) => count + (byte === 0 ? 0 : 1), 0);
  });

const refusal = (work: () => unknown): LatticeZkError => {
  try {
    work();
  } catch (error) {
    if (error instanceof LatticeZkError) return error;
    throw error;
  }
  throw new Error('accepted');
};

describe('secrets are overwritten when a call ends', () => {
  it('after a proof, its rejected tries included', () => {
    for (let i = 0; i < 10; i++) prove(statement, witness);
    expect(residue()).toBe(0);
  });
  it('after a refusal', () => {
    const m = witness.m.slice();
    m[0]! += 1;
    expect(refusal(() => prove(statement, { ...witness, m })).code).toBe('witness');
    expect(residue()).toBe(0);
  });
  it('after an error in the middle of a proof, and the check can fail', () => {
    const seed = new Uint8Array(32).fill(1);
    let inside = 0;
    expect(() =>
      withProver(statement, witness, seededStream(seed), ({ loaded: { ring }, integers }) => {
        inside = ring.i32(integers[statement.relation.projections[0][0]!]!, ring.n).filter((x) => x !== 0).length;
        throw new Error('interrupted');
      }),
    ).toThrow('interrupted');
    expect(inside).toBeGreaterThan(50);
    expect(residue()).toBe(0);
  });
  it('and the witness of the caller is left alone', () => {
    const before = witness.m.slice();
    prove(statement, witness);
    expect(witness.m).toEqual(before);
  });
});

describe('a failing random generator stops the prover', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });
  const mocked = (fill: (bytes: Uint8Array) => void) =>
    vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
      fill(array as unknown as Uint8Array);
      return array;
    });
  it('that throws', () => {
    mocked(() => {
      throw new Error('no entropy');
    });
    const error = refusal(() => prove(statement, witness));
    expect(error.code).toBe('randomness');
    expect((error.cause as Error).message).toBe('no entropy');
  });
  it('that returns zeros', () => {
    mocked((bytes) => bytes.fill(0));
    expect(refusal(() => prove(statement, witness)).code).toBe('randomness');
  });
  it('that repeats itself: no two proofs share a mask', () => {
    mocked((bytes) => bytes.fill(7));
    expect(verify(statement, prove(statement, witness))).toEqual({ ok: true });
    expect(refusal(() => prove(statement, witness)).code).toBe('randomness');
  });
});

describe('errors', () => {
  it('name operation, field, what was got and what was wanted, and no secret', () => {
    const large = encryptForTest({ set: INSECURE_N64, m: new Int32Array(10).fill(1 << 18), seed: 3 });
    const error = refusal(() => prove(toyStatement({ ...claims, description: large.description }), large.witness));
    expect(error.message).toMatch(/^prove: norm: got a witness beyond it, want ‖·‖² ≤ \d+$/);
    expect(JSON.stringify(error)).not.toContain((10n * 2n ** 36n).toString());
  });
  it('refuse unknown keys and wrong types', () => {
    expect(refusal(() => prove(statement, { ...witness, extra: 1 } as never)).code).toBe('options');
    expect(refusal(() => prove(statement, { ...witness, u: [1, 2] } as never)).code).toBe('options');
    expect(refusal(() => prove(statement, { ...witness, m: witness.m.subarray(1) })).code).toBe('options');
    expect(refusal(() => toyStatement({ ...claims, direction: [] } as never)).code).toBe('options');
    expect(refusal(() => verify(statement, 'proof' as never)).code).toBe('options');
  });
  it('come also for another realm’s view of it: a Buffer is a proof too', () => {
    const proof = Buffer.from(prove(statement, witness));
    expect(verify(statement, proof)).toEqual({ ok: true });
  });
});
