/** Temporal workers of this process: workflows and CPU steps on one queue, classification on another. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { VersioningBehavior } from '@temporalio/common';
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerDeploymentOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { StageFailure } from '../activities/failures.ts';
import { createCpuActivities, createGpuActivities } from '../activities/index.ts';
import type { State } from '../activities/store/state.ts';
import type { BatchLimits } from '../models/batch-queue.ts';
import { DEFAULT_BATCHES } from '../models/classifier.ts';
import { UNITS_PER_ACTIVITY } from '../workflows/contracts.ts';
import { ClassifierCache } from './classifier-cache.ts';
import { deploymentVersion } from './deployment.ts';
import { taskQueuePrefix } from './machine.ts';
import type { Metrics } from './metrics.ts';
import { type ActivityObserver, observeActivities } from './observe-activities.ts';
import { dataConverterFromEnvironment } from './payload-codec.ts';
import { createStagePool, type StagePool } from './stage-pool.ts';
import type { Tracing } from './tracing.ts';

/** The two task queues of an installation. */
export function taskQueues(): { cpu: string; gpu: string } {
  const prefix = taskQueuePrefix();
  return { cpu: `${prefix}-cpu`, gpu: `${prefix}-gpu` };
}

export interface WorkerOptions {
  state: State;
  address: string;
  namespace: string;
  tls?: object | boolean;
  apiKey?: string;
  queues: readonly ('cpu' | 'gpu')[];
  /** CPU steps at the same time. */
  threads: number;
  /** Threads of ONNX Runtime. */
  inferenceThreads: number;
  provider: 'cpu' | 'cuda';
  /** Serve only runs that began with this build (`deployment.ts`). */
  isVersioned?: boolean;
  observers?: readonly ActivityObserver[];
  /** What queues and classifiers are told to; activities are by `observers`. */
  metrics?: Metrics | undefined;
  tracing?: Tracing | undefined;
}

/** Running workers. */
export interface RunningWorkers {
  /** Settles when the workers have stopped; rejects when one fails. */
  ended: Promise<void>;
  /** Lets steps that are under way end within the grace time, then stops. */
  stop(): Promise<void>;
}

let runtimeInstalled = false;

/** The SDK's own log would name the machine; warnings that matter reach people as failures of steps. */
function installRuntime(): void {
  if (runtimeInstalled) return;
  runtimeInstalled = true;
  const logger = new DefaultLogger(process.env.SERIESWISE_DEBUG ? 'DEBUG' : 'ERROR', (entry) => {
    if (process.env.SERIESWISE_DEBUG) console.error(entry.level, entry.message, entry.meta);
  });
  // What the native part says would go to standard output, amid what --json prints, unless it is forwarded.
  const telemetryOptions = { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } } as const;
  Runtime.install({ logger, telemetryOptions, shutdownSignals: [] });
}

/**
 * Connects and starts the workers of the given queues.
 * @throws StageFailure when the payload key is not usable
 */
