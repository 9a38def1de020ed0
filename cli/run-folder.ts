import fs from 'node:fs';
import path from 'node:path';
import type { RunDocument } from '../activities/run-document.ts';
import { WORK_FOLDER } from '../activities/store/run-files.ts';
import { CliError } from './exit.ts';

/** @param shown what the output is called. @returns run.json, or null when no run has ended there yet. @throws CliError 2 when the folder is not of a run */
export function readRunDocument(folder: string, shown = folder): RunDocument | null {
  const file = path.join(folder, 'run.json');
  if (fs.existsSync(file)) {
    try {
      return JSON.parse(fs.readFileSync(file, 'utf8')) as RunDocument;
    } catch {
      throw new CliError(
        `run.json in ${shown} is damaged; run the pipeline again with the same output to make it anew.`,
        2,
      );
    }
  }
  if (fs.existsSync(path.join(folder, WORK_FOLDER))) return null;
  throw new CliError(`${shown} is not the output of a run.`, 2);
}

/** @throws CliError 2 when no run has ended in the folder */
export function requireRunDocument(folder: string, shown = folder): RunDocument {
  const run = readRunDocument(folder, shown);
  if (run === null) {
    throw new CliError(`The run in ${shown} has not ended yet; see: serieswise status ${shown}`, 2);
  }
  return run;
}
