import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readHardness, renderSheet } from '../../scripts/sheets.ts';
import { betaSquaredOf, getSet, PARAMETER_SETS } from '../../src/parameters.ts';
import { knowledgeError, parameterSheet } from '../../src/sheet.ts';
import { seededProof } from '../../src/testing/seeded.ts';
import { scene, smallUpdate, TOY, TOY_TWO_PRIMES } from '../attacks/scene.ts';

const hardness = readHardness();

describe.each(Object.values(PARAMETER_SETS))('sheet of $name', (set) => {
  it('is what the generator writes', () => {
    const file = new URL(`../../../../docs/parameters/lattice-zk-${set.name}.md`, import.meta.url);
    expect(readFileSync(file, 'utf8')).toBe(renderSheet(set, hardness));
  });

  it('has a knowledge error of at most 2⁻¹⁰⁰ a hash query', () => {
    expect(knowledgeError(set).total).toBeLessThan(-100);
  });

  it('has at least 128 bits of classical hardness in every instance (MATZOV)', () => {
    const rows = hardness.rows.filter((row) => row.set === set.name);
    expect(rows).toHaveLength(4);
    for (const row of rows) expect(row.models['MATZOV']?.log2).toBeGreaterThanOrEqual(128);
  });

  it('was estimated for its own modulus', () => {
    for (const row of hardness.rows.filter((r) => r.set === set.name)) expect(BigInt(row.q)).toBe(set.q);
  });

  it('stays below the Module-SIS norm that was estimated, at the largest size and with every group there is', () => {
    const row = hardness.rows.find(({ set: name, kind }) => name === set.name && kind === 'sis');
    const betaSquared = betaSquaredOf(set.maxBetaIndex);
    const ranges = Array.from({ length: 16 }, () => ({ betaSquared, copies: 2 }));
    const sheet = parameterSheet(set, { dimension: 1_000_000, betaSquared, ranges });
    expect(sheet.log2ModuleSisNorm).toBeLessThan(row?.log2Norm ?? 0);
    expect(sheet.moduleSisDelta).toBeLessThan(1.0044);
  });

  it('loses honest proofs and simulated ones with probability below 2⁻¹²⁰', () => {
    const sheet = parameterSheet(set, { dimension: 108_996, betaSquared: betaSquaredOf(100) });
    expect(sheet.completenessError).toBeLessThan(-120);
    expect(sheet.simulationError).toBeLessThan(-120);
    expect(sheet.samplerError).toBeLessThan(-95);
  });
});

describe('sizes of the sheet', () => {
  it.each([TOY, TOY_TWO_PRIMES])('are those of real proofs within 1 %, $name', (set) => {
    const s = scene({ set, m: smallUpdate(90) });
    const proof = seededProof(s.statement, s.witness, new Uint8Array(32).fill(2));
    const { proofBytes, ciphertextBytes } = parameterSheet(set, {
      dimension: 90,
      betaSquared: betaSquaredOf(s.claims.betaIndex),
    });
    expect(Math.abs(proof.length / proofBytes - 1)).toBeLessThan(0.01);
    expect(ciphertextBytes).toBe((3 * 2 * set.N * set.residueBits.reduce((a, b) => a + b, 0)) / 8);
  });
});

describe('closed forms of the sheet', () => {
  const at = (dimension: number) => parameterSheet(getSet('n4096-q60'), { dimension, betaSquared: betaSquaredOf(117) });

  it('the fixed part is five elements of S and a seed', () => {
    expect(at(10_000).fixedBytes).toBe(5 * 61_440 + 32);
  });

  it('K ciphertexts take 61,440 bytes each', () => {
    expect(at(10_000).ciphertextBytes).toBe(3 * 61_440);
  });
});
