/** Activities for Temporal, made from what the process has: a pool of threads, and a classifier. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import { classifyUnits, type LoadedClassifier, toClassifyFailure } from './classify.ts';
import { StageContexts } from './context.ts';
import { toStageFailure } from './failures.ts';
import { type OrWait, planRetrieval, retrieveRequest } from './retrieve.ts';
import type { RunReference } from './run-reference.ts';
import { createSourcePool } from './sources/source-pool.ts';
import type { StageArguments, StageName, StageResult, UnitsArguments } from './stages.ts';
import type { State } from './store/state.ts';

/** Runs a step somewhere off the main thread. */
export type StageRunner = <Name extends StageName>(
  name: Name,
  args: StageArguments<Name>,
  signal: AbortSignal,
) => Promise<StageResult<Name>>;

/** They wait for the network, so they run on the thread of the worker; a run over files has none. */
export interface RetrievalActivities {
  planRetrieval(args: { run: RunReference }): Promise<OrWait<{ requests: number }>>;
  retrieveRequest(args: {
    run: RunReference;
    request: number;
  }): Promise<OrWait<{ studies: number; instances: number }>>;
}

export type CpuActivities = {
  [Name in StageName]: (args: StageArguments<Name>) => Promise<StageResult<Name>>;
} & RetrievalActivities;

export interface GpuActivities {
  classifyUnits(args: UnitsArguments): Promise<void>;
}

/** Well under the time-out of ten seconds. Each one costs the server a write, so none is sent for short steps. */
const HEARTBEAT_MS = 4_000;
/** A failure that stays ends the run; one that a kill caused does not count against it for long. */
const PATIENCE = { attempts: 6, ms: 30_000 };

/** Everything that runs on the `cpu` task queue. */
export function createCpuActivities(state: State, runStage: StageRunner): CpuActivities {
  const contexts = new StageContexts(state);
  const sources = createSourcePool();
  const retrieving = <Args extends { run: RunReference }, Result>(
    work: (tools: Parameters<typeof planRetrieval>[0], args: Args) => Promise<Result>,
  ) => {
    return (args: Args): Promise<Result> =>
      withHeartbeat(async (signal) => {
        const { run } = args;
        const context = await contexts.get(run);
        const { source, release } = sources.acquire(context);
        try {
          return await work({ context, source, signal, now: () => new Date() }, args);
        } finally {
          release();
        }
      });
  };
  const activity =
    <Name extends StageName>(name: Name) =>
    (args: StageArguments<Name>): Promise<StageResult<Name>> =>
      withHeartbeat((signal) => runStage(name, args, signal));
  return {
    listSourceFiles: activity('listSourceFiles'),
    scanHeaders: activity('scanHeaders'),
    planBatches: activity('planBatches'),
    deidentifyBatch: activity('deidentifyBatch'),
    groupBatch: activity('groupBatch'),
    preprocessUnits: activity('preprocessUnits'),
    publishBatch: activity('publishBatch'),
    publishManifest: activity('publishManifest'),
    cleanUp: activity('cleanUp'),
    planRetrieval: retrieving(planRetrieval),
    retrieveRequest: retrieving((tools, { request }: { run: RunReference; request: number }) =>
      retrieveRequest(tools, request),
    ),
  };
}

/** Everything that runs on the `gpu` task queue. */
export function createGpuActivities(
  state: State,
  loadClassifier: (run: RunReference) => Promise<LoadedClassifier>,
): GpuActivities {
  const contexts = new StageContexts(state);
  return {
    classifyUnits: ({ run, batch, from, to }) =>
      withHeartbeat(async () => {
        const loaded = await loadClassifier(run).catch((error: unknown) => {
          throw toClassifyFailure(error);
        });
        await classifyUnits(await contexts.get(run), loaded, batch, from, to);
      }),
  };
}

async function withHeartbeat<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  try {
    return await work(context.cancellationSignal);
  } catch (error) {
    context.cancellationSignal.throwIfAborted();
    throw toApplicationFailure(error, context);
  } finally {
    clearInterval(timer);
  }
}

/** Only the code and fixed words go into the history: no cause, no stack, both of which name paths. */
function toApplicationFailure(error: unknown, context: Context): ApplicationFailure {
  if (process.env.SERIESWISE_DEBUG) console.error(error);
  const { code, kind, message } = toStageFailure(error);
  const { attempt, scheduledTimestampMs } = context.info;
  const exhausted = attempt >= PATIENCE.attempts && Date.now() - scheduledTimestampMs > PATIENCE.ms;
  const failure = ApplicationFailure.create({
    message,
    type: code,
    nonRetryable: kind === 'permanent' || exhausted,
    details: [kind],
  });
  failure.stack = '';
  return failure;
}
