import fs from 'node:fs';
import type { StageContext } from './context.ts';
import { WORK_FOLDER } from './store/run-files.ts';

/** Removes what a cancelled run left unpublished. What is published stays, and a later run goes on from it. */
export function cleanUp(context: StageContext): void {
  const { files } = context;
  fs.rmSync(files.published(WORK_FOLDER), { recursive: true, force: true });
  for (const folder of ['spool', 'spill', 'headers']) {
    fs.rmSync(files.path(folder), { recursive: true, force: true });
  }
}
