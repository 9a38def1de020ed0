// A run over very many small series with the program as it is, but for the pixels: a copy of dist/ whose preprocess and
// classify steps are those of test/fixtures/scale/. Holds it to the aims of #7: memory of every process, flat memory and
// even cost after the first tenth, short histories, quick queries. Linux; one run takes some 5 GB a million instances.
//   node scripts/scale.mjs [--series 300] [--instances 10] [--seed 1] [--work DIR] [--keep]
// The full size is --series 100000. Figures go to standard output as JSON; exit code 1 when an aim is missed.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { measureCommand } from '../bench/process-tree.mjs';
import { connectClient } from '../dist/workers/cluster.js';
import { startEmbeddedServer } from '../dist/workers/embedded-server.js';
import { findOrInstallServer } from '../dist/workers/find-server.js';
import { loadTypeScript } from './load-typescript.mjs';
import { measureQueries } from './measure-queries.mjs';

const AIMS = {
  processBytes: 1.5 * 2 ** 30,
  growth: 1.1,
  costRatio: 1.1,
  historyEvents: 10_000,
  queryMs: 200,
};
const PARTS = 10;

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    series: { type: 'string', default: '300' },
    instances: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    work: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const [series, instances, seed] = [values.series, values.instances, values.seed].map(Number);
const work = path.resolve(values.work ?? fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-scale-')));
fs.mkdirSync(work, { recursive: true });
const [input, output, state, program] = ['input', 'output', 'state', 'program'].map((name) =>
  path.join(work, name),
);
const say = (text) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
const mib = (bytes) => Math.round(bytes / 2 ** 20);

/** The built program with its two pixel steps replaced. */
async function makeProgram() {
  fs.mkdirSync(program, { recursive: true });
  for (const folder of ['dist', 'bin'])
    fs.cpSync(path.join(root, folder), path.join(program, folder), { recursive: true });
  for (const name of ['node_modules', 'models', 'pipelines', 'package.json'])
    fs.symlinkSync(path.join(root, name), path.join(program, name));
  for (const step of ['preprocess', 'classify']) {
    const outfile = path.join(program, `dist/activities/${step}.js`);
    fs.rmSync(outfile);
    await build({
      entryPoints: [path.join(root, `test/fixtures/scale/cut-${step}.ts`)],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
    });
  }
}

/** What batches have rows, and how long these are: work done, told from outside. */
class Progress {
  done = new Map();
  look() {
    const runs = path.join(state, 'runs');
    for (const run of fs.existsSync(runs) ? fs.readdirSync(runs) : []) {
      const batches = path.join(runs, run, 'batches');
      for (const batch of fs.existsSync(batches) ? fs.readdirSync(batches) : []) {
        if (this.done.has(batch)) continue;
        const stat = fs.statSync(path.join(batches, batch, 'rows.json'), { throwIfNoEntry: false });
        if (stat !== undefined) this.done.set(batch, stat.size);
      }
    }
    return [...this.done.values()].reduce((sum, bytes) => sum + bytes, 0);
  }
}

/** CPU time at an amount of work, between two samples in proportion. */
function cpuSecondsAt(samples, work) {
  const next = samples.findIndex((sample) => sample.work >= work);
  const [before, after] = [samples[Math.max(0, next - 1)], samples[next]];
  if (after.work === before.work) return after.cpuSeconds;
  const share = (work - before.work) / (after.work - before.work);
  return before.cpuSeconds + share * (after.cpuSeconds - before.cpuSeconds);
}

/** Peak memory and CPU time a series in tenths of the work of all batches; memory before and after them apart. */
function describeParts(samples) {
  const total = samples.at(-1).work;
  const first = samples.findIndex(({ work }) => work > 0);
  const last = samples.findIndex(({ work }) => work === total);
  const peaks = (some) => ({
    nodeMib: mib(Math.max(0, ...some.map(({ nodeBytes }) => nodeBytes))),
    serverMib: mib(Math.max(0, ...some.map(({ serverBytes }) => serverBytes))),
  });
  const curating = samples.slice(Math.max(0, first - 1), last + 1);
  const tenths = [];
  for (let part = 0; part < PARTS; part += 1) {
    const [from, to] = [(total * part) / PARTS, (total * (part + 1)) / PARTS];
    const some = curating.filter(({ work }) => work >= from && work <= to);
    const seconds = cpuSecondsAt(curating, to) - cpuSecondsAt(curating, from);
    tenths.push({ ...peaks(some), msPerSeries: Math.round((10 * 1_000 * seconds) / series) });
  }
  return { discover: peaks(samples.slice(0, first)), tenths, publish: peaks(samples.slice(last)) };
}

async function measureHistories() {
  const [run] = fs.readdirSync(path.join(state, 'runs'));
  const { executable } = await findOrInstallServer(say);
  const server = await startEmbeddedServer({ executable, folder: path.join(state, 'runs', run) });
  try {
    const client = await connectClient({ address: server.address, namespace: 'default' });
    const longest = {};
    let workflows = 0;
    for await (const { type, historyLength } of client.workflow.list()) {
      workflows += 1;
      longest[type] = Math.max(longest[type] ?? 0, historyLength);
    }
    await client.connection.close();
    return { workflows, longest };
  } finally {
    await server.stop();
  }
}

const { writeHeaderArchive } = await loadTypeScript('scale', [
  "export * from './test/fixtures/scale/synthetic-headers.ts';",
]);
say(`making ${series} series of ${instances}`);
const files = writeHeaderArchive(input, { series, instances, seed });
await makeProgram();
say('running');
const progress = new Progress();
const samples = [];
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(TEMPORAL_|SERIESWISE_STATE)/.test(name)),
);
const measured = await measureCommand(
  [
    ...[process.execPath, path.join(program, 'bin/serieswise'), 'run'],
    path.join(root, 'pipelines/definitions/ct-series-labels.yaml'),
    ...['--input', input, '--output', output, '--state', state, '--json', '--no-report'],
    ...['--set', 'publish.thumbnails=false', '--concurrency', '2'],
  ],
  { env, everyMs: 1_000, onSample: (sample) => samples.push({ ...sample, work: progress.look() }) },
);
if (measured.code !== 0) {
  console.error(measured.stderr);
  process.exit(1);
}
samples.push({ ...samples.at(-1), work: progress.look() });
const summary = JSON.parse(measured.stdout);
const parts = describeParts(samples);
say('histories and queries');
const histories = await measureHistories();
const queriesMs = await measureQueries(output);

