import { CIPHERTEXT_HEADER } from './blobs.ts';
import { type Engine, requireEngine } from './engine.ts';
import { HeAggError } from './errors.ts';
import { gate } from './gate.ts';
import { publicStaging } from './kernels.ts';
import { type SecretKey, secretTrits } from './keys.ts';
import { refuseUnknownOptions, requireBytes } from './options.ts';
import { ciphertextCount, maxClients } from './parameters.ts';
import type { DecryptedSum } from './types.ts';
import { ciphertextBytes, HEADER_BYTES, updateBytes } from './wire.ts';

/**
 * Opens a sum of D coordinates. Exact for at most maxClients(set, D) updates within their message and noise bounds;
 * beyond them the result is some other integers, and nothing here can tell: what was added is the caller's to check.
 * The noise is never reported, as that would leak the key.
 * @throws {HeAggError} `encoding`, `transparent`, `too-many-clients` for the bytes; `options`, `parameters`, `state`
 */
export function decrypt(
  engine: Engine,
  options: { readonly secretKey: SecretKey; readonly sum: Uint8Array; readonly dimension: number },
): DecryptedSum {
  const operation = 'decrypt';
  refuseUnknownOptions(operation, options, ['secretKey', 'sum', 'dimension']);
  const { secretKey, sum: bytes, dimension } = options;
  const seal = requireEngine(operation, engine, secretKey.set);
  const s = secretTrits(operation, secretKey);
  requireBytes(operation, 'sum', bytes);
  const { kernel, regions, parameters: set } = seal;
  const { degree, primes, primeBits, plainModulus } = set;
  const most = maxClients(set.name, dimension);
  const { kernel: staging, at } = publicStaging(updateBytes(set, dimension));
  const count = gate({ operation, kernel: staging, at, bytes, set, dimension, kind: 'sum' });
  if (count < 1 || count > most)
    throw new HeAggError({ code: 'too-many-clients', operation, field: 'count', got: count, want: `1 to ${most}` });
  const sum = new Int32Array(dimension);
  const size = ciphertextBytes(set);
  const words = 2 * primes.length * degree;
  try {
    kernel.write(regions.u, s);
    seal.withDecryptor(operation, (decryptOne) => {
      for (let k = 0; k < ciphertextCount(set.name, dimension); k++) {
        kernel.write(regions.packed, staging.bytes(at + HEADER_BYTES + k * size, size));
        kernel.run.unpack(regions.packed, regions.ciphertext + CIPHERTEXT_HEADER, words, primeBits);
        decryptOne();
        kernel.run.centre(regions.words, regions.message, degree, plainModulus);
        const part = kernel.bytes(regions.message, 4 * Math.min(degree, dimension - k * degree));
        new Uint8Array(sum.buffer).set(part, 4 * k * degree);
      }
    });
  } catch (cause) {
    sum.fill(0);
    throw cause;
  } finally {
    seal.wipe();
  }
  return { sum, count };
}
