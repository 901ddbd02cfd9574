import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

/** One try: the package's modules with one file's text replaced, loaded afresh, and the attack tests run against them. */
interface Task {
  readonly id: number;
  readonly file: string;
  readonly text: string;
}

const { root, tests } = workerData as { readonly root: string; readonly tests: readonly string[] };
const runner = new URL('mutation-runner.ts', import.meta.url).href;
const stripped = new Map<string, string>();
let task: Task | undefined;

registerHooks({
  resolve(specifier, context, next) {
    const mark = /\?mutant=\d+$/.exec(context.parentURL ?? '')?.[0];
    if (mark === undefined) return next(specifier, context);
    if (specifier === 'vitest') return { url: runner + mark, shortCircuit: true };
    const found = next(specifier, context);
    return found.url.startsWith(root) && !found.url.includes('node_modules')
      ? { ...found, url: found.url + mark }
      : found;
  },
  load(url, context, next) {
    const at = url.indexOf('?mutant=');
    if (at < 0) return next(url, context);
    const plain = url.slice(0, at);
    if (task !== undefined && plain === `${root}/src/${task.file}`) {
      return { format: 'module', source: stripTypeScriptTypes(task.text), shortCircuit: true };
    }
    let source = stripped.get(plain);
    if (source === undefined) {
      source = stripTypeScriptTypes(readFileSync(fileURLToPath(plain), 'utf8'));
      stripped.set(plain, source);
    }
    return { format: 'module', source, shortCircuit: true };
  },
});

parentPort!.on('message', async (next: Task) => {
  task = next;
  try {
    const { flush } = (await import(`${runner}?mutant=${next.id}`)) as { flush(): void };
    for (const name of tests) {
      await import(`${root}/test/${name}.test.ts?mutant=${next.id}`);
      flush();
    }
    parentPort!.postMessage({ id: next.id, killed: false, by: '' });
  } catch (error) {
    parentPort!.postMessage({
      id: next.id,
      killed: true,
      by: error instanceof Error ? `${error.message}: ${String(error.cause)}` : String(error),
    });
  }
});
