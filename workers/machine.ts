import os from 'node:os';

/** Cores that this process may use. */
export function availableCores(): number {
  return Math.max(1, os.availableParallelism());
}

/** Whether runs go to a cluster; see `clusterFromEnvironment` for how it is reached. */
export function isClusterConfigured(): boolean {
  return Boolean(process.env.TEMPORAL_ADDRESS);
}
