import path from 'node:path';
import type { Command } from 'commander';
import { provideArchive } from '../../demo/provide-archive.ts';
import { cacheFolder } from '../../workers/machine.ts';
import { CliError } from '../exit.ts';
import { SHIPPED_PIPELINE } from '../load-pipeline.ts';
import { say, withStateOption } from '../settings.ts';
import { type RunOptions, runPipeline } from './run.ts';

type DemoOptions = Pick<RunOptions, 'input' | 'output' | 'state'>;

/** Adds `demo`: the shipped pipeline over a synthetic PACS export, or over a folder of the user. */
export function registerDemo(program: Command): void {
  withStateOption(
    program
      .command('demo')
      .summary('run the shipped pipeline on a synthetic PACS export, or on your folder')
      .description(
        'Makes a small PACS export (real voxels of public data under invented headers) and runs the shipped pipeline\n' +
          'on it, as `run` does; with --input on your own folder instead.',
      )
      .option('--input <place>', 'your own folder or archive of DICOM')
      .option('--output <place>', 'output folder', 'demo-output'),
  ).action(async ({ input, ...options }: DemoOptions) =>
    runPipeline(SHIPPED_PIPELINE, {
      ...options,
      input: input ?? (await provideDemo()),
      set: [],
      provider: 'cpu',
      report: true,
    }),
  );
}

/** The demo's archive in the cache folder. @throws CliError 3 when it cannot be written */
async function provideDemo(): Promise<string> {
  const folder = path.join(cacheFolder(), 'demo/archive');
  try {
    await provideArchive(folder, { seed: 1 });
  } catch (error) {
    throw new CliError(`The demo's archive cannot be made in ${folder}: ${(error as Error).message}`, 3);
  }
  say(`The demo's archive: ${folder}`);
  return folder;
}
