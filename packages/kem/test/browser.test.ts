import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'tsup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createResponder, open, xWing } from '../src/index.ts';
import { digest, hex, pattern, text, unhex } from './support.ts';

interface Browser {
  newPage(): Promise<{ goto(url: string): Promise<unknown>; evaluate<T>(script: string): Promise<T> }>;
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
  folder = mkdtempSync(join(tmpdir(), 'zkfl-kem-'));
  const root = join(import.meta.dirname, '..');
  await build({
    config: false,
    silent: true,
    clean: false,
    dts: false,
    entry: { index: join(root, 'src/index.ts') },
    outDir: join(folder, 'dist'),
    format: ['esm'],
    platform: 'browser',
    target: 'es2022',
    noExternal: [/./],
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

test('a browser bundle speaks to Node: handshake, records both ways, an envelope, a signature', async (context) => {
  if (browser === undefined) {
    context.skip(missing);
    return;
  }
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const node = await xWing.generateKeyPair();
  const run = <T>(body: string) => page.evaluate<T>(`(async () => { ${body} })()`);
  const [browserKey, message1] = await run<[string, string]>(`
    const kem = await import('/index.js');
    const hex = (b) => Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('');
    const unhex = (s) => Uint8Array.from(s.match(/../g) ?? [], (x) => parseInt(x, 16));
    const keyPair = await kem.xWing.generateKeyPair();
    const initiator = await kem.createInitiator({ keyPair, peerPublicKey: unhex('${hex(node.publicKey)}') });
    Object.assign(self, { kem, hex, unhex, keyPair, initiator });
    return [hex(keyPair.publicKey), hex(initiator.message)];
  `);
  const responder = createResponder({ keyPair: node, peerPublicKey: unhex(browserKey) });
  const message2 = hex(await responder.respond(unhex(message1)));
  const [message3, record] = await run<[string, string]>(`
    const { message, session } = await initiator.finish(unhex('${message2}'));
    self.session = session;
    return [hex(message), hex(await session.seal(new TextEncoder().encode('from the browser')))];
  `);
  const session = await responder.finish(unhex(message3));
  expect(await session.open(unhex(record))).toEqual(text('from the browser'));
  const big = await session.seal(pattern(100_000));
  const [opened, envelope, verdict] = await run<[string, string, unknown]>(`
    const bytes = await session.open(unhex('${hex(big)}'));
    const digest = hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
    const suite = kem.createSuite({ aead: 'ChaCha20-Poly1305' });
    const sealed = await kem.seal({ recipient: unhex('${hex(node.publicKey)}'), plaintext: bytes.slice(0, 99), suite });
    const identity = await kem.generateIdentity();
    const it = { message: bytes, context: new Uint8Array(3) };
    const signature = await kem.sign({ keyPair: identity, ...it });
    return [digest, hex(sealed), await kem.verify({ publicKey: identity.publicKey, signature, ...it })];
  `);
  expect(opened).toBe(digest(pattern(100_000)));
  const { createSuite } = await import('../src/index.ts');
  const suite = createSuite({ aead: 'ChaCha20-Poly1305' });
  expect(await open({ keyPair: node, message: unhex(envelope), suite })).toEqual(pattern(100_000).subarray(0, 99));
  expect(verdict).toEqual({ ok: true });
});
