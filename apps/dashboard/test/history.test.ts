import { describe, expect, it } from 'vitest';
import type { DashboardView } from '../src/dashboard/feed.ts';
import { histories, rejections } from '../src/dashboard/history.ts';
import { bytes, clock, decimals, percent, spoken } from '../src/page/format.ts';

const round = (number: number, rest: Partial<DashboardView['rounds'][number]>): DashboardView['rounds'][number] => ({
  round: number,
  outcome: 'applied',
  accepted: [],
  rejected: [],
  missing: [],
  model: '',
  sum: null,
  accuracy: null,
  loss: null,
  reports: [],
  seconds: { train: 0, encrypt: 0, prove: 0, decrypt: 0, verify: 0 },
  bytesUp: 0,
  bytes: { ciphertexts: 0, proofs: 0, sums: 0 },
  ...rest,
});

const VIEW = {
  round: 3,
  hospitals: ['a', 'b', 'c'].map((name, client) => ({ client, name, fingerprint: '' })),
  rounds: [
    round(1, { accepted: [0, 1], rejected: [{ client: 2, reason: 'proof: false' }] }),
    round(2, { accepted: [0], missing: [1], rejected: [{ client: 2, reason: 'length' }] }),
  ],
  standings: [
    { client: 0, is: 'awaited' },
    { client: 1, is: 'received', digest: '' },
    { client: 2, is: 'rejected', reason: 'replay' },
  ],
} as unknown as DashboardView;

describe('what became of every update', () => {
  it('is told for each hospital and round, the open one included', () => {
    expect(histories(VIEW).map(({ verdicts }) => verdicts)).toEqual([
      ['accepted', 'accepted', 'awaited'],
      ['accepted', 'missing', 'received'],
      ['rejected', 'rejected', 'rejected'],
    ]);
    expect(histories(VIEW).map(({ accepted, rejected, missing }) => [accepted, rejected, missing])).toEqual([
      [2, 0, 0],
      [1, 0, 1],
      [0, 3, 0],
    ]);
  });

  it('names every reason, the latest first', () => {
    expect(rejections(VIEW).map(({ round, name, reason }) => [round, name, reason])).toEqual([
      [3, 'c', 'replay'],
      [2, 'c', 'length'],
      [1, 'c', 'proof: false'],
    ]);
  });

  it('counts a round that is over once, while its standings are still shown', () => {
    const over = { ...VIEW, round: 2 } as DashboardView;
    expect(histories(over)[2]!.verdicts).toEqual(['rejected', 'rejected']);
    expect(rejections(over)).toHaveLength(2);
  });
});

it('figures for people: rounded, with units, and a dash where there is none', () => {
  expect([999, 1000, 999_499, 1_500_000, 2.5e9].map(bytes)).toEqual([
    '999 B',
    '1.00 kB',
    '999 kB',
    '1.50 MB',
    '2.50 GB',
  ]);
  expect([percent(0.8849), percent(null), decimals(0.12345), decimals(null)]).toEqual(['88.5 %', '–', '0.123', '–']);
  expect([clock(599.6), clock(61), clock(-3)]).toEqual(['10:00', '1:01', '0:00']);
  expect(spoken('0123456789abcdef')).toBe('01234567 89abcdef');
});
