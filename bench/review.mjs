// Measures the review page on a synthetic run: first paint, key to next unit, memory of the page.
// node bench/review.mjs [--units 100000] [--keys 60] [--folder DIR]   (DIR is made once and used again)
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { loadTypeScript } from '../scripts/load-typescript.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    units: { type: 'string', default: '100000' },
    keys: { type: 'string', default: '60' },
    folder: { type: 'string' },
  },
});
const units = Number(values.units);
const folder = values.folder ?? fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-review-bench-'));

if (!fs.existsSync(path.join(folder, 'run.json'))) {
  const { makeReviewRun } = await loadTypeScript('bench-review', [
    "export { makeReviewRun } from './test/web/review/synthetic-review.ts';",
  ]);
  await makeReviewRun(folder, units);
}

const startedAt = performance.now();
const server = spawn(path.join(root, 'bin/serieswise'), ['review', folder, '--json', '--reader', 'bench'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const lines = createInterface({ input: server.stdout });
const { url } = await new Promise((resolve) => lines.once('line', (line) => resolve(JSON.parse(line))));
const serverStartMs = performance.now() - startedAt;
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: { width: 1360, height: 820 } });
  const begin = performance.now();
  await page.goto(url);
  await page.waitForSelector('.card img');
  const cardsMs = performance.now() - begin;
  const firstPaintMs = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null,
  );
  await page.evaluate(() => {
    document.querySelector('.grid').scrollTop = 1e9;
  });
  await page.waitForFunction(() => document.querySelector('.card:last-child img') !== null);
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.plane.main canvas[data-unit]');

  // From the key's event to the first frame in which the main plane shows another unit.
  await page.evaluate(() => {
    globalThis.measured = [];
    document.addEventListener(
      'keydown',
      (event) => {
        const canvas = () => document.querySelector('.plane.main canvas').dataset.unit;
        const before = canvas();
        const at = event.timeStamp;
        const look = () => {
          if (canvas() === before) requestAnimationFrame(look);
          else globalThis.measured.push(performance.now() - at);
        };
        requestAnimationFrame(look);
      },
      true,
    );
  });
  const press = async (key) => {
    const count = await page.evaluate(() => globalThis.measured.length);
    await page.keyboard.press(key);
    await page.waitForFunction((n) => globalThis.measured.length > n, count);
    await page.waitForTimeout(400);
  };
  const times = {};
  for (const [name, key] of [
    ['next', 'n'],
    ['accept', 'Enter'],
  ]) {
    await page.evaluate(() => {
      globalThis.measured.length = 0;
    });
    for (let n = 0; n < Number(values.keys); n++) await press(key);
    const sorted = (await page.evaluate(() => globalThis.measured)).sort((a, b) => a - b);
    const at = (share) => Math.round(sorted[Math.floor(share * (sorted.length - 1))]);
    times[name] = { n: sorted.length, medianMs: at(0.5), p95Ms: at(0.95), worstMs: at(1) };
  }
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  const { metrics } = await cdp.send('Performance.getMetrics');
  const heapMb = metrics.find(({ name }) => name === 'JSHeapUsedSize').value / 1e6;
  console.log(
    JSON.stringify(
      {
        ...{ units, serverStartMs: Math.round(serverStartMs), cpu: os.cpus()[0]?.model, load: os.loadavg() },
        ...{ firstPaintMs: Math.round(firstPaintMs), cardsMs: Math.round(cardsMs), ...times },
        ...{ heapMb: Math.round(heapMb), ...measureRenderers(), serverMb: residentMb(server.pid) },
      },
      null,
      2,
    ),
  );
} finally {
  await browser.close();
  server.kill('SIGTERM');
  if (values.folder === undefined) fs.rmSync(folder, { recursive: true, force: true });
}

function residentMb(pid) {
  const [, pages] = fs.readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
  return Math.round((Number(pages) * 4096) / 1e6);
}

/** Resident memory of the largest renderer among this process's descendants: the page's. */
function measureRenderers() {
  const children = new Map();
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(pid)]);
    } catch {
      // Ended in the meantime.
    }
  }
  const found = [];
  const visit = (pid) => {
    for (const child of children.get(pid) ?? []) {
      if (fs.readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('--type=renderer'))
        found.push(residentMb(child));
      visit(child);
    }
  };
  visit(process.pid);
  return { pageMb: Math.max(...found) };
}
