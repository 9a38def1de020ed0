import * as documents from '../activities/run-document.ts';
import { CliError } from './exit.ts';

/** @param shown what the output is called. @returns run.json, or null when no run has ended there yet. @throws CliError 2 when the folder is not of a run */
export function readRunDocument(folder: string, shown = folder): documents.RunDocument | null {
  const found = documents.readRunDocument(folder);
  if (found === 'unfinished') return null;
  if (found === 'not-a-run') throw new CliError(`${shown} is not the output of a run.`, 2);
  if (found === 'damaged') {
    throw new CliError(
      `run.json in ${shown} is damaged; run the pipeline again with the same output to make it anew.`,
      2,
    );
  }
  return found;
}

/** @throws CliError 2 when no run has ended in the folder */
export function requireRunDocument(folder: string, shown = folder): documents.RunDocument {
  const run = readRunDocument(folder, shown);
  if (run === null) {
    throw new CliError(`The run in ${shown} has not ended yet; see: serieswise status ${shown}`, 2);
  }
  return run;
}
