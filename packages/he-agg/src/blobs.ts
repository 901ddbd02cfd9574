/**
 * SEAL 4.1's binary forms without compression, little endian: what we hand to SEAL is built here from numbers that this
 * package has checked, and never from bytes of others.
 */
export const CIPHERTEXT_HEADER = 113;
export const PLAINTEXT_HEADER = 88;

const SEAL_HEADER = 16;

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** u16 magic 0xA15E, header size, version 4.1, compression none, u16 0, u64 size of all that follows and this. */
function sealHeader(target: DataView, at: number, size: number): void {
  target.setUint16(at, 0xa15e, true);
  for (const [i, byte] of [SEAL_HEADER, 4, 1, 0, 0, 0].entries()) target.setUint8(at + 2 + i, byte);
  target.setBigUint64(at + 8, BigInt(size), true);
}

function array(target: DataView, at: number, words: number): void {
  sealHeader(target, at, SEAL_HEADER + 8 + 8 * words);
  target.setBigUint64(at + SEAL_HEADER, BigInt(words), true);
}

/** The 113 bytes before a ciphertext's 2·L·N residues (half-major, then prime-major). */
export function ciphertextHeader(options: {
  readonly parmsId: BigUint64Array;
  readonly ntt: boolean;
  readonly degree: number;
  readonly primes: number;
}): Uint8Array<ArrayBuffer> {
  const { parmsId, ntt, degree, primes } = options;
  const words = 2 * primes * degree;
  const bytes = new Uint8Array(CIPHERTEXT_HEADER);
  const target = view(bytes);
  sealHeader(target, 0, CIPHERTEXT_HEADER + 8 * words);
  for (let i = 0; i < 4; i++) target.setBigUint64(16 + 8 * i, parmsId[i]!, true);
  target.setUint8(48, ntt ? 1 : 0);
  for (const [i, value] of [2, degree, primes].entries()) target.setBigUint64(49 + 8 * i, BigInt(value), true);
  target.setFloat64(73, 1, true);
  target.setBigUint64(81, 1n, true);
  array(target, 89, words);
  return bytes;
}

/** The 88 bytes before a plaintext's or secret key's words; a zero parmsId means coefficients mod t. */
export function plaintextHeader(options: {
  readonly parmsId: BigUint64Array;
  readonly words: number;
}): Uint8Array<ArrayBuffer> {
  const { parmsId, words } = options;
  const bytes = new Uint8Array(PLAINTEXT_HEADER);
  const target = view(bytes);
  sealHeader(target, 0, PLAINTEXT_HEADER + 8 * words);
  for (let i = 0; i < 4; i++) target.setBigUint64(16 + 8 * i, parmsId[i]!, true);
  target.setBigUint64(48, BigInt(words), true);
  target.setFloat64(56, 1, true);
  array(target, 64, words);
  return bytes;
}
