import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DashboardView } from '../../orchestrator/src/consortium/dashboard-view.ts';
import { DASHBOARD_TOKEN, type Running, Scene } from '../../orchestrator/test/consortium/scene.ts';
import { cheat } from './cheat.ts';
import { launchChromium } from './chromium.ts';

const ROUNDS = 3;
/** The tab is hospital 2; hospital 3 sends garbage. */
const TAB = 2;
const CHEAT = 3;

let folder: string;
let started: Browser | string = 'not started';
let scene: Scene;
let running: Running;

/** What a page did that it must not do, and what it asked for. */
interface Watched {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly problems: string[];
  readonly requests: string[];
}

async function open(path: string, colorScheme: 'light' | 'dark'): Promise<Watched> {
  const context = await (started as Browser).newContext({
    colorScheme,
    reducedMotion: 'reduce',
    viewport: { width: 1280, height: 900 },
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const problems: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    // A refused token is a failed request to the browser; the page says so itself.
    if (message.type() === 'error' && !message.text().includes('401')) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  context.on('request', (request) => requests.push(request.url()));
  await page.goto(`${running.url}${path}`);
  return { context, page, problems, requests };
}

/** Where ZKFL_SCREENSHOTS names a folder, for people to look at. */
async function picture(page: Page, name: string): Promise<Buffer> {
  const target = process.env['ZKFL_SCREENSHOTS'] ?? folder;
  await mkdir(target, { recursive: true });
  return page.screenshot({ path: join(target, `${name}.png`), fullPage: true });
}

/** Violations that axe-core finds: landmarks, labels, names, contrast, tables. */
async function violations(page: Page): Promise<string[]> {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(axe);
  return page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 160) + ' ' + failureSummary)))`);
}

const state = async (): Promise<DashboardView> => {
  const response = await fetch(`${running.url}/v1/dashboard/state`, {
    headers: { authorization: `Bearer ${DASHBOARD_TOKEN}` },
  });
  return (await response.json()) as DashboardView;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkfl-dashboard-'));
  await build({ configFile: join(import.meta.dirname, '../vite.config.ts'), logLevel: 'error' });
  started = await launchChromium(folder);
  scene = await Scene.create({ hospitals: 4, rounds: ROUNDS });
  running = await scene.start();
});

afterAll(async () => {
  if (typeof started !== 'string') await started.close();
  await scene.end();
  await rm(folder, { recursive: true, force: true });
});

let dashboard: Watched | undefined;
let tab: Watched | undefined;

describe('a study in Chromium', () => {
  it('the dashboard opens with its token and with no other', async (test) => {
    if (typeof started === 'string') return test.skip(started);
    dashboard = await open('/', 'light');
    const { page } = dashboard!;
    await page.getByLabel('Dashboard token').fill('another token');
    await page.getByRole('button', { name: 'Open the dashboard' }).click();
    await page.getByRole('alert').filter({ hasText: 'does not know this token' }).waitFor();
    expect(await page.getByRole('heading', { name: 'Hospitals' }).count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Dashboard token').fill(DASHBOARD_TOKEN);
    // By keyboard alone.
    await page.keyboard.press('Enter');
    await page.getByText('Waiting for hospitals: 0 of 4 have enrolled.').waitFor();
    expect(await page.title()).toContain('enrolling');
    await picture(page, 'dashboard-enrolling');
  });

  it('a tab is a hospital: it enrols, trains, encrypts, proves and ends with the model of the audit log', async (test) => {
    if (typeof started === 'string') return test.skip(started);
    const gone = new AbortController();
    const signal = gone.signal;
    tab = await open('/hospital.html', 'light');
    const { page } = tab!;
    expect(await violations(page)).toEqual([]);
    const invitation = {
      version: 1,
      url: running.url,
      study: scene.signed.id,
      hospital: TAB,
      token: scene.tokens[TAB],
    };
    await page.getByLabel('or its text').fill(JSON.stringify({ ...invitation, token: 'x' }));
    await page.getByRole('button', { name: 'Read the study' }).click();
    await page.getByRole('alert').filter({ hasText: 'invitation: token' }).waitFor();
    await page.getByLabel('or its text').fill(JSON.stringify(invitation));
    await page.getByRole('button', { name: 'Read the study' }).click();
    await page.getByRole('heading', { name: 'Approve the study' }).waitFor();
    expect(await page.locator('dl.summary').textContent()).toContain(scene.signed.id.slice(0, 8));
    // Nothing was sent before the approval.
    expect(running.coordinator.members).toEqual([]);
    await picture(page, 'tab-study');
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Approve and join' }).click();

    const others = Promise.all([0, 1].map((client) => scene.hospital(client, { signal })));
    const cheating = cheat({
      url: running.url,
      identity: await scene.party(CHEAT),
      signed: scene.signed,
      token: scene.tokens[CHEAT]!,
      signal,
    });
    try {
      await page.getByRole('heading', { name: 'Approve the roster' }).waitFor();
      await picture(page, 'tab-roster');
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Approve the roster' }).click();

      // The dashboard moves by itself, round by round.
      const progress = dashboard!.page.locator('#progress');
      for (let round = 1; round <= ROUNDS; round++) {
        await dashboard!.page.getByText(new RegExp(`[${round}-${ROUNDS}] of ${ROUNDS} rounds are over`)).waitFor();
        if (round === 2) await picture(dashboard!.page, 'dashboard-running');
      }
      expect(await progress.getAttribute('max')).toBe(String(ROUNDS));
      await page.locator('#model').waitFor();
      const outcomes = await others;
      await cheating;
      const model = (await page.locator('#model').textContent())!.trim();
      for (const outcome of outcomes) expect(outcome.state.model).toBe(model);
      const view = await state();
      expect(view.status).toBe('finished');
      expect(view.rounds.map(({ accepted }) => accepted)).toEqual(Array(ROUNDS).fill([0, 1, TAB]));
      expect(view.rounds.at(-1)!.model).toBe(model);
      expect(view.rounds.at(-1)!.reports.find(({ client }) => client === TAB)!.metrics!.accuracy).toBeGreaterThan(0.85);
      expect(await page.locator('tbody tr').count()).toBe(ROUNDS);
      expect(await violations(page)).toEqual([]);
      await picture(page, 'tab-finished');
      await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
      expect(await violations(page)).toEqual([]);
      await picture(page, 'tab-finished-dark');
    } finally {
      gone.abort(new Error('end of the test'));
      await Promise.allSettled([others, cheating]);
    }
  });

  it('the dashboard shows every round, verdict, reason, cost and the audit head', async (test) => {
    if (typeof started === 'string') return test.skip(started);
    const { page } = dashboard!;
    await page.getByText('The study is over').waitFor();
    const view = await state();
    const text = async (id: string) =>
      (await page.evaluate<string>(`document.getElementById('${id}').innerText`)).replaceAll(/\s+/g, ' ');
    const learning = await text('learning');
    for (const { round, accuracy, loss } of view.rounds)
      expect(learning).toContain(`${round} ${(100 * accuracy!).toFixed(1)} % ${loss!.toFixed(3)} 3 `);
    const row = page.locator('#hospitals tbody tr');
    const marks = (client: number) => row.nth(client).locator('td.mark .hidden').allTextContents();
    for (const client of [0, 1, TAB]) expect(await marks(client)).toEqual(Array(ROUNDS).fill('accepted'));
    expect(await marks(CHEAT)).toEqual(Array(ROUNDS).fill('rejected'));
    const { reason } = view.rounds[0]!.rejected[0]!;
    expect(await text('hospitals')).toContain(reason);
    const cost = await text('cost');
    const { seconds, bytes } = view.rounds[0]!;
    for (const phase of ['train', 'encrypt', 'prove', 'verify', 'decrypt'] as const) {
      expect(seconds[phase]).toBeGreaterThan(0);
      expect(cost).toContain(seconds[phase].toFixed(2));
    }
    // Three honest updates and one of garbage; the proofs are the rest of what came.
    const payload = bytes.sums / 3;
    expect(bytes.ciphertexts).toBe(4 * payload);
    expect(bytes.ciphertexts + bytes.proofs).toBe(view.rounds[0]!.bytesUp);
    expect(bytes.proofs).toBeGreaterThan(0);
    expect(await text('audit')).toContain(view.audit!.hash.match(/.{8}/g)!.join(' '));
    expect(await text('study')).toContain(view.study.id.match(/.{8}/g)!.join(' '));
    // A line for each round in the pictures, too.
    expect(await page.locator('.chart svg').count()).toBe(4);
    for (const label of await page.locator('.chart').evaluateAll((all) => all.map((e) => e.getAttribute('aria-label'))))
      expect(label).toMatch(/round 3/);
  });

  for (const scheme of ['light', 'dark'] as const)
    it(`the dashboard is accessible and asks nobody else (${scheme})`, async (test) => {
      if (typeof started === 'string') return test.skip(started);
      const { page } = dashboard!;
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      expect(await violations(page)).toEqual([]);
      const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(ground).toBe(scheme === 'light' ? 'rgb(246, 248, 250)' : 'rgb(16, 22, 28)');
      await picture(page, `dashboard-${scheme}`);
      await page.setViewportSize({ width: 390, height: 800 });
      // No sideways scrolling on a telephone.
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
      await picture(page, `dashboard-${scheme}-narrow`);
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.locator('body').press('Tab');
    });

  it('neither page failed, broke the content security policy or left its origin', async (test) => {
    if (typeof started === 'string') return test.skip(started);
    for (const { problems, requests, page } of [dashboard!, tab!]) {
      expect(problems).toEqual([]);
      expect(requests.filter((url) => !url.startsWith(running.url) && !url.startsWith('data:'))).toEqual([]);
      const blocked = await page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')");
      expect(blocked).toBe('refused');
      expect(problems.join()).toMatch(/Content Security Policy/);
    }
  });

  it('the first key leads past the header, and the token is not kept when the tab closes', async (test) => {
    if (typeof started === 'string') return test.skip(started);
    const fresh = await open(`/#token=${DASHBOARD_TOKEN}`, 'dark');
    await fresh.page.getByRole('heading', { name: 'Hospitals' }).waitFor();
    expect(fresh.page.url()).not.toContain(DASHBOARD_TOKEN);
    await fresh.page.keyboard.press('Tab');
    expect(await fresh.page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    expect(await fresh.page.evaluate('localStorage.length')).toBe(0);
    expect(fresh.requests.filter((url) => url.includes(DASHBOARD_TOKEN))).toEqual([]);
    const second = await fresh.context.newPage();
    await second.goto(running.url);
    await second.getByLabel('Dashboard token').waitFor();
    await fresh.context.close();
  });
});

it('what the token opens cannot be written to', async () => {
  const headers = { authorization: `Bearer ${DASHBOARD_TOKEN}` };
  for (const path of ['/v1/dashboard/state', '/v1/dashboard/events', '/v1/metrics']) {
    expect((await fetch(`${running.url}${path}`)).status).toBe(401);
    for (const method of ['PUT', 'DELETE', 'PATCH'])
      expect((await fetch(`${running.url}${path}`, { method, headers })).status).toBe(404);
  }
});

it('a coordinator that stops lets go of the dashboards that watch it', async () => {
  const response = await fetch(`${running.url}/v1/dashboard/events`, {
    headers: { authorization: `Bearer ${DASHBOARD_TOKEN}` },
  });
  const reader = response.body!.getReader();
  await reader.read();
  await running.stop();
  await expect(
    (async () => {
      while (!(await reader.read()).done);
      return 'over';
    })().catch(() => 'over'),
  ).resolves.toBe('over');
  if (dashboard === undefined) return;
  await dashboard.page.getByText('no connection: trying again').waitFor();
  // What was known stays in sight.
  expect(await dashboard.page.getByRole('heading', { name: 'Audit' }).count()).toBe(1);
}, 30_000);
