import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeArchive } from '../../demo/archive.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../workers/embedded-server.ts';
import { findOrInstallServer } from '../../workers/find-server.ts';
import { runProgram } from '../cli/program.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { digestOutput, makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from './run-folders.ts';

/** A server of its own, a worker process for each queue, and a client that only waits. */
describe('a run on a cluster', () => {
  const folder = makeFolder('cluster');
  const state = path.join(folder, 'state');
  const workers: ChildProcess[] = [];
  let server: EmbeddedServer;

  beforeAll(async () => {
    await makeArchive(path.join(folder, 'input'), { seed: 3, series: 6, slices: 12 });
    const { executable } = await findOrInstallServer(() => {});
    server = await startEmbeddedServer({ executable, folder: path.join(folder, 'server') });
  });

  afterAll(async () => {
    for (const worker of workers) worker.kill('SIGKILL');
    await server?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('gives the same bytes as a run in one process, and its workers drain on SIGTERM', async () => {
    const run = (output: string, env: NodeJS.ProcessEnv) =>
      runProgram(
        [
          'run',
          SHIPPED_PIPELINE,
          '--input',
          path.join(folder, 'input'),
          '--output',
          path.join(folder, output),
          '--state',
          state,
          '--json',
        ],
        env,
        RUN_TIMEOUT_MS,
      );
    const alone = run('alone', {});
    expect(alone.exitCode, alone.stderr).toBe(0);
    const env = { TEMPORAL_ADDRESS: server.address };
    for (const queue of ['cpu', 'gpu']) {
      const worker = spawn(
        path.join(repositoryRoot, 'bin/serieswise'),
        ['worker', '--queues', queue, '--state', state],
        {
          env: { ...process.env, ...env },
          stdio: 'ignore',
        },
      );
      workers.push(worker);
    }
    const together = run('together', env);
    expect(together.exitCode, together.stderr).toBe(0);
    expect(digestOutput(path.join(folder, 'together'))).toEqual(digestOutput(path.join(folder, 'alone')));
    const ended = Promise.all(
      workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))),
    );
    for (const worker of workers) worker.kill('SIGTERM');
    expect(await Promise.race([ended, sleep(60_000)])).toEqual([0, 0]);
  });
});
