/**
 * Z_q[W]/(W^n+1) on BigInt coefficient vectors in W order: slow, and nothing in common with the kernels. q may be composite.
 */
export type Poly = readonly bigint[];

export const mod = (x: bigint, q: bigint): bigint => ((x % q) + q) % q;

/** The representative in (−q/2, q/2). */
export const centre = (x: bigint, q: bigint): bigint => {
  const r = mod(x, q);
  return 2n * r > q ? r - q : r;
};

/** Exact rational arithmetic is not needed: 2 is invertible. */
const half = (q: bigint): bigint => (q + 1n) / 2n;

export class PolynomialRing {
  readonly n: number;
  readonly q: bigint;

  constructor(n: number, q: bigint) {
    this.n = n;
    this.q = q;
  }

  readonly zero = (): Poly => new Array<bigint>(this.n).fill(0n);

  readonly of = (coefficients: ArrayLike<bigint | number>): Poly =>
    Array.from({ length: this.n }, (_, i) => mod(BigInt(coefficients[i] ?? 0), this.q));

  /** Σ coefficient·W^exponent, exponents 0…n−1. */
  readonly sparse = (terms: readonly (readonly [number, bigint])[]): Poly => {
    const out = new Array<bigint>(this.n).fill(0n);
    for (const [exponent, value] of terms) out[exponent] = mod(out[exponent]! + value, this.q);
    return out;
  };

  readonly add = (...terms: readonly Poly[]): Poly =>
    Array.from({ length: this.n }, (_, i) =>
      mod(
        terms.reduce((sum, p) => sum + p[i]!, 0n),
        this.q,
      ),
    );

  readonly sub = (a: Poly, b: Poly): Poly => a.map((x, i) => mod(x - b[i]!, this.q));

  readonly scale = (k: bigint, a: Poly): Poly => a.map((x) => mod(k * x, this.q));

  /** One product of long integers: coefficients in hexadecimal places that are wide enough for n·q². */
  readonly mul = (a: Poly, b: Poly): Poly => {
    const { n, q } = this;
    const places = Math.ceil((2 * q.toString(2).length + n.toString(2).length) / 4);
    const pack = (p: Poly): bigint => {
      let text = '0x';
      for (let i = n - 1; i >= 0; i--) text += p[i]!.toString(16).padStart(places, '0');
      return BigInt(text);
    };
    const text = (pack(a) * pack(b)).toString(16).padStart(2 * n * places, '0');
    const at = (i: number): bigint => BigInt(`0x${text.slice((2 * n - 1 - i) * places, (2 * n - i) * places)}`);
    return Array.from({ length: n }, (_, i) => mod(at(i) - at(i + n), q));
  };

  /** Σ a_i·b_i */
  readonly dot = (a: readonly Poly[], b: readonly Poly[]): Poly =>
    a.reduce((sum, p, i) => this.add(sum, this.mul(p, b[i]!)), this.zero());

  /** W ↦ W⁻¹ */
  readonly sigma = (a: Poly): Poly => a.map((_, i) => (i === 0 ? a[0]! : mod(-a[this.n - i]!, this.q)));

  /** W^{n/2}·a */
  readonly turn = (a: Poly): Poly =>
    a.map((_, i) => (i >= this.n / 2 ? a[i - this.n / 2]! : mod(-a[i + this.n / 2]!, this.q)));

  /** (a + σ(a))/2 */
  readonly trace = (a: Poly): Poly => this.scale(half(this.q), this.add(a, this.sigma(a)));

  readonly constant = (value: bigint): Poly => this.sparse([[0, value]]);

  readonly equal = (a: Poly, b: Poly): boolean => a.every((x, i) => x === b[i]);
}

/** Σ of squares of the centred representatives. */
export const squaredNorm = (q: bigint, ...polys: readonly Poly[]): bigint =>
  polys.reduce((sum, p) => sum + p.reduce((s, x) => s + centre(x, q) ** 2n, 0n), 0n);

/** W order from split order: even coefficients first, then the odd ones. */
export const fromSplit = (n: number, split: ArrayLike<bigint | number>): bigint[] =>
  Array.from({ length: n }, (_, i) => BigInt(split[(i & 1) * (n / 2) + (i >> 1)] ?? 0));

/** Split order from W order. */
export const toSplit = (w: readonly bigint[]): bigint[] => {
  const n = w.length;
  return Array.from({ length: n }, (_, s) => w[s < n / 2 ? 2 * s : 2 * (s - n / 2) + 1]!);
};
