import { asBytes, type Bytes, exactBytes, randomBytes, wipe } from './bytes.ts';
import { KemError } from './errors.ts';
import { asKeyPair, KemKeyPair } from './key-pair.ts';
import {
  checkDecapsulationKey,
  checkEncapsulationKey,
  encapsInternal,
  encapsulationKeyOf,
  keyGenInternal,
  ML_KEM_PARAMETERS,
  MlKemDecapsulationKey,
  type MlKemName,
} from './ml-kem.ts';
import { checkOptions } from './options.ts';
import {
  X_WING_CIPHERTEXT_BYTES,
  X_WING_PUBLIC_KEY_BYTES,
  X_WING_SEED_BYTES,
  XWingDecapsulationKey,
  xWingEncapsulate,
} from './x-wing.ts';
import { x25519Backend } from './x25519.ts';

export type KemName = 'X-Wing' | MlKemName;

/** Bytes of a shared secret, for every KEM here. */
export const SHARED_SECRET_BYTES = 32;

/** What `encapsulate` gives; the secret is the caller's to wipe. */
export interface Encapsulation {
  readonly ciphertext: Uint8Array;
  readonly sharedSecret: Uint8Array;
}

/** A key encapsulation mechanism. Sizes in bytes. */
export interface Kem {
  readonly name: KemName;
  /** HPKE's KEM id: X-Wing 0x647a, ML-KEM 0x0040..0x0042. */
  readonly id: number;
  readonly publicKeyBytes: number;
  /** As `exportSecretKey` gives it: a 32-byte seed for X-Wing, the expanded decapsulation key for ML-KEM. */
  readonly secretKeyBytes: number;
  readonly ciphertextBytes: number;
  /** A fresh key pair from the platform's CSPRNG. */
  generateKeyPair(): Promise<KemKeyPair>;
  /** Copies `secretKey`; throws `invalid-key` where length, modulus or hash check fail. */
  importKeyPair(options: { readonly secretKey: Uint8Array }): Promise<KemKeyPair>;
  /** Length and modulus check of FIPS 203 section 7.2; throws `invalid-key`. */
  checkPublicKey(publicKey: Uint8Array): void;
  /** A fresh secret for the holder of `publicKey`; throws `invalid-key`. */
  encapsulate(options: { readonly publicKey: Uint8Array }): Promise<Encapsulation>;
  /**
   * The secret in `ciphertext`. Never says no to an altered ML-KEM ciphertext: it gives another secret (implicit
   * rejection). Throws `invalid-ciphertext` for a wrong length and for an X25519 share of low order.
   */
  decapsulate(options: { readonly keyPair: KemKeyPair; readonly ciphertext: Uint8Array }): Promise<Uint8Array>;
}

/** What differs between KEMs; `coins` are wiped by whoever drew them. */
interface KemCore {
  readonly name: KemName;
  readonly id: number;
  readonly publicKeyBytes: number;
  readonly secretKeyBytes: number;
  readonly ciphertextBytes: number;
  generate(): Promise<KemKeyPair>;
  /** `secretKey` is a copy that the core takes over. */
  import(operation: string, secretKey: Bytes): Promise<KemKeyPair>;
  check(operation: string, publicKey: unknown): Bytes;
  encapsulate(publicKey: Bytes): Promise<{ ciphertext: Bytes; sharedSecret: Bytes }>;
}

function kemOf(core: KemCore): Kem {
  const { name, id, publicKeyBytes, secretKeyBytes, ciphertextBytes } = core;
  return Object.freeze({
    name,
    id,
    publicKeyBytes,
    secretKeyBytes,
    ciphertextBytes,
    generateKeyPair: () => core.generate(),
    async importKeyPair(options: { readonly secretKey: Uint8Array }) {
      const operation = `${name} importKeyPair`;
      checkOptions(operation, options, ['secretKey']);
      const given = exactBytes(operation, 'secretKey', options.secretKey, secretKeyBytes, 'invalid-key');
      return core.import(operation, given.slice());
    },
    checkPublicKey(publicKey: Uint8Array) {
      core.check(`${name} checkPublicKey`, publicKey);
    },
    async encapsulate(options: { readonly publicKey: Uint8Array }) {
      const operation = `${name} encapsulate`;
      checkOptions(operation, options, ['publicKey']);
      return core.encapsulate(core.check(operation, options.publicKey));
    },
    async decapsulate(options: { readonly keyPair: KemKeyPair; readonly ciphertext: Uint8Array }) {
      const operation = `${name} decapsulate`;
      checkOptions(operation, options, ['keyPair', 'ciphertext']);
      const pair = asKeyPair(operation, 'keyPair', options.keyPair, name);
      const ciphertext = exactBytes(operation, 'ciphertext', options.ciphertext, ciphertextBytes, 'invalid-ciphertext');
      return KemKeyPair.decapsulate(operation, pair, ciphertext);
    },
  });
}

