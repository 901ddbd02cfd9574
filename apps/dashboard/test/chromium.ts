import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';

/** Headless Chromium from npm where it starts (Linux x64), unpacked below `folder`; else why it does not. */
export async function launchChromium(folder: string): Promise<Browser | string> {
  try {
    process.env['TMPDIR'] = await mkdtemp(join(folder, 'chromium-'));
    process.env['AWS_LAMBDA_JS_RUNTIME'] = 'nodejs22.x';
    const [{ default: chromium }, { chromium: driver }] = await Promise.all([
      import('@sparticuz/chromium'),
      import('playwright-core'),
    ]);
    const executablePath = await chromium.executablePath();
    return await driver.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], headless: true });
  } catch (error) {
    return `no browser starts here: ${String(error).split('\n')[0]}`;
  } finally {
    process.env['TMPDIR'] = tmpdirBefore;
  }
}

const tmpdirBefore = tmpdir();
