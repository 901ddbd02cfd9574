import { access } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { loadHospitalData } from '../../src/consortium/hospital-data.ts';
import { modelDigest } from '../../src/simulate/bytes.ts';
import { Consortium } from '../../src/simulate/consortium.ts';
import { startHospitalHere } from '../../src/simulate/hospital-thread.ts';
import { resolveStudy } from '../../src/study.ts';
import { Scene } from './scene.ts';

const PNEUMONIA = `${process.env['ZKFL_DATA'] ?? new URL('../../../../../shared/data', import.meta.url).pathname}/pneumoniamnist.npz`;
const NIGHTLY = process.env['ZKFL_NIGHTLY'] === '1';
const there = await access(PNEUMONIA).then(
  () => true,
  () => false,
);

let scene: Scene;
afterEach(() => scene.end());

/** The same study by `simulate`: encryption and proofs carry the same integers under every protection that has them. */
async function simulated(config: Parameters<typeof resolveStudy>[0]): Promise<string> {
  const study = await resolveStudy(config);
  const consortium = await Consortium.start(study, (id) => startHospitalHere(id));
  try {
    const run = await consortium.run({ protection: 'kem+he', attack: null });
    const { weights } = run;
    return `${modelDigest(weights)} after round ${run.result.final.round}`;
  } finally {
    await consortium.close();
  }
}

describe('a study over the network learns what the simulation with its seed learns', () => {
  it('WDBC: the same model, bit for bit', async () => {
    scene = await Scene.create({ hospitals: 3, rounds: 2, seed: 7, protection: 'kem+he' });
    await scene.start();
    const outcomes = await Promise.all([0, 1, 2].map((client) => scene.hospital(client)));
    const rounds = outcomes[0]!.state.history.map(({ round, model }) => `${model} after round ${round}`);
    expect(rounds).toContain(await simulated({ dataset: 'wdbc', clients: 3, rounds: 2, seed: 7 }));
    expect(new Set(outcomes.map(({ state }) => state.model)).size).toBe(1);
  });

  it.skipIf(!NIGHTLY || !there)(
    `PneumoniaMNIST: CNN, five rounds (nightly; needs ${PNEUMONIA})`,
    async () => {
      scene = await Scene.create({ dataset: 'pneumoniamnist', hospitals: 5, rounds: 5, seed: 42 });
      await scene.start();
      const data = (client: number) => loadHospitalData(scene.signed.study, { path: PNEUMONIA, share: client });
      const clients = [0, 1, 2, 3, 4];
      const outcomes = await Promise.all(
        clients.map(async (client) => scene.hospital(client, { data: await data(client) })),
      );
      const rounds = outcomes[0]!.state.history.map(({ round, model }) => `${model} after round ${round}`);
      const wanted = await simulated({ dataset: 'pneumoniamnist', data: PNEUMONIA, clients: 5, rounds: 5, seed: 42 });
      expect(rounds).toContain(wanted);
    },
    900_000,
  );
});
