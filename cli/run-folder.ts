import fs from 'node:fs';
import path from 'node:path';
import { WORK_FOLDER } from '../activities/store/run-files.ts';
import type { Pipeline } from '../pipelines/schema.ts';
import { CliError } from './exit.ts';

/** The part of run.json that commands read. */
export interface RunDocument {
  serieswise_version: string;
  pipeline_digest: string;
  pipeline: Pipeline;
  bundle: { name: string; version: string; sha256: string; files: Record<string, string> };
  step_versions: Record<string, number | string>;
  ledger: {
    files_seen: number;
    bytes_seen: number;
    archives_opened: number;
    links_skipped: number;
    instances: Record<string, number>;
    instance_reasons: Record<string, number>;
    series: Record<string, number>;
    series_reasons: Record<string, number>;
    needs_review: number;
  };
  manifest: { path: string; bytes: number; rows: number; sha256: string }[];
  outputs: { files: number; bytes: number };
  started_at: string;
  finished_at: string;
  host: { name: string; platform: string; arch: string; node: string };
}

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
