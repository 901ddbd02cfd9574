import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { MainModule } from 'node-seal';
import { HeAggError } from './errors.ts';

/** SHA-256 of seal_throws.wasm of node-seal 7.0.0: the minified export names below are those of this build only. */
export const SEAL_WASM_SHA256 = 'b30d3776265a56373a2001d2cd48baa8d72ddd571e04ddfaefd4c231271170e4';

/** SEAL and a guard to call it under. */
export interface Seal {
  readonly module: MainModule;
  /**
   * Runs `call` and gives its wasm stack back when it throws: every C++ exception that crosses into JavaScript leaves 16
   * bytes on the 64 KB stack, and some 3,700 of them corrupt memory silently. C++ exceptions come out as HeAggError.
   */
  guard<T>(operation: string, call: () => T): T;
  /** where the wasm stack stands; it must not move over time */
  stackPointer(): number;
  /** SEAL's memory, which grows and never shrinks; the view is valid until the next call */
  memory(): Uint8Array<ArrayBuffer>;
}

export interface SealSource {
  /** the bytes of node-seal 7.0.0's seal_throws.wasm, for bundlers that move it */
  readonly wasm?: Uint8Array | undefined;
  /** where that file is, for bundlers that rename it */
  readonly locateFile?: ((file: string) => string) | undefined;
}

interface SealExports {
  /** emscripten_stack_get_current */
  readonly $: () => number;
  /** _emscripten_stack_restore */
  readonly Z: (pointer: number) => void;
  readonly R: WebAssembly.Memory;
}

/** Run-time helpers of the glue that its typings leave out. */
interface ExceptionHelpers {
  getExceptionMessage(exception: WebAssembly.Exception): [type: string, text: string];
  decrementExceptionRefcount(exception: WebAssembly.Exception): void;
}

interface HookedModule {
  readonly locateFile?: (file: string) => string;
}

const FILE = 'seal_throws.wasm';

function engineError(field: string, cause: unknown): HeAggError {
  return new HeAggError({ code: 'engine', operation: 'createEngine', field, cause });
}

async function readWasm(url: string): Promise<Uint8Array> {
  if (url.startsWith('file:') && typeof globalThis.process?.getBuiltinModule === 'function')
    return globalThis.process.getBuiltinModule('node:fs').readFileSync(new URL(url));
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} for ${url}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The pinned build, compiled once a thread. */
let compiled: WebAssembly.Module | undefined;

async function compile(source: SealSource, located: (file: string) => string): Promise<WebAssembly.Module> {
  if (compiled !== undefined) return compiled;
  const bytes = source.wasm ?? (await readWasm((source.locateFile ?? located)(FILE)));
  const digest = bytesToHex(sha256(bytes));
  if (digest !== SEAL_WASM_SHA256)
    throw new HeAggError({
      code: 'engine',
      operation: 'createEngine',
      field: `sha256 of ${FILE}`,
      got: digest,
      want: SEAL_WASM_SHA256,
    });
  compiled = await WebAssembly.compile(Uint8Array.from(bytes));
  return compiled;
}

/** A fresh SEAL instance. @throws {HeAggError} `engine` where it can't be found, is another build or does not compile */
export async function loadSeal(source: SealSource): Promise<Seal> {
  let initialize: typeof import('node-seal')['default'];
  try {
    ({ default: initialize } = await import('node-seal'));
  } catch (cause) {
    throw engineError('node-seal', cause);
  }
  let exports: SealExports | undefined;
  let fail: (cause: unknown) => void = () => {};
  // the glue never settles when the hook fails after it has returned
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const loading = initialize({
    instantiateWasm(this: HookedModule, imports: WebAssembly.Imports, done: (i: unknown, m: unknown) => void) {
      const located = (file: string) => this.locateFile?.(file) ?? file;
      compile(source, located)
        .then(async (module) => {
          const instance = await WebAssembly.instantiate(module, imports);
          exports = instance.exports as unknown as SealExports;
          done(instance, module);
        })
        .catch(fail);
      return {};
    },
  });
  let module: MainModule;
  try {
    module = await Promise.race([loading, failed]);
  } catch (cause) {
    throw cause instanceof HeAggError ? cause : engineError(FILE, cause);
  }
  const helpers = module as unknown as ExceptionHelpers;
  const { $: stackPointer, Z: restoreStack, R: memory } = exports!;
  return {
    module,
    stackPointer,
    memory: () => new Uint8Array(memory.buffer as ArrayBuffer),
    guard(operation, call) {
      const pointer = stackPointer();
      try {
        return call();
      } catch (thrown) {
        restoreStack(pointer);
        if (!(thrown instanceof WebAssembly.Exception)) throw thrown;
        const [type, text] = helpers.getExceptionMessage(thrown);
        helpers.decrementExceptionRefcount(thrown);
        throw new HeAggError({
          code: 'engine',
          operation,
          field: 'SEAL',
          got: 'an exception',
          want: 'none',
          cause: new Error(`${type}: ${text}`),
        });
      }
    },
  };
}
