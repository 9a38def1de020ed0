import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runMain } from '../../cli/main.ts';
import { runProgram } from '../../cli/program.ts';
import { describeWithBrowser, launchBrowser } from '../browser.ts';
import { readFigures, type ShownFigure } from './page.ts';
import { makeSyntheticRun } from './synthetic-run.ts';

const UNITS = 10_000;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-report-'));
const file = path.join(folder, 'report/index.html');
let html = '';
let figures: ShownFigure[] = [];
let result: ReturnType<typeof runProgram>;

beforeAll(async () => {
  await makeSyntheticRun(folder, UNITS);
  result = runProgram(['report', folder, '--json']);
  html = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  figures = readFigures(html);
});

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

describe('serieswise report', () => {
  it('writes one file and tells what it is', () => {
    expect(result.exitCode, result.stderr).toBe(0);
    const written = JSON.parse(result.stdout);
    expect(written).toMatchObject({ file, bytes: Buffer.byteLength(html), alarms: [] });
    expect(written.figures.map(({ id }: { id: string }) => id)).toEqual(figures.map(({ id }) => id));
    expect(fs.readdirSync(path.dirname(file))).toEqual(['index.html']);
  });

  it('stays under 10 MB for 10,000 series, and states the sampling', () => {
    const { bytes, pictures, picturesPerLabel } = JSON.parse(result.stdout);
    expect(bytes).toBeLessThan(10_000_000);
    expect(pictures).toBeGreaterThan(50);
    expect(html.match(/<img /g)!.length).toBeGreaterThanOrEqual(pictures);
    expect(html).toContain(`the first ${picturesPerLabel} units by key`);
  });

  it('shows the same figures as serieswise query gives for the queries that it shows', async () => {
    expect(figures.length).toBeGreaterThan(20);
    for (const [index, figure] of figures.entries()) {
      const query = ['query', folder, figure.sql, '--json'];
      const { stdout, stderr } = index === 0 ? runProgram(query) : await runMain(query);
      expect(stderr).toBe('');
      compare(figure, JSON.parse(stdout));
    }
  });

  it('accounts for every source file', () => {
    const { cells } = figures.find(({ id }) => id === 'flow-diagram')!;
    const drawn = html.slice(html.indexOf('id="figure-flow-diagram"'));
    const svg = drawn.slice(0, drawn.indexOf('</svg>'));
    const heads = [...svg.matchAll(/class="head"[^>]*>([^<]+)<\/text><text[^>]*>([\d,]+)</g)].map(
      ([, title, count]) => [title!, Number(count!.replaceAll(',', ''))] as const,
    );
    const counts = Object.fromEntries(heads);
    expect(cells.length).toBeGreaterThan(12);
    expect(counts['Source files seen']).toBe(2 * UNITS + 5);
    expect(
      counts.Unreadable! +
        counts.Duplicates! +
        counts.Quarantined! +
        counts.Excluded! +
        counts['Files kept']!,
    ).toBe(counts['Source files seen']);
    expect(counts['Labels accepted']! + counts['To be reviewed']!).toBe(counts['Series units']);
  });

  it('holds no script, no address and no host name, and escapes what the tables hold', () => {
    const markup = html.replace(/src="data:image\/png;base64,[A-Za-z0-9+/=]+"/g, '');
    expect(markup).not.toMatch(
      /<script|\son[a-z]+=|javascript:|https?:|<link|<iframe|@import|url\(|\sstyle=/i,
    );
    expect(markup).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;');
    expect(markup).not.toContain('zz-host-name');
    expect(markup).toMatch(
      /content="default-src &#39;none&#39;; style-src &#39;sha256-[^&]+&#39;; img-src data:;/,
    );
  });

  it('gives the same bytes again', () => {
    expect(runProgram(['report', folder]).exitCode).toBe(0);
    expect(fs.readFileSync(file, 'utf8') === html).toBe(true);
  });

  it('raises an alarm when the tables lack a file that run.json counted', async () => {
    const run = JSON.parse(fs.readFileSync(path.join(folder, 'run.json'), 'utf8'));
    const other = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-report-'));
    try {
      fs.cpSync(path.join(folder, 'manifest'), path.join(other, 'manifest'), { recursive: true });
      run.ledger.files_seen += 1;
      fs.writeFileSync(path.join(other, 'run.json'), JSON.stringify(run));
      const { exitCode, stderr } = runProgram(['report', other]);
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining('run.json counted 20006')]);
      const page = fs.readFileSync(path.join(other, 'report/index.html'), 'utf8');
      expect(page).toContain('class="alarm"');
      expect(page).toContain('no picture');
    } finally {
      fs.rmSync(other, { recursive: true, force: true });
    }
  });

  it('refuses a folder of something else', () => {
    expect(runProgram(['report', path.join(folder, 'manifest')]).exitCode).toBe(2);
  });
});

