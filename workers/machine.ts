import os from 'node:os';
import path from 'node:path';

/** Cores that this process may use. */
export function availableCores(): number {
  return Math.max(1, os.availableParallelism());
}

/** Whether runs go to a cluster; see `clusterFromEnvironment` for how it is reached. */
export function isClusterConfigured(): boolean {
  return Boolean(process.env.TEMPORAL_ADDRESS);
}

/** `SERIESWISE_TASK_QUEUE` sets the first word of the task queues where several installations share a namespace. */
export function taskQueuePrefix(): string {
  return process.env.SERIESWISE_TASK_QUEUE ?? 'serieswise';
}

/** What can be fetched or made again: `SERIESWISE_CACHE`, else `~/.cache/serieswise`. */
export function cacheFolder(): string {
  return process.env.SERIESWISE_CACHE ?? path.join(os.homedir(), '.cache/serieswise');
}
