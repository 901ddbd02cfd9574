import { describe, expect, it } from 'vitest';
import { ATTACKS, type AttackName } from '../src/config.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { rejectionsOf } from '../src/simulate/table.ts';

const QUIET = { start() {}, step() {}, stop() {} };
const STUDY = { rounds: 5, clients: 4, alpha: null } as const;

describe('one attacker under full protection', () => {
  it('is rejected in every round in which it attacks, whatever proof it brings; nobody else ever is', async () => {
    const { result } = await simulate({ ...STUDY, attack: 'all', protection: ['full'] }, QUIET);
    const runs = result.runs.filter(({ protection }) => protection === 'full');
    expect(runs.map(({ attack }) => attack)).toEqual([...ATTACKS]);
    const reasons = new Map<AttackName | null, string>();
    for (const run of runs) {
      expect([run.attack, rejectionsOf(run, result.config.attacker)]).toEqual([
        run.attack,
        { attacker: '2 of 2', others: 0 },
      ]);
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
    const { result } = await simulate(
      { preset: 'published', rounds: 6, attack: 'published', protection: ['plain', 'kem', 'kem+he'] },
      QUIET,
    );
    for (const { protection, rounds } of result.runs) {
      expect([protection, rounds[2]!.accuracy]).toEqual([protection, expect.closeTo(1, 1)]);
      expect([protection, rounds[5]!.accuracy < 0.5]).toEqual([protection, true]);
      expect(rounds[3]!.rejected).toEqual([]);
    }
  });
});
