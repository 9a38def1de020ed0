// Takes the pictures of docs/ from a run over the demo's archive, whose voxels may be shown (demo/volumes/ATTRIBUTION.md):
// the report, and the review page with the queue and one unit. Needs an installed Chromium. docs/tutorial.md makes the run.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { loadTypeScript } from './load-typescript.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = process.argv[2];
if (folder === undefined) {
  console.error(
    'Usage: node scripts/docs-pictures.mjs OUTPUT   (output folder of a run over the demo archive)',
  );
  process.exit(2);
}

const { launchBrowser } = await loadTypeScript('docs-pictures', [
  "export { launchBrowser } from './test/web/browser.ts'",
]);
const browser = await launchBrowser();

/** A page's visible part as WebP, which Chromium writes from a canvas. */
async function savePicture(page, name) {
  const png = (await page.screenshot()).toString('base64');
  const blank = await browser.newPage();
  const webp = await blank.evaluate(async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.width;
    canvas.height = image.height;
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.8).split(',')[1];
  }, png);
  await blank.close();
  const bytes = Buffer.from(webp, 'base64');
  fs.writeFileSync(path.join(root, 'docs/pictures', `${name}.webp`), bytes);
  console.log(`docs/pictures/${name}.webp: ${Math.round(bytes.length / 1024)} KB`);
}

async function openPage(url, size, colorScheme) {
  const page = await browser.newPage({ viewport: { width: size[0], height: size[1] }, colorScheme });
  await page.goto(url);
  return page;
}

const report = pathToFileURL(path.resolve(folder, 'report/index.html')).href;
await savePicture(await openPage(report, [900, 1700], 'light'), 'report');

const review = spawn(path.join(root, 'bin/serieswise'), ['review', folder, '--json'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const line = await new Promise((resolve, reject) => {
  createInterface({ input: review.stdout }).once('line', resolve);
  review.once('exit', (code) => reject(new Error(`review ended with ${code}`)));
});
const page = await openPage(JSON.parse(line).url, [1100, 700], 'dark');
await page.waitForSelector('.card img');
await page.waitForFunction(() =>
  [...document.querySelectorAll('.card img')].every((image) => image.complete && image.naturalWidth > 0),
);
await savePicture(page, 'review-grid');
await page.keyboard.press('Enter');
await page.waitForSelector('.plane.main canvas[data-unit]');
await savePicture(page, 'review-single');

await browser.close();
review.kill('SIGTERM');