function mlKemCore(name: MlKemName, id: number): KemCore {
  const sizes = ML_KEM_PARAMETERS[name];
  const pairOf = (ek: Bytes, dk: Bytes) => {
    const key = new MlKemDecapsulationKey(name, dk);
    return new KemKeyPair({ name, id }, ek, {
      decapsulate: (ciphertext) => key.decapsulate(ciphertext),
      exportSecretKey: () => key.export(),
      wipe: () => key.wipe(),
    });
  };
  return {
    name,
    id,
    publicKeyBytes: sizes.encapsulationKeyBytes,
    secretKeyBytes: sizes.decapsulationKeyBytes,
    ciphertextBytes: sizes.ciphertextBytes,
    async generate() {
      const coins = randomBytes(64);
      try {
        const { ek, dk } = await keyGenInternal(name, coins);
        return pairOf(ek, dk);
      } finally {
        wipe(coins);
      }
    },
    async import(operation, secretKey) {
      try {
        return pairOf(encapsulationKeyOf(name, checkDecapsulationKey(operation, name, secretKey)), secretKey);
      } catch (error) {
        wipe(secretKey);
        throw error;
      }
    },
    check: (operation, publicKey) => checkEncapsulationKey(operation, name, publicKey),
    async encapsulate(publicKey) {
      const m = randomBytes(32);
      try {
        return await encapsInternal(name, publicKey, m);
      } finally {
        wipe(m);
      }
    },
  };
}

/** A key pair over an expanded X-Wing key. */
export function xWingKeyPair(key: XWingDecapsulationKey): KemKeyPair {
  return new KemKeyPair({ name: 'X-Wing', id: X_WING_ID }, key.publicKey, {
    decapsulate: (ciphertext) => key.decapsulate(ciphertext),
    exportSecretKey: () => key.exportSeed(),
    wipe: () => key.wipe(),
  });
}

const X_WING_ID = 0x647a;

const xWingCore: KemCore = {
  name: 'X-Wing',
  id: X_WING_ID,
  publicKeyBytes: X_WING_PUBLIC_KEY_BYTES,
  secretKeyBytes: X_WING_SEED_BYTES,
  ciphertextBytes: X_WING_CIPHERTEXT_BYTES,
  async generate() {
    return xWingKeyPair(await XWingDecapsulationKey.expand(await x25519Backend(), randomBytes(X_WING_SEED_BYTES)));
  },
  async import(_operation, secretKey) {
    return xWingKeyPair(await XWingDecapsulationKey.expand(await x25519Backend(), secretKey));
  },
  check(operation, value) {
    const publicKey = asBytes(operation, 'X-Wing public key', value);
    if (publicKey.length !== X_WING_PUBLIC_KEY_BYTES)
      throw new KemError('invalid-key', {
        operation,
        field: 'X-Wing public key length',
        got: publicKey.length,
        want: X_WING_PUBLIC_KEY_BYTES,
      });
    checkEncapsulationKey(operation, 'ML-KEM-768', publicKey.subarray(0, publicKey.length - 32));
    return publicKey;
  },
  async encapsulate(publicKey) {
    const backend = await x25519Backend();
    const m = randomBytes(32);
    try {
      return await xWingEncapsulate(publicKey, m, backend.generate());
    } finally {
      wipe(m);
    }
  },
};

/** X25519 + ML-KEM-768 (draft-connolly-cfrg-xwing-kem-10): secure while either half is. The default. */
export const xWing: Kem = kemOf(xWingCore);
/** ML-KEM-512, FIPS 203, category 1. */
export const mlKem512: Kem = kemOf(mlKemCore('ML-KEM-512', 0x0040));
/** ML-KEM-768, FIPS 203, category 3. */
export const mlKem768: Kem = kemOf(mlKemCore('ML-KEM-768', 0x0041));
/** ML-KEM-1024, FIPS 203, category 5. */
export const mlKem1024: Kem = kemOf(mlKemCore('ML-KEM-1024', 0x0042));

/** The KEMs by name. */
export const KEMS: Readonly<Record<KemName, Kem>> = Object.freeze({
  'X-Wing': xWing,
  'ML-KEM-512': mlKem512,
  'ML-KEM-768': mlKem768,
  'ML-KEM-1024': mlKem1024,
});
