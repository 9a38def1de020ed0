import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { makeArchive } from '../../../demo/archive.ts';
import { runProgram } from '../../cli/program.ts';
import { makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from '../../e2e/run-folders.ts';
import { repositoryRoot } from '../../fixtures/shared-data.ts';
import { describeWithBrowser, launchBrowser } from '../browser.ts';
import { type RunningReview, startReview } from './review-server.ts';

const home = makeFolder('live-run');
const [input, output, state] = ['input', 'output', 'state'].map((name) => path.join(home, name)) as [
  string,
  string,
  string,
];

describeWithBrowser('the page while a run is under way', () => {
  let browser: Browser;
  let review: RunningReview;
  let run: ChildProcess;
  let ended: Promise<number | null>;

  beforeAll(async () => {
    await makeArchive(input, { seed: 3, series: 4, slices: 12 });
    const args = [
      'run',
      SHIPPED_PIPELINE,
      '--input',
      input,
      '--output',
      output,
      '--state',
      state,
      '--no-report',
    ];
    run = spawn(path.join(repositoryRoot, 'bin/serieswise'), args, {
      env: { ...process.env, SERIESWISE_TEMPORAL_UI: '1' },
      stdio: 'ignore',
    });
    ended = new Promise((resolve) => run.once('exit', resolve));
    // A paused run stays as it is while it is looked at.
    const options = { timeout: 60_000, interval: 200 };
    await vi.waitFor(() => expect(fs.existsSync(path.join(output, '.serieswise'))).toBe(true), options);
    await vi.waitFor(() => expect(runProgram(['pause', output, '--state', state]).exitCode).toBe(0), options);
    review = await startReview(output, '--state', state);
    browser = await launchBrowser();
  }, RUN_TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await review?.stop();
    run?.kill('SIGTERM');
    await ended;
    fs.rmSync(home, { recursive: true, force: true });
  });

  it('shows stages, counts and Temporal’s page, without violations of axe, and opens the queue at the end', async () => {
    const page = await browser.newPage({ viewport: { width: 1300, height: 800 }, bypassCSP: true });
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    const read = async (locator: Locator): Promise<string> => (await locator.textContent()) ?? '';
    await page.goto(review.url);
    await page.waitForSelector('.stages', { timeout: 60_000 });
    expect(await read(page.locator('h2'))).toContain('Under way');
    expect(await page.locator('.stages [aria-current=step]').count()).toBe(1);
    expect(await read(page.locator('.cards'))).toMatch(/files a second.*left, estimated.*batches failed/);
    expect(await page.getByRole('button', { name: 'Grid' }).isDisabled()).toBe(true);
    const link = await page.getByRole('link', { name: /Temporal’s own page/ }).getAttribute('href');
    expect((await fetch(link!)).status).toBe(200);
    await page.addScriptTag({ content: axe.source });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await page.evaluate<{ violations: { id: string }[] }>('axe.run()');
      expect(violations.map(({ id }) => id)).toEqual([]);
    }
    expect(runProgram(['resume', output, '--state', state]).exitCode).toBe(0);
    expect(await ended).toBe(0);
    await expect.poll(() => read(page.locator('h2')), { timeout: 30_000 }).toContain('Done');
    await page.getByRole('button', { name: 'Grid' }).click();
    await page.waitForSelector('.card img');
    expect(requests.filter((url) => !url.startsWith(review.origin))).toEqual([]);
  });
});
