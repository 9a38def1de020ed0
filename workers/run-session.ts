/** Server, workers and workflow of one run. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  isGrpcServiceError,
  type WorkflowClientInterceptor,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { StageFailure } from '../activities/failures.ts';
import type { RunSummary } from '../activities/publish-manifest.ts';
import type { RunReference } from '../activities/run-reference.ts';
import type { RunFiles } from '../activities/store/run-files.ts';
import {
  type CurateArchiveInput,
  PROGRESS_QUERY,
  type RunCarryOver,
  type RunLimits,
  type RunProgress,
  UNITS_PER_ACTIVITY,
} from '../workflows/contracts.ts';
import {
  closeClient,
  clusterFromEnvironment,
  connectClient,
  knowsSearchAttributes,
  type ServerAddress,
} from './cluster.ts';
import { type EmbeddedServer, startEmbeddedServer } from './embedded-server.ts';
import type { RunOutcome, RunRequest } from './execute-run.ts';
import { findOrInstallServer } from './find-server.ts';
import { type RunningWorkers, startWorkers, taskQueues } from './temporal-worker.ts';

/** How far apart progress is asked for in a long run; a short one is asked more often. */
const QUERY_INTERVAL_MS = 5_000;

export const workflowIdOf = (runKey: string) => `serieswise-run-${runKey}`;

/** What a workflow begins with. */
export interface RunStart {
  /** An open workflow that was begun with the same is gone on with. */
  fingerprint: string;
  /** What earlier runs have found out, so that it is not done again. */
  carryOver?: RunCarryOver | undefined;
}

/** Brings up what a run needs, follows it to its end, and takes it all down again. */
export async function runOnServer(
  request: RunRequest,
  files: RunFiles,
  run: RunReference,
  { fingerprint, carryOver }: RunStart,
): Promise<RunOutcome> {
  const cluster = clusterFromEnvironment();
  let server: EmbeddedServer | null = null;
  let workers: RunningWorkers | null = null;
  let client: Client | null = null;
  try {
    let address: ServerAddress;
    if (cluster !== null) {
      address = cluster;
    } else {
      const { executable } = await findOrInstallServer(request.say);
      server = await startEmbeddedServer({ executable, folder: files.localFolder });
      address = { address: server.address, namespace: 'default' };
    }
    client = await connectPatiently(address, request.tracing?.client);
    if (cluster === null) {
      workers = await startWorkers({
        ...address,
        state: request.state,
        queues: ['cpu', 'gpu'],
        threads: request.concurrency,
        inferenceThreads: request.concurrency,
        provider: request.provider,
        observers: request.observers,
        metrics: request.metrics,
        tracing: request.tracing,
      });
    }
    const handle = await startOrResume(client, request, run, { fingerprint, carryOver }, address.namespace);
    if (request.detach) return { kind: 'started', runKey: run.runKey };
    return await follow(handle, request, workers);
  } finally {
    await workers?.stop().catch(() => {});
    if (client !== null) await closeClient(client).catch(() => {});
    await server?.stop();
  }
}

/** The dev server opens its port a moment before it serves. */
async function connectPatiently(
  server: ServerAddress,
  interceptor: WorkflowClientInterceptor | undefined,
): Promise<Client> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await connectClient(server, interceptor);
    } catch (error) {
      if (error instanceof StageFailure) throw error;
      if (attempt >= 3) {
        const message =
          'The Temporal server does not answer. With TEMPORAL_ADDRESS set, check address, TLS and API key.';
        throw new StageFailure('server-unreachable', 'environment', message);
      }
      await sleep(500);
    }
  }
}

function limitsFor(concurrency: number): RunLimits {
  return {
    openBatches: concurrency + 1,
    openShards: concurrency,
    unitsPerActivity: UNITS_PER_ACTIVITY,
    openUnitActivities: 2,
  };
}

/**
 * Attaches to the run's open workflow when that rests on exactly the same; otherwise a new one takes its place, which
 * finds what is done in the run's files.
 */
