// Damages headers and whole files by a seed, and holds the reader, the stages and the program to #7: no exit, no unhandled
// rejection, every failure a typed reason, no text of the source in an error. Says which mutation broke it.
//   node scripts/fuzz.mjs [--headers 20000] [--pixels 2000] [--files 300] [--series 2] [--seed 1] [--seeds FOLDER]
//     [--work DIR] [--keep]
// --headers: discovery and de-identification in this process; --pixels: reading and decoding in this process; --files: a run of
// the built program over so many damaged files and --series series with damaged files among theirs; --seeds: files to start
// from, beside the synthetic ones. The full size is --headers 1000000 --pixels 100000 --files 20000 --series 100. Figures go to standard output as JSON.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadTypeScript } from './load-typescript.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    headers: { type: 'string', default: '20000' },
    pixels: { type: 'string', default: '2000' },
    files: { type: 'string', default: '300' },
    series: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    work: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const ROUND = 5_000;
const seed = Number(values.seed);
const say = (text) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
const fuzz = await loadTypeScript('fuzz', [
  "export * from './test/dicom/fuzz.ts';",
  "export { makeSeeds } from './test/dicom/fuzz-seeds.ts';",
  "export { deidentifyOptions } from './test/fixtures/deidentify.ts';",
  "export { runDamagedFiles } from './test/fixtures/fuzz/damaged-files.ts';",
]);

const seeds = await fuzz.makeSeeds();
for (const entry of values.seeds === undefined
  ? []
  : fs.readdirSync(values.seeds, { recursive: true, withFileTypes: true })) {
  const file = path.join(entry.parentPath ?? entry.path, entry.name);
  // Large files only slow it down: what can go wrong is in their first kilobytes.
  if (entry.isFile() && fs.statSync(file).size < 300_000) seeds.push(fs.readFileSync(file));
}

/** In rounds, so that one seed and a number say which mutation it was. */
async function inRounds(name, mutations, work) {
  const total = { mutations: 0, outcomes: {}, slowestMs: 0 };
  for (let round = 0; total.mutations < mutations; round += 1) {
    const report = await work(Math.min(ROUND, mutations - total.mutations), seed + round);
    total.mutations += report.mutations;
    for (const [outcome, count] of Object.entries(report.outcomes))
      total.outcomes[outcome] = (total.outcomes[outcome] ?? 0) + count;
    total.slowestMs = Math.max(total.slowestMs, Math.round(report.slowestMs));
    const memory = Math.round(process.memoryUsage.rss() / 2 ** 20);
    if (round % 10 === 9)
      say(`${name}: ${total.mutations}, slowest ${total.slowestMs} ms, memory ${memory} MiB`);
  }
  return total;
}

const options = fuzz.deidentifyOptions();
const headers = await inRounds('headers', Number(values.headers), (count, from) =>
  fuzz.fuzzHeaders(seeds, count, from, options),
);
const pixels = await inRounds('pixels', Number(values.pixels), (count, from) =>
  fuzz.fuzzDicom(seeds, count, from),
);
const work = path.resolve(values.work ?? fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-fuzz-')));
const files =
  Number(values.files) === 0
    ? null
    : await fuzz.runDamagedFiles({
        root,
        work,
        seeds,
        files: Number(values.files),
        series: Number(values.series),
        seed,
      });
const problems = files?.problems ?? [];
console.log(JSON.stringify({ seed, seeds: seeds.length, headers, pixels, files, problems }, null, 2));
if (!values.keep && problems.length === 0 && values.work === undefined) fs.rmSync(work, { recursive: true });
process.exitCode = problems.length === 0 ? 0 : 1;
