import { modulo } from '../exact.ts';
import type { ParameterSet } from '../parameters.ts';
import type { EncryptionWitness } from '../prove.ts';
import { Ring } from '../ring/ring.ts';
import { SEED_BYTES, SecretStream } from '../ring/xof.ts';
import type { CiphertextDescription } from '../update.ts';

/** Ciphertexts of known randomness under a fresh key, as an encryptor would describe them. */
export interface TestEncryption {
  readonly description: CiphertextDescription;
  readonly witness: EncryptionWitness;
}

/** Randomness of one encryption; what is left out is drawn from the seed. */
export interface TestEncryptionOptions {
  readonly set: ParameterSet;
  readonly m: Int32Array;
  /** a number that determines key and randomness */
  readonly seed: number;
  readonly u?: Int8Array;
  readonly e0?: Int8Array;
  readonly e1?: Int8Array;
}

/** INSECURE: seeded BFV encryption c0 = p0·u + e0 + Δ·m, c1 = p1·u + e1 under a seeded key, by this package's own ring. */
export function encryptForTest({ set, m, seed, ...given }: TestEncryptionOptions): TestEncryption {
  const ring = Ring.create({ N: set.N, moduli: set.primes });
  const { N } = set;
  const key = new Uint8Array(SEED_BYTES);
  new DataView(key.buffer).setFloat64(0, seed, true);
  const stream = new SecretStream(ring, key);
  const K = Math.ceil(m.length / N);
  const small = ring.alloc(2 * N);
  const ternary = (count: number): Int8Array => {
    const out = new Int8Array(count);
    for (let i = 0; i < count; i += 2 * N) {
      stream.ternary(small, 2 * N);
      out.set(ring.i8(small, Math.min(2 * N, count - i)), i);
    }
    return out;
  };
  const binomial = (count: number): Int8Array => {
    const out = new Int8Array(count);
    for (let coin = 0; coin < 42; coin++) {
      for (let i = 0; i < count; i += 2 * N) {
        stream.binary(small, 2 * N);
        const bits = ring.i8(small, Math.min(2 * N, count - i));
        for (let j = 0; j < bits.length; j++) out[i + j]! += coin < 21 ? bits[j]! : -bits[j]!;
      }
    }
    return out;
  };
  // an element of R_q is the even half of an element of S_q
  const poly = ring.allocPoly();
  const words = ring.alloc(8 * N);
  const lift = (values: ArrayLike<number>): number => {
    const p = ring.allocPoly();
    const view = ring.i32(words, 2 * N).fill(0);
    for (let i = 0; i < N; i++) view[i] = values[i] ?? 0;
    ring.lift32(p, words);
    ring.ntt(p);
    return p;
  };
  const read = (p: number): BigUint64Array => {
    ring.copy(poly, p, ring.polyBytes);
    ring.intt(poly);
    const out = new BigUint64Array(set.primes.length * N);
    set.primes.forEach((_, l) => {
      out.set(ring.u64(poly + 16 * l * N, N), l * N);
    });
    return out;
  };
  const evens = (p: number): void => {
    set.primes.forEach((_, l) => {
      ring.zero(p + 16 * l * N + 8 * N, 8 * N);
    });
  };
  const p1 = ring.allocPoly();
  ring.uniform(p1, stream);
  evens(p1);
  const p0 = ring.allocPoly();
  ring.mul(p0, p1, lift(ternary(N)));
  ring.add(p0, p0, lift(binomial(N)));
  ring.neg(p0, p0);
  const u = given.u ?? ternary(K * N);
  const e0 = given.e0 ?? binomial(K * N);
  const e1 = given.e1 ?? binomial(K * N);
  const ciphertexts = Array.from({ length: K }, (_, k) => {
    const mark = ring.mark();
    const slice = <T extends Int32Array | Int8Array>(values: T) => values.subarray(k * N, (k + 1) * N);
    const uk = lift(slice(u));
    const c0 = ring.allocPoly();
    ring.mul(c0, p0, uk);
    ring.add(c0, c0, lift(slice(e0)));
    ring.mulScalarAdd(c0, lift(slice(m)), modulo(set.delta, set.q));
    const c1 = ring.allocPoly();
    ring.mul(c1, p1, uk);
    ring.add(c1, c1, lift(slice(e1)));
    const ciphertext = { c0: read(c0), c1: read(c1) };
    ring.release(mark);
    return ciphertext;
  });
  return {
    description: { set: set.name, dimension: m.length, publicKey: { p0: read(p0), p1: read(p1) }, ciphertexts },
    witness: { m, u, e0, e1 },
  };
}
