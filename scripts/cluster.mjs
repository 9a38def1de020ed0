// A team's cluster on this machine: PostgreSQL, the Temporal server, an S3-compatible store, worker processes and a
// client that share nothing but these and the key. Runs the shipped pipeline from S3 to S3 and compares every byte with a
// run in one process on folders, for each number of CPU workers. Stops everything and leaves nothing.
//   node scripts/cluster.mjs [--input DIR | --series 48] [--workers 1,2,4] [--keep]
// --input: ../shared/data/ct-dicom where that is; --series: a generated archive of so many. --keep: leaves the cluster up,
// says how to use it, and ends with Ctrl-C. Figures go to standard output as JSON.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readTree } from '../bench/process-tree.mjs';
import { makeArchive } from '../dist/demo/archive.js';
import { loadTypeScript } from './load-typescript.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    input: { type: 'string' },
    series: { type: 'string' },
    workers: { type: 'string', default: '2' },
    keep: { type: 'boolean', default: false },
  },
});
const fixtures = await loadTypeScript(
  'cluster',
  ['chaos/campaign', 'chaos/program', 'chaos/trees', 'cluster/cluster', 'shared-data'].map(
    (name) => `export * from './test/fixtures/${name}.ts';`,
  ),
);
const say = (text) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-cluster-'));
// PostgreSQL's own user must get to its folder.
fs.chmodSync(folder, 0o711);
const keyFile = path.join(folder, 'project.key');
fs.writeFileSync(keyFile, '5e'.repeat(32), { mode: 0o600 });
const pipeline = path.join(root, 'pipelines/definitions/ct-series-labels.yaml');
const options = [...fixtures.testBundleOptions(), '--no-report', '--json'];
const parts = [];
let isStopping = false;
async function stopAll() {
  if (isStopping) return;
  isStopping = true;
  for (const part of parts.reverse()) await part.stop();
  fs.rmSync(folder, { recursive: true, force: true });
}
let giveUp;
const interrupted = new Promise((_resolve, reject) => {
  giveUp = () => reject(new Error('interrupted'));
});
interrupted.catch(() => {});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, giveUp);

const shared = fixtures.sharedDataDir();
async function findInput() {
  if (values.input !== undefined) return path.resolve(values.input);
  if (shared !== null && values.series === undefined) return path.join(shared, 'ct-dicom');
  const generated = path.join(folder, 'input');
  await makeArchive(generated, { seed: 1, series: Number(values.series ?? 12), slices: 40 });
  return generated;
}

async function program(args, env) {
  const end = await Promise.race([fixtures.measureProgram(root, args, env), interrupted]);
  if (end.code !== 0)
    throw new Error(`serieswise ${args[0]} ended with ${end.code}: ${end.stderr.slice(-500)}`);
  return end;
}

const cpuSecondsOf = (pid) => readTree(pid).reduce((sum, each) => sum + each.cpuSeconds, 0);

