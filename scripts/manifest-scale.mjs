// The last step of a run alone, over very many rows: memory while the tables are written, and how quickly they answer (#7).
//   node scripts/manifest-scale.mjs [--rows 1000000] [--seed 1] [--work DIR] [--keep]
// Figures go to standard output as JSON; exit code 1 when an aim is missed. Linux.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureCommand } from '../bench/process-tree.mjs';
import { RunFiles, runKeyOf } from '../dist/activities/store/run-files.js';
import { openState } from '../dist/activities/store/state.js';
import { loadPipeline } from '../dist/pipelines/load.js';
import { createStagePool } from '../dist/workers/stage-pool.js';
import { loadTypeScript } from './load-typescript.mjs';
import { measureQueries } from './measure-queries.mjs';

const AIMS = { processBytes: 1.5 * 2 ** 30, growth: 1.1, queryMs: 200 };
const ROWS_PER_BATCH = 500;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    work: { type: 'string' },
    keep: { type: 'boolean', default: false },
    publish: { type: 'boolean', default: false },
  },
});
const rows = Number(values.rows);
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const work = path.resolve(values.work ?? fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-manifest-')));
const output = path.join(work, 'output');
const state = openState(path.join(work, 'state'));
const runKey = runKeyOf(state, output);
const batchCount = Math.ceil(rows / ROWS_PER_BATCH);
const mib = (bytes) => Math.round(bytes / 2 ** 20);
const say = (text) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);

/** As the worker does it: in a thread of the stage pool. */
async function publish() {
  const spec = path.join(root, 'pipelines/definitions/ct-series-labels.yaml');
  const { pipeline, digest: pipelineDigest } = await loadPipeline(fs.readFileSync(spec, 'utf8'), spec);
  const bundle = { name: 'starter', version: '1.0.0', sha256: '0'.repeat(64), files: {} };
  const run = { runKey, pipeline, pipelineDigest, bundle, productVersion: '0.0.0' };
  const listing = { files: rows, bytes: rows, archives: 0, skippedLinks: 0, shardCount: 0 };
  const pool = createStagePool(state, 1);
  const startedAt = new Date(0).toISOString();
  const args = { run, listing, batchCount, startedAt };
  await pool.run('publishManifest', args, new AbortController().signal);
  await pool.close();
}

async function campaign() {
  const { makeBatchRows } = await loadTypeScript('manifest-scale', [
    "export * from './test/fixtures/scale/synthetic-rows.ts';",
  ]);
  const files = await RunFiles.open(state, runKey);
  fs.mkdirSync(output, { recursive: true });
  await files.writeSettings({ input: work, output, bundleFolder: work });
  say(`making ${rows} rows`);
  for (let batch = 0; batch < batchCount; batch += 1) {
    if (fs.existsSync(files.localPath(files.names.rows(batch)))) continue;
    const count = Math.min(ROWS_PER_BATCH, rows - batch * ROWS_PER_BATCH);
    await files.writeJson(files.names.rows(batch), makeBatchRows(`${values.seed}-${batch}`, count));
  }
  say('publishing');
  const samples = [];
  const measured = await measureCommand(
    [process.execPath, fileURLToPath(import.meta.url), '--publish', '--rows', String(rows), '--work', work],
    { everyMs: 250, onSample: (sample) => samples.push(sample) },
  );
  if (measured.code !== 0) {
    console.error(measured.stderr);
    process.exit(1);
  }
  say('asking');
  const end = samples.at(-1).seconds;
  const tenths = Array(10).fill(0);
  for (const { seconds, nodeBytes } of samples) {
    const part = Math.min(9, Math.floor((10 * seconds) / end));
    tenths[part] = Math.max(tenths[part], mib(nodeBytes));
  }
  const queriesMs = await measureQueries(output);
  const { manifest } = JSON.parse(fs.readFileSync(path.join(output, 'run.json'), 'utf8'));
  const growth = Math.max(...tenths.slice(5)) / Math.max(...tenths.slice(0, 5));
  const problems = [];
  const hold = (isKept, what) => isKept || problems.push(what);
  hold(measured.peak.nodeBytes <= AIMS.processBytes, 'memory');
  hold(growth <= AIMS.growth, 'growth of memory');
  hold(Math.max(...Object.values(queriesMs)) <= AIMS.queryMs, 'time of a query');
  const report = {
    seed: Number(values.seed),
    rows,
    cpuS: Number(measured.cpuSeconds.toFixed(1)),
    peakMib: mib(measured.peak.nodeBytes),
    peakMibInTenths: tenths,
    growthInSecondHalf: growth,
    manifestFiles: manifest.length,
    manifestMib: mib(manifest.reduce((sum, { bytes }) => sum + bytes, 0)),
    queriesMs,
    problems,
  };
  console.log(JSON.stringify(report, null, 2));
  if (!values.keep && values.work === undefined) fs.rmSync(work, { recursive: true });
  process.exitCode = problems.length === 0 ? 0 : 1;
}

await (values.publish ? publish() : campaign());
