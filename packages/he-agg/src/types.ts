import type { SetName } from './parameters.ts';

/**
 * What a proof system needs to know about an update's ciphertexts: plain data, coefficient form.
 * Coordinate d of the update is coefficient d mod N of ciphertext ⌊d/N⌋, K = ⌈D/N⌉ of them; the rest of the last is 0.
 */
export interface CiphertextDescription {
  readonly set: SetName;
  /** D */
  readonly dimension: number;
  /** L·N residues each, prime-major */
  readonly publicKey: { readonly p0: BigUint64Array<ArrayBuffer>; readonly p1: BigUint64Array<ArrayBuffer> };
  /** K pairs of L·N residues each, prime-major */
  readonly ciphertexts: readonly {
    readonly c0: BigUint64Array<ArrayBuffer>;
    readonly c1: BigUint64Array<ArrayBuffer>;
  }[];
}

/** Secret. c0 = p0·u + e0 + Δ·m and c1 = p1·u + e1 (mod q), ciphertext after ciphertext; wipe it after proving. */
export interface EncryptionWitness {
  /** D integers */
  readonly m: Int32Array<ArrayBuffer>;
  /** K·N values in {−1, 0, 1} */
  readonly u: Int8Array<ArrayBuffer>;
  /** K·N values in [−21, 21] */
  readonly e0: Int8Array<ArrayBuffer>;
  /** K·N values in [−21, 21] */
  readonly e1: Int8Array<ArrayBuffer>;
}

/** What `encrypt` returns. */
export interface Encryption {
  /** the canonical wire form: 16 bytes of header, then 61,440 B (q60) or 108,544 B (q106) a ciphertext */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly description: CiphertextDescription;
  readonly witness: EncryptionWitness;
}

/** Public key in coefficient form: p0 = −(a·s + e), p1 = a; L·N residues each, prime-major. */
export interface PublicKey {
  readonly set: SetName;
  readonly p0: BigUint64Array<ArrayBuffer>;
  readonly p1: BigUint64Array<ArrayBuffer>;
}

/** A sum as it comes out of decryption: D integers, of `count` clients. */
export interface DecryptedSum {
  readonly sum: Int32Array<ArrayBuffer>;
  readonly count: number;
}
