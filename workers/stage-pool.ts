import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { type FailureKind, StageFailure } from '../activities/failures.ts';
import type { StageRunner } from '../activities/index.ts';
import type { State } from '../activities/store/state.ts';
import type { StageOutcome } from './stage-thread.ts';

/** Threads for the steps of runs: parsing, de-identifying and resampling never hold up heartbeats. */
export interface StagePool {
  run: StageRunner;
  close(): Promise<void>;
}

/** @param threads how many steps run at the same time */
export function createStagePool(state: State, threads: number): StagePool {
  const pool = new Piscina({
    // Threads run the built file, also when this module is loaded from its source by a test.
    filename: fileURLToPath(new URL('./stage-thread.js', import.meta.url)).replace(
      /(?<!\/dist)\/workers\/stage-thread\.js$/,
      '/dist/workers/stage-thread.js',
    ),
    name: 'runStage',
    minThreads: 1,
    maxThreads: threads,
    idleTimeout: 60_000,
    resourceLimits: { maxOldGenerationSizeMb: 768, maxYoungGenerationSizeMb: 48 },
  });
  const run = async (name: string, args: object, signal: AbortSignal): Promise<unknown> => {
    const outcome: StageOutcome = await pool.run({ name, args, state }, { signal });
    if (outcome.ok) return outcome.result;
    throw new StageFailure(
      outcome.failure.code,
      outcome.failure.kind as FailureKind,
      outcome.failure.message,
    );
  };
  return { run: run as StageRunner, close: () => pool.destroy() };
}
