// Residue kernels of @zkfl/he-agg. Raw pointers into an imported memory whose layout the caller owns.
// q < 2^60 throughout; n is a multiple of 8. Packed residues are `bits` (53 or 60) each, little endian, no padding.
// Reading a packed run touches at most one byte behind it; writing one touches at most eight.
// Secret inputs meet no data-dependent branch or address here, except `ternary`, which says why it may.

// @ts-ignore: decorator
@inline function residue(p: usize, i: i32, bits: i32): u64 {
  return (load<u64>(p + ((i * bits) >> 3)) >> ((i * bits) & 7)) & (((<u64>1) << bits) - 1);
}

// @ts-ignore: decorator
@inline function gateRun(src: usize, n: i32, bits: i32, q: u64): i32 {
  let over: u64 = 0, any: u64 = 0;
  const end = src + (n >> 3) * bits;
  while (src < end) {
    const a = residue(src, 0, bits), b = residue(src, 1, bits), c = residue(src, 2, bits), d = residue(src, 3, bits);
    const e = residue(src, 4, bits), f = residue(src, 5, bits), g = residue(src, 6, bits), h = residue(src, 7, bits);
    over |= (q - 1 - a) | (q - 1 - b) | (q - 1 - c) | (q - 1 - d) | (q - 1 - e) | (q - 1 - f) | (q - 1 - g) | (q - 1 - h);
    any |= a | b | c | d | e | f | g | h;
    src += bits;
  }
  return <i32>(over >> 63) | (any != 0 ? 2 : 0);
}
/** Bit 0: some packed residue is ≥ q. Bit 1: some packed residue is not zero. */
export function gate(src: usize, n: i32, bits: i32, q: u64): i32 {
  return bits == 60 ? gateRun(src, n, 60, q) : gateRun(src, n, 53, q);
}

// @ts-ignore: decorator
@inline function unpackRun(src: usize, dst: usize, n: i32, bits: i32): void {
  const end = dst + (n << 3);
  while (dst < end) {
    store<u64>(dst, residue(src, 0, bits), 0);
    store<u64>(dst, residue(src, 1, bits), 8);
    store<u64>(dst, residue(src, 2, bits), 16);
    store<u64>(dst, residue(src, 3, bits), 24);
    store<u64>(dst, residue(src, 4, bits), 32);
    store<u64>(dst, residue(src, 5, bits), 40);
    store<u64>(dst, residue(src, 6, bits), 48);
    store<u64>(dst, residue(src, 7, bits), 56);
    src += bits;
    dst += 64;
  }
}
/** n packed residues → n u64. */
export function unpack(src: usize, dst: usize, n: i32, bits: i32): void {
  if (bits == 60) unpackRun(src, dst, n, 60); else unpackRun(src, dst, n, 53);
}

/** n u64 below 2^bits → n·bits/8 packed bytes. */
export function pack(src: usize, dst: usize, n: i32, bits: i32): void {
  const end = src + (n << 3);
  if (bits == 60) {
    while (src < end) {
      const a = load<u64>(src), b = load<u64>(src, 8);
      store<u64>(dst, a | (b << 60));
      store<u64>(dst, b >> 4, 8);
      src += 16;
      dst += 15;
    }
  } else {
    while (src < end) {
      const a = load<u64>(src), b = load<u64>(src, 8), c = load<u64>(src, 16), d = load<u64>(src, 24);
      const e = load<u64>(src, 32), f = load<u64>(src, 40), g = load<u64>(src, 48), h = load<u64>(src, 56);
      store<u64>(dst, a | (b << 53), 0);
      store<u64>(dst, (b >> 11) | (c << 42), 8);
      store<u64>(dst, (c >> 22) | (d << 31), 16);
      store<u64>(dst, (d >> 33) | (e << 20), 24);
      store<u64>(dst, (e >> 44) | (f << 9) | (g << 62), 32);
      store<u64>(dst, (g >> 2) | (h << 51), 40);
      store<u64>(dst, h >> 13, 48);
      src += 64;
      dst += 53;
    }
  }
}

// a + b mod q for a, b < q < 2^60
// @ts-ignore: decorator
@inline function addMod(a: u64, b: u64, q: u64): u64 {
  const s = a + b - q;
  return s + (q & <u64>((<i64>s) >> 63));
}

// @ts-ignore: decorator
@inline function addPackedRun(src: usize, acc: usize, n: i32, bits: i32, q: u64): void {
  const end = acc + (n << 3);
  while (acc < end) {
    store<u64>(acc, addMod(load<u64>(acc, 0), residue(src, 0, bits), q), 0);
    store<u64>(acc, addMod(load<u64>(acc, 8), residue(src, 1, bits), q), 8);
    store<u64>(acc, addMod(load<u64>(acc, 16), residue(src, 2, bits), q), 16);
    store<u64>(acc, addMod(load<u64>(acc, 24), residue(src, 3, bits), q), 24);
    store<u64>(acc, addMod(load<u64>(acc, 32), residue(src, 4, bits), q), 32);
    store<u64>(acc, addMod(load<u64>(acc, 40), residue(src, 5, bits), q), 40);
    store<u64>(acc, addMod(load<u64>(acc, 48), residue(src, 6, bits), q), 48);
    store<u64>(acc, addMod(load<u64>(acc, 56), residue(src, 7, bits), q), 56);
    src += bits;
    acc += 64;
  }
}
/** acc += n packed residues, mod q; all below q. */
export function addPacked(src: usize, acc: usize, n: i32, bits: i32, q: u64): void {
  if (bits == 60) addPackedRun(src, acc, n, 60, q); else addPackedRun(src, acc, n, 53, q);
}

