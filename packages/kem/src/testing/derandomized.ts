import { type AesGcmBackend, nodeAesGcm, webCryptoAesGcm } from '../aes-gcm.ts';
import { asBytes, type Bytes, exactBytes } from '../bytes.ts';
import { IdentityKeyPair } from '../identity.ts';
import { xWing, xWingKeyPair } from '../kem.ts';
import type { KemKeyPair } from '../key-pair.ts';
import { decapsInternal, encapsInternal, keyGenInternal, type MlKemName } from '../ml-kem.ts';
import { XWingDecapsulationKey, xWingEncapsulate } from '../x-wing.ts';
import { nobleX25519, webCryptoX25519, type X25519Backend, x25519Backend } from '../x25519.ts';

/** FIPS 203's internal algorithms with the coins as arguments: for vectors, never for keys. */
export interface InsecureMlKem {
  /** Algorithm 16; `coins` = d ‖ z, 64 bytes. */
  keyGen(coins: Uint8Array): Promise<{ ek: Uint8Array; dk: Uint8Array }>;
  /** Algorithm 17; `m` 32 bytes; `ek` is taken as it is. */
  encaps(ek: Uint8Array, m: Uint8Array): Promise<{ ciphertext: Uint8Array; sharedSecret: Uint8Array }>;
  /** Algorithm 18; `dk` is taken as it is. */
  decaps(dk: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array>;
}

export function insecureMlKem(name: MlKemName): InsecureMlKem {
  const bytes = (field: string, value: Uint8Array): Bytes => asBytes('insecureMlKem', field, value);
  return {
    keyGen: (coins) => keyGenInternal(name, bytes('coins', coins)),
    encaps: (ek, m) => encapsInternal(name, bytes('ek', ek), bytes('m', m)),
    decaps: (dk, ciphertext) => decapsInternal(name, bytes('dk', dk), bytes('ciphertext', ciphertext)),
  };
}

/** Both X25519 implementations, so that each meets the vectors whatever the platform offers. */
export const x25519Backends: readonly X25519Backend[] = [webCryptoX25519, nobleX25519];

/** Both AES-256-GCM implementations, for the same reason. */
export const aesGcmBackends: readonly AesGcmBackend[] = [nodeAesGcm, webCryptoAesGcm];

/** X-Wing with its coins as arguments (sections 5.2.1 and 5.4.1 of the draft). */
export const insecureXWing = Object.freeze({
  async keyPair(seed: Uint8Array, backend?: X25519Backend): Promise<KemKeyPair> {
    const copy = exactBytes('insecureXWing', 'seed', seed, 32).slice();
    return xWingKeyPair(await XWingDecapsulationKey.expand(backend ?? (await x25519Backend()), copy));
  },
  async encapsulate(publicKey: Uint8Array, eseed: Uint8Array, backend?: X25519Backend) {
    xWing.checkPublicKey(publicKey);
    const coins = exactBytes('insecureXWing', 'eseed', eseed, 64);
    const x = (backend ?? (await x25519Backend())).fromScalar(coins.slice(32));
    return xWingEncapsulate(asBytes('insecureXWing', 'publicKey', publicKey), coins.slice(0, 32), x);
  },
});

/** The deterministic variant of ML-DSA-65 (FIPS 204 section 3.4), for vectors. */
export function signDeterministic(pair: IdentityKeyPair, message: Uint8Array, context: Uint8Array): Uint8Array {
  const operation = 'signDeterministic';
  return IdentityKeyPair.sign(
    operation,
    pair,
    asBytes(operation, 'message', message),
    asBytes(operation, 'context', context),
    false,
  );
}
