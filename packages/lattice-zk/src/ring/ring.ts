import { LatticeZkError } from '../errors.ts';
import type { Ptr } from './kernels.ts';
import { compileKernels } from './kernels.ts';
import { KernelMemory } from './memory.ts';
import { checkOptions, type RingOptions } from './options.ts';
import { CONTEXT_BYTES, inverseMod, primeTables, shoup } from './prime.ts';
import { SEED_BYTES, type SecretStream, Sponge } from './xof.ts';

type Mode = 0 | 1 | 2;
/** Addresses of two factors. */
export type Pair = readonly [Ptr, Ptr];
const DOT_PAIRS = 63;

/**
 * Arithmetic of S_q = Z_q[W]/(W^n+1) and R_q inside one WebAssembly instance.
 *
 * An element of S_q is L blocks, one a prime, of [even half: N u64][odd half: N u64]: W-coefficient i sits at
 * (i & 1) N + (i >> 1) ("split order"; integer polynomials use it too). An element of R_q is L blocks of N u64. In NTT
 * form slot k of a half is its value at zeta_k = psi^(2 brv(k)+1), so zeta_k^-1 is slot N-1-k. Residues are always fully
 * reduced. Addresses are not checked: they must come from `alloc`.
 */
export class Ring extends KernelMemory {
  readonly N: number;
  readonly n: number;
  readonly L: number;
  readonly moduli: readonly bigint[];
  readonly q: bigint;
  /** Bytes of an element of S_q. */
  readonly polyBytes: number;
  /** Bytes of an element of R_q. */
  readonly rBytes: number;
  readonly #contexts: readonly Ptr[];
  /** q0^-1 mod q1 */
  readonly #garner: bigint;
  readonly #masks: readonly bigint[];

  /** @throws LatticeZkError `parameters`, `memory` */
  static create(options: RingOptions): Ring {
    checkOptions(options);
    return new Ring(options);
  }

  /** As `create`, compiling off the main thread. */
  static async createAsync(options: RingOptions): Promise<Ring> {
    checkOptions(options);
    await compileKernels();
    return new Ring(options);
  }

