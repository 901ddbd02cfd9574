// TurboSHAKE (RFC 9861) over one state, and pairs of streams that one SIMD permutation serves.
import { permute, permutePair } from './keccak';
import { Q } from './modular';

/** Sponge in memory: 25 lanes, then the byte position in the block (u32), then the rate in bytes (u32). */
const POSITION: usize = 200;
const RATE: usize = 204;

export function spongeReset(sponge: usize, rate: u32): void {
  memory.fill(sponge, 0, 200);
  store<u32>(sponge, 0, POSITION);
  store<u32>(sponge, rate, RATE);
}

export function spongeAbsorb(sponge: usize, src: usize, length: usize): void {
  const rate = <usize>load<u32>(sponge, RATE);
  let position = <usize>load<u32>(sponge, POSITION);
  const end = src + length;
  while (src < end) {
    if ((position & 7) == 0 && end - src >= 8) {
      const words = min(rate - position, (end - src) & ~7);
      for (let i: usize = 0; i < words; i += 8) {
        store<u64>(sponge + position + i, load<u64>(sponge + position + i) ^ load<u64>(src + i));
      }
      src += words;
      position += words;
    } else {
      store<u8>(sponge + position, load<u8>(sponge + position) ^ load<u8>(src));
      ++src;
      ++position;
    }
    if (position == rate) {
      permute(sponge);
      position = 0;
    }
  }
  store<u32>(sponge, <u32>position, POSITION);
}

/** Pads with the domain byte and turns to squeezing. */
export function spongeFinish(sponge: usize, domain: u32): void {
  const rate = <usize>load<u32>(sponge, RATE);
  const position = <usize>load<u32>(sponge, POSITION);
  store<u8>(sponge + position, load<u8>(sponge + position) ^ <u8>domain);
  store<u8>(sponge + rate - 1, load<u8>(sponge + rate - 1) ^ 0x80);
  permute(sponge);
  store<u32>(sponge, 0, POSITION);
}

export function spongeSqueeze(sponge: usize, dst: usize, length: usize): void {
  const rate = <usize>load<u32>(sponge, RATE);
  let position = <usize>load<u32>(sponge, POSITION);
  while (length > 0) {
    if (position == rate) {
      permute(sponge);
      position = 0;
    }
    const part = min(length, rate - position);
    memory.copy(dst, sponge + position, part);
    dst += part;
    length -= part;
    position += part;
  }
  store<u32>(sponge, <u32>position, POSITION);
}

/**
 * `count` residues below q from a squeezing sponge: 8-byte little-endian words, cut to the bits of `mask`, kept if below
 * q. Words lie at multiples of 8 in a block (the rate is one): the rest of a word begun by other squeezing is skipped.
 */
export function spongeUniform(context: usize, sponge: usize, dst: usize, count: usize, mask: u64): void {
  const q = load<u64>(context, Q);
  const rate = <usize>load<u32>(sponge, RATE);
  let position = (<usize>load<u32>(sponge, POSITION) + 7) & ~7;
  const end = dst + (count << 3);
  while (dst < end) {
    if (position == rate) {
      permute(sponge);
      position = 0;
    }
    const x = load<u64>(sponge + position) & mask;
    position += 8;
    if (x < q) {
      store<u64>(dst, x);
      dst += 8;
    }
  }
  store<u32>(sponge, <u32>position, POSITION);
}

const pair = memory.data(400, 16);

/**
 * Two TurboSHAKE128 streams of the messages prefix || 0 and prefix || 1 (domain byte 0x1f), `half` bytes each, the second
 * behind the first. The prefix is below 160 bytes: one block.
 */
