import type { Ciphertext, Decryptor, Evaluator, MainModule, ParmsIdType, Plaintext, SEALContext } from 'node-seal';
import { CIPHERTEXT_HEADER, ciphertextHeader, PLAINTEXT_HEADER, plaintextHeader } from './blobs.ts';
import { HeAggError } from './errors.ts';
import { KernelMemory } from './kernels.ts';
import { refuseUnknownOptions, requireBytes } from './options.ts';
import { type ParameterSet, parameterSet, type SetName } from './parameters.ts';
import { loadSeal, type Seal } from './seal.ts';
import type { PublicKey } from './types.ts';

/** SEAL with one context. Synchronous, for one thread; create it once a worker and dispose of it at the end. */
export interface Engine {
  readonly set: SetName;
  /** Frees SEAL's objects; later use throws `state`. */
  dispose(): void;
}

/** Offsets in the engine's kernel memory. */
export interface Regions {
  /** a SEAL ciphertext blob: 113 bytes, 2·L·N words */
  readonly ciphertext: number;
  /** a SEAL plaintext blob: 88 bytes, N words */
  readonly plaintext: number;
  /** 64 KB of random bytes for one ciphertext */
  readonly random: number;
  /** N i8 each */
  readonly u: number;
  readonly e0: number;
  readonly e1: number;
  /** N i32 */
  readonly message: number;
  /** 2·L·N u64 */
  readonly words: number;
  /** the same, packed */
  readonly packed: number;
}

export const RANDOM_BYTES = 65536;

/** The ring work of SEAL: products with small polynomials, and decryption. Every call is under the stack guard. */
export class SealEngine implements Engine {
  readonly parameters: ParameterSet;
  readonly kernel: KernelMemory = new KernelMemory();
  readonly regions: Regions;
  readonly ciphertextLength: number;
  readonly #seal: Seal;
  readonly #context: SEALContext;
  readonly #evaluator: Evaluator;
  readonly #dataLevel: ParmsIdType;
  readonly #keyLevel: ParmsIdType;
  readonly #small: Plaintext;
  readonly #product: Ciphertext;
  readonly #smallHeader: Uint8Array<ArrayBuffer>;
  readonly #ciphertextHeader: Uint8Array<ArrayBuffer>;
  #keyNtt: { readonly key: PublicKey; readonly ciphertext: Ciphertext } | undefined;
  #disposed = false;

  constructor(seal: Seal, set: ParameterSet) {
    this.parameters = set;
    this.#seal = seal;
    const { module } = seal;
    const { degree, primes } = set;
    this.#context = seal.guard('createEngine', () => createContext(module, set));
    this.#evaluator = new module.Evaluator(this.#context);
    this.#dataLevel = this.#context.firstParmsId();
    this.#keyLevel = this.#context.keyParmsId();
    this.#small = new module.Plaintext();
    this.#product = new module.Ciphertext();
    const parmsId = this.#dataLevel.values() as BigUint64Array;
    this.#smallHeader = plaintextHeader({ parmsId: new BigUint64Array(4), words: degree });
    this.#ciphertextHeader = ciphertextHeader({ parmsId, ntt: false, degree, primes: primes.length });
    this.ciphertextLength = CIPHERTEXT_HEADER + 16 * primes.length * degree;
    const reserve = (length: number) => this.kernel.reserve(length);
    this.regions = {
      ciphertext: reserve(this.ciphertextLength),
      plaintext: reserve(PLAINTEXT_HEADER + 8 * degree),
      random: reserve(RANDOM_BYTES),
      u: reserve(degree),
      e0: reserve(degree),
      e1: reserve(degree),
      message: reserve(4 * degree),
      words: reserve(16 * primes.length * degree),
      packed: reserve(16 * primes.length * degree),
    };
  }

  get set(): SetName {
    return this.parameters.name;
  }

  /** SEAL's memory; the view is valid until the next call */
  sealMemory(): Uint8Array<ArrayBuffer> {
    return this.#seal.memory();
  }

