import { sha3_256, shake256 } from '@noble/hashes/sha3.js';
import { type Bytes, concat, wipe } from './bytes.ts';
import { encapsInternal, keyGenInternal, ML_KEM_PARAMETERS, MlKemDecapsulationKey } from './ml-kem.ts';
import { X25519_BYTES, type X25519Backend, type X25519Key } from './x25519.ts';

const M = ML_KEM_PARAMETERS['ML-KEM-768'];

/** draft-connolly-cfrg-xwing-kem-10 section 5.1, sizes in bytes. */
export const X_WING_SEED_BYTES = 32;
export const X_WING_PUBLIC_KEY_BYTES = M.encapsulationKeyBytes + X25519_BYTES;
export const X_WING_CIPHERTEXT_BYTES = M.ciphertextBytes + X25519_BYTES;

// XWingLabel of section 5.3: the ASCII picture \.//^\
const X_WING_LABEL = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c);

/** Combiner of section 5.3: SHA3-256(ss_M ‖ ss_X ‖ ct_X ‖ pk_X ‖ XWingLabel). */
function combine(ssM: Bytes, ssX: Bytes, ctX: Bytes, pkX: Bytes): Bytes {
  const input = concat(ssM, ssX, ctX, pkX, X_WING_LABEL);
  try {
    return sha3_256(input) as Bytes;
  } finally {
    wipe(input);
  }
}

/** An expanded X-Wing decapsulation key in memory (expandDecapsulationKey of section 5.2, kept as section 5.5.1 allows). */
export class XWingDecapsulationKey {
  readonly #seed: Bytes;
  readonly #skM: MlKemDecapsulationKey;
  readonly #skX: X25519Key;
  readonly publicKey: Bytes;

  private constructor(seed: Bytes, skM: MlKemDecapsulationKey, skX: X25519Key, publicKey: Bytes) {
    this.#seed = seed;
    this.#skM = skM;
    this.#skX = skX;
    this.publicKey = publicKey;
  }

  /** Takes the 32-byte `seed` over. */
  static async expand(backend: X25519Backend, seed: Bytes): Promise<XWingDecapsulationKey> {
    const expanded = shake256(seed, { dkLen: 96 }) as Bytes;
    try {
      const x = backend.fromScalar(expanded.subarray(64, 96));
      const { ek, dk } = await keyGenInternal('ML-KEM-768', expanded.subarray(0, 64));
      const skX = await x;
      const skM = new MlKemDecapsulationKey('ML-KEM-768', dk);
      return new XWingDecapsulationKey(seed, skM, skX, concat(ek, skX.publicKey));
    } finally {
      wipe(expanded);
    }
  }

  /** Decapsulate of section 5.5; `ciphertext` has 1120 bytes. */
  async decapsulate(ciphertext: Bytes): Promise<Bytes> {
    const ctX = ciphertext.slice(M.ciphertextBytes);
    // Both branches always run: X25519 on the platform's thread while ML-KEM runs here.
    const pending = this.#skX.agree(ctX);
    const [m, x] = await Promise.allSettled([
      this.#skM.decapsulate(ciphertext.subarray(0, M.ciphertextBytes)),
      pending,
    ]);
    const ssM = m.status === 'fulfilled' ? m.value : undefined;
    const ssX = x.status === 'fulfilled' ? x.value : undefined;
    try {
      if (m.status === 'rejected') throw m.reason;
      if (x.status === 'rejected') throw x.reason;
      return combine(m.value, x.value, ctX, this.#skX.publicKey);
    } finally {
      wipe(ssM, ssX);
    }
  }

  exportSeed(): Bytes {
    return this.#seed.slice();
  }

  wipe(): void {
    wipe(this.#seed);
    this.#skM.wipe();
    this.#skX.wipe();
  }
}

/**
 * EncapsulateDerand of section 5.4.1 with the X25519 half already a key: `publicKey` checked, `m` 32 bytes of a CSPRNG.
 * Wipes `ephemeral`.
 */
export async function xWingEncapsulate(
  publicKey: Bytes,
  m: Bytes,
  ephemeral: Promise<X25519Key>,
): Promise<{ ciphertext: Bytes; sharedSecret: Bytes }> {
  const pkX = publicKey.slice(M.encapsulationKeyBytes);
  // X25519 runs on the platform's thread while ML-KEM runs here.
  const agreed = ephemeral.then(async (key) => {
    try {
      return { ctX: key.publicKey, ssX: await key.agree(pkX) };
    } finally {
      key.wipe();
    }
  });
  const [mResult, xResult] = await Promise.allSettled([
    encapsInternal('ML-KEM-768', publicKey.subarray(0, M.encapsulationKeyBytes), m),
    agreed,
  ]);
  const ssM = mResult.status === 'fulfilled' ? mResult.value.sharedSecret : undefined;
  const ssX = xResult.status === 'fulfilled' ? xResult.value.ssX : undefined;
  try {
    if (mResult.status === 'rejected') throw mResult.reason;
    if (xResult.status === 'rejected') throw xResult.reason;
    const { ctX } = xResult.value;
    return {
      ciphertext: concat(mResult.value.ciphertext, ctX),
      sharedSecret: combine(mResult.value.sharedSecret, xResult.value.ssX, ctX, pkX),
    };
  } finally {
    wipe(ssM, ssX);
  }
}
