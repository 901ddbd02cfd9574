import { sha3_256 } from '@noble/hashes/sha3.js';
import { createMlKem512, createMlKem768, createMlKem1024 } from 'mlkem';
import { type Bytes, equalBytes, exactBytes, wipe } from './bytes.ts';
import { KemError } from './errors.ts';

export type MlKemName = 'ML-KEM-512' | 'ML-KEM-768' | 'ML-KEM-1024';

/** A row of FIPS 203 table 2 and 3. */
export interface MlKemParameters {
  readonly name: MlKemName;
  readonly k: 2 | 3 | 4;
  /** Bytes of an encapsulation key, 384k + 32. */
  readonly encapsulationKeyBytes: number;
  /** Bytes of a decapsulation key, 768k + 96. */
  readonly decapsulationKeyBytes: number;
  /** Bytes of a ciphertext, 32(du·k + dv). */
  readonly ciphertextBytes: number;
  /** NIST security category. */
  readonly category: 1 | 3 | 5;
}

const row = (name: MlKemName, k: 2 | 3 | 4, ciphertextBytes: number, category: 1 | 3 | 5): Readonly<MlKemParameters> =>
  Object.freeze({
    name,
    k,
    encapsulationKeyBytes: 384 * k + 32,
    decapsulationKeyBytes: 768 * k + 96,
    ciphertextBytes,
    category,
  });

export const ML_KEM_PARAMETERS: Readonly<Record<MlKemName, MlKemParameters>> = Object.freeze({
  'ML-KEM-512': row('ML-KEM-512', 2, 768, 1),
  'ML-KEM-768': row('ML-KEM-768', 3, 1088, 3),
  'ML-KEM-1024': row('ML-KEM-1024', 4, 1568, 5),
});

const Q = 3329;

/** What `mlkem` gives; its calls are synchronous and wipe their own pool. */
type Engine = Awaited<ReturnType<typeof createMlKem768>>;
const create: Readonly<Record<MlKemName, () => Promise<Engine>>> = {
  'ML-KEM-512': createMlKem512,
  'ML-KEM-768': createMlKem768,
  'ML-KEM-1024': createMlKem1024,
};
const engines = new Map<MlKemName, Promise<Engine>>();

function engine(name: MlKemName): Promise<Engine> {
  let held = engines.get(name);
  if (held === undefined) {
    held = create[name]();
    engines.set(name, held);
  }
  return held;
}

/** FIPS 203 section 7.2: type check and modulus check of an encapsulation key; throws `invalid-key`. */
export function checkEncapsulationKey(operation: string, name: MlKemName, value: unknown): Bytes {
  const { k, encapsulationKeyBytes } = ML_KEM_PARAMETERS[name];
  const ek = exactBytes(operation, `${name} encapsulation key`, value, encapsulationKeyBytes, 'invalid-key');
  // ByteEncode12: two 12-bit integers in three bytes; only those in [0, q) are canonical.
  for (let at = 0; at < 384 * k; at += 3) {
    const middle = ek[at + 1] as number;
    const low = (ek[at] as number) | ((middle & 15) << 8);
    const high = (middle >>> 4) | ((ek[at + 2] as number) << 4);
    if (low >= Q || high >= Q)
      throw new KemError('invalid-key', {
        operation,
        field: `${name} encapsulation key coefficient ${(at / 3) * 2 + (low >= Q ? 0 : 1)}`,
        got: low >= Q ? low : high,
        want: `less than ${Q}`,
      });
  }
  return ek;
}

/** FIPS 203 section 7.3: type check and hash check of a decapsulation key; throws `invalid-key`. */
export function checkDecapsulationKey(operation: string, name: MlKemName, value: unknown): Bytes {
  const { k, decapsulationKeyBytes } = ML_KEM_PARAMETERS[name];
  const dk = exactBytes(operation, `${name} decapsulation key`, value, decapsulationKeyBytes, 'invalid-key');
  const hash = sha3_256(dk.subarray(384 * k, 768 * k + 32));
  if (!equalBytes(hash, dk.subarray(768 * k + 32, 768 * k + 64)))
    throw new KemError('invalid-key', {
      operation,
      field: `${name} decapsulation key`,
      got: 'a stored hash of another encapsulation key',
      want: 'H(ek) as FIPS 203 section 7.3 checks it',
    });
  checkEncapsulationKey(operation, name, dk.subarray(384 * k, 768 * k + 32));
  return dk;
}

/** The encapsulation key inside a decapsulation key. */
export function encapsulationKeyOf(name: MlKemName, dk: Bytes): Bytes {
  const { k } = ML_KEM_PARAMETERS[name];
  return dk.slice(384 * k, 768 * k + 32);
}

/** ML-KEM.KeyGen_internal(d, z), FIPS 203 algorithm 16; `coins` = d ‖ z, 64 bytes of a CSPRNG. */
export async function keyGenInternal(name: MlKemName, coins: Bytes): Promise<{ ek: Bytes; dk: Bytes }> {
  const [ek, dk] = (await engine(name)).deriveKeyPair(coins);
  return { ek: ek as Bytes, dk: dk as Bytes };
}

/** ML-KEM.Encaps_internal(ek, m), FIPS 203 algorithm 17; `ek` checked, `m` 32 bytes of a CSPRNG. */
export async function encapsInternal(
  name: MlKemName,
  ek: Bytes,
  m: Bytes,
): Promise<{ ciphertext: Bytes; sharedSecret: Bytes }> {
  const [ciphertext, sharedSecret] = (await engine(name)).encap(ek, m);
  return { ciphertext: ciphertext as Bytes, sharedSecret: sharedSecret as Bytes };
}

/** ML-KEM.Decaps_internal(dk, c), FIPS 203 algorithm 18; never says no: an altered ciphertext gives another secret. */
export async function decapsInternal(name: MlKemName, dk: Bytes, ciphertext: Bytes): Promise<Bytes> {
  const held = await engine(name);
  return held.decap(ciphertext, dk) as Bytes;
}

/** A decapsulation key in memory. */
export class MlKemDecapsulationKey {
  readonly name: MlKemName;
  readonly #dk: Bytes;

  /** Takes `dk` over. */
  constructor(name: MlKemName, dk: Bytes) {
    this.name = name;
    this.#dk = dk;
  }

  decapsulate(ciphertext: Bytes): Promise<Bytes> {
    return decapsInternal(this.name, this.#dk, ciphertext);
  }

  export(): Bytes {
    return this.#dk.slice();
  }

  wipe(): void {
    wipe(this.#dk);
  }
}
