import { loadWdbc, WDBC_MLP } from '@zkfl/fl-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CellConfig,
  type CellResult,
  checkPolicy,
  controls,
  createWorkload,
  type Defence,
  partitionNamed,
  runCell,
  tableOf,
  type Workload,
} from '../src/index.ts';

let workload: Workload;
const config: CellConfig = { attack: 'none', defence: 'none', data: 'wdbc', partition: 'iid', seed: 3 };

beforeAll(async () => {
  workload = createWorkload({
    data: await loadWdbc({ seed: 3 }),
    spec: WDBC_MLP,
    training: { epochs: 1, batch: 16, learningRate: 0.05, optimiser: 'sgd', proximal: 0 },
    rounds: 3,
    clients: 6,
    trustedSamples: 30,
    trainSamples: 120,
    testSamples: 60,
    seed: 3,
  });
});

const withoutTime = ({ seconds, ...rest }: CellResult) => rest;

describe('a cell', () => {
  it('is the same for the same seed and another for another', async () => {
    const attacked = { ...config, attack: 'sign-flip', defence: 'recommended', partition: 'dirichlet-0.5' };
    const [a, b] = [await runCell(attacked, workload), await runCell(attacked, workload)];
    expect(withoutTime(a)).toEqual(withoutTime(b));
    const other = await runCell({ ...attacked, seed: 4 }, workload);
    expect(withoutTime(other)).not.toEqual({ ...withoutTime(a), seed: 4 });
  });

  it('draws trusted, training and test samples without overlap', () => {
    expect(workload.trusted.labels).toHaveLength(30);
    expect(workload.train.labels).toHaveLength(120);
    const rows = (data: Workload['train']) =>
      Array.from(data.labels, (_, row) => data.features.subarray(row * 30, row * 30 + 30).join());
    expect(new Set([...rows(workload.trusted), ...rows(workload.train)]).size).toBe(150);
  });

  it('a defence that rejects everyone: the round is skipped and recorded, the model unchanged', async () => {
    const policy = checkPolicy({ name: 'tiny', rules: [{ kind: 'norm-frozen', tau: 1e-6 }] });
    const defence: Defence = { kind: 'gates', name: 'tiny', needsPlaintext: false, policy };
    const attack = {
      name: 'loud',
      citation: 'everyone shouts: what a frozen τ below every norm does',
      adversary: { controls: 'colluding clients', sees: 'own data' },
      goal: 'ruin',
      poison: () => new Float32Array(1554).fill(1),
    } as const;
    // Half are malicious; the honest half clips to τ and is accepted.
    const half = await runCell({ ...config, attack: 'loud', defence: 'tiny', maliciousShare: 0.5 }, workload, {
      defence,
      attack,
    });
    expect(half).toMatchObject({ tpr: 1, fpr: 0, rejectedAll: 0 });
    const rule: Defence = {
      kind: 'rule',
      name: 'nobody',
      needsPlaintext: true,
      rule: {
        name: 'nobody',
        citation: 'none',
        needs: 'plaintext updates',
        needsPlaintext: true,
        aggregate: ({ updates }) => ({ aggregate: new Float32Array(1554).fill(7), weights: updates.map(() => 0) }),
        apply: ({ weights }) => new Float32Array(weights),
      },
    };
    const none = await runCell({ ...config, defence: 'nobody' }, workload, { defence: rule });
    expect(none.rejectedAll).toBe(3);
    expect(none.rounds.every((round) => round.skipped && round.rejected.length === 6)).toBe(true);
    expect(new Set(none.rounds.map((round) => round.loss)).size).toBe(1);
  });

  it('refuses unknown attacks, defences and partitions with the nearest match', async () => {
    await expect(runCell({ ...config, attack: 'gausian' }, workload)).rejects.toThrow(/did you mean gaussian\?/);
    await expect(runCell({ ...config, defence: 'mulit-krum' }, workload)).rejects.toThrow(/did you mean multi-krum\?/);
    await expect(runCell({ ...config, partition: 'dirichlet' }, workload)).rejects.toThrow(/dirichlet-ALPHA/);
    await expect(runCell({ ...config, attack: 'ipm', maliciousShare: 0.7 }, workload)).rejects.toThrow(
      /maliciousShare/,
    );
    expect(partitionNamed('dirichlet-0.1')).toEqual({ kind: 'dirichlet', alpha: 0.1 });
  });
});

describe('tables and controls', () => {
  const cell = (attack: string, defence: string, seed: number, accuracy: number, extra: Partial<CellResult> = {}) =>
    ({
      ...config,
      attack,
      defence,
      seed,
      accuracy,
      loss: 1,
      tpr: attack === 'none' ? null : 0.5,
      fpr: 0,
      rejectedAll: 0,
      diverged: false,
      maliciousClients: [],
      rounds: [],
      seconds: 1,
      ...extra,
    }) as CellResult;

  it('mean ± std over seeds, drops against the attack-free run of the same seed', () => {
    const rows = tableOf([
      cell('none', 'none', 1, 0.9),
      cell('none', 'none', 2, 0.8),
      cell('ipm', 'none', 1, 0.5),
      cell('ipm', 'none', 2, 0.6),
    ]);
    expect(rows).toHaveLength(2);
    expect(rows[1]!.accuracy.mean).toBeCloseTo(0.55, 12);
    expect(rows[1]!.drop!.mean).toBeCloseTo(0.3, 12);
    expect(rows[1]!.drop!.std).toBeCloseTo(Math.sqrt(0.02), 12);
    expect(rows[0]!.tpr).toBeUndefined();
  });

  it('a control that did not win says so', () => {
    const cells = [
      cell('none', 'none', 1, 0.9, { asr: 0.02 }),
      cell('alie', 'none', 1, 0.88),
      cell('ipm', 'none', 1, 0.1),
      cell('backdoor', 'none', 1, 0.9, { asr: 0.9 }),
      cell('distributed-backdoor', 'none', 1, 0.9, { asr: 0.3 }),
    ];
    expect(controls(cells).map(({ attack, won }) => [attack, won])).toEqual([
      ['alie', false],
      ['ipm', true],
      ['backdoor', true],
      ['distributed-backdoor', false],
    ]);
  });
});
