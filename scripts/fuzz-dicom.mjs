// Reads and decodes damaged files until something other than a DicomError comes out, and says which mutation it was.
//   node scripts/fuzz-dicom.mjs [MUTATIONS=100000] [SEED=1] [FOLDER: files to start from, beside the synthetic ones]
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadTypeScript } from './load-typescript.mjs';

const _root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [mutations = '100000', seed = '1', folder] = process.argv.slice(2);

const { fuzzDicom, makeSeeds } = await loadTypeScript('fuzz-dicom', [
  "export { fuzzDicom } from './test/dicom/fuzz.ts';",
  "export { makeSeeds } from './test/dicom/fuzz-seeds.ts';",
]);

const seeds = await makeSeeds();
if (folder !== undefined) {
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    // Large files only slow it down: what can go wrong is in their first kilobytes.
    if (entry.isFile() && fs.statSync(file).size < 300_000) seeds.push(fs.readFileSync(file));
  }
}
const rounds = Math.max(1, Math.ceil(Number(mutations) / 1000));
const total = {};
let slowestMs = 0;
for (let round = 0; round < rounds; round += 1) {
  const report = await fuzzDicom(seeds, Math.ceil(Number(mutations) / rounds), Number(seed) + round);
  for (const [outcome, count] of Object.entries(report.outcomes))
    total[outcome] = (total[outcome] ?? 0) + count;
  slowestMs = Math.max(slowestMs, report.slowestMs);
  const memory = Math.round(process.memoryUsage.rss() / 1048576);
  console.error(`${round + 1}/${rounds} slowest ${Math.round(slowestMs)} ms, memory ${memory} MiB`);
}
console.log(
  JSON.stringify({ seeds: seeds.length, mutations: Number(mutations), outcomes: total, slowestMs }, null, 2),
);
