import {
  createAggregator,
  createEngine,
  decrypt,
  describe,
  encodePublicKey,
  encrypt,
  generateKeys,
  PARAMETER_SETS,
  type PublicKey,
} from '@zkfl/he-agg';
import type { Ciphertext, MainModule, SEALContext } from 'node-seal';
import SEAL from 'node-seal';
import type { BenchRow } from './row.ts';

const SET = 'n4096-q60';
const DIMENSION = 100_000;
const CLIENTS = 100;
/** Updates that are really different; a round adds each of them ten times. */
const DISTINCT = 10;
const ROUNDS = 9;
/** Ciphertexts an encryption is timed over: short turns, many of them. */
const SHORT = 9;

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
};

/** Milliseconds of both, taken in turns so that load from elsewhere meets both alike. */
function interleave(ours: () => void, theirs: () => void, rounds = ROUNDS): { value: number; baseline: number } {
  const times: [number[], number[]] = [[], []];
  const clock = (run: () => void) => {
    const start = performance.now();
    run();
    return performance.now() - start;
  };
  ours();
  theirs();
  for (let i = 0; i < rounds; i++) {
    times[0].push(clock(ours));
    times[1].push(clock(theirs));
  }
  return { value: median(times[0]), baseline: median(times[1]) };
}

interface BareSeal {
  readonly module: MainModule;
  readonly context: SEALContext;
}

async function bareSeal(): Promise<BareSeal> {
  const set = PARAMETER_SETS[SET];
  const module = await SEAL();
  const parameters = new module.EncryptionParameters(module.SchemeType.bfv);
  const chain = new module.VectorModulus();
  for (const prime of set.primes) chain.push_back(new module.Modulus(prime));
  parameters.setPolyModulusDegree(set.degree);
  parameters.setCoeffModulus(chain);
  parameters.setPlainModulus(new module.Modulus(set.plainModulus));
  return { module, context: new module.SEALContext(parameters, true, module.SecLevelType.tc128) };
}

/** Plaintexts of 4096 coefficients, m mod t, written into the form that SEAL itself saves. */
function sealPlaintexts({ module, context }: BareSeal, message: Int32Array) {
  const { degree, plainModulus } = PARAMETER_SETS[SET];
  const t = Number(plainModulus);
  const sample = new module.Plaintext(degree);
  const template = sample.saveToArray(module.ComprModeType.none) as Uint8Array;
  const header = template.length - 8 * degree;
  return Array.from({ length: Math.ceil(message.length / degree) }, (_, k) => {
    const bytes = Uint8Array.from(template);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < degree; i++) {
      const m = message[k * degree + i] ?? 0;
      view.setBigUint64(header + 8 * i, BigInt(m < 0 ? m + t : m), true);
    }
    const plaintext = new module.Plaintext();
    plaintext.loadFromArray(context, bytes);
    return plaintext;
  });
}

/** An update as honest quantisation leaves it: coordinates around 2¹⁰ in size. */
function update(seed: number): Int32Array {
  let state = seed;
  return Int32Array.from({ length: DIMENSION }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >> 20;
  });
}

/**
 * he-agg beside bare node-seal in the same run: medians of interleaved rounds.
 * Gated: bytes as they come from the wire, gate and unpacking included; bare: ciphertexts that were gated before.
 */
export async function benchHe(): Promise<BenchRow[]> {
  const engine = await createEngine({ set: SET });
  const { publicKey, secretKey } = generateKeys(engine);
  const seal = await bareSeal();
  const { module, context } = seal;
  const generator = new module.KeyGenerator(context);
  const encryptor = new module.Encryptor(context, generator.createPublicKey());
  const decryptor = new module.Decryptor(context, generator.secretKey());
  const evaluator = new module.Evaluator(context);
  const none = module.ComprModeType.none;
  const rows: BenchRow[] = [];
  const row = (name: string, unit: string, { value, baseline }: { value: number; baseline: number }, divide = 1) =>
    rows.push({ name, value: value / divide, unit, baseline: baseline / divide, ratio: value / baseline });

  const message = update(1);
  const plaintexts = sealPlaintexts(seal, message);
  const ciphertext = new module.Ciphertext();
  const short = message.subarray(0, SHORT * PARAMETER_SETS[SET].degree);
  row(
    'encrypt/ciphertext',
    'ms',
    interleave(
      () => encrypt(engine, { publicKey, message: short }),
      () => {
        for (const plaintext of plaintexts.slice(0, SHORT)) {
          encryptor.encrypt(plaintext, ciphertext);
          ciphertext.saveToArray(none);
        }
      },
      7 * ROUNDS,
    ),
    SHORT,
  );

  const updates = Array.from(
    { length: DISTINCT },
    (_, i) => encrypt(engine, { publicKey, message: update(i + 2) }).bytes,
  );
  const described = updates.map((bytes) => describe({ set: SET, dimension: DIMENSION, publicKey, bytes }));
  const blobs = Array.from({ length: DISTINCT }, () =>
    plaintexts.map((plaintext) => {
      encryptor.encrypt(plaintext, ciphertext);
      return ciphertext.saveToArray(none) as Uint8Array;
    }),
  );
  const sealSum = () => {
    const sums: Ciphertext[] = [];
    for (let client = 0; client < CLIENTS; client++)
      for (const [k, blob] of blobs[client % DISTINCT]!.entries()) {
        if (client === 0) {
          const sum = new module.Ciphertext();
          sum.loadFromArray(context, blob);
          sums.push(sum);
          continue;
        }
        ciphertext.loadFromArray(context, blob);
        evaluator.addInplace(sums[k]!, ciphertext);
      }
    for (const sum of sums) sum.delete();
  };
  const ourSum = (add: (aggregator: ReturnType<typeof createAggregator>, index: number) => void) => {
    const aggregator = createAggregator({ set: SET, dimension: DIMENSION });
    for (let client = 0; client < CLIENTS; client++) add(aggregator, client % DISTINCT);
    return aggregator.finish().bytes;
  };
  const gated = () => ourSum((aggregator, i) => aggregator.add(updates[i]!));
  row('aggregate/100x100k/gated', 'ms', interleave(gated, sealSum));
  row(
    'aggregate/100x100k/bare',
    'ms',
    interleave(() => ourSum((aggregator, i) => aggregator.addDescribed(described[i]!)), sealSum),
  );

  const sum = gated();
  const plaintext = new module.Plaintext();
  row(
    'decrypt/100k',
    'ms',
    interleave(
      () => decrypt(engine, { secretKey, sum, dimension: DIMENSION }),
      () => {
        for (const blob of blobs[0]!) {
          ciphertext.loadFromArray(context, blob);
          decryptor.decrypt(ciphertext, plaintext);
          plaintext.saveToArray(none);
        }
      },
    ),
  );
  const sealBytes = blobs[0]!.reduce((total, blob) => total + blob.length, 0);
  row('update/100k', 'B', { value: updates[0]!.length, baseline: sealBytes });
  rows.push(keyBytes(publicKey));

  for (const object of [ciphertext, plaintext, ...plaintexts, encryptor, decryptor, evaluator, generator, context])
    object.delete();
  secretKey.wipe();
  engine.dispose();
  return rows;
}

function keyBytes(publicKey: PublicKey): BenchRow {
  return { name: 'publicKey', value: encodePublicKey(publicKey).length, unit: 'B', baseline: null, ratio: null };
}