export function expandPair(dst: usize, prefix: usize, length: usize, half: usize): void {
  memory.fill(pair, 0, 400);
  for (let i: usize = 0; i < length; ++i) {
    const at = pair + ((i >> 3) << 4) + (i & 7);
    store<u8>(at, load<u8>(prefix + i));
    store<u8>(at + 8, load<u8>(prefix + i));
  }
  const lane = pair + ((length >> 3) << 4) + (length & 7);
  store<u8>(lane + 8, 1);
  const pad = pair + (((length + 1) >> 3) << 4) + ((length + 1) & 7);
  store<u8>(pad, 0x1f);
  store<u8>(pad + 8, 0x1f);
  const last = pair + 20 * 16 + 7; // byte 167 of the block
  store<u8>(last, load<u8>(last) ^ 0x80);
  store<u8>(last + 8, load<u8>(last + 8) ^ 0x80);
  const other = dst + half;
  let done: usize = 0;
  while (half - done >= 168) {
    permutePair(pair);
    for (let i: usize = 0; i < 21; ++i) {
      store<u64>(dst + done + (i << 3), load<u64>(pair + (i << 4)));
      store<u64>(other + done + (i << 3), load<u64>(pair + (i << 4), 8));
    }
    done += 168;
  }
  if (done < half) {
    permutePair(pair);
    for (let i: usize = 0; done < half; ++i, ++done) {
      const at = pair + ((i >> 3) << 4) + (i & 7);
      store<u8>(dst + done, load<u8>(at));
      store<u8>(other + done, load<u8>(at + 8));
    }
  }
}

/**
 * Secret stream in memory: two interleaved TurboSHAKE256 states (400 bytes) of key || 0 and key || 1, then the next word
 * (u32, of the 34 words of a double block). Words come lane 0 block, lane 1 block, lane 0 block ...
 */
const NEXT: usize = 400;
export const STREAM_BYTES: usize = 416;

/** `key` is 32 bytes. */
export function streamStart(stream: usize, key: usize): void {
  memory.fill(stream, 0, STREAM_BYTES);
  for (let i: usize = 0; i < 4; ++i) {
    const word = load<u64>(key + (i << 3));
    store<u64>(stream + (i << 4), word);
    store<u64>(stream + (i << 4), word, 8);
  }
  store<u64>(stream + 64, 0x1f00); // lane byte 0, domain byte 0x1f
  store<u64>(stream + 64, 0x1f01, 8);
  store<u64>(stream + 16 * 16, 0x80 << 56);
  store<u64>(stream + 16 * 16, 0x80 << 56, 8);
  store<u32>(stream, 34, NEXT);
}

// @ts-ignore: decorator
@inline
export function streamWord(stream: usize): u64 {
  let next = load<u32>(stream, NEXT);
  if (next == 34) {
    permutePair(stream);
    next = 0;
  }
  store<u32>(stream, next + 1, NEXT);
  const at = next < 17 ? <usize>next << 4 : ((<usize>next - 17) << 4) + 8;
  return load<u64>(stream + at);
}

/** Whole words: `length` is a multiple of 8. */
export function streamBytes(stream: usize, dst: usize, length: usize): void {
  for (let i: usize = 0; i < length; i += 8) store<u64>(dst + i, streamWord(stream));
}

export function streamUniform(context: usize, stream: usize, dst: usize, count: usize, mask: u64): void {
  const q = load<u64>(context, Q);
  const end = dst + (count << 3);
  while (dst < end) {
    const x = streamWord(stream) & mask;
    store<u64>(dst, x);
    dst += x < q ? 8 : 0;
  }
}

/** Uniform in {-1, 0, 1}, i8: bytes below 243 = 3^5 give five digits. */
export function streamTernary(stream: usize, dst: usize, count: usize): void {
  let i: usize = 0;
  while (i < count) {
    let word = streamWord(stream);
    for (let k = 0; k < 8; ++k) {
      let byte = <u32>(word & 0xff);
      word >>= 8;
      if (byte >= 243) continue;
      for (let d = 0; d < 5 && i < count; ++d) {
        store<i8>(dst + i, <i8>(<i32>(byte % 3) - 1));
        byte /= 3;
        ++i;
      }
    }
  }
}

/** Uniform in {0, 1}, i8. */
export function streamBinary(stream: usize, dst: usize, count: usize): void {
  let word: u64 = 0;
  for (let i: usize = 0; i < count; ++i) {
    if ((i & 63) == 0) word = streamWord(stream);
    store<i8>(dst + i, <i8>(word & 1));
    word >>= 1;
  }
}
