import { expect, it } from 'vitest';
import type { SealEngine } from '../src/engine.ts';
import * as he from '../src/index.ts';
import { simulation, uniformIntegers } from './support/model.ts';

it('a million parameters, twice in a row: exact, and the second time takes no more memory', async () => {
  const dimension = 1_000_000;
  const set = 'n4096-q60';
  const engine = await he.createEngine({ set });
  const { publicKey, secretKey } = he.generateKeys(engine);
  const random = simulation(1);
  const seal: number[] = [];
  const resident: number[] = [];
  for (let pass = 0; pass < 2; pass++) {
    const aggregator = he.createAggregator({ set, dimension });
    const want = new Int32Array(dimension);
    for (let client = 0; client < 3; client++) {
      const message = uniformIntegers(random, dimension, he.messageLimit(set));
      for (let d = 0; d < dimension; d++) want[d]! += message[d]!;
      const { bytes, description, witness } = he.encrypt(engine, { publicKey, message });
      expect(description.ciphertexts).toHaveLength(245);
      expect(bytes).toHaveLength(16 + 245 * 61440);
      aggregator.add(bytes);
      he.wipeWitness(witness);
    }
    const { bytes } = aggregator.finish();
    const { sum } = he.decrypt(engine, { secretKey, sum: bytes, dimension });
    expect(Buffer.compare(Buffer.from(sum.buffer), Buffer.from(want.buffer))).toBe(0);
    seal.push((engine as SealEngine).sealMemory().length);
    resident.push(process.memoryUsage().rss);
  }
  engine.dispose();
  expect(seal[1]).toBe(seal[0]);
  expect(seal[1]).toBeLessThan(64e6);
  expect(resident[1]! - resident[0]!).toBeLessThan(150e6);
});
