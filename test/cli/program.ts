import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { repositoryRoot } from '../fixtures/shared-data.ts';

export interface ProgramResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the built program as a user does, from a folder that is not the checkout, with output that is no terminal. */
export function runProgram(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  timeoutMs = 50_000,
): ProgramResult {
  const result = spawnSync(path.join(repositoryRoot, 'bin/serieswise'), args, {
    encoding: 'utf8',
    cwd: '/',
    timeout: timeoutMs,
    maxBuffer: 1 << 28,
    env: { ...process.env, ...env },
  });
  return { exitCode: result.status, stdout: result.stdout, stderr: result.stderr };
}
