import fs from 'node:fs';
import path from 'node:path';
import type { Pipeline } from '../pipelines/schema.ts';
import { WORK_FOLDER } from './store/run-files.ts';

/** run.json, as `publishManifest` writes it and everything else reads it. The only file with times and a host's name. */
export interface RunDocument {
  schema_version: number;
  serieswise_version: string;
  pipeline: Pipeline;
  pipeline_digest: string;
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
    /** How many kept units have each label, by task. */
    labels: Record<string, Record<string, number>>;
    /** Of a source that is a PACS. */
    retrievals?: { studies: Record<string, number>; reasons: Record<string, number> };
  };
  manifest: ManifestFile[];
  outputs: { files: number; bytes: number };
  started_at: string;
  finished_at: string;
  host: { name: string; platform: string; arch: string; node: string };
}

/** A file below manifest/ that run.json answers for. */
export interface ManifestFile {
  path: string;
  bytes: number;
  rows: number;
  sha256: string;
}

/**
 * Reads run.json of an output folder.
 * @returns else `unfinished` (no run has ended there yet), `damaged` (it is no JSON) or `not-a-run`
 */
export function readRunDocument(folder: string): RunDocument | 'unfinished' | 'damaged' | 'not-a-run' {
  const file = path.join(folder, 'run.json');
  if (!fs.existsSync(file)) return fs.existsSync(path.join(folder, WORK_FOLDER)) ? 'unfinished' : 'not-a-run';
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as RunDocument;
  } catch {
    return 'damaged';
  }
}
