import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTrainer, initBackend, initialWeights, loadWdbc, PRESETS, simRng } from '../src/index.ts';

interface Browser {
  newPage(): Promise<{
    goto(url: string): Promise<unknown>;
    evaluate<T>(script: string): Promise<T>;
  }>;
  close(): Promise<void>;
}

let folder: string;
let server: Server;
let browser: Browser | undefined;
let missing = '';

/** Headless Chromium from npm where it starts (Linux x64); it unpacks below TMPDIR. */
async function launch(): Promise<Browser> {
  process.env['TMPDIR'] = folder;
  process.env['AWS_LAMBDA_JS_RUNTIME'] = 'nodejs22.x';
  const [{ default: chromium }, { chromium: driver }] = await Promise.all([
    import('@sparticuz/chromium'),
    import('playwright-core'),
  ]);
  const executablePath = await chromium.executablePath();
  return driver.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], headless: true });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zkfl-fl-core-'));
  const root = join(import.meta.dirname, '..');
  await build({
    entryPoints: [join(root, 'src/index.ts')],
    outdir: join(folder, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  const engine = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1);
    const [place, type] = /^[\w-]+\.js$/.test(name)
      ? [join(folder, 'dist', name), 'text/javascript']
      : /^[\w-]+\.wasm$/.test(name)
        ? [join(engine, name), 'application/wasm']
        : [undefined, 'text/html'];
    response.setHeader('content-type', type);
    response.end(place ? readFileSync(place) : '<!doctype html><title>zkfl</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    browser = await launch();
  } catch (error) {
    missing = `no browser starts here: ${String(error).split('\n')[0]}`;
  }
});

afterAll(async () => {
  await browser?.close();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

it('a browser bundle trains and evaluates as Node does', async (context) => {
  if (browser === undefined) {
    context.skip(missing);
    return;
  }
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const [name, update, pictures] = await page.evaluate<[string, number[], number]>(`(async () => {
    const fl = await import('/index.js');
    const { name, tf } = await fl.initBackend({ backend: 'wasm', wasmPath: '/' });
    const { train } = await fl.loadWdbc({ seed: 1 });
    const { model: spec, training } = fl.PRESETS.wdbc;
    const trainer = await fl.createTrainer({ spec, dataset: train, training, seed: 1, client: 0 });
    const { update } = await trainer.train({ weights: fl.initialWeights(spec, fl.simRng(1)), round: 1 });
    const cnn = fl.smallCnn(2);
    const rng = fl.simRng(2);
    const dataset = {
      name: 'noise', shape: [28, 28, 1], classes: ['0', '1'],
      features: Float32Array.from({ length: 8 * 784 }, () => rng.normal(0, 1)),
      labels: Uint8Array.from({ length: 8 }, () => rng.integer(2)),
    };
    const conv = await fl.createTrainer({ spec: cnn, dataset, training, seed: 1, client: 0 });
    const { loss } = await conv.train({ weights: fl.initialWeights(cnn, rng), round: 1 });
    return [tf.getBackend() + name, Array.from(update), loss];
  })()`);
  expect(name).toBe('wasmwasm');
  await initBackend({ backend: 'wasm' });
  const { train } = await loadWdbc({ seed: 1 });
  const { model: spec, training } = PRESETS.wdbc;
  const trainer = await createTrainer({ spec, dataset: train, training, seed: 1, client: 0 });
  const node = await trainer.train({ weights: initialWeights(spec, simRng(1)), round: 1 });
  expect(update).toHaveLength(node.update.length);
  for (const [i, value] of update.entries()) expect(Math.abs(value - node.update[i]!)).toBeLessThan(1e-5);
  expect(pictures).toBeGreaterThan(0);
});
