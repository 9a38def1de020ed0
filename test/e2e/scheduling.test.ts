import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeArchive } from '../../demo/archive.ts';
import { closeClient, connectClient } from '../../workers/cluster.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../workers/embedded-server.ts';
import { findOrInstallServer } from '../../workers/find-server.ts';
import { PROGRESS_QUERY, type RunProgress } from '../../workflows/contracts.ts';
import { runProgram } from '../cli/program.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { digestOutput, makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from './run-folders.ts';

/** Two runs of the same input on a cluster whose classifying worker comes late. */
describe('runs that share a cluster', () => {
  const folder = makeFolder('scheduling');
  const workers: ChildProcess[] = [];
  const runs: Record<string, string> = {};
  let server: EmbeddedServer;
  let client: Client;

  beforeAll(async () => {
    await makeArchive(path.join(folder, 'input'), { seed: 5, series: 14, slices: 6 });
    const { executable } = await findOrInstallServer(() => {});
    server = await startEmbeddedServer({ executable, folder: path.join(folder, 'server') });
    client = await connectClient({ address: server.address, namespace: 'default' });
  });

  afterAll(async () => {
    for (const worker of workers) worker.kill('SIGKILL');
    if (client !== undefined) await closeClient(client);
    await server?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const place = (name: string) => path.join(folder, name);
  const call = (command: string, ...args: string[]) => {
    const all = [command, ...args, '--state', place('state'), '--json'];
    const result = runProgram(all, { TEMPORAL_ADDRESS: server.address }, RUN_TIMEOUT_MS);
    expect(result.exitCode, result.stderr).toBe(0);
    return JSON.parse(result.stdout);
  };
  const begin = (name: string, ...options: string[]) => {
    const paths = ['--input', place('input'), '--output', place(name)];
    runs[name] = call('run', SHIPPED_PIPELINE, ...paths, '--detach', ...options).run;
  };
  const startWorker = (queue: string) => {
    const args = ['worker', '--queues', queue, '--concurrency', '1', '--state', place('state')];
    const env = { ...process.env, TEMPORAL_ADDRESS: server.address };
    const worker = spawn(path.join(repositoryRoot, 'bin/serieswise'), args, { env, stdio: 'ignore' });
    workers.push(worker);
    return worker;
  };
  const eventsOf = async (name: string) => {
    const batch = client.workflow.getHandle(`serieswise-run-${runs[name]}/batch-0`);
    return (await batch.fetchHistory().catch(() => null))?.events ?? [];
  };
  const classifySteps = async (name: string) => {
    const events = await eventsOf(name);
    const scheduled = events.filter(
      ({ activityTaskScheduledEventAttributes: step }) => step?.activityType?.name === 'classifyUnits',
    );
    return { scheduled, events };
  };
  const startedAt = async (name: string) => {
    const { scheduled, events } = await classifySteps(name);
    const ids = new Set(scheduled.map(({ eventId }) => String(eventId)));
    const started = events.filter(({ activityTaskStartedEventAttributes: step }) =>
      ids.has(String(step?.scheduledEventId)),
    );
    const times = started.map(({ eventTime }) => Number(eventTime?.seconds) + Number(eventTime?.nanos) / 1e9);
    return times.sort((a, b) => a - b);
  };
  async function until(what: () => Promise<boolean>) {
    for (let waited = 0; !(await what()); waited += 200) {
      if (waited > 120_000) throw new Error('waited too long');
      await sleep(200);
    }
  }

  it('the urgent one overtakes, the paused one waits through restarts, and both give the same bytes', async () => {
    const cpu = startWorker('cpu');
    begin('slow', '--priority', '5', '--tenant', 'night-shift');
    await until(async () => (await classifySteps('slow')).scheduled.length === 2);
    begin('urgent', '--priority', '1');
    await until(async () => (await classifySteps('urgent')).scheduled.length === 2);
    const { priority } = await client.workflow.getHandle(`serieswise-run-${runs.slow}`).describe();
    expect(priority).toMatchObject({ priorityKey: 5, fairnessKey: 'night-shift' });
    expect(call('pause', place('slow'))).toEqual({ status: 'paused' });

    const gpu = startWorker('gpu');
    const urgent = client.workflow.getHandle(`serieswise-run-${runs.urgent}`);
    await urgent.result();
    await until(async () => (await startedAt('slow')).length === 2);
    // Steps that were handed out before the pause are done. Three of the four that waited begin at once; in order of
    // arrival the last one would be of the urgent run.
    const [, lastUrgent] = await startedAt('urgent');
    const [, lastSlow] = await startedAt('slow');
    expect(lastSlow! - lastUrgent!).toBeGreaterThan(0.2);

    for (const worker of [cpu, gpu]) worker.kill('SIGKILL');
    for (const queue of ['cpu', 'gpu']) startWorker(queue);
    const slow = client.workflow.getHandle(`serieswise-run-${runs.slow}`);
    await until(async () => (await slow.query<RunProgress>(PROGRESS_QUERY)).paused === true);
    expect(call('status', place('slow')).status).toBe('paused');
    const before = (await eventsOf('slow')).length;
    await sleep(3_000);
    expect((await eventsOf('slow')).length).toBe(before);
    expect(fs.existsSync(path.join(place('slow'), 'run.json'))).toBe(false);

    expect(call('resume', place('slow'))).toEqual({ status: 'running' });
    await slow.result();
    expect(digestOutput(place('slow'))).toEqual(digestOutput(place('urgent')));
  });
});
