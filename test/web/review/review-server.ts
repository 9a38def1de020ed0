/** The built program's review server, for tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { repositoryRoot } from '../../fixtures/shared-data.ts';

export interface RunningReview {
  /** With the token. */
  readonly url: string;
  readonly origin: string;
  readonly token: string;
  readonly process: ChildProcess;
  /** Ends it and waits for that; `SIGKILL` gives it no last word. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export async function startReview(folder: string, ...args: readonly string[]): Promise<RunningReview> {
  const child = spawn(
    path.join(repositoryRoot, 'bin/serieswise'),
    ['review', folder, '--json', '--state', path.join(folder, '..', 'no-state'), ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout! }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`review ended with ${code}`)));
  });
  const { url } = JSON.parse(line) as { url: string };
  const { origin, searchParams } = new URL(url);
  return {
    ...{ url, origin, process: child, token: searchParams.get('token')! },
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill(signal);
      await ended;
    },
  };
}
