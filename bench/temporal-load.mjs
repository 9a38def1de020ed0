// What the Temporal server bears: the workflows of a run with activities that do nothing, on the embedded dev server
// (SQLite) and on the server proper with PostgreSQL, in turns. Activities a second, and CPU time of server and worker.
// Usage: node bench/temporal-load.mjs [--batches 100] [--units 16] [--open 16] [--rounds 1] [--servers dev,postgresql] [--json]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { startEmbeddedServer } from '../dist/workers/embedded-server.js';
import { findOrInstallServer } from '../dist/workers/find-server.js';
import { loadTypeScript } from '../scripts/load-typescript.mjs';
import { readTree } from './process-tree.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    batches: { type: 'string', default: '100' },
    units: { type: 'string', default: '16' },
    open: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '1' },
    servers: { type: 'string', default: 'dev,postgresql' },
    json: { type: 'boolean', default: false },
  },
});
const [batches, units, open, rounds] = [values.batches, values.units, values.open, values.rounds].map(Number);
const say = (text) => process.stderr.write(`${text}\n`);
const fixtures = await loadTypeScript(
  'temporal-load',
  ['postgres', 'temporal', 'tools'].map((name) => `export * from './test/fixtures/cluster/${name}.ts';`),
);
Runtime.install({ logger: new DefaultLogger('ERROR') });

let done = 0;
const answer = (result) => async () => {
  done += 1;
  return result;
};
/** Each says what the real one would of an archive of that size. */
const activities = {
  listSourceFiles: answer({ files: batches * 512, bytes: 0, archives: 0, skippedLinks: 0, shardCount: 1 }),
  scanHeaders: answer({ files: batches * 512 }),
  planBatches: answer({ batchCount: batches }),
  deidentifyBatch: answer({ unchanged: false }),
  groupBatch: answer({ pending: units }),
  preprocessUnits: answer(undefined),
  classifyUnits: answer(undefined),
  publishBatch: answer({ instances: { kept: 512 }, series: { kept: units } }),
  publishManifest: answer({}),
};

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-load-'));
fs.chmodSync(folder, 0o711);

const SERVERS = {
  async dev(place) {
    const { executable } = await findOrInstallServer(say);
    const server = await startEmbeddedServer({ executable, folder: place });
    const pid = Number(fs.readFileSync(path.join(place, 'server.pid'), 'utf8'));
    return { address: server.address, pids: [pid], stop: () => server.stop() };
  },
  async postgresql(place) {
    const postgres = await fixtures.startPostgres(path.join(place, 'postgres'));
    const programs = {
      server: fixtures.findOrBuildTool('temporal-server', say),
      sql: fixtures.findOrBuildTool('temporal-sql-tool', say),
    };
    const temporal = await fixtures.startTemporal(path.join(place, 'temporal'), postgres, programs);
    const stop = async () => {
      await temporal.stop();
      await postgres.stop();
    };
    return { address: temporal.address, pids: [temporal.pid, postgres.pid], stop };
  },
};

const cpuSecondsOf = (pids) =>
  pids.flatMap((pid) => readTree(pid)).reduce((sum, each) => sum + each.cpuSeconds, 0);
const ownCpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

async function measure(name, round) {
  const place = path.join(folder, `${name}-${round}`);
  fs.mkdirSync(place, { mode: 0o711 });
  const server = await SERVERS[name](place);
  const connection = await NativeConnection.connect({ address: server.address });
  const clientConnection = await Connection.connect({ address: server.address });
  try {
    const taskQueue = 'load';
    const worker = await Worker.create({
      connection,
      taskQueue,
      activities,
      workflowBundle: { codePath: path.join(root, 'dist/workflows/bundle.js') },
      maxConcurrentActivityTaskExecutions: 2 * open,
      reuseV8Context: true,
      maxCachedWorkflows: 200,
    });
    const run = { pipeline: { source: { type: 'directory' } } };
    const limits = { openBatches: open, openShards: 1, unitsPerActivity: 8, openUnitActivities: 2 };
    const input = { run, limits, gpuTaskQueue: taskQueue, searchAttributes: false };
    const client = new Client({ connection: clientConnection });
    const execute = (workflowId) =>
      client.workflow.execute('curateArchive', { taskQueue, workflowId, args: [input] });
    return await worker.runUntil(async () => {
      const before = { done, own: ownCpuSeconds(), server: cpuSecondsOf(server.pids), at: performance.now() };
      await execute(`load-${round}`);
      const count = done - before.done;
      const seconds = (performance.now() - before.at) / 1_000;
      const serverCpu = cpuSecondsOf(server.pids) - before.server;
      const ownCpu = ownCpuSeconds() - before.own;
      return {
        server: name,
        activities: count,
        seconds,
        activitiesPerSecond: count / seconds,
        activitiesPerServerCpuSecond: count / serverCpu,
        serverCpuMsPerActivity: (1_000 * serverCpu) / count,
        workerCpuMsPerActivity: (1_000 * ownCpu) / count,
        cpuMsPerSeriesUnit: (1_000 * (serverCpu + ownCpu)) / (batches * units),
      };
    });
  } finally {
    await clientConnection.close();
    await connection.close();
    await server.stop();
  }
}

try {
  const measured = [];
  for (let round = 0; round < rounds; round += 1)
    for (const name of values.servers.split(',')) measured.push(await measure(name, round));
  const machine = { cores: os.availableParallelism(), load: os.loadavg()[0] };
  if (values.json) console.log(JSON.stringify({ batches, units, open, machine, measured }, null, 2));
  else {
    console.log(
      `${batches} batches of ${units} series units, ${open} open at once; load ${machine.load.toFixed(1)}`,
    );
    console.table(
      measured.map((each) =>
        Object.fromEntries(
          Object.entries(each).map(([key, value]) => [
            key,
            typeof value === 'number' ? Number(value.toFixed(2)) : value,
          ]),
        ),
      ),
    );
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
