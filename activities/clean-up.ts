import fs from 'node:fs';
import path from 'node:path';
import type { StageContext } from './context.ts';
import { isTemporaryName } from './store/atomic.ts';
import { type RunFiles, WORK_FOLDER } from './store/run-files.ts';

/** Removes what a cancelled run left unpublished. What is published stays, and a later run goes on from it. */
export function cleanUp(context: StageContext): void {
  const { files } = context;
  fs.rmSync(files.published(WORK_FOLDER), { recursive: true, force: true });
  for (const folder of ['spool', 'spill', 'headers']) {
    fs.rmSync(files.path(folder), { recursive: true, force: true });
  }
}

/** Removes from a finished run's output what is no result: the work folder, and files that a kill left half-written. */
export function tidyOutput(files: RunFiles): void {
  const { outputFolder } = files.settings;
  for (const name of fs.readdirSync(outputFolder)) {
    if (isTemporaryName(name)) fs.rmSync(path.join(outputFolder, name), { force: true });
  }
  fs.rmSync(path.join(outputFolder, WORK_FOLDER), { recursive: true, force: true });
}

/** Removes from a finished run's private folder what no later run needs, half-written files included. */
export function tidyPrivateFiles(files: RunFiles): void {
  for (const folder of ['spool', 'spill', 'headers']) {
    fs.rmSync(files.path(folder), { recursive: true, force: true });
  }
  removeTemporaries(files.folder);
}

function removeTemporaries(folder: string): void {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const location = path.join(folder, entry.name);
    if (entry.isDirectory()) removeTemporaries(location);
    else if (isTemporaryName(entry.name)) fs.rmSync(location, { force: true });
  }
}
