import type { Ciphertext, MainModule, SEALContext } from 'node-seal';
import SEAL from 'node-seal';
import { CIPHERTEXT_HEADER, ciphertextHeader } from '../../src/blobs.ts';
import { PARAMETER_SETS, type PublicKey } from '../../src/index.ts';
import type { CiphertextDescription } from '../../src/types.ts';

/** node-seal on its own with the parameters of `n4096-q60`: the second opinion. */
export interface BareSeal {
  readonly module: MainModule;
  readonly context: SEALContext;
  /** a SEAL blob of one described ciphertext */
  blob(ciphertext: CiphertextDescription['ciphertexts'][number]): Uint8Array<ArrayBuffer>;
  load(blob: Uint8Array): Ciphertext;
  /** c0 and c1 of a SEAL ciphertext */
  residues(ciphertext: Ciphertext): { c0: BigUint64Array; c1: BigUint64Array };
  publicKeyBlob(key: PublicKey): Uint8Array;
}

export async function bareSeal(): Promise<BareSeal> {
  const set = PARAMETER_SETS['n4096-q60'];
  const module = await SEAL();
  const parameters = new module.EncryptionParameters(module.SchemeType.bfv);
  const chain = new module.VectorModulus();
  chain.push_back(new module.Modulus(set.primes[0]!));
  parameters.setPolyModulusDegree(set.degree);
  parameters.setCoeffModulus(chain);
  parameters.setPlainModulus(new module.Modulus(set.plainModulus));
  const context = new module.SEALContext(parameters, true, module.SecLevelType.tc128);
  const parmsId = context.firstParmsId().values() as BigUint64Array;
  const header = ciphertextHeader({ parmsId, ntt: false, degree: set.degree, primes: 1 });
  const bytesOf = (words: BigUint64Array) => new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  const blob = ({ c0, c1 }: { c0: BigUint64Array; c1: BigUint64Array }) => {
    const out = new Uint8Array(CIPHERTEXT_HEADER + 16 * set.degree);
    out.set(header, 0);
    out.set(bytesOf(c0), CIPHERTEXT_HEADER);
    out.set(bytesOf(c1), CIPHERTEXT_HEADER + 8 * set.degree);
    return out;
  };
  const load = (bytes: Uint8Array) => {
    const ciphertext = new module.Ciphertext();
    ciphertext.loadFromArray(context, bytes);
    return ciphertext;
  };
  return {
    module,
    context,
    blob,
    load,
    residues(ciphertext) {
      const saved = ciphertext.saveToArray(module.ComprModeType.none) as Uint8Array;
      const words = new BigUint64Array(saved.slice(CIPHERTEXT_HEADER).buffer);
      return { c0: words.slice(0, set.degree), c1: words.slice(set.degree) };
    },
    publicKeyBlob(key) {
      const pair = load(blob({ c0: key.p0, c1: key.p1 }));
      new module.Evaluator(context).cipherTransformToNttInplace(pair);
      return pair.saveToArray(module.ComprModeType.none) as Uint8Array;
    },
  };
}
