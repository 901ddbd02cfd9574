import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { resolve } = createRequire(import.meta.url);

/** Engines that the hospital's worker loads by these names; each is checked or versioned by the library that does it. */
const ENGINES = {
  'seal_throws.wasm': join(here('node_modules/node-seal'), 'dist'),
  'tfjs-backend-wasm.wasm': dirname(resolve('@tensorflow/tfjs-backend-wasm')),
  'tfjs-backend-wasm-simd.wasm': dirname(resolve('@tensorflow/tfjs-backend-wasm')),
} as const;

const engines = (): Plugin => ({
  name: 'engines',
  generateBundle(_options, bundle) {
    // A second copy, from an address in the glue that the hospital's own way of loading never asks.
    for (const name of Object.keys(bundle)) if (/^assets\/seal_throws-.*\.wasm$/.test(name)) delete bundle[name];
    for (const [name, folder] of Object.entries(ENGINES))
      this.emitFile({ type: 'asset', fileName: `engines/${name}`, source: readFileSync(join(folder, name)) });
  },
});

/** Runs from source: the packages are bundled as they stand, built or not. */
export default defineConfig({
  root: here('.'),
  base: './',
  logLevel: 'warn',
  resolve: {
    conditions: ['@zkfl/source', 'module', 'browser', 'import', 'default'],
    // The hospital asks Node's own module for one thing, a digest.
    alias: [{ find: /^node:crypto$/, replacement: here('src/hospital/node-crypto.ts') }],
  },
  // The clock of a thread's CPU time is Node's.
  define: { 'process.threadCpuUsage': 'undefined' },
  plugins: [engines()],
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    outDir: 'dist',
    emptyOutDir: true,
    chunkSizeWarningLimit: 4096,
    rolldownOptions: { input: { dashboard: here('index.html'), hospital: here('hospital.html') } },
  },
});