/** acc += n u64 residues, mod q; all below q. */
export function addWords(src: usize, acc: usize, n: i32, q: u64): void {
  const qq = i64x2.splat(<i64>q), zero = i64x2.splat(0);
  const end = acc + (n << 3);
  while (acc < end) {
    const s = v128.sub<i64>(v128.add<i64>(v128.load(acc), v128.load(src)), qq);
    v128.store(acc, v128.add<i64>(s, v128.and(qq, v128.lt<i64>(s, zero))));
    const r = v128.sub<i64>(v128.add<i64>(v128.load(acc, 16), v128.load(src, 16)), qq);
    v128.store(acc, v128.add<i64>(r, v128.and(qq, v128.lt<i64>(r, zero))), 16);
    src += 32;
    acc += 32;
  }
}

/** x ↦ −x mod q, in place. */
export function negate(p: usize, n: i32, q: u64): void {
  for (let end = p + (n << 3); p < end; p += 8) {
    const x = load<u64>(p);
    store<u64>(p, (q - x) & (0 - (<u64>(x != 0))));
  }
}

/**
 * n uniform trits, exactly: a byte below 243 gives five, a byte from 243 on is dropped. Which bytes are dropped shows in
 * the timing and says nothing about those kept. Returns 0 when the bytes run out before n trits are there.
 */
export function ternary(src: usize, length: i32, dst: usize, n: i32): i32 {
  let done = 0;
  for (let i = 0; i < length; i++) {
    let b = <u32>load<u8>(src + i);
    if (b >= 243) continue;
    for (let j = 0; j < 5 && done < n; j++) {
      const high = (b * 171) >> 9; // ⌊b/3⌋ for b < 256
      store<i8>(dst + done, <i8>(<i32>(b - 3 * high) - 1));
      b = high;
      done++;
    }
    if (done == n) return 1;
  }
  return 0;
}

/** n values of the centred binomial law 21+21 from 42·n random bits. */
export function binomial21(src: usize, dst: usize, n: i32): void {
  const end = dst + n;
  while (dst < end) {
    for (let i = 0; i < 8; i++) {
      const x = load<u64>(src + ((i * 42) >> 3)) >> ((i * 42) & 7);
      store<i8>(dst + i, <i8>(<i32>popcnt<u64>(x & 0x1fffff) - <i32>popcnt<u64>(x & 0x3ffffe00000)));
    }
    src += 42;
    dst += 8;
  }
}

/** Uniform residues by rejection from `words` u64 of randomness, masked to `bits`; returns how many of n came out. */
export function uniform(src: usize, words: i32, dst: usize, n: i32, bits: i32, q: u64): i32 {
  const mask = ((<u64>1) << bits) - 1;
  let done = 0;
  for (let i = 0; i < words && done < n; i++) {
    const x = load<u64>(src + (i << 3)) & mask;
    store<u64>(dst + (done << 3), x);
    done += <i32>(x < q);
  }
  return done;
}

/** Σ x² over n i8; n·127² must stay below 2^31. */
export function normSquared(p: usize, n: i32): i32 {
  let sum = 0;
  for (let end = p + n; p < end; p++) {
    const x = <i32>load<i8>(p);
    sum += x * x;
  }
  return sum;
}

/** n i8 in (−t, t) → u64 in [0, t). */
export function lift(src: usize, dst: usize, n: i32, t: u64): void {
  for (let end = src + n; src < end; src++) {
    const x = <i64>load<i8>(src);
    store<u64>(dst, <u64>x + (t & <u64>(x >> 63)));
    dst += 8;
  }
}

/**
 * dst = r + e + Δ·m mod q for n coefficients: r u64 below q (unaligned), e i8, m i32 or no message where m is 0.
 * ratio = ⌊Δ·2^64/q⌋ with Δ reduced mod q (Shoup): the product is exact for every i32.
 */
export function combine(r: usize, e: usize, m: usize, dst: usize, n: i32, q: u64, delta: u64, ratio: u64): void {
  const high = ratio >> 32, low = ratio & 0xffffffff;
  for (let i = 0; i < n; i++) {
    let x = <i64>load<u64>(r + (i << 3)) + <i64>load<i8>(e + i);
    if (m != 0) {
      const v = load<i32>(m + (i << 2)), sign = <i64>(v >> 31);
      const size = <u64>((<i64>v ^ sign) - sign);
      const quotient = (size * high + ((size * low) >> 32)) >> 32;
      let product = size * delta - quotient * q - q; // in [−q, q): the quotient is at most one short
      product += q & <u64>((<i64>product) >> 63);
      x += (<i64>product ^ sign) - sign;
    }
    x += <i64>q & (x >> 63); // x was in (−q − 21, 2q + 21)
    x += <i64>q & (x >> 63);
    x -= <i64>q;
    x += <i64>q & (x >> 63);
    x -= <i64>q;
    x += <i64>q & (x >> 63);
    store<u64>(dst + (i << 3), <u64>x);
  }
}

/** n u64 in [0, t) → the i32 nearest zero mod t; t odd, below 2^32. */
export function centre(src: usize, dst: usize, n: i32, t: u64): void {
  const half = t >> 1;
  for (let i = 0; i < n; i++) {
    const x = load<u64>(src + (i << 3));
    store<i32>(dst + (i << 2), <i32>(x - (t & <u64>((<i64>(half - x)) >> 63))));
  }
}
