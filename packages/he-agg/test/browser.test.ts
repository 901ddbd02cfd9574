import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Browser {
  newPage(): Promise<{
    goto(url: string): Promise<unknown>;
    evaluate<T>(script: string): Promise<T>;
  }>;
  close(): Promise<void>;
}

const root = join(import.meta.dirname, '..');
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

/** Three clients of 5,000 coordinates: [sum is right, count, bytes of an update, code of a refused blob]. */
const scene = (options: string) => `async () => {
  const he = await import('/index.js');
  const set = 'n4096-q60';
  const engine = await he.createEngine({ set, ${options} });
  const { publicKey, secretKey } = he.generateKeys(engine);
  const dimension = 5000;
  const aggregator = he.createAggregator({ set, dimension });
  let length = 0;
  for (let client = 1; client <= 3; client++) {
    const message = Int32Array.from({ length: dimension }, (_, i) => client * ((i % 2001) - 1000));
    const { bytes } = he.encrypt(engine, { publicKey, message });
    length = bytes.length;
    aggregator.add(bytes);
  }
  let refused = 'none';
  try { aggregator.add(new Uint8Array(length)); } catch (error) { refused = error.code; }
  const { bytes } = aggregator.finish();
  const { sum, count } = he.decrypt(engine, { secretKey, sum: bytes, dimension });
  return [sum.every((x, i) => x === 6 * ((i % 2001) - 1000)), count, length, refused];
}`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zkfl-he-agg-'));
  await build({
    entryPoints: [join(root, 'src/index.ts')],
    outdir: join(folder, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // the glue asks for it in Node alone
    external: ['module'],
    logLevel: 'silent',
  });
  server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1);
    const [place, type] = /^[\w-]+\.js$/.test(name)
      ? [join(folder, 'dist', name), 'text/javascript']
      : name === 'engine-1a2b3c.wasm'
        ? [join(root, 'node_modules/node-seal/dist/seal_throws.wasm'), 'application/wasm']
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

describe('a browser bundle in headless Chromium', () => {
  for (const [what, options] of [
    ['the address of a renamed wasm file', "locateFile: () => '/engine-1a2b3c.wasm'"],
    ['its bytes', "wasm: new Uint8Array(await (await fetch('/engine-1a2b3c.wasm')).arrayBuffer())"],
  ] as const)
    it(`encrypts, adds, refuses and decrypts, given ${what}`, async (context) => {
      if (browser === undefined) return context.skip(missing);
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const result = await page.evaluate(`(${scene(options)})()`);
      expect(result).toEqual([true, 3, 16 + 2 * 61440, 'encoding']);
    });

  it('refuses a file that is not the pinned build', async (context) => {
    if (browser === undefined) return context.skip(missing);
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const attempt = `(async () => {
      const he = await import('/index.js');
      try { await he.createEngine({ set: 'n4096-q60' }); return 'loaded'; } catch (error) { return error.code; }
    })()`;
    expect(await page.evaluate(attempt)).toBe('engine');
  });
});
