/** A run from its start to what its user is told at the end: shared by the commands that make an output. */
import { StageFailure } from '../activities/failures.ts';
import type { Expectation } from '../pipelines/expect-schema.ts';
import { isReportCurrent } from '../web/report/report-file.ts';
import type { RunOutcome, RunRequest } from '../workers/execute-run.ts';
import { CliError } from './exit.ts';
import { checkDataset, renderExpectations, requireAll } from './expectations.ts';
import { openStoreOrExit } from './output-view.ts';
import { createProgressDisplay } from './progress.ts';
import { printRunSummary } from './run-summary.ts';
import { printJson, say } from './settings.ts';

/** How a run is stopped, and where it tells how far it is. */
export type RunHooks = Required<Pick<RunRequest, 'signal' | 'say' | 'onProgress' | 'observers'>>;

export interface FollowOptions {
  output: string;
  expect: readonly Expectation[] | undefined;
  /** Whether report/index.html is written at the end. */
  report: boolean;
  json: boolean;
}

/**
 * Executes a run with progress on standard error, stops it on Ctrl-C, and tells what it came to.
 * @throws CliError with the exit code of the contract
 */
export async function followRun(
  execute: (hooks: RunHooks) => Promise<RunOutcome>,
  options: FollowOptions,
): Promise<void> {
  const interrupt = new AbortController();
  let signals = 0;
  const onSignal = () => {
    signals += 1;
    if (signals > 1) process.exit(130);
    say('\nStopping; run the same command again to go on. (Press again to stop at once.)');
    interrupt.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const display = createProgressDisplay(process.stderr);
  try {
    const outcome = await execute({
      ...{ signal: interrupt.signal, say },
      ...{ onProgress: display.update, observers: [display.observer] },
    });
    display.stop();
    if (outcome.kind === 'done' && options.report) {
      const isCurrent = outcome.unchanged && (await isReportCurrent(await openStoreOrExit(options.output)));
      const { writeReportOrExit } = await import('./commands/report.ts');
      if (!isCurrent) await writeReportOrExit(options.output);
    }
    await tellOutcome(outcome, options);
  } catch (error) {
    display.stop();
    if (error instanceof StageFailure)
      throw new CliError(error.message, error.kind === 'environment' ? 3 : 1);
    throw error;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

async function tellOutcome(outcome: RunOutcome, { output, expect, json }: FollowOptions): Promise<void> {
  switch (outcome.kind) {
    case 'done': {
      const { summary, unchanged } = outcome;
      const expectations = await checkDataset(output, expect);
      const checked = expectations.length === 0 ? {} : { expectations };
      if (json) printJson({ status: 'done', unchanged, output, ...summary, ...checked });
      else {
        await printRunSummary(summary, output, unchanged);
        if (expectations.length > 0) process.stdout.write(`\n${renderExpectations(expectations)}\n`);
      }
      requireAll(expectations);
      return;
    }
    case 'started':
      if (json) printJson({ status: 'started', output, run: outcome.runKey });
      else say('Started. Follow it with: serieswise status DIR');
      return;
    case 'interrupted':
      throw new CliError('Interrupted. Nothing is lost: run the same command again to go on.', 130);
    case 'cancelled':
      throw new CliError('Cancelled. What was published stays; run the same command to go on from it.', 130);
    case 'failed':
      throw new CliError(`${outcome.message} [${outcome.code}]`, outcome.environment ? 3 : 1);
  }
}