const after = parts.tenths.slice(1);
const growth = (name) => Math.max(...after.map((part) => part[name])) / after[0][name];
const costRatio = after.at(-1).msPerSeries / after[0].msPerSeries;
const { peak } = measured;
const problems = [];
const hold = (isKept, what) => isKept || problems.push(what);
hold(
  summary.series.kept === series && summary.instances.kept === files,
  'Not every series and instance was kept.',
);
hold(peak.nodeBytes <= AIMS.processBytes && peak.serverBytes <= AIMS.processBytes, 'memory of a process');
for (const name of ['nodeMib', 'serverMib']) hold(growth(name) <= AIMS.growth, `growth of ${name}`);
hold(costRatio <= AIMS.costRatio, 'cost at the end');
hold(Math.max(...Object.values(histories.longest)) <= AIMS.historyEvents, 'length of a history');
hold(Math.max(...Object.values(queriesMs)) <= AIMS.queryMs, 'time of a query');
const report = {
  seed,
  series,
  files,
  wallS: Math.round(measured.wallSeconds),
  cpuS: Math.round(measured.cpuSeconds),
  serverCpuS: Math.round(measured.serverCpuSeconds),
  peakMib: { node: mib(peak.nodeBytes), server: mib(peak.serverBytes) },
  growthAfterFirstTenth: { node: growth('nodeMib'), server: growth('serverMib') },
  costRatio,
  ...parts,
  histories,
  queriesMs,
  problems,
};
console.log(JSON.stringify(report, null, 2));
if (!values.keep && values.work === undefined) fs.rmSync(work, { recursive: true });
else say(`everything lies in ${work}`);
process.exitCode = problems.length === 0 ? 0 : 1;
