import { createEngine, describe, encryptIntegers, generateKeys } from '@zkfl/he-agg';
import {
  betaSquaredOf,
  defaultBetaIndex,
  getSet,
  prove,
  timeTransform,
  updateStatement,
  type Verdict,
  verify,
} from '@zkfl/lattice-zk';
import { ZkflError } from '../errors.ts';
import type { BenchRow } from './row.ts';

const SET = 'n4096-q60';

export interface BenchZkOptions {
  /** coordinates of the updates, in the order in which they are measured */
  readonly dimensions?: readonly number[];
  /** proofs of each; the median is reported */
  readonly proofs?: number;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** D integers whose norm is a little below β, as a scaled and clipped update has it. */
function update(dimension: number, beta: number): Int32Array<ArrayBuffer> {
  // uniform in ±w has standard deviation w/√3
  const width = Math.floor((0.97 * beta * Math.sqrt(3)) / Math.sqrt(dimension));
  let state = dimension;
  return Int32Array.from({ length: dimension }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.trunc((state / 2 ** 31) * width);
  });
}

/**
 * One hospital's proof and the coordinator's check of it on one thread, from ciphertexts of he-agg: building the
 * statement is part of both times, gating the ciphertext bytes is part of the verifier's.
 * `memory/D` is the most that the process has held so far: sizes are measured in ascending order.
 */
export async function benchZk(options: BenchZkOptions = {}): Promise<BenchRow[]> {
  const { dimensions = [10_000, 108_996, 1_000_000], proofs = 9 } = options;
  const rows: BenchRow[] = [];
  const row = (name: string, value: number, unit: string) =>
    rows.push({ name, value, unit, baseline: null, ratio: null });

  const { kernel, model } = timeTransform();
  rows.push({ name: 'ntt4096/ratio', value: kernel / model, unit: '1', baseline: 1, ratio: kernel / model });
  rows.push({ name: 'ntt4096/time', value: kernel, unit: 'µs', baseline: model, ratio: kernel / model });

  const engine = await createEngine({ set: SET });
  const { publicKey, secretKey } = generateKeys(engine);
  secretKey.wipe();
  const context = new TextEncoder().encode('zkfl bench zk');
  for (const dimension of dimensions) {
    const betaIndex = defaultBetaIndex(getSet(SET), dimension);
    const message = update(dimension, Math.sqrt(Number(betaSquaredOf(betaIndex))));
    const { bytes, description, witness } = encryptIntegers(engine, { publicKey, message });
    const times: { readonly prove: number[]; readonly verify: number[] } = { prove: [], verify: [] };
    const sizes: number[] = [];
    for (let i = 0; i < proofs; i++) {
      let start = performance.now();
      const proof = prove(updateStatement({ set: SET, description, betaIndex, context }), witness);
      times.prove.push((performance.now() - start) / 1000);
      sizes.push(proof.length);
      start = performance.now();
      const received = describe({ set: SET, dimension, publicKey, bytes });
      const verdict: Verdict = verify(updateStatement({ set: SET, description: received, betaIndex, context }), proof);
      times.verify.push((performance.now() - start) / 1000);
      if (!verdict.ok) throw new ZkflError('protocol', `bench zk: an honest proof was refused: ${verdict.reason}`);
    }
    row(`prove/${dimension}`, median(times.prove), 's');
    row(`verify/${dimension}`, median(times.verify), 's');
    row(`proofBytes/${dimension}`, median(sizes), 'B');
    row(`uplinkBytes/${dimension}`, bytes.length + median(sizes), 'B');
    row(`memory/${dimension}`, process.resourceUsage().maxRSS * 1024, 'B');
  }
  engine.dispose();
  return rows;
}
