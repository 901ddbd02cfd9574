import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** Proves and verifies an update of 9,000 coordinates, then one with a flipped bit: [proof bytes, verdict, verdict]. */
const SCENE = `async () => {
  const zk = await import('/index.js');
  const testing = await import('/testing.js');
  const set = zk.getSet('n4096-q60');
  const m = Int32Array.from({ length: 9000 }, (_, i) => ((i * 7919) % 801) - 400);
  const { description, witness } = testing.encryptForTest({ set, m, seed: 1 });
  const context = new TextEncoder().encode('a browser');
  const statement = zk.updateStatement({ set: set.name, description, betaIndex: zk.defaultBetaIndex(set, 9000), context });
  const proof = zk.prove(statement, witness);
  const first = zk.verify(statement, proof);
  proof[1000] ^= 1;
  return [proof.length, first, zk.verify(statement, proof)];
}`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zkfl-browser-'));
  const tsup = join(root, '../../node_modules/tsup/dist/cli-default.js');
  execFileSync(process.execPath, [tsup, '--no-dts', '--format', 'esm', '--out-dir', join(folder, 'dist')], {
    cwd: root,
  });
  server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1);
    const script = /^[\w-]+\.js$/.test(name);
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
    response.end(script ? readFileSync(join(folder, 'dist', name)) : '<!doctype html><title>zkfl</title>');
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

describe('the built package in headless Chromium', () => {
  for (const [place, script] of [
    ['the page', `(${SCENE})()`],
    [
      'a module worker',
      `new Promise((resolve, reject) => {
        const source = 'const scene = ' + ${JSON.stringify(SCENE.replaceAll("import('/", "import(self.origin + '/"))} + '; scene().then(postMessage);';
        const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), { type: 'module' });
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => reject(new Error(event.message));
      })`,
    ],
  ] as const) {
    it(`proves and verifies in ${place}`, async (context) => {
      if (browser === undefined) {
        context.skip(missing);
        return;
      }
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const [length, first, second] = await page.evaluate<[number, unknown, { ok: boolean }]>(script);
      expect(length).toBeLessThan(600_000);
      expect(first).toEqual({ ok: true });
      expect(second.ok).toBe(false);
    });
  }
});
