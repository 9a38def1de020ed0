// Records the histories of every way in which the workflows end, for test/workflows/replay.test.ts: done, cut and gone on as
// new, failed, cancelled. They go to test/histories/VERSION/ and are never edited; a released version's stay as they are.
//   node scripts/record-histories.mjs [--seed 1] [--output test/histories/VERSION]
// The workflows and steps are those of dist/. Prints what was recorded as JSON.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { RunFiles, runKeyOf } from '../dist/activities/store/run-files.js';
import { openState } from '../dist/activities/store/state.js';
import { makeArchive } from '../dist/demo/archive.js';
import { loadBundle } from '../dist/models/bundle.js';
import { loadPipeline } from '../dist/pipelines/load.js';
import { connectClient } from '../dist/workers/cluster.js';
import { startEmbeddedServer } from '../dist/workers/embedded-server.js';
import { findOrInstallServer } from '../dist/workers/find-server.js';
import { startWorkers, taskQueues } from '../dist/workers/temporal-worker.js';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    output: { type: 'string', default: path.join(root, 'test/histories', version) },
  },
});
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-histories-'));
const say = (text) => console.error(text);

/** A server that asks for a cut after few events, so that a small run goes on as new. */
async function serverThatCuts() {
  const { executable } = await findOrInstallServer(say);
  const wrapper = path.join(work, 'temporal.sh');
  const cut = '--dynamic-config-value limit.historyCount.suggestContinueAsNew=12';
  fs.writeFileSync(wrapper, `#!/bin/sh\nexec '${executable}' "$@" ${cut}\n`, { mode: 0o755 });
  return startEmbeddedServer({ executable: wrapper, folder: path.join(work, 'server') });
}

const input = path.join(work, 'input');
await makeArchive(input, { seed: Number(values.seed), series: 45, slices: 12 });
const spec = path.join(root, 'pipelines/definitions/ct-series-labels.yaml');
const { pipeline, digest: pipelineDigest } = await loadPipeline(
  fs.readFileSync(spec, 'utf8'),
  'ct-series-labels.yaml',
);
const bundle = await loadBundle(path.join(root, 'models/bundles/starter'));
const state = openState(path.join(work, 'state'));
const server = await serverThatCuts();
const address = { address: server.address, namespace: 'default' };
const workers = await startWorkers({
  ...address,
  state,
  queues: ['cpu', 'gpu'],
  threads: 2,
  inferenceThreads: 2,
  provider: 'cpu',
});
const client = await connectClient(address);

/** Starts a run as the command does; `changes` are to its reference. */
async function start(name, changes = {}, source = input) {
  const outputFolder = path.join(work, name);
  fs.mkdirSync(outputFolder, { recursive: true });
  const runKey = runKeyOf(state, outputFolder);
  const files = await RunFiles.open(state, runKey);
  await files.writeSettings({ input: source, output: outputFolder, bundleFolder: bundle.folder });
  const reference = {
    name: bundle.name,
    version: bundle.version,
    sha256: bundle.sha256,
    files: {},
    ...changes,
  };
  const run = { runKey, pipeline, pipelineDigest, bundle: reference, productVersion: version };
  const limits = { openBatches: 1, openShards: 1, unitsPerActivity: 8, openUnitActivities: 2 };
  return client.workflow.start('curateArchive', {
    workflowId: `serieswise-run-${runKey}`,
    taskQueue: taskQueues().cpu,
    args: [{ run, limits, gpuTaskQueue: taskQueues().gpu, searchAttributes: true }],
  });
}

const recorded = [];
async function record(name, workflowId, runId) {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const file = path.join(values.output, `${name}.json`);
  fs.mkdirSync(values.output, { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify(JSON.parse(historyToJSON(history)))}\n`);
  recorded.push({ file: path.relative(root, file), events: history.events.length });
}

/** Every run of the workflows whose id begins so, oldest first; the last of a chain is the one that has an end. */
async function executionsOf(prefix) {
  await sleep(2_000);
  const found = [];
  for await (const each of client.workflow.list()) if (each.workflowId.startsWith(prefix)) found.push(each);
  return found.sort((a, b) => a.startTime - b.startTime);
}

async function recordAll(name, handle) {
  const all = await executionsOf(handle.workflowId);
  for (const type of ['curateArchive', 'curateBatch']) {
    const words = (status) => status.toLowerCase().replaceAll('_', '-');
    // One of each way in which the type ended.
    const byStatus = new Map(
      all.filter((each) => each.type === type).map((each) => [each.status.name, each]),
    );
    for (const [status, { workflowId, runId }] of byStatus)
      await record(`${type}-${name}-${words(status)}`, workflowId, runId);
  }
}

try {
  const done = await start('done');
  await done.result();
  await recordAll('whole', done);
  const broken = await start('broken', { sha256: '0'.repeat(64) });
  await broken.result().catch(() => {});
  await recordAll('other-bundle', broken);
  const missing = await start('missing', {}, path.join(work, 'nothing'));
  await missing.result().catch(() => {});
  await recordAll('no-input', missing);
  const cancelled = await start('cancelled');
  while ((await cancelled.query('progress').catch(() => ({}))).stage !== 'curate') await sleep(100);
  await cancelled.cancel();
  await cancelled.result().catch(() => {});
  await recordAll('cancelled', cancelled);
  console.log(JSON.stringify({ seed: Number(values.seed), version, recorded }, null, 2));
} finally {
  await workers.stop().catch(() => {});
  await client.connection.close();
  await server.stop();
  fs.rmSync(work, { recursive: true, force: true });
}
