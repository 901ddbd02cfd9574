import { beforeAll, describe, expect, it } from 'vitest';
import { defaultBetaIndex, getSet, type SetName } from '../../src/parameters.ts';
import type { Statement } from '../../src/statement.ts';
import { encryptForTest } from '../../src/testing/encryption.ts';
import { seededProof } from '../../src/testing/seeded.ts';
import { updateStatement } from '../../src/update.ts';
import { verify } from '../../src/verify.ts';
import { TestRandom } from '../reference/prover.ts';
import { failedChecks } from '../reference/verifier.ts';
import { smallUpdate } from './scene.ts';
import { verdictOf } from './verdict.ts';

const HOUR = 3_600_000;

describe.each<SetName>(['n4096-q60', 'n4096-q106'])('fuzzing at real size, %s', (name) => {
  const set = getSet(name);
  const dimension = 10_000;
  let statement: Statement;
  let proof: Uint8Array;
  let honestTime = 0;

  beforeAll(() => {
    const { description, witness } = encryptForTest({ set, m: smallUpdate(dimension, 3, 400), seed: 12 });
    const betaIndex = defaultBetaIndex(set, dimension);
    statement = updateStatement({ set: name, description, betaIndex, context: new Uint8Array([7]) });
    proof = seededProof(statement, witness, new Uint8Array(32).fill(8));
    const times = Array.from({ length: 3 }, () => {
      const start = performance.now();
      expect(verify(statement, proof)).toEqual({ ok: true });
      return performance.now() - start;
    });
    honestTime = Math.max(...times);
  }, HOUR);

  it(
    'some hundreds of mutated proofs: none accepted, no crash, bounded time and memory',
    () => {
      const random = new TestRandom(41);
      const before = process.memoryUsage().arrayBuffers;
      for (let i = 0; i < 400; i++) {
        const altered = proof.slice();
        for (let j = 0; j <= random.below(4); j++) {
          // half of the changes where the elements are, half among the responses
          const at = random.below(2) === 0 ? random.below(300_000) : random.below(proof.length);
          altered[at] = random.below(256);
        }
        if (altered.every((byte, k) => byte === proof[k])) continue;
        const start = performance.now();
        expect(verdictOf(statement, altered)).not.toBe('ok');
        expect(performance.now() - start).toBeLessThan(10 * honestTime + 100);
      }
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 27);
    },
    HOUR,
  );

  it(
    'truncated and extended',
    () => {
      const random = new TestRandom(43);
      for (let i = 0; i < 200; i++) {
        expect(verdictOf(statement, proof.subarray(0, random.below(proof.length)))).toBe('encoding');
      }
      const longer = new Uint8Array(proof.length + 1);
      longer.set(proof);
      expect(verdictOf(statement, longer)).toBe('encoding');
    },
    HOUR,
  );
});

it(
  'the second implementation accepts a proof of n4096-q60 at full ring size',
  () => {
    const set = getSet('n4096-q60');
    const { description, witness } = encryptForTest({ set, m: smallUpdate(5_000, 3, 900), seed: 12 });
    const statement = updateStatement({ set: 'n4096-q60', description, betaIndex: 90, context: new Uint8Array([7]) });
    const proof = seededProof(statement, witness, new Uint8Array(32).fill(8));
    expect(failedChecks(statement, proof)).toEqual([]);
  },
  HOUR,
);
