import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import axe from 'axe-core';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { collectSeries } from '../../../cli/training/job.ts';
import { openManifest } from '../../../manifest/query.ts';
import { runProgram } from '../../cli/program.ts';
import { describeWithBrowser, launchBrowser } from '../browser.ts';
import { type RunningReview, startReview } from './review-server.ts';
import { makeReviewRun } from './synthetic-review.ts';

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-review-'));
const folder = path.join(home, 'run');

describeWithBrowser('the review page in Chromium', () => {
  let browser: Browser;
  let review: RunningReview;
  let page: Page;
  const requests: string[] = [];
  const troubles: string[] = [];

  beforeAll(async () => {
    fs.mkdirSync(folder);
    await makeReviewRun(folder, 60);
    browser = await launchBrowser();
  });
  afterEach(async () => {
    await page?.close();
    await review?.stop();
  });
  afterAll(async () => {
    await browser?.close();
    fs.rmSync(home, { recursive: true, force: true });
    // Whatever the tests did, the page asked its own server alone, and its policy had nothing to forbid.
    expect(requests.length).toBeGreaterThan(50);
    expect(requests.filter((url) => !url.startsWith('http://127.0.0.1:'))).toEqual([]);
    expect(troubles).toEqual([]);
  });

  async function open(args: readonly string[] = [], settings: object = {}): Promise<void> {
    review = await startReview(folder, ...args);
    page = await browser.newPage({ viewport: { width: 1300, height: 800 }, ...settings });
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(error.message));
    await page.goto(review.url);
    // Within main: what says that the page is loading stands alone.
    await page.waitForSelector('.card img, main .empty');
  }

  const read = async (locator: Locator): Promise<string> => (await locator.textContent()) ?? '';
  const footer = () => read(page.locator('footer'));
  /** A busy machine may take its time. */
  const soon = <Value>(look: () => Promise<Value>) => expect.poll(look, { timeout: 20_000 });
  const saved = (text: string) => soon(footer).toContain(text);
  const unit = () => read(page.locator('aside h2'));
  const place = () => read(page.locator('aside > p.tabular'));
  const given = (task: string) => read(page.locator(`[data-task=${task}] .given b`));

  async function resolved(): Promise<Map<string, Record<string, unknown>>> {
    const manifest = await openManifest(folder);
    try {
      const { rows } = await manifest.query(
        `SELECT series_unit, body_part_resolved, body_part_source, axis_resolved, contrast_resolved, review_disposition
         FROM series WHERE review_disposition IS NOT NULL`,
      );
      return new Map(rows.map((row) => [String(row.series_unit), row]));
    } finally {
      await manifest.close();
    }
  }

  it('keeps the token out of the address, and orders by conflict, uncertainty and rarity', async () => {
    await open();
    expect(page.url()).toBe(`${review.origin}/`);
    const items = await page.evaluate<
      { conflict: number; uncertainty: number; rarity: number; place: number }[]
    >("fetch('/api/queue?snapshot=1&from=0&count=100').then((response) => response.json())");
    const priorities = items.map((each) => each.conflict * each.uncertainty * each.rarity);
    expect(priorities).toHaveLength(54);
    expect(priorities).toEqual([...priorities].sort((a, b) => b - a));
    expect(items.map(({ place }) => place)).toEqual(items.map((_, index) => index));
  });

  it('accepts, relabels each task, excludes, goes to and fro and undoes by keys; each is on the disk at once', async () => {
    await open();
    await page.keyboard.press('Enter');
    await page.waitForSelector('.plane.main canvas[data-unit]');
    const first = await unit();
    await page.keyboard.press('a');
    await saved('accepted');
    expect((await resolved()).get(first)).toMatchObject({
      body_part_source: 'review',
      review_disposition: 'kept',
    });

    const second = await unit();
    expect(second).not.toBe(first);
    await page.keyboard.press('b');
    await page.keyboard.type('temporal');
    await page.keyboard.press('Enter');
    await saved('relabelled');
    expect([await unit(), await given('body_part')]).toEqual([second, 'Temporal bone']);
    await page.keyboard.press('v');
    await page.keyboard.type('cor');
    await page.keyboard.press('Enter');
    await soon(() => given('axis')).toBe('Coronal');
    const contrast = await given('contrast');
    await page.keyboard.press('c');
    await page
      .locator('.palette [role=option]', { hasText: contrast === 'With contrast' ? 'No' : 'With' })
      .click();
    await soon(() => given('contrast')).not.toBe(contrast);
    expect((await resolved()).get(second)).toMatchObject({
      ...{ body_part_resolved: 'temporal-bone', axis_resolved: 'coronal' },
      contrast_resolved: contrast === 'With contrast' ? 'no' : 'yes',
    });
    await page.keyboard.press('Enter');
    await soon(unit).not.toBe(second);
    const third = await unit();
    await page.keyboard.press('x');
    await saved('excluded');
    expect((await resolved()).get(third)).toMatchObject({ review_disposition: 'excluded' });

    await page.keyboard.press('u');
    await saved('Undone');
    expect(await unit()).toBe(third);
    expect((await resolved()).has(third)).toBe(false);
    await page.keyboard.press('p');
    expect(await unit()).toBe(second);
    await page.keyboard.press('n');
    await page.keyboard.press('ArrowRight');
    expect(await place()).toContain('4 of 54');
    await page.keyboard.press('ArrowLeft');
    expect(await unit()).toBe(third);
  });

  it('scrolls in three planes and changes windows by keys', async () => {
    await open();
    await page.keyboard.press('g');
    await page.waitForSelector('.plane.main canvas[data-unit]');
    const counter = () => read(page.locator('.plane.main figcaption'));
    const picture = () => page.evaluate("document.querySelector('.plane.main canvas').toDataURL()");
    expect(await counter()).toContain('65 / 128');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('PageDown');
    expect(await counter()).toContain('74 / 128');
    await page.keyboard.press('2');
    expect(await counter()).toContain('/ 224');
    await page.keyboard.press('Home');
    expect(await counter()).toContain('1 / 224');
    await page.keyboard.press('1');
    const before = await picture();
    await page.keyboard.press('w');
    expect(await read(page.locator('.windows [aria-pressed=true]'))).toBe('Soft tissue');
    await soon(picture).not.toBe(before);
    await page.keyboard.press('Shift+W');
    expect(await read(page.locator('.windows [aria-pressed=true]'))).toBe('Full');
  });

  it('goes on with what is open, filters, and finds a unit by its key', async () => {
    await open();
    const total = () => read(page.locator('.place'));
    // Two were decided before; one of the three decisions was undone.
    expect(await total()).toContain('of 52');
    await page.keyboard.press('f');
    await page.locator('#first-filter').selectOption('decided');
    await soon(total).toContain('of 2');
    await page.locator('#first-filter').selectOption('relabelled');
    await soon(total).toContain('of 1');
    await page.getByRole('button', { name: 'Clear' }).click();
    await soon(total).toContain('of 54');
    await page.getByLabel('Key begins with').fill('su00000000000000000000000a');
    await page.keyboard.press('Tab');
    await soon(total).toContain('of 1');
  });

  it('loses nothing that it confirmed when the server is killed', async () => {
    await open(['--reader', 'r2']);
    await page.keyboard.press('g');
    const confirmed: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      const current = await unit();
      await page.keyboard.press(n % 2 === 0 ? 'a' : 'x');
      await soon(unit).not.toBe(current);
      expect(await footer()).toContain('Saved');
      confirmed.push(current);
    }
    // One more key, and the server dies with it under way.
    await page.keyboard.press('a');
    await review.stop('SIGKILL');
    await page.keyboard.press('a');
    troubles.length = 0;
    await saved('Not saved');
    expect(await page.locator('footer').getAttribute('class')).toBe('bad');
    troubles.length = 0;
    const manifest = await openManifest(folder);
    const { rows } = await manifest.query(
      "SELECT series_unit, action FROM reviews WHERE reader = 'r2' ORDER BY sequence",
    );
    await manifest.close();
    expect(rows.slice(0, 6)).toEqual(
      confirmed.map((key, n) => ({ series_unit: key, action: n % 2 === 0 ? 'accept' : 'exclude' })),
    );
    expect(rows.length).toBeLessThanOrEqual(7);
    await review.stop();
    await page.close();
    await open(['--reader', 'r2']);
    expect(await read(page.locator('.place'))).toContain(`of ${54 - rows.length}`);
    expect(
      fs.readdirSync(path.join(folder, 'manifest/reviews')).filter((name) => name.startsWith('.')),
    ).toEqual([]);
  });

  it('settles what readers disagree on, and measures their agreement', async () => {
    await open(['--reader', 'r3', '--adjudicate']);
    const disputed = (await read(page.locator('.place'))).match(/of (\d+)/)![1];
    expect(Number(disputed)).toBeGreaterThan(0);
    await page.keyboard.press('g');
    const current = await unit();
    const theirs = await read(page.locator('.readers button').first());
    await page.keyboard.press('4');
    await saved('Saved');
    const row = (await resolved()).get(current)!;
    if (theirs.includes('exclude')) expect(row.review_disposition).toBe('excluded');
    else expect(row.body_part_source).toBe('adjudication');
    await page.keyboard.press('s');
    await page.waitForSelector('text=Agreement of readers');
    const summary = JSON.parse(runProgram(['review', folder, '--summary', '--json']).stdout);
    const { agreement, readers } = summary;
    expect(readers.map((each: { reader: string }) => each.reader)).toEqual(['r3', 'r1', 'r2']);
    expect(agreement).toHaveLength(3);
    const shown = await read(page.locator('table', { hasText: 'Agreement' }));
    for (const { kappa } of agreement)
      expect(shown).toContain(kappa === null ? 'undefined' : kappa.toFixed(3));
  });

  it('plans a sample and says what it shows', async () => {
    await open(['--reader', 'r1']);
    await page.keyboard.press('s');
    await page.getByLabel('Show an error below, %').fill('40');
    await expect
      .poll(() => read(page.locator('.verdict')))
      .toMatch(/Read \d+ of 54 to show an error below 40 %/);
    const needed = Number(/Read (\d+)/.exec(await read(page.locator('.verdict')))![1]);
    await page.getByRole('button', { name: 'Read this sample' }).click();
    for (let n = 0; n < needed; n += 1) {
      await soon(place).toContain(`${n + 1} of ${needed}`);
      await page.keyboard.press('a');
    }
    await saved('This was the last one');
    await page.keyboard.press('s');
    // The fields begin anew.
    await page.getByLabel('Show an error below, %').fill('40');
    await soon(() => read(page.locator('.verdict'))).toMatch(
      new RegExp(`error below 40 %.* \\b${needed} read`),
    );
  });

  it.each(['light', 'dark'] as const)('has no violation of axe in %s', async (colorScheme) => {
    // The page's policy forbids foreign scripts, axe among them: for it alone the browser looks away.
    await open(['--reader', 'r3', '--adjudicate'], { colorScheme, bypassCSP: true });
    await page.locator('#first-filter').selectOption('all');
    await page.waitForSelector('.card img');
    await page.addScriptTag({ content: axe.source });
    const check = async (view: string) => {
      const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
        'axe.run()',
      );
      const found = violations.map(({ id, nodes }) => `${view}: ${id} ${nodes[0]?.html}`);
      expect(found).toEqual([]);
    };
    await page.locator('.grid').focus();
    await check('grid');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.plane.main canvas[data-unit]');
    await check('single');
    await page.keyboard.press('b');
    await check('palette');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await check('help');
    await page.keyboard.press('Escape');
    await page.keyboard.press('s');
    await page.waitForSelector('.verdict');
    await check('progress');
    await page.keyboard.press('l');
    await page.waitForSelector('.cards');
    await check('run');
    troubles.length = 0;
  });

  it('says so where a run kept neither tensors nor DICOM files', async () => {
    fs.renameSync(path.join(folder, 'tensors'), path.join(home, 'tensors'));
    await open();
    await page.keyboard.press('g');
    await page.waitForSelector('.no-voxels');
    expect(await read(page.locator('.no-voxels'))).toMatch(/missing|kept neither/);
    troubles.length = 0;
    fs.renameSync(path.join(home, 'tensors'), path.join(folder, 'tensors'));
  });

  it('makes truth for evaluate and train, and verify has nothing against it', async () => {
    const settled = [...(await resolved()).values()].filter(
      (row) => row.review_disposition === 'kept',
    ).length;
    const output = path.join(home, 'evaluation');
    const args = [
      '--predictions',
      folder,
      '--truth',
      folder,
      '--output',
      output,
      '--bootstrap',
      '0',
      '--json',
    ];
    const evaluated = runProgram(['evaluate', ...args]);
    expect(evaluated.exitCode, evaluated.stderr).toBe(0);
    const { tasks } = JSON.parse(evaluated.stdout);
    expect(tasks.axis.series).toBe(settled);
    const { series } = await collectSeries(folder, folder, ['axis'], 1);
    expect(series).toHaveLength(settled);
    const { checks } = JSON.parse(runProgram(['verify', folder, '--json']).stdout);
    const about = (words: string) => checks.find(({ check }: { check: string }) => check.includes(words));
    expect(about('reviews hold nothing')).toMatchObject({ passed: true });
    expect(about('no other file in the manifest')).toMatchObject({ passed: true });
    expect(about('manifest files match')).toMatchObject({ passed: true });
  });
});
