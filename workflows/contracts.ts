/** What workflows take and tell. Shared with clients; data alone. */
import type { Listing } from '../activities/discover.ts';
import type { RunSummary } from '../activities/publish-manifest.ts';
import type { RunReference } from '../activities/run-reference.ts';

/** How wide a run fans out. Follows from the machines, never from the data. */
export interface RunLimits {
  /** Batches under way at once. */
  openBatches: number;
  /** Shards of the listing under way at once. */
  openShards: number;
  /** Series units in one preprocess or classify activity. */
  unitsPerActivity: number;
  /** Unit activities of a batch under way at once. */
  openUnitActivities: number;
}

/** Series units in one preprocess or classify activity of a run. */
export const UNITS_PER_ACTIVITY = 8;

/** Where a run is. */
export interface RunProgress {
  /** Steps under way end, none is begun until the run is resumed. */
  paused?: boolean;
  stage: 'retrieve' | 'discover' | 'curate' | 'publish' | 'done';
  /** Of a source that is a PACS: what is asked of it, and how much of that is done. */
  retrieval?: { requests: number; done: number; instances: number };
  filesSeen: number;
  shardCount: number;
  shardsDone: number;
  batchCount: number;
  batchesDone: number;
  batchesUnchanged: number;
  instances: Record<string, number>;
  series: Record<string, number>;
}

/** What a run carries over when its history is cut (continue as new). */
export interface RunCarryOver {
  startedAt: string;
  progress: RunProgress;
  listing: Listing | null;
  failures: { code: string; kind: string; message: string }[];
}

export interface CurateArchiveInput {
  run: RunReference;
  limits: RunLimits;
  /** Task queue of the classifying workers. */
  gpuTaskQueue: string;
  /** Whether the cluster knows the search attributes of `SEARCH_ATTRIBUTES`. */
  searchAttributes: boolean;
  carryOver?: RunCarryOver;
}

export interface CurateBatchInput {
  run: RunReference;
  limits: RunLimits;
  gpuTaskQueue: string;
  batch: number;
}

export interface CurateBatchResult {
  unchanged: boolean;
  instances: Record<string, number>;
  series: Record<string, number>;
}

export type { RunSummary };

/** Signals of both workflows; a run passes them on to its batches. */
export const PAUSE_SIGNAL = 'pause';
export const RESUME_SIGNAL = 'resume';

/** Query of `curateArchive`. */
export const PROGRESS_QUERY = 'progress';

/** Search attributes of `curateArchive`, with Temporal's types. */
export const SEARCH_ATTRIBUTES = { SerieswiseStage: 'Keyword', SerieswiseBatchesDone: 'Int' } as const;
