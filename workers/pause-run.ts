import type { RunFiles } from '../activities/store/run-files.ts';
import { PAUSE_SIGNAL, RESUME_SIGNAL } from '../workflows/contracts.ts';
import { connectClient } from './cluster.ts';
import { serverOf } from './inspect-run.ts';
import { workflowIdOf } from './run-session.ts';

/**
 * Tells a run to begin no further step, or to go on. The word is kept in its history, whether or not a worker is there.
 * @returns false when nothing is under way
 * @throws the SDK's error when the server does not answer
 */
export async function pauseRun(files: RunFiles, runKey: string, isPaused: boolean): Promise<boolean> {
  const server = serverOf(files);
  if (server === null) return false;
  const client = await connectClient(server);
  try {
    const handle = client.workflow.getHandle(workflowIdOf(runKey));
    const isRunning = await handle.describe().then(
      ({ status }) => status.name === 'RUNNING',
      () => false,
    );
    if (isRunning) await handle.signal(isPaused ? PAUSE_SIGNAL : RESUME_SIGNAL);
    return isRunning;
  } finally {
    await client.connection.close();
  }
}
