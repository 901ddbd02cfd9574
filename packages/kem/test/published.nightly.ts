import { expect, test } from 'vitest';
import { accumulatedMlDsa65, accumulatedMlKem } from './accumulated.ts';

test.each([
  ['ML-KEM-512', 'e0112db334d4240ca6feed5b0beab1318925edd4ff7d840c2ebe6d61971fc14c'],
  ['ML-KEM-768', '8a518cc63da366322a8e7a818c7a0d63483cb3528d34a4cf42f35d5ad73f22fc'],
  ['ML-KEM-1024', 'f1a3925c9cf8538bb104c56efb2f5ecb74cc3df25087460b73f6c873e96bcb6a'],
] as const)('%s: 10,000 accumulated tests have the published digest', { timeout: 600_000 }, async (name, want) => {
  expect(await accumulatedMlKem(name, 10_000)).toBe(want);
});

test('ML-DSA-65: 10,000 accumulated deterministic signatures have the published digest', {
  timeout: 600_000,
}, async () => {
  expect(await accumulatedMlDsa65(10_000)).toBe('5ff5e196f0b830c3b10a9eb5358e7c98a3a20136cb677f3ae3b90175c3ace329');
});