/** One run from S3 to S3 with so many CPU workers. */
async function runWith(cluster, workerCount, local) {
  const { env, s3, temporal, postgres, storeProxy } = cluster;
  const queues = [...Array(workerCount).fill('cpu'), 'gpu'];
  const workers = fixtures.startWorkerProcesses(folder, queues, env, keyFile);
  const stop = () => Promise.all(workers.map((worker) => worker.stop()));
  parts.push({ stop });
  const client = { ...env, ...fixtures.machineVariables(folder, 'client', keyFile) };
  await program(['worker', '--make-current'], client);
  const servers = { temporal: temporal.pid, postgres: postgres.pid, store: s3.pid };
  const before = Object.fromEntries(Object.entries(servers).map(([name, pid]) => [name, cpuSecondsOf(pid)]));
  const sent = { ...storeProxy.bytes };
  const name = `output-${workerCount}`;
  const since = new Date();
  const place = (what) => `s3://${s3.bucket}/${what}`;
  const run = ['run', pipeline, '--input', place('input'), '--output', place(name), ...options];
  // How many batches are open at once.
  run.push('--concurrency', String(workerCount));
  const end = await program(run, client);
  const seconds = (Date.now() - since.getTime()) / 1_000;
  const cpu = {
    client: end.cpuMs / 1_000,
    workers: workers.reduce((sum, { pid }) => sum + cpuSecondsOf(pid), 0),
  };
  for (const [server, pid] of Object.entries(servers)) cpu[server] = cpuSecondsOf(pid) - before[server];
  const problems = [
    ...fixtures.compareOutputs(local.output, path.join(s3.folder, name)),
    ...fixtures.findRemains(path.join(s3.folder, name)),
  ];
  const { activities, workflows, buildIds } = await fixtures.readActivities(temporal.address, since);
  await stop();
  const rounded = Object.fromEntries(
    Object.entries(cpu).map(([who, value]) => [who, Number(value.toFixed(1))]),
  );
  return {
    workers: workerCount,
    seconds: Number(seconds.toFixed(1)),
    cpuSeconds: rounded,
    workflows,
    activities,
    activitiesPerSecond: Number((activities / seconds).toFixed(1)),
    bytesToStore: storeProxy.bytes.sent - sent.sent,
    bytesFromStore: storeProxy.bytes.received - sent.received,
    buildIds,
    equalBytes: problems.length === 0,
    problems,
  };
}

function explainUse(cluster) {
  const env = { ...cluster.env, SERIESWISE_KEY_FILE: keyFile };
  const lines = Object.entries(env).map(([name, value]) => `export ${name}=${value}`);
  say(`The cluster is up. In other terminals:\n\n${lines.join('\n')}
bin/serieswise worker --queues cpu,gpu --versioned      # as many as you like
bin/serieswise worker --make-current
bin/serieswise run pipelines/definitions/ct-series-labels.yaml --input s3://${cluster.s3.bucket}/input --output s3://${cluster.s3.bucket}/mine

The bucket is the folder ${cluster.s3.folder}. Ctrl-C stops everything and removes it.`);
}

try {
  const input = await findInput();
  const local = { output: path.join(folder, 'local') };
  say('a run in one process, on folders');
  const alone = { SERIESWISE_KEY_FILE: keyFile };
  const places = ['--input', input, '--output', local.output, '--state', path.join(folder, 'state')];
  const reference = await program(['run', pipeline, ...places, ...options], alone);
  const cluster = await fixtures.startCluster(folder, say);
  parts.push(cluster);
  say('putting the input into the store');
  await fixtures.uploadFolder(cluster.s3, input, 'input');
  const runs = [];
  for (const count of values.workers.split(',').map(Number)) {
    say(`a run from S3 to S3, ${count} cpu and 1 gpu workers`);
    runs.push(await runWith(cluster, count, local));
  }
  const { instances, series } = JSON.parse(reference.stdout);
  const onePlace = { seconds: reference.wallMs / 1_000, cpuSeconds: reference.cpuMs / 1_000 };
  const machine = { cores: os.availableParallelism(), load: os.loadavg()[0] };
  console.log(JSON.stringify({ machine, instances, series, onePlace, runs }, null, 2));
  process.exitCode = runs.every(({ equalBytes }) => equalBytes) ? 0 : 1;
  if (values.keep) {
    explainUse(cluster);
    await interrupted.catch(() => {});
  }
} catch (error) {
  console.error(error.message);
  for (const log of fs.readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.log'))) {
    const lines = fs.readFileSync(path.join(folder, log), 'utf8').trimEnd().split('\n');
    console.error(`${log}:\n  ${lines.slice(-5).join('\n  ')}`);
  }
  process.exitCode = 1;
} finally {
  await stopAll();
  const left = await fixtures.waitForProcessesOf(folder, 10_000);
  if (left.length > 0) {
    console.error(`Still running: ${left.join(', ')}`);
    process.exitCode = 1;
  }
}
