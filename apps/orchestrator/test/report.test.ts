import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderReport } from '../src/report/report.ts';
import type { RoundResult, RunResult, SimulateResult } from '../src/simulate/result.ts';

const ROUNDS = 6;
const D = 108_996;

/** The shape of a real result; the figures only have to be told apart. */
function run(protection: RunResult['protection'], cost: number): RunResult {
  const rounds = Array.from({ length: ROUNDS }, (_, i): RoundResult => {
    const rejected = protection === 'full' && i > 2 ? [{ client: 3, reason: 'proof: false (<challenge>)' }] : [];
    return {
      accuracy: protection === 'full' ? 1 - 0.1 / (i + 1) : i < 3 ? 0.99 : 0.25,
      loss: 0.1,
      auc: 0.99,
      seconds: {
        train: 0.1,
        encrypt: 0.02 * cost,
        prove: 0,
        verify: 0,
        aggregate: 0,
        decrypt: 0,
        channel: 0.01,
        total: 0.2 * cost,
      },
      bytes: { up: 2e6 * cost, down: 2e6 },
      ...(protection === 'full' ? { proofBytes: 5e6 } : {}),
      accepted: [0, 1, 2, 4],
      rejected,
    };
  });
  const encrypted = protection === 'plain' ? 0 : D;
  return {
    protection,
    attack: 'published',
    coverage: { total: D, encrypted, proven: protection === 'full' ? D : 0 },
    rounds,
    final: { accuracy: rounds[ROUNDS - 1]!.accuracy, auc: 0.99, round: ROUNDS },
  };
}

const RESULT: SimulateResult = {
  config: {
    preset: 'published',
    dataset: 'published',
    model: 'MLP 784-128-64-4',
    parameters: D,
    clients: 5,
    rounds: ROUNDS,
    seed: 42,
    tau: 5,
    layerTau: null,
    localEpochs: 3,
    batchSize: 32,
    learningRate: 0.01,
    optimizer: 'sgd',
    alpha: 0.5,
    protections: ['plain', 'kem+he', 'full'],
    attack: 'published',
    attacker: { client: 3, fromRound: 4 },
    hospitals: [99, 158, 190, 264, 89].map((samples, id) => ({ id, samples })),
    threads: 2,
  },
  runs: [run('plain', 1), run('kem+he', 4), run('full', 8)],
};

const html = renderReport(RESULT);

describe('the report', () => {
  it('is one file: it names no address to fetch from and runs no script', () => {
    expect(html.replaceAll(/xmlns(:\w+)?="http:\/\/www\.w3\.org\/[^"]*"/g, '')).not.toMatch(
      /https?:|src=|@import|url\((?!['"]?#)/,
    );
    expect(html).not.toContain('<script');
  });

  it('writes text, never markup, for what comes from outside', () => {
    expect(html).toContain('proof: false (&lt;challenge&gt;)');
    expect(html).not.toContain('<challenge>');
  });

  it('holds the figures of every run and who was rejected, and why', () => {
    for (const text of [
      '108,996',
      'plain, published',
      'full, published',
      '98.3 %',
      '25.0 %',
      'hospital 3',
      '<td>4–6</td>',
    ])
      expect(html).toContain(text);
  });
});

describe('the report in headless Chromium', () => {
  let folder: string;
  let browser: Browser | undefined;
  let missing = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zkfl-report-'));
    writeFileSync(join(folder, 'report.html'), html);
    process.env['TMPDIR'] = folder;
    process.env['AWS_LAMBDA_JS_RUNTIME'] = 'nodejs22.x';
    try {
      const [{ default: chromium }, { chromium: driver }] = await Promise.all([
        import('@sparticuz/chromium'),
        import('playwright-core'),
      ]);
      const executablePath = await chromium.executablePath();
      browser = await driver.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], headless: true });
    } catch (error) {
      missing = `no browser starts here: ${String(error).split('\n')[0]}`;
    }
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.for(['light', 'dark'] as const)(
    'shows three charts and two tables in %s, and asks for nothing',
    async (colorScheme, context) => {
      const asked: string[] = [];
      const errors: string[] = [];
      if (browser === undefined) {
        context.skip(missing);
        return;
      }
      const page = await browser.newPage({ colorScheme, viewport: { width: 1000, height: 900 } });
      page.on('request', (request) => asked.push(request.url()));
      page.on('pageerror', (error) => errors.push(error.message));
      const address = pathToFileURL(join(folder, 'report.html')).href;
      await page.goto(address);
      expect(asked).toEqual([address]);
      expect(errors).toEqual([]);
      expect(await page.locator('svg:visible').count()).toBe(3);
      expect(await page.locator('table:visible').count()).toBe(2);
      const widths = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth] as const);
      expect(widths[0]).toBeLessThanOrEqual(widths[1]);
      const shot = process.env['ZKFL_SCREENSHOTS'];
      if (shot) await page.screenshot({ path: join(shot, `report-${colorScheme}.png`), fullPage: true });
      await page.close();
    },
  );
});
