import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeArchive } from '../../demo/archive.ts';
import { runProgram } from '../cli/program.ts';
import { repositoryRoot } from '../fixtures/shared-data.ts';
import { digestOutput, makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from './run-folders.ts';

describe('runs again on one output', () => {
  const folder = makeFolder('incremental');
  const input = path.join(folder, 'input');
  const output = path.join(folder, 'output');
  const args = (command: string, ...extra: string[]) => [
    ...[command, SHIPPED_PIPELINE, '--input', input, '--output', output],
    ...['--state', path.join(folder, 'state'), '--json', ...extra],
  ];
  const run = (...extra: string[]) =>
    JSON.parse(runProgram(args('run', '--no-report', ...extra), {}, RUN_TIMEOUT_MS).stdout);

  beforeAll(async () => {
    await makeArchive(input, { seed: 11, series: 2, slices: 12 });
  });
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it(
    'does not take what a killed run of other settings left for the finished run before it',
    async () => {
      expect(run()).toMatchObject({ status: 'done', unchanged: false });
      const before = digestOutput(output);
      const runFile = path.join(output, 'run.json');
      const { mtimeMs } = fs.statSync(runFile);
      const other = args('run', '--no-report', '--set', 'classify.review_below.body_part=1');
      const child = spawn(path.join(repositoryRoot, 'bin/serieswise'), other, { stdio: 'ignore' });
      await killWhen(child, () => fs.statSync(runFile).mtimeMs !== mtimeMs);
      expect(digestOutput(output)).not.toEqual(before);
      expect(run()).toMatchObject({ status: 'done', unchanged: false });
      expect(digestOutput(output)).toEqual(before);
      expect(run()).toMatchObject({ status: 'done', unchanged: true });
    },
    RUN_TIMEOUT_MS,
  );
});

/** kill -9 at the first moment of which `isTime` holds. */
async function killWhen(child: ChildProcess, isTime: () => boolean): Promise<void> {
  const exit = once(child, 'exit');
  const watch = setInterval(() => {
    if (isTime()) child.kill('SIGKILL');
  }, 2);
  await exit;
  clearInterval(watch);
}