  private constructor({ N, moduli, limit }: RingOptions) {
    super(limit === undefined ? {} : { limit });
    this.N = N;
    this.n = 2 * N;
    this.L = moduli.length;
    this.moduli = Object.freeze([...moduli]);
    this.q = moduli.reduce((a, b) => a * b, 1n);
    this.rBytes = this.L * N * 8;
    this.polyBytes = 2 * this.rBytes;
    this.#garner = moduli.length === 2 ? inverseMod(moduli[0]!, moduli[1]!) : 0n;
    this.#masks = moduli.map((prime) => (1n << BigInt(prime.toString(2).length)) - 1n);
    this.#contexts = moduli.map((prime) => {
      const tables = primeTables(prime, N);
      const context = this.alloc(CONTEXT_BYTES);
      this.put(context, tables.constants);
      const pointers = [tables.forward, tables.inverse, tables.zeta].map((table) => this.place(table));
      this.u32(context + 48, 4).set([...pointers, N]);
      this.put(context + 64, tables.last);
      return context;
    });
  }

  /** Address of prime i's tables, for kernels called directly. */
  context(i: number): Ptr {
    return this.#contexts[i]!;
  }

  allocPoly(count = 1): Ptr {
    return this.alloc(count * this.polyBytes);
  }

  /** W-coefficient i is word `splitIndex(i)` of a block. */
  splitIndex(i: number): number {
    return (i & 1) * this.N + (i >> 1);
  }

  #eachHalf(p: Ptr, halves: number, kernel: (context: Ptr, half: Ptr) => void): void {
    for (let i = 0; i < this.L; i++)
      for (let h = 0; h < halves; h++) kernel(this.#contexts[i]!, p + (i * halves + h) * this.N * 8);
  }

  /** Coefficients to slots, in place, `count` consecutive elements of S_q. */
  ntt(p: Ptr, count = 1): void {
    for (let c = 0; c < count; c++) this.#eachHalf(p + c * this.polyBytes, 2, this.kernels.nttForward);
  }
  intt(p: Ptr, count = 1): void {
    for (let c = 0; c < count; c++) this.#eachHalf(p + c * this.polyBytes, 2, this.kernels.nttInverse);
  }
  /** As `ntt`, for elements of R_q. */
  nttR(p: Ptr, count = 1): void {
    for (let c = 0; c < count; c++) this.#eachHalf(p + c * this.rBytes, 1, this.kernels.nttForward);
  }
  inttR(p: Ptr, count = 1): void {
    for (let c = 0; c < count; c++) this.#eachHalf(p + c * this.rBytes, 1, this.kernels.nttInverse);
  }

  #eachPrime(kernel: (context: Ptr, shift: number, prime: bigint) => void): void {
    for (let i = 0; i < this.L; i++) kernel(this.#contexts[i]!, i * this.n * 8, this.moduli[i]!);
  }

  /** dst = a + b, either form. */
  add(dst: Ptr, a: Ptr, b: Ptr): void {
    this.#eachPrime((context, s) => this.kernels.add(context, dst + s, a + s, b + s, this.n));
  }
  sub(dst: Ptr, a: Ptr, b: Ptr): void {
    this.#eachPrime((context, s) => this.kernels.sub(context, dst + s, a + s, b + s, this.n));
  }
  neg(dst: Ptr, a: Ptr): void {
    this.#eachPrime((context, s) => this.kernels.neg(context, dst + s, a + s, this.n));
  }

  /** dst = a b in NTT form; dst may be a or b. */
  mul(dst: Ptr, a: Ptr, b: Ptr): void {
    this.#pairs([[a, b]], dst, 0, false);
  }
  mulAdd(dst: Ptr, a: Ptr, b: Ptr): void {
    this.#pairs([[a, b]], dst, 1, false);
  }
  mulSub(dst: Ptr, a: Ptr, b: Ptr): void {
    this.#pairs([[a, b]], dst, 2, false);
  }
  /** dst = sum of a_i b_i, NTT form; one reduction a slot for up to 63 pairs. dst may be a factor only if there are at most 63. */
  dot(dst: Ptr, pairs: readonly Pair[]): void {
    this.#pairs(pairs, dst, 0, false);
  }
  dotAdd(dst: Ptr, pairs: readonly Pair[]): void {
    this.#pairs(pairs, dst, 1, false);
  }
  dotSub(dst: Ptr, pairs: readonly Pair[]): void {
    this.#pairs(pairs, dst, 2, false);
  }
  /** dst = sum of sigma(a_i) b_i, NTT form, at half the price where every a_i is b_i. dst must be no factor. */
  dotSigma(dst: Ptr, pairs: readonly Pair[]): void {
    this.#pairs(pairs, dst, 0, true);
  }
  dotSigmaAdd(dst: Ptr, pairs: readonly Pair[]): void {
    this.#pairs(pairs, dst, 1, true);
  }

  #pairs(pairs: readonly Pair[], dst: Ptr, mode: Mode, sigma: boolean): void {
    if (pairs.length === 0 && mode === 0) this.zero(dst, this.polyBytes);
    const norms = sigma && pairs.every(([a, b]) => a === b);
    const kernel = norms ? this.kernels.sumNorms : sigma ? this.kernels.dotSigma : this.kernels.dot;
    for (let at = 0; at < pairs.length; at += DOT_PAIRS) {
      const part = pairs.slice(at, at + DOT_PAIRS);
      const addresses = norms ? part.map(([a]) => a) : part.flat();
      this.u32(this.staging, addresses.length).set(addresses);
      const step: Mode = at > 0 && mode === 0 ? 1 : mode;
      this.#eachPrime((context, s) => kernel(context, dst + s, this.staging, part.length, s, step));
    }
  }

  #byR(dst: Ptr, r: Ptr, a: Ptr, mode: Mode): void {
    this.#eachPrime((context, s) => this.kernels.mulR(context, dst + s, r + s / 2, a + s, mode));
  }
  /** dst = r a: r in R_q (NTT form) is one scalar a slot. */
  mulR(dst: Ptr, r: Ptr, a: Ptr): void {
    this.#byR(dst, r, a, 0);
  }
  mulRAdd(dst: Ptr, r: Ptr, a: Ptr): void {
    this.#byR(dst, r, a, 1);
  }
  mulRSub(dst: Ptr, r: Ptr, a: Ptr): void {
    this.#byR(dst, r, a, 2);
  }

  #byScalar(dst: Ptr, a: Ptr, scalar: bigint, mode: Mode): void {
    this.#eachPrime((context, s, prime) => {
      const x = ((scalar % prime) + prime) % prime;
      this.kernels.mulScalar(context, dst + s, a + s, this.n, x, shoup(x, prime), mode);
    });
  }
  /** dst = s a, either form; s is any integer. */
  mulScalar(dst: Ptr, a: Ptr, s: bigint): void {
    this.#byScalar(dst, a, s, 0);
  }
  mulScalarAdd(dst: Ptr, a: Ptr, s: bigint): void {
    this.#byScalar(dst, a, s, 1);
  }
  mulScalarSub(dst: Ptr, a: Ptr, s: bigint): void {
    this.#byScalar(dst, a, s, 2);
  }

  /** dst = a + s in NTT form. In coefficient form use `setCoefficient`. */
  addScalar(dst: Ptr, a: Ptr, scalar: bigint): void {
    this.#eachPrime((context, s, prime) =>
      this.kernels.addConstant(context, dst + s, a + s, ((scalar % prime) + prime) % prime),
    );
  }

  /** dst = sigma(a), W -> W^-1, in NTT form. dst must not be a. */
  sigma(dst: Ptr, a: Ptr): void {
    this.#eachPrime((context, s) => this.kernels.sigma(context, dst + s, a + s));
  }

  /** dst in R_q, NTT form: X^e, 0 <= e < N. W^(n/2) is X^(N/2). */
  xPower(dst: Ptr, e: number): void {
    this.zero(dst, this.rBytes);
    for (let i = 0; i < this.L; i++) this.u64(dst + i * this.N * 8, this.N)[e] = 1n;
    this.nttR(dst);
  }

  /** n signed integers in split order to residues. */
  liftI8(dst: Ptr, src: Ptr): void {
    this.#eachPrime((context, s) => this.kernels.liftI8(context, dst + s, src, this.n));
  }
  lift32(dst: Ptr, src: Ptr): void {
    this.#eachPrime((context, s) => this.kernels.liftI32(context, dst + s, src, this.n));
  }
  /** |x| < 2^63 */
  lift64(dst: Ptr, src: Ptr): void {
    this.#eachPrime((context, s) => this.kernels.liftI64(context, dst + s, src, this.n));
  }

  /**
   * Centred lift to n i64 in split order, values in (-q/2, q/2).
   * @returns false if q has two primes and some |x| >= 2^62; such coefficients are written as 0
   */
  center(dst: Ptr, src: Ptr): boolean {
    const { kernels, n } = this;
    if (this.L === 1) {
      kernels.centerOne(this.#contexts[0]!, dst, src, n);
      return true;
    }
    const [first, second] = this.#contexts as [Ptr, Ptr];
    const quotient = shoup(this.#garner, this.moduli[1]!);
    return kernels.centerTwo(first, second, dst, src, src + n * 8, n, this.#garner, quotient) !== 0;
  }

  /** Copies an element of R_q in (L N residues, prime-major). @returns false if a residue is not below its prime */
  loadR(dst: Ptr, residues: BigUint64Array): boolean {
    if (residues.length !== this.L * this.N) return false;
    this.put(dst, residues);
    return this.isReducedR(dst);
  }

  /** dst in S_q = even(X) + W odd(X), same form; `odd` undefined stands for 0. */
  interleave(dst: Ptr, even: Ptr, odd?: Ptr): void {
    const half = this.N * 8;
    for (let i = 0; i < this.L; i++) {
      this.copy(dst + 2 * i * half, even + i * half, half);
      if (odd === undefined) this.zero(dst + (2 * i + 1) * half, half);
      else this.copy(dst + (2 * i + 1) * half, odd + i * half, half);
    }
  }

  isReduced(p: Ptr): boolean {
    return this.#contexts.every((context, i) => this.kernels.isReduced(context, p + i * this.n * 8, this.n) !== 0);
  }
  isReducedR(p: Ptr): boolean {
    return this.#contexts.every((context, i) => this.kernels.isReduced(context, p + i * this.N * 8, this.N) !== 0);
  }
  equals(a: Ptr, b: Ptr): boolean {
    return this.same(a, b, this.polyBytes);
  }

  /** Coefficient (or slot word) of W^i as an integer in [0, q). For single coefficients only: it is slow. */
  coefficient(p: Ptr, i: number): bigint {
    const at = p + this.splitIndex(i) * 8;
    const first = this.u64(at, 1)[0]!;
    if (this.L === 1) return first;
    const [q0, q1] = this.moduli as [bigint, bigint];
    const second = this.u64(at + this.n * 8, 1)[0]!;
    return first + q0 * ((((second - (first % q1) + q1) % q1) * this.#garner) % q1);
  }
  setCoefficient(p: Ptr, i: number, value: bigint): void {
    this.#eachPrime((_, s, prime) => {
      this.u64(p + s + this.splitIndex(i) * 8, 1)[0] = ((value % prime) + prime) % prime;
    });
  }

  /** Uniform residues, n a prime, prime 0 first: see `uniformWords`. Reads the same in either form. */
  uniform(dst: Ptr, source: Sponge | SecretStream): void {
    for (let i = 0; i < this.L; i++) this.uniformWords(dst + i * this.n * 8, this.n, i, source);
  }

  /**
   * `count` uniform residues modulo prime i from a squeezing sponge or a secret stream: 8-byte little-endian words, cut to
   * the bits of the prime, kept if below it.
   */
  uniformWords(dst: Ptr, count: number, i: number, source: Sponge | SecretStream): void {
    const context = this.#contexts[i]!;
    const mask = this.#masks[i]!;
    if (source instanceof Sponge) this.kernels.spongeUniform(context, source.state, dst, count, mask);
    else this.kernels.streamUniform(context, source.state, dst, count, mask);
  }

  /**
   * Bytes of the projection matrix for one polynomial, 64 n of them, group-major: byte 64-group g, column j (split order)
   * at g n + j. Groups 0 to 31 hold bits a, groups 32 to 63 bits b of rows 8g to 8g+7 (bit i of the byte is row 8g+i); an
   * entry is a - b. Halves a and b are TurboSHAKE128 (domain byte 0x1f) of seed || purpose || index (u32 LE) || 0 and || 1.
   */
  expandR(dst: Ptr, seed: Uint8Array, purpose: number, index: number): void {
    const prefix = new Uint8Array(SEED_BYTES + 5);
    if (seed.length !== SEED_BYTES || purpose < 0 || purpose > 255 || index < 0 || index >= 2 ** 32)
      throw new LatticeZkError({ code: 'internal', operation: 'expandR', field: 'seed, purpose or index' });
    prefix.set(seed);
    prefix[SEED_BYTES] = purpose;
    new DataView(prefix.buffer).setUint32(SEED_BYTES + 1, index, true);
    this.put(this.staging, prefix);
    this.kernels.expandPair(dst, this.staging, prefix.length, 32 * this.n);
  }
}
