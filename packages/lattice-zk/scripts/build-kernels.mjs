// Compiles assembly/ to src/ring/kernels.wasm.ts (base64). `--check` compares instead of writing and exits 1 on a
// difference. The output depends on the sources and the pinned compiler only.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const TARGET = join(root, 'src', 'ring', 'kernels.wasm.ts');

/** @returns {Promise<string>} the text of src/ring/kernels.wasm.ts */
export async function generate() {
  let binary;
  const { error, stderr } = await asc.main(
    ['index.ts', '--outFile', 'kernels.wasm', '--runtime', 'stub', '--noAssert', '-O3', '--enable', 'simd'],
    {
      readFile: (name, base) => {
        try {
          return readFileSync(join(root, 'assembly', base, name), 'utf8');
        } catch {
          return null;
        }
      },
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm')) binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error || !binary) throw new Error(`build-kernels: asc: ${stderr.toString()}`, { cause: error });
  return `// Generated from assembly/ by scripts/build-kernels.mjs; do not edit.\nexport const KERNELS_BASE64 =\n  '${Buffer.from(binary).toString('base64')}';\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await generate();
  if (process.argv.includes('--check')) {
    if (readFileSync(TARGET, 'utf8') !== text) {
      console.error('src/ring/kernels.wasm.ts differs from assembly/: run `npm run build-kernels`');
      process.exit(1);
    }
  } else {
    writeFileSync(TARGET, text);
    console.log(`kernels.wasm.ts: ${Math.round(text.length / 1024)} KiB`);
  }
}
