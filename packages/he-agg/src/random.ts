import { HeAggError } from './errors.ts';

/** Fills the target. Keys and encryption draw from `csprng` alone; the seeded twin lives in ./testing. */
export type ByteSource = (target: Uint8Array<ArrayBuffer>) => void;

/** WebCrypto's limit for one call. */
const CHUNK = 65536;

/** The platform's CSPRNG. @throws {HeAggError} `randomness` where it is missing, throws or leaves a run of 32 zeros */
export const csprng: ByteSource = (target) => {
  const source = globalThis.crypto;
  if (typeof source?.getRandomValues !== 'function')
    throw new HeAggError({ code: 'randomness', operation: 'csprng', field: 'crypto', got: 'none', want: 'WebCrypto' });
  try {
    for (let i = 0; i < target.length; i += CHUNK) source.getRandomValues(target.subarray(i, i + CHUNK));
  } catch (cause) {
    throw new HeAggError({ code: 'randomness', operation: 'csprng', field: 'getRandomValues', cause });
  }
  // 2⁻²⁵⁶ for a working generator; a dead one leaves its zeroed buffer behind
  if (target.length >= 32 && target.subarray(0, 32).every((byte) => byte === 0))
    throw new HeAggError({ code: 'randomness', operation: 'csprng', field: 'output', got: '32 zero bytes' });
};

/** Uniform multiples of 2⁻³² in [0, 1) from the CSPRNG, drawn by the block. */
export function csprngUnit(): () => number {
  const block = new Uint32Array(1024);
  let next = block.length;
  return () => {
    if (next === block.length) {
      csprng(new Uint8Array(block.buffer));
      next = 0;
    }
    const value = block[next]!;
    block[next++] = 0;
    return value * 2 ** -32;
  };
}
