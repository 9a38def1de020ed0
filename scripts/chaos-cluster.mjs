// Kills in cluster form: worker processes, the server, both at once, the network between them, and the way to an object
// store, at seeded moments (#7).
// Every run must give the bytes of an undisturbed one, and go on within 15 s of a blow.
//   node scripts/chaos-cluster.mjs [--series 100] [--slices 6] [--workers 2] [--kills 200] [--server-kills 20] [--both 10]
//     [--cuts 10] [--store-cuts 0] [--every 3] [--seed 1] [--work DIR] [--keep]
// --every: seconds between two blows, in the mean. --store-cuts: with any, inputs, outputs and state lie in an S3 store.
// Figures go to standard output as JSON.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeArchive } from '../dist/demo/archive.js';
import { loadTypeScript } from './load-typescript.mjs';

const PAUSE_LIMIT_MS = 15_000;
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    series: { type: 'string', default: '100' },
    slices: { type: 'string', default: '6' },
    workers: { type: 'string', default: '2' },
    kills: { type: 'string', default: '200' },
    'server-kills': { type: 'string', default: '20' },
    both: { type: 'string', default: '10' },
    cuts: { type: 'string', default: '10' },
    'store-cuts': { type: 'string', default: '0' },
    every: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    work: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const chaos = await loadTypeScript(
  'chaos-cluster',
  ['campaign', 'cluster', 'program', 'trees'].map(
    (name) => `export * from './test/fixtures/chaos/${name}.ts';`,
  ),
);
const work = path.resolve(values.work ?? fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-cluster-')));
const say = (text) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
const [input, output, state] = ['input', 'output', 'state'].map((name) => path.join(work, name));
const seed = Number(values.seed);
await makeArchive(input, { seed, series: Number(values.series), slices: Number(values.slices) });
const plan = { root, input, output, state, options: [...chaos.testBundleOptions(), '--no-report'] };
say('undisturbed run, in one process');
const first = await chaos.measureProgram(root, chaos.runArguments(plan));
if (first.code !== 0) {
  console.error(first.stderr);
  process.exit(1);
}
const result = await chaos.runClusterCampaign(
  plan,
  { reference: output, keyFrom: state, work },
  {
    workers: Number(values.workers),
    kills: Number(values.kills),
    serverKills: Number(values['server-kills']),
    both: Number(values.both),
    cuts: Number(values.cuts),
    storeCuts: Number(values['store-cuts']),
    seed,
    everyMs: 1_000 * Number(values.every),
  },
  say,
);
const { pausesMs, problems } = result;
const longestPauseMs = pausesMs.at(-1) ?? 0;
if (longestPauseMs > PAUSE_LIMIT_MS) problems.push(`a pause of ${longestPauseMs} ms`);
const report = {
  seed,
  series: Number(values.series),
  workers: Number(values.workers),
  undisturbedMs: Math.round(first.wallMs),
  blows: result.blows,
  runs: result.runs,
  pausesMs: {
    measured: pausesMs.length,
    median: pausesMs[pausesMs.length >> 1] ?? null,
    longest: longestPauseMs,
  },
  problems,
};
console.log(JSON.stringify(report, null, 2));
if (!values.keep && problems.length === 0 && values.work === undefined) fs.rmSync(work, { recursive: true });
else say(`everything lies in ${work}`);
process.exitCode = problems.length === 0 ? 0 : 1;
