import type * as Core from '@tensorflow/tfjs-core';
import { registerConv2DBackpropFilter } from './conv-filter-gradient.ts';
import { FlCoreError, refuseUnknownOptions } from './errors.ts';

/** The part of TensorFlow.js that every engine shares. */
export type TensorFlow = typeof Core;

/** `tensorflow` is the native engine of @tensorflow/tfjs-node. */
export type BackendName = 'tensorflow' | 'wasm' | 'cpu';

export interface BackendOptions {
  /**
   * `auto` (default): the native engine where it loads and computes; else wasm; else cpu. A name: that engine or a
   * `backend` error.
   */
  readonly backend?: BackendName | 'auto';
  /**
   * Loads the native engine. Default: the optional peer @tensorflow/tfjs-node, on Node below 23 (4.22 fails at its
   * first operation on later ones); nothing elsewhere.
   */
  readonly importNative?: () => Promise<unknown>;
  /** Where a browser finds the .wasm files of @tensorflow/tfjs-backend-wasm: a URL prefix. Node needs none. */
  readonly wasmPath?: string;
}

export interface Backend {
  readonly name: BackendName;
  readonly tf: TensorFlow;
  /** Why engines that rank before this one were passed over. */
  readonly passedOver: readonly { readonly name: BackendName; readonly reason: string }[];
}

let current: Promise<Backend> | undefined;

/**
 * Loads TensorFlow.js and selects its engine for this process; a second call with another engine switches it. Results
 * are bit-reproducible for one engine on one kind of machine, and differ in the last bits between engines.
 */
export function initBackend(options: BackendOptions = {}): Promise<Backend> {
  refuseUnknownOptions('initBackend', options, ['backend', 'importNative', 'wasmPath']);
  const previous = current;
  current = select(options, previous);
  // A failed switch leaves the former engine in place.
  current.catch(() => {
    current = previous;
  });
  return current;
}

/** The selected engine, or `auto` without a native one where none was selected. */
export function currentBackend(): Promise<Backend> {
  return current ?? initBackend();
}

async function select(options: BackendOptions, previous: Promise<Backend> | undefined): Promise<Backend> {
  await previous?.catch(() => undefined);
  const tf = await import('@tensorflow/tfjs-core');
  const wanted = options.backend ?? 'auto';
  const order: readonly BackendName[] =
    wanted === 'auto'
      ? [...(options.importNative || peerMayRun() ? (['tensorflow'] as const) : []), 'wasm', 'cpu']
      : [wanted];
  const passedOver: { name: BackendName; reason: string }[] = [];
  for (const name of order) {
    try {
      await load(tf, name, options);
      if (!(await tf.setBackend(name))) throw new Error('the engine did not initialise');
      await tf.ready();
      proveUsable(tf);
      return { name, tf, passedOver };
    } catch (cause) {
      if (name === order.at(-1))
        throw new FlCoreError(
          'backend',
          { operation: 'initBackend', field: name, want: 'an engine that loads' },
          { cause },
        );
      passedOver.push({ name, reason: cause instanceof Error ? cause.message : String(cause) });
    }
  }
  throw new FlCoreError('backend', { operation: 'initBackend', field: 'backend', got: wanted, want: 'a known engine' });
}

async function load(tf: TensorFlow, name: BackendName, { importNative, wasmPath }: BackendOptions): Promise<void> {
  if (name === 'tensorflow') {
    await (importNative ?? importPeer)();
  } else if (name === 'wasm') {
    const wasm = await import('@tensorflow/tfjs-backend-wasm');
    if (wasmPath !== undefined) wasm.setWasmPaths(wasmPath);
    registerConv2DBackpropFilter(tf);
  } else if (name === 'cpu') {
    await import('@tensorflow/tfjs-backend-cpu');
  } else {
    throw new Error('not an engine of this package');
  }
}

function peerMayRun(): boolean {
  const version: string | undefined = globalThis.process?.versions?.node;
  return version !== undefined && Number.parseInt(version, 10) < 23;
}

/** A bundler must not follow an optional peer: the name stays out of its sight. */
function importPeer(): Promise<unknown> {
  const peer = '@tensorflow/tfjs-node';
  return import(/* @vite-ignore */ /* webpackIgnore: true */ peer);
}

/** tfjs-node 4.22 loads on Node ≥ 23 and then fails at the first operation. */
function proveUsable(tf: TensorFlow): void {
  const production = tf.env().getBool('PROD');
  // The cpu engine advertises tfjs-node on its first write unless PROD is set.
  tf.env().set('PROD', true);
  try {
    tf.tidy(() => {
      const [value] = tf.matMul(tf.tensor2d([1, 2], [1, 2]), tf.tensor2d([3, 4], [2, 1])).dataSync();
      if (value !== 11) throw new Error(`the engine computes 1·3 + 2·4 = ${value}`);
    });
  } finally {
    tf.env().set('PROD', production);
  }
}
