import { proxyActivities } from '@temporalio/workflow';
import type { CpuActivities, GpuActivities } from '../activities/index.ts';

/**
 * A worker that dies is noticed by its heartbeats, so its work is given to another one within seconds; how often that
 * may happen is not limited. An activity that keeps failing by itself ends the retries on its own.
 */
const options = {
  startToCloseTimeout: '6 hours',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '3 seconds' },
} as const;

export const cpu = proxyActivities<CpuActivities>(options);

export function gpu(taskQueue: string): GpuActivities {
  return proxyActivities<GpuActivities>({ ...options, taskQueue });
}
