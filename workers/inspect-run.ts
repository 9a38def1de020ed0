/** What is known of a run from outside: its workflow where a server answers, else who holds its lock. */
import type { Client } from '@temporalio/client';
import type { RunFiles } from '../activities/store/run-files.ts';
import { PROGRESS_QUERY, type RunProgress } from '../workflows/contracts.ts';
import { clusterFromEnvironment, connectClient, type ServerAddress } from './cluster.ts';
import { readServerAddress, readServerPage } from './embedded-server.ts';
import { readLockHolder } from './run-lock.ts';
import { workflowIdOf } from './run-session.ts';

/** State of a run; `interrupted`: begun, not ended, and nobody works on it. */
export interface RunInspection {
  status: 'running' | 'done' | 'interrupted';
  progress: RunProgress | null;
  /** Process that works on it on this machine. */
  process: number | null;
  /** Batches that have failed for good; the run goes on with the others. */
  failedBatches: number;
  startedAt: string | null;
  /** Temporal's own page about the workflow, where one is served. */
  temporalUrl: string | null;
}

/** @param hasEnded whether there is a run.json: what is not running is then done */
export async function inspectRun(files: RunFiles, runKey: string, hasEnded: boolean): Promise<RunInspection> {
  const holder = readLockHolder(files);
  const address = serverOf(files);
  const nothing = { progress: null, failedBatches: 0, startedAt: null, temporalUrl: null };
  if (address !== null) {
    try {
      const client = await connectClient(address);
      try {
        const workflowId = workflowIdOf(runKey);
        const handle = client.workflow.getHandle(workflowId);
        const { status, startTime } = await handle.describe();
        if (status.name === 'RUNNING') {
          const page =
            clusterFromEnvironment() === null
              ? readServerPage(files.localFolder)
              : process.env.SERIESWISE_TEMPORAL_UI;
          return {
            status: 'running',
            progress: await handle.query<RunProgress>(PROGRESS_QUERY).catch(() => null),
            process: holder,
            failedBatches: await countFailedBatches(client, workflowId, startTime),
            startedAt: startTime.toISOString(),
            temporalUrl: pageOf(page, address.namespace, workflowId),
          };
        }
      } finally {
        await client.connection.close();
      }
    } catch {
      // No server, or no such workflow: the files tell the rest.
    }
  }
  if (holder !== null) return { ...nothing, status: 'running', process: holder };
  return { ...nothing, status: hasEnded ? 'done' : 'interrupted', process: null };
}

/** The cluster of the environment, or the embedded server of a run under way; null without either. */
export function serverOf(files: RunFiles): ServerAddress | null {
  const embedded = readServerAddress(files.localFolder);
  return clusterFromEnvironment() ?? (embedded === null ? null : { address: embedded, namespace: 'default' });
}

async function countFailedBatches(client: Client, workflowId: string, since: Date): Promise<number> {
  const query =
    `WorkflowId STARTS_WITH '${workflowId}/batch-' AND ExecutionStatus = 'Failed' ` +
    `AND StartTime >= '${since.toISOString()}'`;
  return client.workflow.count(query).then(
    ({ count }) => count,
    () => 0,
  );
}

function pageOf(page: string | null | undefined, namespace: string, workflowId: string): string | null {
  if (page === null || page === undefined || !/^https?:\/\/[^\s]+$/.test(page)) return null;
  const base = page.replace(/\/+$/, '');
  return `${base}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
}
