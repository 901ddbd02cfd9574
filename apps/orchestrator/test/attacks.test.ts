import { describe, expect, it } from 'vitest';
import { ATTACKS, type AttackName } from '../src/config.ts';

import { rejectionsOf } from '../src/simulate/table.ts';
import { runHere } from './here.ts';

const ATTACKER = { client: 3, fromRound: 4 };
const STUDY = { rounds: 5, clients: 4, alpha: null } as const;

describe('one attacker under full protection', () => {
  it('is rejected in every round in which it attacks, whatever proof it brings; nobody else ever is', async () => {
    const runs = await runHere(
      STUDY,
      ATTACKS.map((attack) => ({ protection: 'full', attack })),
    );
    expect(runs.map(({ attack }) => attack)).toEqual([...ATTACKS]);
    const reasons = new Map<AttackName | null, string>();
    for (const run of runs) {
      expect([run.attack, rejectionsOf(run, ATTACKER)]).toEqual([run.attack, { attacker: '2 of 2', others: 0 }]);
      expect(run.rounds.slice(3).every(({ accepted }) => accepted.join() === '0,1,2')).toBe(true);
      expect(run.final.accuracy).toBeGreaterThan(0.9);
      reasons.set(run.attack, run.rounds[4]!.rejected[0]!.reason);
    }
    expect(reasons.get('published')).toBe('proof: got none, want one');
    // True proofs of something else: their length is right, and the challenge gives them away.
    for (const name of ['prefix-256', 'prefix-512', 'foreign-proof', 'replayed-proof', 'lying-flag'] as const)
      expect([name, reasons.get(name)]).toEqual([name, expect.stringMatching(/^proof: (false|malformed)/)]);
  });
});

describe('the same attacker without proofs', () => {
  it('ruins the published experiment: accuracy collapses under plain, kem and kem+he', async () => {
    const runs = await runHere({ preset: 'published', rounds: 6 }, [
      { protection: 'plain', attack: 'published' },
      { protection: 'kem', attack: 'published' },
      { protection: 'kem+he', attack: 'published' },
    ]);
    for (const { protection, rounds } of runs) {
      expect([protection, rounds[2]!.accuracy]).toEqual([protection, expect.closeTo(1, 1)]);
      expect([protection, rounds[5]!.accuracy < 0.5]).toEqual([protection, true]);
      expect(rounds[3]!.rejected).toEqual([]);
    }
  });
});
