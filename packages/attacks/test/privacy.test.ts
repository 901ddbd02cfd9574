import { simRng } from '@zkfl/fl-core';
import { describe, expect, it } from 'vitest';
import { AttackError, harvest, membershipInference } from '../src/index.ts';

const classes = ['a', 'b'];
/** `confidence`: probability of the true label. */
const scored = (count: number, confidence: () => number) => {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const probabilities = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const p = confidence();
    probabilities[2 * i + labels[i]!] = p;
    probabilities[2 * i + 1 - labels[i]!] = 1 - p;
  }
  return { data: { labels, classes }, probabilities };
};

describe('membership inference', () => {
  it('control: a model that is surer of its members gives them away', () => {
    const rng = simRng(1, 'mia');
    const score = membershipInference({
      members: scored(400, () => 0.9 + 0.1 * rng.uniform()),
      others: scored(400, () => 0.5 + 0.5 * rng.uniform()),
    });
    expect(score.auc).toBeGreaterThan(0.85);
  });

  it('is at chance where there is no difference', () => {
    const rng = simRng(2, 'mia');
    const same = () => rng.uniform();
    const score = membershipInference({ members: scored(2000, same), others: scored(2000, same) });
    // Standard error of the AUC about 0.009, of the rate about 0.003.
    expect(Math.abs(score.auc - 0.5)).toBeLessThan(0.045);
    expect(score.tprAt1).toBeLessThan(0.03);
  });

  it('a reference model takes out how hard a sample is', () => {
    const rng = simRng(3, 'mia');
    const build = (gain: number) => {
      const hardness = Array.from({ length: 500 }, () => 0.05 + 0.85 * rng.uniform());
      let at = 0;
      const target = scored(500, () => Math.min(0.999, hardness[at++]! + gain));
      at = 0;
      const reference = scored(500, () => hardness[at++]!).probabilities;
      return { ...target, reference };
    };
    const [members, others] = [build(0.04), build(0)];
    const { reference: _, ...plainMembers } = members;
    const { reference: __, ...plainOthers } = others;
    const plain = membershipInference({ members: plainMembers, others: plainOthers });
    expect(membershipInference({ members, others }).auc).toBeGreaterThan(plain.auc + 0.2);
  });

  it('refuses probabilities of another length', () => {
    const data = scored(4, () => 0.5);
    const wrong = { ...data, probabilities: data.probabilities.slice(1) };
    expect(() => membershipInference({ members: data, others: wrong })).toThrow(AttackError);
  });
});

describe('harvest now, decrypt later', () => {
  const rng = simRng(4, 'wire');
  const update = Float32Array.from({ length: 500 }, () => rng.normal(0, 1));
  const clear = new Uint8Array(update.buffer.slice(0));
  const framed = Uint8Array.from([1, 2, 3, ...clear]);
  const masked = crypto.getRandomValues(new Uint8Array(clear.length));

  it('control: reads an update off a wire in the clear, at any alignment', async () => {
    const outcome = await harvest({ protection: 'plain', messages: [masked, framed] }, update);
    expect(outcome.recovered).toBe(1);
    expect(outcome.opener).toBe('none');
  });

  it('control: an opener that has the key wins, one that has not gains nothing', async () => {
    const messages = [clear.map((byte, i) => byte ^ masked[i]!)];
    const right = { name: 'the pad', open: async (m: Uint8Array) => m.map((byte, i) => byte ^ masked[i]!) };
    const wrong = {
      name: 'another pad',
      open: async (m: Uint8Array) => {
        if (m.length !== masked.length) throw new Error('length');
        return m.map((byte) => byte ^ 0x55);
      },
    };
    expect(await harvest({ protection: 'pad', messages }, update, [wrong])).toMatchObject({ recovered: 0 });
    expect(await harvest({ protection: 'pad', messages }, update, [wrong, right])).toMatchObject({
      recovered: 1,
      opener: 'the pad',
    });
  });

  it('tells floats from random bytes', async () => {
    const noise = Array.from({ length: 20 }, () => crypto.getRandomValues(new Uint8Array(2000)));
    expect((await harvest({ protection: 'x', messages: noise }, update)).chiSquared).toBeLessThan(1.6);
    expect((await harvest({ protection: 'plain', messages: [framed] }, update)).chiSquared).toBeGreaterThan(2);
  });
});
