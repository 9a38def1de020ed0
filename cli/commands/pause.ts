import type { Command } from 'commander';
import { normalizeLocation } from '../../activities/store/locations.ts';
import { RunFiles, runKeyOf } from '../../activities/store/run-files.ts';
import { pauseRun } from '../../workers/pause-run.ts';
import { CliError } from '../exit.ts';
import { openStateOrExit, printJson, say, withStateOption } from '../settings.ts';

export function registerPause(program: Command): void {
  register(program, true)
    .summary('let a run begin no further step until it is resumed')
    .description(
      'Steps under way end; then the run takes no worker. It stays so through restarts of workers.',
    );
}

export function registerResume(program: Command): void {
  register(program, false).summary('let a paused run go on');
}

function register(program: Command, isPaused: boolean): Command {
  return withStateOption(
    program
      .command(isPaused ? 'pause' : 'resume')
      .argument('<dir>', 'output folder of the run')
      .option('--json', 'print one JSON document on standard output'),
  ).action(async (folder: string, options: { state?: string; json?: boolean }) => {
    const state = openStateOrExit(options.state);
    const runKey = runKeyOf(state, normalizeLocation(folder));
    const files = await RunFiles.open(state, runKey);
    const isTold = await pauseRun(files, runKey, isPaused).catch(() => {
      throw new CliError('The server of this run does not answer; try again in a moment.', 3);
    });
    if (!isTold) throw new CliError('Nothing is under way.', 1);
    if (options.json) printJson({ status: isPaused ? 'paused' : 'running' });
    else say(isPaused ? `Paused. Go on with: serieswise resume ${folder}` : 'Resumed.');
  });
}
