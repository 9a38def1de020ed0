/** Writes a cohort: the files of every selected unit, and a manifest of its own beside them. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { isTemporaryName, writeFileAtomic } from '../activities/store/atomic.ts';
import type { Manifest } from '../manifest/query.ts';
import { CohortError, UnitError, type UnitProblem } from './cohort-error.ts';
import { FILES_COLUMNS } from './files-table.ts';
import { type CohortUnit, selectCohort, unitsSql } from './select-cohort.ts';
import { type Split, splitOf } from './split-cohort.ts';
import { type CohortFormat, type WriteContext, type WrittenFile, writeUnit } from './write-unit.ts';

/** What export.json says of a cohort. */
export interface CohortDocument {
  serieswise_version: string;
  condition: string;
  format: CohortFormat;
  splits: Record<string, number> | null;
  seed: number;
  /** Of the run that the cohort comes from. */
  pipeline_digest: string;
  bundle: { name: string; version: string; sha256: string };
  series_units: number;
  patients: number;
  files: number;
  bytes: number;
  /** Units that could not be written, by reason. */
  problems: Partial<Record<UnitProblem, number>>;
}

export interface ExportRequest extends WriteContext {
  manifest: Manifest;
  condition: string;
  format: CohortFormat;
  splits: Split[] | null;
  seed: number;
  provenance: Pick<CohortDocument, 'serieswise_version' | 'pipeline_digest' | 'bundle'>;
  /** Told after each unit. */
  progress?: (done: number, total: number) => void;
}

/** A row of the cohort's table `files`. */
interface FileRow {
  series_unit: string;
  patient_id: string;
  split: string | null;
  path: string | null;
  bytes: bigint | null;
  sha256: string | null;
  problem: UnitProblem | null;
}

interface UnitOutcome {
  unit: CohortUnit;
  files: WrittenFile[];
  problem: UnitProblem | null;
}

const DOCUMENT = 'export.json';
/** What was written so far: an interrupted export goes on after it. */
const LEDGER = '.serieswise-export.jsonl';

/**
 * Writes what the condition selects. Interrupted, it goes on where it was when called again with the same request;
 * a unit that cannot be written has a row that says why.
 * @throws CohortError before anything is written
 */
export async function exportCohort(request: ExportRequest): Promise<CohortDocument> {
  const { manifest, condition, format, target, splits, seed, provenance } = request;
  const units = await selectCohort(manifest, condition);
  // A run that was changed in between has other units or other files: nothing of one state goes beside the other.
  const selection = createHash('sha256').update(JSON.stringify(units)).digest('hex');
  const heading = JSON.stringify({
    condition,
    format,
    link: request.link,
    splits,
    seed,
    provenance,
    selection,
  });
  const done = openTarget(target, heading);
  const outcomes: UnitOutcome[] = [];
  for (const unit of units) {
    const before = done.get(unit.seriesUnit);
    const outcome = before?.every((file) => isThere(target, file))
      ? { unit, files: before, problem: null }
      : await attempt(request, unit);
    if (outcome.problem === null && before !== outcome.files) {
      const line = JSON.stringify({ unit: unit.seriesUnit, files: outcome.files });
      fs.appendFileSync(path.join(target, LEDGER), `${line}\n`);
    }
    outcomes.push(outcome);
    request.progress?.(outcomes.length, units.length);
  }
  await writeManifest(request, outcomes);
  const written = outcomes.filter(({ problem }) => problem === null);
  const files = written.flatMap((outcome) => outcome.files);
  const problems: CohortDocument['problems'] = {};
  for (const { problem } of outcomes) if (problem !== null) problems[problem] = (problems[problem] ?? 0) + 1;
  const document: CohortDocument = {
    ...provenance,
    condition,
    format,
    splits: splits === null ? null : Object.fromEntries(splits.map(({ name, share }) => [name, share])),
    seed,
    series_units: written.length,
    patients: new Set(written.map(({ unit }) => unit.patientId)).size,
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    problems,
  };
  writeFileAtomic(path.join(target, DOCUMENT), `${JSON.stringify(document, null, 2)}\n`);
  fs.rmSync(path.join(target, LEDGER), { force: true });
  return document;
}