  requireOpen(operation: string): void {
    if (this.#disposed)
      throw new HeAggError({ code: 'state', operation, field: 'engine', got: 'disposed', want: 'open' });
  }

  /** Loads 2·L·N residues, checked by the caller and lying behind the header gap of `regions.ciphertext`. */
  #loadCiphertext(into: Ciphertext): void {
    this.kernel.write(this.regions.ciphertext, this.#ciphertextHeader);
    into.loadFromArray(this.#context, this.kernel.bytes(this.regions.ciphertext, this.ciphertextLength));
  }

  /** The N signed values at `small` as an NTT-form plaintext of the given level, in `#small`. */
  #liftToNtt(small: number, level: ParmsIdType): void {
    const { kernel, regions, parameters } = this;
    const length = PLAINTEXT_HEADER + 8 * parameters.degree;
    kernel.write(regions.plaintext, this.#smallHeader);
    kernel.run.lift(small, regions.plaintext + PLAINTEXT_HEADER, parameters.degree, parameters.plainModulus);
    this.#small.loadFromArray(this.#context, kernel.bytes(regions.plaintext, length));
    this.#evaluator.plainTransformToNttInplace(this.#small, level);
  }

  /** Leaves (x·small, y·small) mod q for the NTT-form pair (x, y) behind the header gap of `regions.ciphertext`. */
  #multiply(pair: Ciphertext, small: number): void {
    this.#liftToNtt(small, this.#dataLevel);
    this.#evaluator.multiplyPlain(pair, this.#small, this.#product);
    this.#evaluator.cipherTransformFromNttInplace(this.#product);
    const product = this.#product.saveToArray(this.#seal.module.ComprModeType.none) as Uint8Array;
    this.kernel.write(this.regions.ciphertext, product);
    // p0·u gives u away
    product.fill(0);
  }

  #loadPair(x: BigUint64Array, y: BigUint64Array): Ciphertext {
    const at = this.regions.ciphertext + CIPHERTEXT_HEADER;
    this.kernel.write(at, x);
    this.kernel.write(at + x.byteLength, y);
    const pair = new this.#seal.module.Ciphertext();
    try {
      this.#loadCiphertext(pair);
      this.#evaluator.cipherTransformToNttInplace(pair);
      return pair;
    } catch (cause) {
      pair.delete();
      throw cause;
    }
  }

