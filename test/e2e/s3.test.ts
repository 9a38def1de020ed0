import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeArchive } from '../../demo/archive.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../workers/embedded-server.ts';
import { findOrInstallServer } from '../../workers/find-server.ts';
import { runProgram } from '../cli/program.ts';
import { measureProgram } from '../fixtures/chaos/program.ts';
import { findS3Server, type S3Server, startS3Server } from '../fixtures/s3-server.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import {
  digestOutput,
  findStrings,
  listTree,
  makeFolder,
  RUN_TIMEOUT_MS,
  SHIPPED_PIPELINE,
} from './run-folders.ts';

const executable = findS3Server();

/** Machines that share nothing but the cluster, the store and the key: each process has a home of its own. */
describe.skipIf(executable === null)('a run from and to an S3-compatible server', () => {
  const folder = makeFolder('s3');
  const keyFile = path.join(folder, 'key');
  const local = { input: path.join(folder, 'input'), output: path.join(folder, 'local') };
  const workers: ChildProcess[] = [];
  let s3: S3Server;
  let temporal: EmbeddedServer;
  let env: Record<string, string>;

  const homeOf = (name: string) => {
    const home = path.join(folder, `home-${name}`);
    fs.mkdirSync(home, { recursive: true });
    return { HOME: home, SERIESWISE_KEY_FILE: keyFile };
  };
  const run = (input: string, output: string, environment: Record<string, string>) =>
    runProgram(
      ['run', SHIPPED_PIPELINE, '--input', input, '--output', output, '--json'],
      environment,
      RUN_TIMEOUT_MS,
    );

  beforeAll(async () => {
    fs.writeFileSync(keyFile, '5a'.repeat(32));
    await makeArchive(local.input, { seed: 5, series: 4, slices: 8 });
    s3 = await startS3Server(executable!, path.join(folder, 'store'));
    fs.cpSync(local.input, path.join(s3.folder, 'input'), { recursive: true });
    const { executable: server } = await findOrInstallServer(() => {});
    temporal = await startEmbeddedServer({ executable: server, folder: path.join(folder, 'server') });
    env = { ...s3.env, TEMPORAL_ADDRESS: temporal.address, SERIESWISE_STATE: 's3://archive/state' };
  });

  afterAll(async () => {
    for (const worker of workers) worker.kill('SIGKILL');
    await temporal?.stop();
    await s3?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('gives the same bytes as one on a file system, by workers that share no folder', () => {
    const alone = run(local.input, local.output, homeOf('alone'));
    expect(alone.exitCode, alone.stderr).toBe(0);
    for (const [index, queues] of ['cpu', 'cpu', 'gpu'].entries()) {
      const args = ['worker', '--queues', queues, '--concurrency', '1'];
      const options = {
        env: { ...process.env, ...env, ...homeOf(`worker-${index}`) },
        stdio: 'ignore',
      } as const;
      workers.push(spawn(path.join(repositoryRoot, 'bin/serieswise'), args, options));
    }
    const together = run('s3://archive/input', 's3://archive/output', { ...env, ...homeOf('client') });
    expect(together.exitCode, together.stderr).toBe(0);
    const output = path.join(s3.folder, 'output');
    expect(digestOutput(output)).toEqual(digestOutput(local.output));
    expect(listTree(output).filter((file) => /serieswise|tmp/.test(file))).toEqual([]);
    // What names the source is sealed.
    const names = listTree(local.input).map((file) => path.basename(file));
    expect(findStrings([path.join(s3.folder, 'state')], names)).toEqual([]);
    const again = run('s3://archive/input', 's3://archive/output', { ...env, ...homeOf('other-client') });
    expect(JSON.parse(again.stdout)).toMatchObject({ status: 'done', unchanged: true });
  });

  it('is read by the commands that read an output', () => {
    const ask = (...args: string[]) => {
      const answer = runProgram(args, { ...env, ...homeOf('reader') });
      expect(answer.exitCode, answer.stderr).toBe(0);
      return answer.stdout;
    };
    const sql = 'SELECT count(*) AS n FROM instances';
    const here = runProgram(['query', local.output, sql, '--json'], {}).stdout;
    expect(ask('query', 's3://archive/output', sql, '--json')).toBe(here);
    expect(JSON.parse(ask('verify', 's3://archive/output', '--json'))).toMatchObject({ passed: true });
    expect(JSON.parse(ask('status', 's3://archive/output', '--json'))).toMatchObject({ status: 'done' });
    fs.rmSync(path.join(s3.folder, 'output/report'), { recursive: true });
    ask('report', 's3://archive/output');
    expect(listTree(path.join(s3.folder, 'output/report'))).toEqual(['index.html']);
    const [file] = listTree(local.input).filter((each) => each.endsWith('.dcm'));
    expect(JSON.parse(ask('why', 's3://archive/output', file!, '--json')).instances).toHaveLength(1);
    const cohort = path.join(folder, 'cohort');
    ask('export', 's3://archive/output', '--where', 'true', '--to', cohort);
    expect(listTree(cohort).filter((each) => each.endsWith('.dcm')).length).toBeGreaterThan(0);
  });

  it('does not begin where another machine is at work', async () => {
    const Key = 'busy/.serieswise-lease.json';
    const renew = (renewal: number) =>
      s3.client.send(
        new PutObjectCommand({ Bucket: s3.bucket, Key, Body: JSON.stringify({ owner: 'other', renewal }) }),
      );
    await renew(0);
    fs.writeFileSync(path.join(s3.folder, 'busy/run.json'), '{}');
    let renewal = 0;
    const timer = setInterval(() => void renew(++renewal), 300);
    try {
      const places = ['--input', 's3://archive/input', '--output', 's3://archive/busy'];
      const variables = { ...env, ...homeOf('second') };
      const second = await measureProgram(repositoryRoot, ['run', SHIPPED_PIPELINE, ...places], variables);
      expect(second.code, second.stderr).toBe(3);
      expect(second.stderr).toContain('Another machine is working on this output');
    } finally {
      clearInterval(timer);
    }
  });

  it('says of what needs a folder how to get on', () => {
    const review = runProgram(['review', 's3://archive/output'], env);
    expect([review.exitCode, review.stderr]).toEqual([2, expect.stringContaining('aws s3 sync')]);
    const lookup = runProgram(['crosswalk', 'lookup', 'x'], { ...env, ...homeOf('reader') });
    expect([lookup.exitCode, lookup.stderr]).toEqual([3, expect.stringContaining('crosswalk-needs-folder')]);
    const wanting = runProgram(
      [
        'run',
        SHIPPED_PIPELINE,
        '--input',
        local.input,
        '--output',
        path.join(folder, 'wanting'),
        '--set',
        'deidentify.crosswalk=true',
      ],
      { ...env, ...homeOf('reader') },
    );
    expect([wanting.exitCode, wanting.stderr]).toEqual([
      3,
      expect.stringContaining('name a folder with --state'),
    ]);
  });

  it('says what is wrong with a store that refuses, with exit code 3', () => {
    const refused = run('s3://archive/input', 's3://archive/other', {
      ...env,
      ...homeOf('stranger'),
      AWS_SECRET_ACCESS_KEY: 'wrong',
    });
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain('store refuses');
    expect(fs.existsSync(path.join(s3.folder, 'other'))).toBe(false);
  });
});