async function attempt(request: ExportRequest, unit: CohortUnit): Promise<UnitOutcome> {
  try {
    return { unit, files: await writeUnit(request, unit, request.format), problem: null };
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    return { unit, files: [], problem: error.problem };
  }
}

function isThere(target: string, file: WrittenFile): boolean {
  return fs.statSync(path.join(target, file.path), { throwIfNoEntry: false })?.size === file.bytes;
}

/**
 * Makes the target folder, or finds what an interrupted export of the same request has written there.
 * @throws CohortError `target-differs` for an interrupted export of something else, `target-in-use` for anything else
 */
function openTarget(target: string, heading: string): Map<string, WrittenFile[]> {
  const ledger = path.join(target, LEDGER);
  if (fs.existsSync(ledger)) {
    const [first, ...lines] = fs.readFileSync(ledger, 'utf8').split('\n');
    if (first !== heading) {
      throw new CohortError(
        'target-differs',
        'The folder of --to holds an interrupted export of another cohort: the options differ, or the run has changed ' +
          'since. Name a new folder, or remove that one.',
      );
    }
    removeTemporaryFiles(target);
    return new Map(lines.flatMap(readLine));
  }
  const names = fs.existsSync(target) ? fs.readdirSync(target) : [];
  if (names.some((name) => !isTemporaryName(name))) {
    throw new CohortError(
      'target-in-use',
      'The folder of --to is not empty, and holds no interrupted export. Name a new folder.',
    );
  }
  fs.mkdirSync(target, { recursive: true });
  writeFileAtomic(ledger, `${heading}\n`);
  return new Map();
}

/** What a kill left half written. */
function removeTemporaryFiles(folder: string): void {
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (isTemporaryName(entry.name)) fs.rmSync(path.join(entry.parentPath, entry.name), { force: true });
  }
}

/** A line that a kill cut off is not there. */
function readLine(line: string): [string, WrittenFile[]][] {
  try {
    const { unit, files } = JSON.parse(line) as { unit: string; files: WrittenFile[] };
    return [[unit, files]];
  } catch {
    return [];
  }
}

async function writeManifest(request: ExportRequest, outcomes: readonly UnitOutcome[]): Promise<void> {
  const { manifest, condition, target, splits, seed } = request;
  for (const table of ['instances', 'series', 'labels']) {
    const folder = path.join(target, 'manifest', table);
    fs.mkdirSync(folder, { recursive: true });
    const order =
      table === 'instances' ? 'source_key' : table === 'labels' ? 'series_unit, task' : 'series_unit';
    await manifest.export(
      `SELECT * FROM ${table} WHERE series_unit IN (${unitsSql(condition)}) ORDER BY ${order}`,
      path.join(folder, 'part-000000.parquet'),
      'parquet',
    );
  }
  const rows = outcomes.flatMap(({ unit, files, problem }): FileRow[] => {
    const split = splits === null ? null : splitOf(unit.patientId, splits, seed);
    const common = { series_unit: unit.seriesUnit, patient_id: unit.patientId, split, problem };
    if (problem !== null) return [{ ...common, path: null, bytes: null, sha256: null }];
    return files.map(({ path: file, bytes, sha256 }) => ({
      ...common,
      path: file,
      bytes: BigInt(bytes),
      sha256,
    }));
  });
  const columnData = FILES_COLUMNS.map(({ name, type }) => ({
    name,
    type,
    data: rows.map((row) => row[name]),
    nullable: true,
  }));
  const buffer = parquetWriteBuffer({ columnData });
  const folder = path.join(target, 'manifest/files');
  fs.mkdirSync(folder, { recursive: true });
  writeFileAtomic(path.join(folder, 'part-000000.parquet'), new Uint8Array(buffer));
}
