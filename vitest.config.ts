import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { CountReporter } from './scripts/count-reporter.ts';

const NIGHTLY = process.env['ZKFL_NIGHTLY'] === '1';
const folders = ['packages', 'apps'].flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}`));

/** Tests run from source: the `@zkfl/source` condition points at each package's src. */
export default defineConfig({
  test: {
    reporters: ['default', new CountReporter()],
    maxWorkers: 2,
    projects: folders.map((folder) => ({
      ssr: {
        resolve: {
          conditions: ['@zkfl/source', 'import', 'module', 'node', 'default'],
          externalConditions: ['@zkfl/source', 'node', 'import'],
        },
      },
      resolve: { conditions: ['@zkfl/source', 'import', 'module', 'node', 'default'] },
      test: {
        name: folder.split('/')[1] ?? folder,
        root: folder,
        include: NIGHTLY ? ['test/**/*.test.ts', 'test/**/*.nightly.ts'] : ['test/**/*.test.ts'],
        environment: 'node',
        pool: 'forks',
        execArgv: ['--conditions=@zkfl/source', '--disable-warning=ExperimentalWarning'],
        testTimeout: 120_000,
        hookTimeout: 120_000,
        retry: 0,
      },
    })),
  },
});
