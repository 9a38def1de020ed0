import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RunFiles, runKeyOf } from '../../activities/store/run-files.ts';
import { openState, type State } from '../../activities/store/state.ts';
import { makeArchive } from '../../demo/archive.ts';
import { loadBundle } from '../../models/bundle.ts';
import { loadPipeline } from '../../pipelines/load.ts';
import { makeCurrent } from '../../workers/deployment.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../workers/embedded-server.ts';
import { findOrInstallServer } from '../../workers/find-server.ts';
import { type RunningWorkers, startWorkers, taskQueues } from '../../workers/temporal-worker.ts';
import { makeFolder, SHIPPED_PIPELINE } from '../e2e/run-folders.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';

describe('versioned workers', () => {
  const folder = makeFolder('deployment');
  const input = path.join(folder, 'input');
  const running = new Set<RunningWorkers>();
  let state: State;
  let server: EmbeddedServer;
  let client: Client;

  beforeAll(async () => {
    state = openState(path.join(folder, 'state'));
    await makeArchive(input, { seed: 6, series: 1, slices: 8 });
    const { executable } = await findOrInstallServer(() => {});
    server = await startEmbeddedServer({ executable, folder: path.join(folder, 'server') });
    client = new Client({ connection: await Connection.connect({ address: server.address }) });
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    for (const workers of running) await workers.stop();
    await client?.connection.close();
    await server?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  /** Workers of a build, in this process; the build goes by the variable that a deployment's controller sets. */
  async function deploy(buildId: string): Promise<RunningWorkers> {
    vi.stubEnv('TEMPORAL_WORKER_BUILD_ID', buildId);
    const workers = await startWorkers({
      state,
      address: server.address,
      namespace: 'default',
      queues: ['cpu', 'gpu'],
      threads: 1,
      inferenceThreads: 1,
      provider: 'cpu',
      isVersioned: true,
    });
    running.add(workers);
    return workers;
  }

  async function startRun(name: string): Promise<WorkflowHandle> {
    const text = fs.readFileSync(SHIPPED_PIPELINE, 'utf8');
    const { pipeline, digest: pipelineDigest } = await loadPipeline(text, 'spec.yaml');
    const {
      folder: bundleFolder,
      name: bundleName,
      version,
      sha256,
    } = await loadBundle(path.join(repositoryRoot, 'models/bundles/starter'));
    const output = path.join(folder, name);
    fs.mkdirSync(output);
    const runKey = runKeyOf(state, output);
    await (await RunFiles.open(state, runKey)).writeSettings({ input, output, bundleFolder });
    const bundle = { name: bundleName, version, sha256, files: {} };
    const run = { runKey, pipeline, pipelineDigest, bundle, productVersion: '0.0.0' };
    const limits = { openBatches: 1, openShards: 1, unitsPerActivity: 8, openUnitActivities: 2 };
    return client.workflow.start('curateArchive', {
      workflowId: name,
      taskQueue: taskQueues().cpu,
      args: [{ run, limits, gpuTaskQueue: taskQueues().gpu, searchAttributes: false }],
    });
  }

  /** Builds whose workers took steps of a run, its batches included. */
  async function buildsOf(name: string): Promise<string[]> {
    const found = new Set<string>();
    for (const workflowId of [name, `${name}/batch-0`]) {
      const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
      for (const event of events ?? []) {
        const { buildId } = event.workflowTaskCompletedEventAttributes?.deploymentVersion ?? {};
        if (buildId) found.add(buildId);
      }
    }
    return [...found];
  }

  it('finish what began with their build while a new build takes what is new', async () => {
    const old = await deploy('build-1');
    await makeCurrent(client, 'default');
    const first = await startRun('first');
    const isBegun = async () =>
      (await first.fetchHistory()).events!.some((event) => event.activityTaskScheduledEventAttributes);
    while (!(await isBegun())) await sleep(20);
    await old.stop();
    running.delete(old);

    await deploy('build-2');
    await makeCurrent(client, 'default');
    const second = await startRun('second');
    await second.result();
    expect(await buildsOf('second')).toEqual(['build-2']);
    // Nobody of its build is there: it waits, though workers of another build have nothing to do.
    expect((await first.describe()).status.name).toBe('RUNNING');

    await deploy('build-1');
    await first.result();
    expect(await buildsOf('first')).toEqual(['build-1']);
    const manifests = ['first', 'second'].map((name) =>
      fs.readFileSync(path.join(folder, name, 'manifest/series/part-00000.parquet')),
    );
    expect(manifests[0]!.equals(manifests[1]!)).toBe(true);
  });

  it('are not switched to a build that nobody serves', async () => {
    vi.stubEnv('TEMPORAL_WORKER_BUILD_ID', 'build-3');
    await expect(makeCurrent(client, 'default', 1_500)).rejects.toMatchObject({
      code: 'deployment-not-ready',
    });
  });
});
