import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  type ChildWorkflowHandle,
  continueAsNew,
  defineQuery,
  isCancellation,
  ParentClosePolicy,
  setHandler,
  sleep,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { isRetrieved } from '../pipelines/source-kinds.ts';
import { cpu } from './activity-proxies.ts';
import { forEachBounded } from './bounded.ts';
import { type CurateArchiveInput, PROGRESS_QUERY, type RunProgress, type RunSummary } from './contracts.ts';
import type { curateBatch } from './curate-batch.ts';
import { type Pause, pauseSignal, resumeSignal, watchPause } from './pause.ts';

const progressQuery = defineQuery<RunProgress>(PROGRESS_QUERY);

/** Histories are cut long before the server's limit of some 50,000 events. */
const EVENTS_BEFORE_CUT = 5_000;

/**
 * One run: discovers the input, takes its batches through the stages with bounded fan-out, publishes the manifest.
 * Never holds a list of files; what it knows of the data are counts.
 */
export async function curateArchive(input: CurateArchiveInput): Promise<RunSummary> {
  const { run, limits } = input;
  const info = workflowInfo();
  const carried = input.carryOver;
  const progress: RunProgress = carried?.progress ?? emptyProgress();
  const startedAt = carried?.startedAt ?? new Date(info.startTime).toISOString();
  const failures = carried?.failures ?? [];
  let listing = carried?.listing ?? null;
  setHandler(progressQuery, () => progress);
  const openBatches = new Set<ChildWorkflowHandle<typeof curateBatch>>();
  const pause = watchPause(progress.paused === true, (isOn) => {
    progress.paused = isOn;
    for (const batch of openBatches) tellPause(batch, isOn);
  });
  const isLong = () =>
    workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > EVENTS_BEFORE_CUT;
  const cut = () =>
    continueAsNew<typeof curateArchive>({ ...input, carryOver: { startedAt, progress, listing, failures } });
  const announce = () => {
    if (!input.searchAttributes) return;
    upsertSearchAttributes({
      SerieswiseStage: [progress.stage],
      SerieswiseBatchesDone: [progress.batchesDone],
    });
  };

  try {
    if (listing === null) {
      announce();
      const { source } = run.pipeline;
      if (isRetrieved(source)) {
        const limit = source.type === 'inbox' ? limits.openShards : source.throttle.in_flight;
        if (!(await retrieveAll(run, progress, limit, isLong, pause))) return await cut();
      }
      if (pause.isOn) await pause.over();
      listing = await cpu.listSourceFiles({ run });
      progress.filesSeen = listing.files;
      progress.shardCount = listing.shardCount;
    }
    const { shardCount } = listing;
    if (progress.stage === 'discover') {
      progress.shardsDone = await forEachBounded(
        { from: progress.shardsDone, to: shardCount, limit: limits.openShards, pause },
        async (shard) => {
          await cpu.scanHeaders({ run, shard });
        },
        isLong,
      );
      if (progress.shardsDone < shardCount) return await cut();
      if (pause.isOn) await pause.over();
      progress.batchCount = (await cpu.planBatches({ run, listing })).batchCount;
      progress.stage = 'curate';
      announce();
    }
    const begun = await forEachBounded(
      { from: progress.batchesDone, to: progress.batchCount, limit: limits.openBatches, pause },
      async (batch) => {
        try {
          const child = await startChild<typeof curateBatch>('curateBatch', {
            args: [{ run, limits, gpuTaskQueue: input.gpuTaskQueue, batch }],
            workflowId: `${info.workflowId}/batch-${batch}`,
            parentClosePolicy: ParentClosePolicy.TERMINATE,
          });
          // A pause that came while it was started.
          if (pause.isOn) tellPause(child, true);
          openBatches.add(child);
          const result = await child.result().finally(() => openBatches.delete(child));
          if (result.unchanged) progress.batchesUnchanged += 1;
          add(progress.instances, result.instances);
          add(progress.series, result.series);
        } catch (error) {
          if (isCancellation(error)) throw error;
          failures.push(describeFailure(error));
        }
        progress.batchesDone += 1;
        if (progress.batchesDone % Math.max(1, Math.floor(progress.batchCount / 20)) === 0) announce();
      },
      isLong,
    );
    if (begun < progress.batchCount) return await cut();
    const [failure] = failures;
    if (failure !== undefined) {
      const message = `${failures.length} of ${progress.batchCount} batches failed. First: ${failure.message}`;
      throw ApplicationFailure.create({
        message,
        type: failure.code,
        nonRetryable: true,
        details: [failure.kind],
      });
    }
    if (pause.isOn) await pause.over();
    progress.stage = 'publish';
    announce();
    const summary = await cpu.publishManifest({ run, listing, batchCount: progress.batchCount, startedAt });
    progress.stage = 'done';
    announce();
    return summary;
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => cpu.cleanUp({ run }));
    if (error instanceof ActivityFailure) {
      const { code, kind, message } = describeFailure(error);
      throw ApplicationFailure.create({ message, type: code, nonRetryable: true, details: [kind] });
    }
    throw error;
  }
}

