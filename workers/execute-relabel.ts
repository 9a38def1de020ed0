/** Labels of a finished run by another bundle: its batches once more, without a look at the source. */
import { tidyOutput } from '../activities/clean-up.ts';
import { createStageContext } from '../activities/context.ts';
import { StageFailure } from '../activities/failures.ts';
import { readLastEnd, writeFinished } from '../activities/finished.ts';
import { RunFiles } from '../activities/store/run-files.ts';
import type { ListingCounts } from '../activities/store/sources.ts';
import { STEP_VERSIONS } from '../activities/versions.ts';
import { digestOf } from '../pipelines/digest.ts';
import type { RunCarryOver } from '../workflows/contracts.ts';
import { type RunOutcome, type RunRequest, referToRun, withOutput } from './execute-run.ts';

export interface RelabelRequest extends Omit<RunRequest, 'input' | 'plugins' | 'detach'> {
  /** Of the run that made the output. */
  listing: ListingCounts;
}

/**
 * Decides all labels of an output by the request's bundle. Batches, records and groups are those that the run left in the
 * state; a tensor that was not kept is made again from de-identified instances.
 * @param request its pipeline is the run's own with the new bundle
 * @throws StageFailure `run-unfinished`, `run-unknown`, `run-busy`, `output-busy`
 */
export async function executeRelabel(request: RelabelRequest): Promise<RunOutcome> {
  const { state, bundle, listing } = request;
  const run = referToRun(request);
  const files = await RunFiles.open(state, run.runKey);
  return withOutput(request, files, async (signal) => {
    const settings = await files.readSettings();
    const end = await readLastEnd(files);
    if (end === null)
      throw new StageFailure('run-unfinished', 'permanent', 'The last run on this output did not end.');
    const context = await createStageContext(state, run.runKey, request.pipeline);
    await files.writeSettings({ ...settings, bundleFolder: bundle.folder });
    // From here on no run of any settings may pass for finished, whatever kills this one.
    await writeFinished(context, null, end.batchCount, end.summary);
    const { runKey: _runKey, ...rest } = run;
    const { runOnServer } = await import('./run-session.ts');
    const outcome = await runOnServer(
      { ...request, input: settings.input, plugins: settings.plugins ?? {}, detach: false, signal },
      files,
      run,
      {
        fingerprint: digestOf({ relabel: rest, versions: STEP_VERSIONS }),
        carryOver: carryOverOf(listing, end.batchCount),
      },
    );
    if (outcome.kind === 'done') {
      await tidyOutput(context.output);
      await writeFinished(context, null, end.batchCount, outcome.summary);
    }
    return outcome;
  });
}

/** A run at the end of `discover`. */
function carryOverOf(listing: ListingCounts, batchCount: number): RunCarryOver {
  return {
    startedAt: new Date().toISOString(),
    progress: {
      stage: 'curate',
      filesSeen: listing.files,
      shardCount: 0,
      shardsDone: 0,
      batchCount,
      batchesDone: 0,
      batchesUnchanged: 0,
      instances: {},
      series: {},
    },
    listing: { ...listing, shardCount: 0 },
    failures: [],
  };
}
