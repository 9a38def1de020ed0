/** Tells observers of every activity that this process works on: the one place where progress and metrics come from. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { CpuActivities, GpuActivities } from '../activities/index.ts';
import type { RunReference } from '../activities/run-reference.ts';

export type ActivityName = keyof CpuActivities | keyof GpuActivities;

const STAGE_OF = {
  planRetrieval: 'retrieve',
  retrieveRequest: 'retrieve',
  listSourceFiles: 'discover',
  scanHeaders: 'discover',
  planBatches: 'discover',
  deidentifyBatch: 'deidentify',
  groupBatch: 'group',
  preprocessUnits: 'preprocess',
  classifyUnits: 'classify',
  publishBatch: 'publish',
  publishManifest: 'publish',
  cleanUp: 'publish',
} as const satisfies Record<ActivityName, string>;

/** An attempt at an activity. Names of the program, keys and numbers: nothing of the source. */
export interface ObservedActivity {
  activity: ActivityName;
  /** The house's word for what it is a part of. */
  stage: (typeof STAGE_OF)[ActivityName];
  queue: 'cpu' | 'gpu';
  /** Key of the run. */
  run: string;
  /** Null of activities on a whole run. */
  batch: number | null;
  /** Series units that it is about; 0 of activities on other things. */
  units: number;
  /** From 1. */
  attempt: number;
  /** From when it could have begun to when it did. */
  waitedSeconds: number;
}

/** How an attempt ended. */
export type ActivityEnd =
  | { ok: true; seconds: number; result: unknown }
  /** `code` as in `activities/failures.ts`, or `cancelled`; `isFinal`: it is not tried again. */
  | { ok: false; seconds: number; code: string; isFinal: boolean };

export interface ActivityObserver {
  started?(activity: ObservedActivity): void;
  ended(activity: ObservedActivity, end: ActivityEnd): void;
}

/** An interceptor for the worker of a queue. What an observer throws fails the activity. */
export function observeActivities(
  queue: 'cpu' | 'gpu',
  observers: readonly ActivityObserver[],
): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const [args] = input.args as [{ run: RunReference; batch?: number; from?: number; to?: number }];
        const activity: ObservedActivity = {
          activity: info.activityType as ActivityName,
          stage: STAGE_OF[info.activityType as ActivityName],
          queue,
          run: args.run.runKey,
          batch: args.batch ?? null,
          units: (args.to ?? 0) - (args.from ?? 0),
          attempt: info.attempt,
          waitedSeconds: Math.max(0, Date.now() - info.currentAttemptScheduledTimestampMs) / 1000,
        };
        const began = performance.now();
        const end = (outcome: ActivityEnd) => {
          for (const observer of observers) observer.ended(activity, outcome);
        };
        const secondsSince = () => (performance.now() - began) / 1000;
        for (const observer of observers) observer.started?.(activity);
        try {
          const result = await next(input);
          end({ ok: true, seconds: secondsSince(), result });
          return result;
        } catch (error) {
          end({ ok: false, seconds: secondsSince(), ...describeError(error) });
          throw error;
        }
      },
    },
  });
}

function describeError(error: unknown): { code: string; isFinal: boolean } {
  if (error instanceof ApplicationFailure)
    return { code: error.type ?? 'internal-error', isFinal: error.nonRetryable === true };
  const isCancelled =
    error instanceof CancelledFailure || (error instanceof Error && error.name === 'AbortError');
  return isCancelled ? { code: 'cancelled', isFinal: true } : { code: 'internal-error', isFinal: false };
}
