import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('every check of the verifier is held by a test: no mutant survives without an explanation', {
  timeout: 14_400_000,
}, () => {
  const script = fileURLToPath(new URL('../../scripts/mutate-verifier.ts', import.meta.url));
  const env = { ...process.env, ZKFL_NIGHTLY: '' };
  const child = spawnSync(process.execPath, ['--conditions=@zkfl/source', script], { encoding: 'utf8', env });
  expect(child.stdout).not.toContain('**not explained**');
  expect(child.status).toBe(0);
});
