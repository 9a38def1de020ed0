// Serieswise beside what people would use instead, stage by stage, on the same files in the same run.
//   npm run bench [-- --long] [--only scan,inference,…] [--rounds N]
// The peers are installed into .cache/bench (harness/peers.mjs). Writes docs/benchmarks.json and docs/benchmarks.md;
// with --only it prints the page and writes nothing. Linux. Needs dist/ (npm run build).
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { measureRow } from './harness/measure.mjs';
import { renderPage } from './harness/page.mjs';
import { root } from './harness/paths.mjs';
import { installPeers } from './harness/peers.mjs';
import { deidentifyRows } from './stages/deidentify.mjs';
import { inferenceRows } from './stages/inference.mjs';
import { preprocessRows } from './stages/preprocess.mjs';
import { scanRows } from './stages/scan.mjs';

const STAGES = {
  scan: scanRows,
  deidentify: deidentifyRows,
  preprocess: preprocessRows,
  inference: inferenceRows,
};
const ROUNDS = { short: 5, long: 11 };
const WARM_UP = 2;

const { values } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
  },
});
const form = values.long ? 'long' : 'short';
const stages = values.only?.split(',') ?? Object.keys(STAGES);
const rounds = Number(values.rounds ?? ROUNDS[form]);
const say = (text) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);

installPeers();
const report = {
  form,
  machine: {
    cpu: os.cpus()[0]?.model,
    cores: os.availableParallelism(),
    node: process.version,
    load: os.loadavg()[0],
  },
  rows: [],
  failures: [],
};
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-bench-'));
try {
  for (const stage of stages) {
    try {
      for (const row of await STAGES[stage]({ work, isLong: values.long })) {
        say(`${row.stage}: ${row.work}, ${row.coldFolder ? 'cold' : 'warm'}`);
        report.rows.push(await measureRow(row, { rounds, warmUp: WARM_UP, work }));
      }
    } catch (error) {
      // The other stages are worth having.
      report.failures.push({ stage, message: error.message.split('\n')[0] });
      say(`${stage}: ${error.message}`);
    }
  }
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}
const page = renderPage(report);
if (values.only === undefined) {
  fs.writeFileSync(path.join(root, 'docs/benchmarks.json'), `${JSON.stringify(report)}\n`);
  fs.writeFileSync(path.join(root, 'docs/benchmarks.md'), page);
} else process.stdout.write(page);
process.exitCode = report.failures.length > 0 ? 1 : 0;
