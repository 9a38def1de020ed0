import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { removeInterim } from '../../activities/clean-up.ts';
import { normalizeLocation } from '../../activities/store/locations.ts';
import { openStore } from '../../activities/store/open-store.ts';
import { BEGUN, RunFiles, runKeyOf, WORK_FOLDER } from '../../activities/store/run-files.ts';
import { connectClient } from '../../workers/cluster.ts';
import { serverOf } from '../../workers/inspect-run.ts';
import { readLockHolder } from '../../workers/run-lock.ts';
import { workflowIdOf } from '../../workers/run-session.ts';
import { CliError } from '../exit.ts';
import { withOutputView } from '../output-view.ts';
import { readRunDocument } from '../run-folder.ts';
import { openStateOrExit, printJson, say, withStateOption } from '../settings.ts';

const WAIT_MS = 60_000;

export function registerCancel(program: Command): void {
  withStateOption(
    program
      .command('cancel')
      .summary('stop a run cleanly')
      .description('Cancels a run: steps under way stop, unpublished files are removed, published ones stay.')
      .argument('<dir>', 'output folder of the run')
      .option('--json', 'print one JSON document on standard output'),
  ).action(async (folder: string, options: { state?: string; json?: boolean }) => {
    const output = normalizeLocation(folder);
    await withOutputView(output, 'document', async (view) => readRunDocument(view.folder, output));
    const state = openStateOrExit(options.state);
    const runKey = runKeyOf(state, output);
    const files = await RunFiles.open(state, runKey);
    const result = (await cancelOnServer(files, runKey)) ? 'cancelled' : await cancelStopped(files, output);
    if (options.json) printJson({ status: result });
    else say(result === 'cancelled' ? 'Cancelled.' : 'Nothing is under way.');
  });
}

/** Asks the server of the run, if one is there, and waits for the end. */
async function cancelOnServer(files: RunFiles, runKey: string): Promise<boolean> {
  const address = serverOf(files);
  if (address === null) return false;
  const client = await connectClient(address).catch(() => {
    throw new CliError('The server of this run does not answer; try again in a moment.', 3);
  });
  try {
    const handle = client.workflow.getHandle(workflowIdOf(runKey));
    const isRunning = async () => (await handle.describe()).status.name === 'RUNNING';
    if (!(await isRunning().catch(() => false))) return false;
    await handle.cancel();
    for (let waited = 0; waited < WAIT_MS; waited += 250) {
      // An embedded server ends with its run.
      if (!(await isRunning().catch(() => false))) return true;
      await sleep(250);
    }
    throw new CliError('The run was told to stop but has not ended yet; see: serieswise status', 1);
  } finally {
    await client.connection.close();
  }
}

/** A run that nobody works on: what it left unpublished is removed, and its workflow will not be gone on with. */
async function cancelStopped(files: RunFiles, output: string): Promise<'cancelled' | 'idle'> {
  if (readLockHolder(files) !== null) {
    throw new CliError('The run is just starting or ending; try again in a moment.', 1);
  }
  const store = await openStore(output);
  if ((await store.stat(BEGUN)) === null) return 'idle';
  await store.removeAll(WORK_FOLDER);
  await removeInterim(files);
  for (const name of ['temporal.db', 'temporal.db-shm', 'temporal.db-wal', 'temporal.db.complete'])
    fs.rmSync(files.localPath(name), { recursive: true, force: true });
  return 'cancelled';
}
