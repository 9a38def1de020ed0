// Serieswise beside what people would use instead, stage by stage, on the same files in the same run.
//   npm run bench [-- --long] [--only scan,inference,…] [--rounds N] [--publish]
//   npm run bench -- --render
// The peers are installed into .cache/bench (harness/peers.mjs). Prints the page. What is measured goes into
// docs/benchmarks.json and docs/benchmarks.md when everything was, or with --publish: there the stages that were
// measured take the place of what stood there of them. --render measures nothing and makes the page of the JSON again.
// Linux. Needs dist/ (npm run build).
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { measureRow } from './harness/measure.mjs';
import { renderPage } from './harness/page.mjs';
import { root } from './harness/paths.mjs';
import { installPeers } from './harness/peers.mjs';
import { mergeReports } from './harness/report.mjs';
import { deidentifyRows } from './stages/deidentify.mjs';
import { evaluateRows } from './stages/evaluate.mjs';
import { inferenceRows } from './stages/inference.mjs';
import { manifestRows } from './stages/manifest.mjs';
import { preprocessRows } from './stages/preprocess.mjs';
import { scanRows } from './stages/scan.mjs';
import { wholeRows } from './stages/whole.mjs';

const STAGES = {
  scan: scanRows,
  deidentify: deidentifyRows,
  preprocess: preprocessRows,
  inference: inferenceRows,
  manifest: manifestRows,
  evaluate: evaluateRows,
  whole: wholeRows,
};
const ROUNDS = { short: 5, long: 11 };
const WARM_UP = 2;
const JSON_FILE = path.join(root, 'docs/benchmarks.json');
const PAGE_FILE = path.join(root, 'docs/benchmarks.md');

const { values } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    publish: { type: 'boolean', default: false },
    render: { type: 'boolean', default: false },
  },
});
const say = (text) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
const readReport = () =>
  fs.existsSync(JSON_FILE) ? JSON.parse(fs.readFileSync(JSON_FILE, 'utf8')) : { rows: [], failures: [] };

async function measureStages(stages) {
  const form = values.long ? 'long' : 'short';
  const circumstances = {
    form,
    day: new Date().toISOString().slice(0, 10),
    machine: { cpu: os.cpus()[0]?.model, cores: os.availableParallelism(), node: process.version },
  };
  const rounds = Number(values.rounds ?? ROUNDS[form]);
  const report = { rows: [], failures: [] };
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-bench-'));
  try {
    for (const key of stages) {
      try {
        for (const row of await STAGES[key]({ work, isLong: values.long })) {
          say(`${row.stage}: ${row.work}, ${row.coldFolder ? 'cold' : 'warm'}`);
          const measured = await measureRow(row, { rounds, warmUp: WARM_UP, work });
          report.rows.push({ key, ...circumstances, ...measured });
        }
      } catch (error) {
        // The other stages are worth having.
        report.failures.push({ key, message: error.message.split('\n')[0] });
        say(`${key}: ${error.message}`);
      }
    }
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
  return report;
}

function publish(report) {
  fs.writeFileSync(JSON_FILE, `${JSON.stringify(report)}\n`);
  fs.writeFileSync(PAGE_FILE, renderPage(report));
}

if (values.render) publish(readReport());
else {
  const order = Object.keys(STAGES);
  const stages = values.only?.split(',') ?? order;
  installPeers();
  const report = await measureStages(stages);
  process.stdout.write(renderPage(report));
  if (values.publish || values.only === undefined) publish(mergeReports(readReport(), report, stages, order));
  process.exitCode = report.failures.length > 0 ? 1 : 0;
}