/** Every value that the figure shows is that of the answer, and bars are as long as their values say. */
function compare({ id, cells }: ShownFigure, rows: Record<string, unknown>[]): void {
  const unit = new Set<string>();
  for (const { row, column, text, length } of cells) {
    const value = rows[row]?.[column];
    expect(value, `${id} ${row} ${column}`).not.toBe(undefined);
    if (length !== null) {
      if (Number(value) > 50) unit.add((length / Number(value)).toPrecision(1));
    } else if (typeof value === 'number') expect(Number(text!.replaceAll(',', '')), id).toBe(value);
    else if (Array.isArray(value)) expect(text, id).toBe(value.join(' '));
    else expect(text, id).toBe(value ?? (column === 'label' ? 'none' : ''));
  }
  expect(unit.size, id).toBeLessThanOrEqual(2);
  const shown = new Set(cells.map(({ row }) => row));
  expect(shown.size, id).toBe(rows.length);
}

describeWithBrowser('the report in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });

  it.each(['light', 'dark'] as const)('has no violation of axe in %s', async (colorScheme) => {
    // The page's policy forbids scripts, axe among them: for it alone the browser looks away.
    const page = await browser.newPage({ colorScheme, bypassCSP: true });
    await page.goto(pathToFileURL(file).href);
    await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
    await page.addScriptTag({ content: axe.source });
    const found = (await page.evaluate(
      'axe.run().then(({ violations, passes }) => ({ passes: passes.length, violations: violations.map(({ id, nodes }) => id + " " + nodes[0].html) }))',
    )) as { passes: number; violations: string[] };
    expect(found.violations).toEqual([]);
    expect(found.passes).toBeGreaterThan(20);
    await page.close();
  });

  it('is read without scripts, asks for nothing else and breaks no rule of its policy', async () => {
    const context = await browser.newContext({
      javaScriptEnabled: false,
      viewport: { width: 1100, height: 800 },
    });
    const page = await context.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(pathToFileURL(file).href);
    expect(requests.filter((url) => !url.startsWith('data:image/png'))).toEqual([pathToFileURL(file).href]);
    expect(complaints).toEqual([]);
    await page.getByText('Query and numbers: Flow of the source files').click();
    expect(await page.locator('#figure-flow-diagram pre').isVisible()).toBe(true);
    expect(await page.locator('ul.pictures img').first().isVisible()).toBe(true);
    await context.close();
  });

  it('follows light and dark, fits wide and narrow windows, and prints', async () => {
    const colours = new Set<unknown>();
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ colorScheme });
      await page.goto(pathToFileURL(file).href);
      colours.add(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      for (const width of [1100, 420]) {
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      }
      if (colorScheme === 'light') {
        const pdf = await page.pdf({ format: 'A4' });
        expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
        expect(pdf.length).toBeGreaterThan(50_000);
      }
      await page.close();
    }
    expect(colours.size).toBe(2);
  });
});