/** A batch that has just ended needs no word. */
function tellPause(batch: ChildWorkflowHandle<typeof curateBatch>, isOn: boolean): void {
  batch.signal(isOn ? pauseSignal : resumeSignal).catch(() => {});
}

/** @returns false when the history has to be cut before all is retrieved */
async function retrieveAll(
  run: CurateArchiveInput['run'],
  progress: RunProgress,
  limit: number,
  isLong: () => boolean,
  pause: Pause,
): Promise<boolean> {
  if (progress.retrieval === undefined) {
    progress.stage = 'retrieve';
    const { requests } = await inAllowedHours(pause, () => cpu.planRetrieval({ run }));
    progress.retrieval = { requests, done: 0, instances: 0 };
  }
  const { retrieval } = progress;
  await forEachBounded(
    { from: retrieval.done, to: retrieval.requests, limit, pause },
    async (request) => {
      const { instances } = await inAllowedHours(pause, () => cpu.retrieveRequest({ run, request }));
      retrieval.instances += instances;
      retrieval.done += 1;
    },
    isLong,
  );
  if (retrieval.done < retrieval.requests) return false;
  progress.stage = 'discover';
  return true;
}

/** Outside of the hours in which a PACS may be asked the workflow sleeps, not an activity. */
async function inAllowedHours<Result extends object>(
  pause: Pause,
  ask: () => Promise<Result | { waitMs: number }>,
): Promise<Result> {
  for (;;) {
    if (pause.isOn) await pause.over();
    const answer = await ask();
    if (!('waitMs' in answer)) return answer;
    await sleep(answer.waitMs);
  }
}

function emptyProgress(): RunProgress {
  return {
    stage: 'discover',
    filesSeen: 0,
    shardCount: 0,
    shardsDone: 0,
    batchCount: 0,
    batchesDone: 0,
    batchesUnchanged: 0,
    instances: {},
    series: {},
  };
}

/** The house's code behind a failure, however deep the SDK wrapped it. */
function describeFailure(error: unknown): { code: string; kind: string; message: string } {
  let cause: unknown = error;
  while (cause instanceof ChildWorkflowFailure || cause instanceof ActivityFailure) cause = cause.cause;
  if (cause instanceof ApplicationFailure) {
    return {
      code: cause.type ?? 'internal-error',
      kind: String(cause.details?.[0] ?? 'transient'),
      message: cause.message,
    };
  }
  return {
    code: 'internal-error',
    kind: 'transient',
    message: 'A stage failed for a reason that it did not name.',
  };
}

function add(counts: Record<string, number>, more: Record<string, number>): void {
  for (const [key, count] of Object.entries(more)) counts[key] = (counts[key] ?? 0) + count;
}