async function startOrResume(
  client: Client,
  request: RunRequest,
  run: RunReference,
  { fingerprint, carryOver }: RunStart,
  namespace: string,
): Promise<WorkflowHandle> {
  const workflowId = workflowIdOf(run.runKey);
  const queues = taskQueues();
  const existing = client.workflow.getHandle(workflowId);
  try {
    const description = await existing.describe();
    if (description.status.name === 'RUNNING') {
      if (description.memo?.fingerprint === fingerprint) {
        request.say('Going on with the run that was begun before.');
        return existing;
      }
      await existing.terminate('replaced by a run with another input, pipeline or version');
    }
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
  const input: CurateArchiveInput = {
    run,
    limits: limitsFor(request.concurrency),
    gpuTaskQueue: queues.gpu,
    searchAttributes: await knowsSearchAttributes(client, namespace),
    ...(carryOver === undefined ? {} : { carryOver }),
  };
  try {
    return await client.workflow.start('curateArchive', {
      workflowId,
      taskQueue: queues.cpu,
      args: [input],
      memo: { fingerprint },
      // Batches and their steps inherit it.
      priority: {
        priorityKey: request.priority.level,
        fairnessKey: request.priority.tenant ?? run.runKey,
      },
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return existing;
    throw error;
  }
}

async function follow(
  handle: WorkflowHandle,
  request: RunRequest,
  workers: RunningWorkers | null,
): Promise<RunOutcome> {
  let ended = false;
  const watching = watchProgress(handle, request, () => ended);
  const interrupted = new Promise<RunOutcome>((resolve) => {
    const stop = () => resolve({ kind: 'interrupted' });
    if (request.signal.aborted) stop();
    request.signal.addEventListener('abort', stop, { once: true });
  });
  const crashed = workers?.ended.then(
    () => new Promise<RunOutcome>(() => {}),
    (): RunOutcome => ({
      kind: 'failed',
      code: 'worker-failed',
      environment: true,
      message: 'The worker of this process failed; run the same command again to go on.',
    }),
  );
  try {
    return await Promise.race([
      awaitResult(handle, () => ended),
      interrupted,
      ...(crashed === undefined ? [] : [crashed]),
    ]);
  } finally {
    ended = true;
    await watching;
  }
}

/** Waits for the end of a workflow through restarts of the server. */
async function awaitResult(handle: WorkflowHandle, isOver: () => boolean): Promise<RunOutcome> {
  for (let failures = 0; !isOver(); ) {
    try {
      const summary: RunSummary = await handle.result();
      return { kind: 'done', summary, unchanged: false };
    } catch (error) {
      if (error instanceof WorkflowFailedError) return describeFailure(error);
      if (!isGrpcServiceError(error) && !(error instanceof Error)) throw error;
      failures += 1;
      if (failures > 60) {
        const message =
          'The Temporal server cannot be reached any more; run the same command again to go on.';
        return { kind: 'failed', code: 'server-unreachable', environment: true, message };
      }
      await sleep(1_000);
    }
  }
  return { kind: 'interrupted' };
}

function describeFailure(error: WorkflowFailedError): RunOutcome {
  const { cause } = error;
  if (cause instanceof CancelledFailure) return { kind: 'cancelled' };
  if (cause instanceof TerminatedFailure) return { kind: 'cancelled' };
  if (cause instanceof ApplicationFailure) {
    const code = cause.type ?? 'internal-error';
    return {
      kind: 'failed',
      code,
      environment: cause.details?.[0] === 'environment',
      message: cause.message,
    };
  }
  return {
    kind: 'failed',
    code: 'internal-error',
    environment: false,
    message: 'The run failed without a reason.',
  };
}

async function watchProgress(
  handle: WorkflowHandle,
  request: RunRequest,
  isOver: () => boolean,
): Promise<void> {
  // A query costs server and worker a task each; between two, the display goes on by what this process's steps tell.
  for (let interval = 1_000; !isOver(); interval = Math.min(interval + 500, QUERY_INTERVAL_MS)) {
    for (let waited = 0; waited < interval && !isOver(); waited += 100) await sleep(100);
    if (isOver()) return;
    try {
      request.onProgress(await handle.query<RunProgress>(PROGRESS_QUERY));
    } catch {
      // A busy or restarting server: the next second will tell.
    }
  }
}
