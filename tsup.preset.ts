import { defineConfig, type Options } from 'tsup';

/** ESM first, CJS beside it, separate declarations for each; the one build shape of every package. */
export function packageBuild(entry: Record<string, string>, overrides: Options = {}): ReturnType<typeof defineConfig> {
  return defineConfig({
    entry,
    format: ['esm', 'cjs'],
    dts: { compilerOptions: { customConditions: [] } },
    sourcemap: true,
    clean: true,
    target: 'es2022',
    ...overrides,
  });
}
