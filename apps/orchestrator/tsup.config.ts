import { cp } from 'node:fs/promises';
import { defineConfig } from 'tsup';

/** The workers are entries of their own: they are started by their file name beside main.js. */
export default defineConfig({
  entry: {
    main: 'src/main.ts',
    'hospital-worker': 'src/simulate/hospital-worker.ts',
    'matrix-worker': 'src/attack-matrix/matrix-worker.ts',
    'work-worker': 'src/consortium/work-worker.ts',
    'verifier-worker': 'src/simulate/verifier-worker.ts',
  },
  format: ['esm'],
  dts: false,
  sourcemap: true,
  clean: true,
  target: 'es2022',
  // node:sqlite has no name without the prefix.
  removeNodeProtocol: false,
  // The coordinator's pages, which turbo has built before: the published program brings them along.
  onSuccess: () => cp('../dashboard/dist', 'dist/dashboard', { recursive: true }),
});
