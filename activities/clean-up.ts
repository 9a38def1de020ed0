import fs from 'node:fs';
import type { StageContext } from './context.ts';
import { type RunFiles, WORK_FOLDER } from './store/run-files.ts';
import type { Store } from './store/store.ts';

/** Removes what a cancelled run left unpublished. What is published stays, and a later run goes on from it. */
export async function cleanUp({ files, output }: StageContext): Promise<void> {
  await output.removeAll(WORK_FOLDER);
  await removeInterim(files);
}

/** Removes from a finished run's output what is no result: the work folder, and files that a kill left half-written. */
export async function tidyOutput(output: Store): Promise<void> {
  await output.tidy('', { deep: false });
  await output.removeAll(WORK_FOLDER);
}

/** Removes from a finished run's private files what no later run needs, half-written files included. */
export async function tidyPrivateFiles(files: RunFiles): Promise<void> {
  await removeInterim(files);
  await files.store.tidy('', { deep: true });
}

/** Removes from the private files what only a run under way needs. */
export async function removeInterim(files: RunFiles): Promise<void> {
  for (const folder of ['spool', 'headers']) await files.store.removeAll(folder);
  fs.rmSync(files.localPath('spill'), { recursive: true, force: true });
}