export async function startWorkers(options: WorkerOptions): Promise<RunningWorkers> {
  installRuntime();
  const dataConverter = dataConverterFromEnvironment();
  const connection = await NativeConnection.connect({
    address: options.address,
    ...(options.tls === undefined ? {} : { tls: options.tls as never }),
    ...(options.apiKey === undefined ? {} : { apiKey: options.apiKey }),
  });
  const queues = taskQueues();
  const workers: Worker[] = [];
  let pool: StagePool | null = null;
  const batches = DEFAULT_BATCHES[options.provider];
  let stopWorkers = () => {};
  let lost: StageFailure | null = null;
  const { metrics } = options;
  const classifiers = new ClassifierCache(
    options.state,
    {
      provider: options.provider,
      threads: options.inferenceThreads,
      batches,
      onDeviceGone() {
        // A worker that stayed would take steps from those that have a device, and fail them.
        lost = new StageFailure('device-lost', 'environment', 'The GPU was lost; a new process may find it.');
        stopWorkers();
      },
    },
    metrics?.watchClassifier,
  );
  const interceptorsOf = (queue: 'cpu' | 'gpu') => {
    const traced = options.tracing === undefined ? [] : [options.tracing.activity];
    return { activity: [...traced, observeActivities(queue, options.observers ?? [])] };
  };
  metrics?.watchQueues((queue) => countWaiting(connection, options.namespace, queues[queue]));
  // A name of its own for each process that tells neither machine nor person.
  const identity = `serieswise-${randomBytes(6).toString('hex')}`;
  const shared = {
    connection,
    namespace: options.namespace,
    identity,
    ...(dataConverter === undefined ? {} : { dataConverter }),
    ...(options.isVersioned === true ? { workerDeploymentOptions: pinnedToBuild() } : {}),
    shutdownGraceTime: '3 seconds',
    shutdownForceTime: '10 seconds',
    // Each heartbeat is a write of the server; the activities' own interval is the one that counts.
    maxHeartbeatThrottleInterval: '3 seconds',
    defaultHeartbeatThrottleInterval: '3 seconds',
  };
  if (options.queues.includes('cpu')) {
    pool = createStagePool(options.state, options.threads);
    workers.push(
      await Worker.create({
        ...shared,
        taskQueue: queues.cpu,
        workflowBundle: workflowBundle(dataConverter !== undefined),
        activities: createCpuActivities(options.state, pool.run),
        interceptors: interceptorsOf('cpu'),
        maxConcurrentActivityTaskExecutions: options.threads + 1,
        stickyQueueScheduleToStartTimeout: '3 seconds',
        reuseV8Context: true,
        maxCachedWorkflows: 200,
      }),
    );
  }
  if (options.queues.includes('gpu')) {
    const activities = createGpuActivities(options.state, (run) => classifiers.get(run));
    workers.push(
      await Worker.create({
        ...shared,
        taskQueue: queues.gpu,
        activities: { ...activities },
        interceptors: interceptorsOf('gpu'),
        maxConcurrentActivityTaskExecutions: openClassifications(batches),
      }),
    );
  }
  const ended = Promise.all(workers.map((worker) => worker.run())).then(async () => {
    await pool?.close();
    await classifiers.close();
    await connection.close();
    if (lost !== null) throw lost;
  });
  ended.catch(() => {});
  stopWorkers = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  return {
    ended,
    async stop() {
      stopWorkers();
      await ended;
    },
  };
}

/**
 * Tensors are held in three batches: one runs, one waits in the thread, one is being read. Each activity reads as many
 * as a batch has, or all of its own.
 */
function openClassifications({ maxSize }: BatchLimits): number {
  return Math.ceil((3 * maxSize) / Math.min(maxSize, UNITS_PER_ACTIVITY));
}

/** `TaskQueueType` of Temporal's API. */
const ACTIVITY_TASKS = 2;
/** A scrape is answered well within Prometheus' own time-out of ten seconds. */
const COUNT_TIMEOUT_MS = 2_000;

/** Activities that wait in a task queue; the server counts roughly while there are many. Null when it does not tell. */
async function countWaiting(
  connection: NativeConnection,
  namespace: string,
  taskQueue: string,
): Promise<number | null> {
  const { stats } = await connection.withDeadline(Date.now() + COUNT_TIMEOUT_MS, () =>
    connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: ACTIVITY_TASKS,
      reportStats: true,
    }),
  );
  return stats?.approximateBacklogCount?.toNumber() ?? null;
}

/** A run stays with the build that began it to its end, through every cut of its history. */
function pinnedToBuild(): WorkerDeploymentOptions {
  return {
    version: deploymentVersion(),
    useWorkerVersioning: true,
    defaultVersioningBehavior: VersioningBehavior.PINNED,
  };
}

/** Workers run the bundle that the build made; it is the same in every process of one version. */
function workflowBundle(encodesFailures: boolean): WorkflowBundleOption {
  const built = fileURLToPath(new URL('../workflows/bundle.js', import.meta.url));
  const file = fs.existsSync(built)
    ? built
    : fileURLToPath(new URL('../dist/workflows/bundle.js', import.meta.url));
  if (!encodesFailures) return { codePath: file };
  // Read by `workflows/failure-converter.ts`, which has no other way to learn what its worker was given.
  return { code: `globalThis.serieswiseEncodesFailures = true;\n${fs.readFileSync(file, 'utf8')}` };
}
