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
import { findStrings, makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from './run-folders.ts';

/** Parts of what a run gives to the server: of its input, of results, of a query, of a failure. */
const SECRETS = ['ct-series-labels', 'pipelineDigest', 'batchCount', 'The input is not there'];
const PROGRAM = path.join(repositoryRoot, 'bin/serieswise');

/** A cluster of its own; a run that ends well, and one whose input goes away before a worker comes. */
describe('what a cluster keeps of a run', () => {
  const folder = makeFolder('payloads');
  const keyFile = path.join(folder, 'payload.key');
  const children: ChildProcess[] = [];
  const servers: EmbeddedServer[] = [];
  let executable: string;

  beforeAll(async () => {
    fs.writeFileSync(keyFile, `${'5a'.repeat(32)}\n`, { mode: 0o600 });
    await makeArchive(path.join(folder, 'input'), { seed: 3, series: 3, slices: 8 });
    ({ executable } = await findOrInstallServer(() => {}));
  });

  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    for (const server of servers) await server.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const argumentsOf = (name: string, input: string) => [
    'run',
    SHIPPED_PIPELINE,
    '--input',
    input,
    '--output',
    path.join(folder, `output-${name}`),
    '--state',
    path.join(folder, 'state'),
  ];

  const start = (args: string[], env: NodeJS.ProcessEnv) => {
    const child = spawn(PROGRAM, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    children.push(child);
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const ended = new Promise<{ exitCode: number | null; stderr: string }>((resolve) =>
      child.once('exit', (exitCode) => resolve({ exitCode, stderr })),
    );
    return { child, ended };
  };

  /** @returns the folder of the server's database after both runs, and what the failing one told */
  async function runBoth(
    name: string,
    extra: NodeJS.ProcessEnv,
  ): Promise<{ database: string; told: string }> {
    const database = path.join(folder, `server-${name}`);
    const server = await startEmbeddedServer({ executable, folder: database });
    servers.push(server);
    const env = { TEMPORAL_ADDRESS: server.address, ...extra };
    const input = path.join(folder, `input-${name}`);
    fs.cpSync(path.join(folder, 'input'), input, { recursive: true });
    const failing = start(argumentsOf(`${name}-failing`, input), env);
    await waitForRun(env, path.join(folder, `output-${name}-failing`));
    fs.rmSync(input, { recursive: true });
    const worker = start(['worker', '--state', path.join(folder, 'state'), '--concurrency', '2'], env);
    const { exitCode, stderr } = await failing.ended;
    expect(exitCode, stderr).toBe(3);
    const good = runProgram(argumentsOf(name, path.join(folder, 'input')), env, RUN_TIMEOUT_MS);
    expect(good.exitCode, good.stderr).toBe(0);
    worker.child.kill('SIGTERM');
    await worker.ended;
    await server.stop();
    return { database, told: stderr };
  }

  const waitForRun = async (env: NodeJS.ProcessEnv, output: string) => {
    for (let attempt = 0; attempt < 60; attempt += 1) {
      const { stdout } = runProgram(['status', output, '--state', path.join(folder, 'state'), '--json'], env);
      if (stdout.includes('"running"')) return sleep(2_000);
      await sleep(500);
    }
    throw new Error('the run does not begin');
  };

  it('is readable without a payload key, and shows nothing with one, failures included', async () => {
    // Side by side: a worker asks for an input that is gone several times over, in case that its disk comes back.
    const [plain, sealed] = await Promise.all([
      runBoth('plain', {}),
      runBoth('sealed', { SERIESWISE_PAYLOAD_KEY_FILE: keyFile }),
    ]);
    expect(plain.told).toContain('The input is not there');
    const shown = findStrings([plain.database], SECRETS).map((hit) => hit.slice(hit.indexOf(': ') + 2));
    expect([...new Set(shown)].sort()).toEqual([...SECRETS].sort());

    expect(sealed.told).toContain('The input is not there');
    expect(findStrings([sealed.database], SECRETS)).toEqual([]);
    expect(findStrings([sealed.database], ['binary/encrypted']).length).toBeGreaterThan(0);
  });

  it('is not touched when the key file is not usable', () => {
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:1', SERIESWISE_PAYLOAD_KEY_FILE: path.join(folder, 'none') };
    const { exitCode, stderr } = runProgram(argumentsOf('none', path.join(folder, 'input')), env);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('SERIESWISE_PAYLOAD_KEY_FILE cannot be read');
    expect(runProgram(['doctor', '--state', path.join(folder, 'state')], env).stdout).toContain(
      'payload codec',
    );
  });
});
