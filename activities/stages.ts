/** Every step of a run that happens on a CPU thread, by name. The workflow's activities and the bench call these. */
import type { Resampler } from '../stages/preprocess/preprocess-volume.ts';
import { cleanUp } from './clean-up.ts';
import type { StageContext } from './context.ts';
import { deidentifyBatch } from './deidentify.ts';
import { type Listing, listSourceFiles, planBatches, scanHeaders } from './discover.ts';
import { groupBatch } from './group.ts';
import { preprocessUnits } from './preprocess.ts';
import { publishBatch } from './publish.ts';
import { publishManifest } from './publish-manifest.ts';
import type { RunReference } from './run-reference.ts';

/** Of a step on one batch. */
export interface BatchArguments {
  run: RunReference;
  batch: number;
}

/** Of a step on the pending units `from` (inclusive) to `to` (exclusive) of a batch. */
export interface UnitsArguments extends BatchArguments {
  from: number;
  to: number;
}

/** What a thread has at hand for its steps. */
export interface StageTools {
  context: StageContext;
  resampler(): Promise<Resampler>;
}

export const STAGES = {
  listSourceFiles: ({ context }: StageTools, _args: { run: RunReference }) => listSourceFiles(context),
  scanHeaders: ({ context }: StageTools, args: { run: RunReference; shard: number }) =>
    scanHeaders(context, args.shard),
  planBatches: async ({ context }: StageTools, args: { run: RunReference; listing: Listing }) =>
    planBatches(context, args.listing),
  deidentifyBatch: ({ context }: StageTools, { run, batch }: BatchArguments) =>
    deidentifyBatch(context, batch, run.bundle.sha256),
  groupBatch: async ({ context }: StageTools, { run, batch }: BatchArguments) =>
    groupBatch(context, batch, run.bundle.sha256),
  preprocessUnits: async ({ context, resampler }: StageTools, { batch, from, to }: UnitsArguments) =>
    preprocessUnits(context, await resampler(), batch, from, to),
  publishBatch: ({ context }: StageTools, { run, batch }: BatchArguments) =>
    publishBatch(context, batch, run.bundle),
  publishManifest: (
    { context }: StageTools,
    { run, ...request }: { run: RunReference; listing: Listing; batchCount: number; startedAt: string },
  ) => publishManifest(context, { ...request, ...run }),
  cleanUp: ({ context }: StageTools, _args: { run: RunReference }) => cleanUp(context),
} as const;

export type StageName = keyof typeof STAGES;
export type StageArguments<Name extends StageName> = Parameters<(typeof STAGES)[Name]>[1];
export type StageResult<Name extends StageName> = Awaited<ReturnType<(typeof STAGES)[Name]>>;
