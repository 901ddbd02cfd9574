/** Exact LLL (δ = 3/4) over BigInt, fractions as pairs: for a handful of dimensions. */
export function reduceBasis(basis: readonly (readonly bigint[])[]): bigint[][] {
  const b = basis.map((row) => [...row]);
  const dot = (x: readonly bigint[], y: readonly bigint[]): bigint => x.reduce((sum, v, i) => sum + v * y[i]!, 0n);
  const n = b.length;
  // integral Gram–Schmidt: d[i] = Gram determinant of the first i vectors, l[i][j] = d[j+1]·μ_ij
  const d: bigint[] = [];
  const l: bigint[][] = [];
  const orthogonalise = (): void => {
    d.length = 0;
    d.push(1n);
    for (let i = 0; i < n; i++) {
      l[i] = [];
      for (let j = 0; j <= i; j++) {
        let u = dot(b[i]!, b[j]!);
        for (let k = 0; k < j; k++) u = (d[k + 1]! * u - l[i]![k]! * l[j]![k]!) / d[k]!;
        if (j < i) l[i]![j] = u;
        else d.push(u);
      }
    }
  };
  const round = (num: bigint, den: bigint): bigint => {
    const twice = 2n * num + den;
    const q = twice / (2n * den);
    return twice < 0n && q * 2n * den !== twice ? q - 1n : q;
  };
  orthogonalise();
  for (let k = 1; k < n; ) {
    for (let j = k - 1; j >= 0; j--) {
      const q = round(l[k]![j]!, d[j + 1]!);
      if (q === 0n) continue;
      b[k] = b[k]!.map((x, i) => x - q * b[j]![i]!);
      orthogonalise();
    }
    const left = 4n * d[k + 1]! * d[k - 1]!;
    const right = 3n * d[k]! * d[k]! - 4n * l[k]![k - 1]! * l[k]![k - 1]!;
    if (left >= right) k++;
    else {
      [b[k], b[k - 1]] = [b[k - 1]!, b[k]!];
      orthogonalise();
      k = Math.max(k - 1, 1);
    }
  }
  return b;
}

/** Short x with Σ a_i·x_i ≡ s and Σ b_i·x_i ≡ t (mod q, a prime): LLL, then Babai's rounding of one solution. */
export function shortSolution(
  [a, b]: readonly [readonly bigint[], readonly bigint[]],
  [s, t]: readonly [bigint, bigint],
  q: bigint,
): bigint[] {
  const n = a.length;
  const mod = (x: bigint): bigint => ((x % q) + q) % q;
  const inverse = (x: bigint): bigint => {
    let result = 1n;
    for (let e = q - 2n, base = mod(x); e > 0n; e >>= 1n, base = (base * base) % q)
      if (e & 1n) result = (result * base) % q;
    return result;
  };
  const determinant = inverse(a[0]! * b[1]! - a[1]! * b[0]!);
  const solve = (u: bigint, v: bigint): [bigint, bigint] => [
    mod((u * b[1]! - v * a[1]!) * determinant),
    mod((a[0]! * v - b[0]! * u) * determinant),
  ];
  const unit = (i: number, value: bigint): bigint[] => Array.from({ length: n }, (_, j) => (i === j ? value : 0n));
  const basis = [unit(0, q), unit(1, q)];
  for (let i = 2; i < n; i++) {
    const [x, y] = solve(-a[i]!, -b[i]!);
    const row = unit(i, 1n);
    row[0] = x;
    row[1] = y;
    basis.push(row);
  }
  const reduced = reduceBasis(basis);
  // Babai's nearest plane with floats for the coefficients: a rounding that is off by one costs length, nothing else
  const star: number[][] = [];
  for (const row of reduced) {
    const v = row.map(Number);
    for (const w of star) {
      const mu = inner(row.map(Number), w) / inner(w, w);
      for (let i = 0; i < n; i++) v[i]! -= mu * w[i]!;
    }
    star.push(v);
  }
  const [x, y] = solve(s, t);
  let target = unit(0, x);
  target[1] = y;
  for (let pass = 0; pass < 3; pass++) {
    for (let i = n - 1; i >= 0; i--) {
      const c = BigInt(Math.round(inner(target.map(Number), star[i]!) / inner(star[i]!, star[i]!)));
      target = target.map((v, j) => v - c * reduced[i]![j]!);
    }
  }
  return target;
}

const inner = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, v, i) => sum + v * y[i]!, 0);