  /** (p0·u, p1·u) for the N trits at `regions.u`; the key stays loaded for the next call. */
  multiplyKey(operation: string, key: PublicKey): void {
    this.#seal.guard(operation, () => {
      if (this.#keyNtt?.key !== key) {
        this.#keyNtt?.ciphertext.delete();
        this.#keyNtt = undefined;
        this.#keyNtt = { key, ciphertext: this.#loadPair(key.p0, key.p1) };
      }
      this.#multiply(this.#keyNtt.ciphertext, this.regions.u);
    });
  }

  /** (a·s, a·s) for the N trits at `regions.u`. */
  multiplyOnce(operation: string, a: BigUint64Array): void {
    this.#seal.guard(operation, () => {
      const pair = this.#loadPair(a, a);
      try {
        this.#multiply(pair, this.regions.u);
      } finally {
        pair.delete();
      }
    });
  }

  /**
   * Calls `each(decryptOne)` with a decryptor for the secret at `regions.u`. decryptOne(k) decrypts the residues behind
   * the header gap of `regions.ciphertext` and leaves N coefficients in [0, t) at `regions.words`.
   */
  withDecryptor(operation: string, each: (decryptOne: () => void) => void): void {
    const { module } = this.#seal;
    const { kernel, regions, parameters } = this;
    this.#seal.guard(operation, () => {
      this.#liftToNtt(regions.u, this.#keyLevel);
      const blob = this.#small.saveToArray(module.ComprModeType.none) as Uint8Array;
      const secretKey = new module.SecretKey();
      const ciphertext = new module.Ciphertext();
      const plaintext = new module.Plaintext();
      let decryptor: Decryptor | undefined;
      try {
        secretKey.loadFromArray(this.#context, blob);
        decryptor = new module.Decryptor(this.#context, secretKey);
        const open = decryptor;
        each(() => {
          this.#loadCiphertext(ciphertext);
          open.decrypt(ciphertext, plaintext);
          const words = plaintext.saveToArray(module.ComprModeType.none) as Uint8Array;
          // SEAL drops zero coefficients at the end
          kernel.wipe(regions.words, 8 * parameters.degree);
          kernel.write(regions.words, words.subarray(PLAINTEXT_HEADER));
          words.fill(0);
        });
      } finally {
        blob.fill(0);
        decryptor?.delete();
        secretKey.delete();
        ciphertext.delete();
        plaintext.delete();
      }
    });
  }

  /** Overwrites what secrets have passed through; to be called in `finally` by every operation that had one. */
  wipe(): void {
    const { kernel, regions, parameters } = this;
    kernel.wipe(
      regions.ciphertext,
      regions.packed + 16 * parameters.primes.length * parameters.degree - regions.ciphertext,
    );
    if (this.#disposed) return;
    this.#seal.guard('wipe', () => {
      const { ComprModeType } = this.#seal.module;
      const length = PLAINTEXT_HEADER + 8 * parameters.degree;
      kernel.write(regions.plaintext, this.#smallHeader);
      this.#small.setZero();
      // SEAL's pool and heap hand the block freed last out first: the same calls with zeros fall on what is left there
      for (let i = 0; i < 2; i++) {
        this.#small.loadFromArray(this.#context, kernel.bytes(regions.plaintext, length));
        this.#small.saveToArray(ComprModeType.none);
        // with several primes the transform takes a larger block
        for (const level of parameters.primes.length > 1 ? [this.#keyLevel, this.#dataLevel] : []) {
          this.#small.loadFromArray(this.#context, kernel.bytes(regions.plaintext, length));
          this.#evaluator.plainTransformToNttInplace(this.#small, level);
        }
        this.#loadCiphertext(this.#product);
        this.#product.saveToArray(ComprModeType.none);
      }
    });
  }

  dispose(): void {
    if (this.#disposed) return;
    this.wipe();
    this.#disposed = true;
    for (const object of [
      this.#keyNtt?.ciphertext,
      this.#product,
      this.#small,
      this.#keyLevel,
      this.#dataLevel,
      this.#evaluator,
      this.#context,
    ])
      object?.delete();
    this.#keyNtt = undefined;
  }
}

/** Data-level arithmetic only: with two primes SEAL wants a special one behind them, which no ciphertext of ours uses. */
function createContext(module: MainModule, set: ParameterSet): SEALContext {
  const parameters = new module.EncryptionParameters(module.SchemeType.bfv);
  const chain = new module.VectorModulus();
  const moduli = [...set.primes, ...(set.sealSpecialPrime === undefined ? [] : [set.sealSpecialPrime])].map(
    (prime) => new module.Modulus(prime),
  );
  const plain = new module.Modulus(set.plainModulus);
  try {
    parameters.setPolyModulusDegree(set.degree);
    for (const modulus of moduli) chain.push_back(modulus);
    parameters.setCoeffModulus(chain);
    parameters.setPlainModulus(plain);
    // SEAL's own limit counts the special prime, which carries no ciphertext: the set's sheet states the security
    const level = set.sealSpecialPrime === undefined ? module.SecLevelType.tc128 : module.SecLevelType.none;
    const context = new module.SEALContext(parameters, true, level);
    if (!context.parametersSet()) {
      context.delete();
      throw new HeAggError({
        code: 'engine',
        operation: 'createEngine',
        field: 'parameters',
        got: 'refused by SEAL',
        want: 'accepted',
      });
    }
    return context;
  } finally {
    for (const object of [...moduli, plain, chain, parameters]) object.delete();
  }
}

/**
 * Loads SEAL and builds the context of one set (some 30 ms). `wasm` or `locateFile` are for bundlers that move or rename
 * node-seal's seal_throws.wasm; the file's SHA-256 is checked either way.
 * @throws {HeAggError} `options`, `parameters`, `engine`
 */
export async function createEngine(options: {
  readonly set: SetName;
  readonly wasm?: Uint8Array;
  readonly locateFile?: (file: string) => string;
}): Promise<Engine> {
  refuseUnknownOptions('createEngine', options, ['set', 'wasm', 'locateFile']);
  const { wasm, locateFile } = options;
  const set = parameterSet(options.set);
  if (wasm !== undefined) requireBytes('createEngine', 'wasm', wasm);
  return new SealEngine(await loadSeal({ wasm, locateFile }), set);
}

/** The engine behind the public handle. @throws {HeAggError} `options`, `state`, `parameters` */
export function requireEngine(operation: string, engine: Engine, set?: SetName): SealEngine {
  if (!(engine instanceof SealEngine))
    throw new HeAggError({ code: 'options', operation, field: 'engine', got: typeof engine, want: 'createEngine()' });
  engine.requireOpen(operation);
  if (set !== undefined && engine.set !== set)
    throw new HeAggError({ code: 'parameters', operation, field: 'set', got: set, want: engine.set });
  return engine;
}
