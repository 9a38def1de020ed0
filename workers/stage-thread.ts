/** A thread of the stage pool: runs steps by name. Loaded by `stage-pool.ts`. */
import fs from 'node:fs/promises';
import { StageContexts } from '../activities/context.ts';
import { toStageFailure } from '../activities/failures.ts';
import type { RunReference } from '../activities/run-reference.ts';
import { STAGES, type StageName } from '../activities/stages.ts';
import { createResampler, type Resampler, resamplerWasmUrl } from '../stages/preprocess/preprocess-volume.ts';

/** One step to run. The key travels in memory between threads of one process and nowhere else. */
export interface StageTask {
  name: StageName;
  args: { run: RunReference };
  state: { folder: string; location: string; key: Uint8Array };
}

/** A failure crosses threads as plain data. */
export type StageOutcome =
  | { ok: true; result: unknown }
  | { ok: false; failure: { code: string; kind: string; message: string } };

/** A pool has one state. */
let contexts: StageContexts | null = null;
let resampler: Promise<Resampler> | null = null;

export async function runStage(task: StageTask): Promise<StageOutcome> {
  const { name, args, state } = task;
  try {
    contexts ??= new StageContexts({ ...state, key: Buffer.from(state.key) });
    const context = await contexts.get(args.run);
    const step = STAGES[name] as (tools: unknown, args: unknown) => Promise<unknown>;
    return { ok: true, result: await step({ context, resampler: getResampler }, args) };
  } catch (error) {
    if (process.env.SERIESWISE_DEBUG) console.error(error);
    const { code, kind, message } = toStageFailure(error);
    return { ok: false, failure: { code, kind, message } };
  }
}

function getResampler(): Promise<Resampler> {
  resampler ??= fs.readFile(resamplerWasmUrl()).then(createResampler);
  return resampler;
}
