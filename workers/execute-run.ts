/** One run from start to end. What needs a server is loaded when there is something to do. */
import { tidyOutput } from '../activities/clean-up.ts';
import { createStageContext } from '../activities/context.ts';
import { fingerprintOf, forgetFinished, readFinished, writeFinished } from '../activities/finished.ts';
import type { PluginCode } from '../activities/plugins.ts';
import type { RunSummary } from '../activities/publish-manifest.ts';
import type { RunReference } from '../activities/run-reference.ts';
import { RunFiles, runKeyOf } from '../activities/store/run-files.ts';
import type { State } from '../activities/store/state.ts';
import type { Bundle } from '../models/bundle.ts';
import type { Pipeline } from '../pipelines/schema.ts';
import { isRetrieved } from '../pipelines/source-kinds.ts';
import type { RunProgress } from '../workflows/contracts.ts';
import type { Metrics } from './metrics.ts';
import type { ActivityObserver } from './observe-activities.ts';
import { type OutputLease, outputBusy, takeOutputLease } from './output-lease.ts';
import { productVersion } from './package-root.ts';
import { takeRunLock } from './run-lock.ts';
import type { Tracing } from './tracing.ts';

/** Level 1 goes first, 5 last; runs of one tenant take turns with those of others as if they were one. */
export interface RunPriority {
  level: number;
  tenant: string | null;
}

export interface RunRequest {
  state: State;
  pipeline: Pipeline;
  pipelineDigest: string;
  bundle: Bundle;
  plugins: PluginCode;
  /** Location of a folder, an archive or a list of studies; empty for a PACS that a query asks. */
  input: string;
  output: string;
  /** CPU steps at the same time. */
  concurrency: number;
  provider: 'cpu' | 'cuda';
  /** Who goes first on a shared cluster. */
  priority: RunPriority;
  /** Return once the workflow is started on the cluster of `TEMPORAL_ADDRESS`. */
  detach: boolean;
  /** Ends the run early, resumable. */
  signal: AbortSignal;
  say(text: string): void;
  onProgress(progress: RunProgress): void;
  /** Of the activities that this process works on; with a cluster there are none. */
  observers: readonly ActivityObserver[];
  metrics?: Metrics | undefined;
  tracing?: Tracing | undefined;
}

/** How a run ended. */
export type RunOutcome =
  | { kind: 'done'; summary: RunSummary; unchanged: boolean }
  | { kind: 'started'; runKey: string }
  | { kind: 'interrupted' }
  | { kind: 'cancelled' }
  | { kind: 'failed'; code: string; environment: boolean; message: string };

/** Runs a pipeline to its end, or goes on with the run that was begun on the same output. */
export async function executeRun(request: RunRequest): Promise<RunOutcome> {
  const { state, pipeline, bundle, input, output } = request;
  const run = referToRun(request);
  const files = await RunFiles.open(state, run.runKey);
  return withOutput(request, files, async (signal) => {
    await files.writeSettings({
      input,
      output,
      bundleFolder: bundle.folder,
      ...(pipeline.plugins === undefined ? {} : { plugins: request.plugins }),
      ...(pipeline.source.type === 'inbox' ? { inbox: pipeline.source.inbox } : {}),
    });
    const context = await createStageContext(state, run.runKey, pipeline);
    const fingerprint = await fingerprintOf(state, context.input, run);
    // Whether a PACS has anything new only the PACS can tell.
    const finished = isRetrieved(pipeline.source) ? null : await readFinished(context, fingerprint);
    if (finished !== null) {
      await tidyOutput(context.output);
      return { kind: 'done', summary: finished, unchanged: true };
    }
    await forgetFinished(context);
    const { runOnServer } = await import('./run-session.ts');
    const outcome = await runOnServer({ ...request, signal }, files, run, { fingerprint });
    if (outcome.kind === 'done') {
      // A workflow that an earlier process had brought to its last step tidied up before this process began.
      await tidyOutput(context.output);
      const batches = (await files.listBatches()).length;
      await writeFinished(context, fingerprint, batches, outcome.summary);
    }
    return outcome;
  });
}

/** What a run is called in workflows and state. */
export function referToRun(
  request: Pick<RunRequest, 'state' | 'output' | 'pipeline' | 'pipelineDigest' | 'bundle'>,
): RunReference {
  const { bundle } = request;
  return {
    runKey: runKeyOf(request.state, request.output),
    pipeline: request.pipeline,
    pipelineDigest: request.pipelineDigest,
    bundle: {
      name: bundle.name,
      version: bundle.version,
      sha256: bundle.sha256,
      files: Object.fromEntries(Object.entries(bundle.card.files).map(([name, file]) => [name, file.sha256])),
    },
    productVersion: productVersion(),
  };
}

/**
 * Works on an output that nobody else works on meanwhile.
 * @throws StageFailure `run-busy`, `output-busy`
 */
export async function withOutput(
  { output, say, signal }: Pick<RunRequest, 'output' | 'say' | 'signal'>,
  files: RunFiles,
  work: (signal: AbortSignal) => Promise<RunOutcome>,
): Promise<RunOutcome> {
  const lock = takeRunLock(files);
  let lease: OutputLease | null = null;
  try {
    lease = await takeOutputLease({ output, memory: files.localPath('output-lease'), say });
    const outcome = await work(lease === null ? signal : AbortSignal.any([signal, lease.lost]));
    if (lease?.lost.aborted === true) throw outputBusy();
    return outcome;
  } finally {
    await lease?.release().catch(() => {});
    lock.release();
  }
}
