/** Writes a cohort: the files of every selected unit, a manifest of its own, and what says what it is. */
import fs from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../activities/store/atomic.ts';
import type { Manifest } from '../manifest/query.ts';
import type { UnitProblem } from './cohort-error.ts';
import { describeCohort } from './describe-cohort.ts';
import { openTarget } from './export-target.ts';
import { type CohortFormat, planPieces } from './plan-pieces.ts';
import { renderCard } from './render-card.ts';
import { renderCroissant } from './render-croissant.ts';
import { type CohortUnit, selectCohort } from './select-cohort.ts';
import { type Split, splitOf } from './split-cohort.ts';
import { type FileRow, tablePathOf, writeCohortManifest } from './write-manifest.ts';
import { type PieceContext, type PieceOutcome, writePiece } from './write-piece.ts';
import { sha256, ZARR_GROUP } from './write-unit.ts';
import { encodeZarrGroup, ZARR_METADATA } from './zarr.ts';

/** What the user says of the data set. */
export interface CohortTitle {
  title: string;
  /** A URL, an SPDX identifier or words; null where none was given. */
  license: string | null;
  citation: string | null;
}

/** Of the run that the cohort comes from. */
export interface CohortProvenance {
  serieswise_version: string;
  pipeline_digest: string;
  bundle: { name: string; version: string; sha256: string };
  /** Values that an option lets stay are not named here: the run's own run.json has them. */
  deidentify: { profile: string; dates: string; faces: string; options: string[] };
}

/** What export.json says of a cohort. */
export interface CohortDocument extends CohortTitle, CohortProvenance {
  condition: string;
  format: CohortFormat;
  splits: Record<string, number> | null;
  seed: number;
  series_units: number;
  patients: number;
  files: number;
  bytes: number;
  /** Units that could not be written, by reason. */
  problems: Partial<Record<UnitProblem, number>>;
}

export interface ExportRequest extends CohortTitle, Omit<PieceContext, 'splitOf' | 'pipelineDigest'> {
  manifest: Manifest;
  condition: string;
  splits: Split[] | null;
  seed: number;
  unitsPerShard: number;
  provenance: CohortProvenance;
  /** Day on which the run ended, ISO 8601. */
  date: string;
  /** Told after each piece. */
  progress?: (done: number, total: number) => void;
}

const DOCUMENT = 'export.json';

/**
 * Writes what the condition selects. Interrupted, it goes on where it was when called again with the same request;
 * a unit that cannot be written has a row that says why.
 * @throws CohortError before anything is written
 */
export async function exportCohort(request: ExportRequest): Promise<CohortDocument> {
  const { manifest, condition, format, splits, seed, provenance } = request;
  const units = await selectCohort(manifest, condition);
  const selection = sha256(JSON.stringify(units));
  const target = openTarget(request.target, describeRequest(request, selection));
  const partOf = (unit: CohortUnit) => (splits === null ? null : splitOf(unit.patientId, splits, seed));
  const context = { ...request, splitOf: partOf, pipelineDigest: provenance.pipeline_digest };
  const rows: FileRow[] = [];
  let done = 0;
  for (const piece of planPieces(units, format, partOf, request.unitsPerShard)) {
    const before = target.find(piece.name);
    const outcome: PieceOutcome =
      before === null ? await writePiece(context, piece) : { files: before, problems: new Map() };
    if (before === null && outcome.problems.size === 0) target.note(piece.name, outcome.files);
    rows.push(...piece.units.flatMap((unit) => rowsOf(unit, partOf(unit), outcome)));
    done += piece.units.length;
    request.progress?.(done, units.length);
  }
  rows.sort((a, b) => (a.series_unit < b.series_unit ? -1 : a.series_unit > b.series_unit ? 1 : 0));
  await writeCohortManifest(request.target, manifest, condition, rows);
  const document = documentOf(request, rows);
  await writeDescriptions(request, document, selection);
  target.close();
  return document;
}

/** All that the pieces of an export depend on: an interrupted one goes on where this is the same. */
function describeRequest(request: ExportRequest, selection: string): string {
  const { condition, format, link, splits, seed, unitsPerShard, provenance } = request;
  return JSON.stringify({ condition, format, link, splits, seed, unitsPerShard, provenance, selection });
}

function rowsOf(unit: CohortUnit, split: string | null, outcome: PieceOutcome): FileRow[] {
  const problem = outcome.problems.get(unit.seriesUnit) ?? null;
  const common = { series_unit: unit.seriesUnit, patient_id: unit.patientId, split, problem };
  if (problem !== null) return [{ ...common, path: null, bytes: null, sha256: null }];
  return outcome.files.map((file) => ({ ...common, ...file, bytes: BigInt(file.bytes) }));
}

function documentOf(request: ExportRequest, rows: readonly FileRow[]): CohortDocument {
  const { title, license, citation, condition, format, splits, seed, provenance } = request;
  const written = rows.filter(({ problem }) => problem === null);
  // A shard stands in the rows of all its units.
  const files = new Map(written.map((row) => [row.path, Number(row.bytes)]));
  const problems: CohortDocument['problems'] = {};
  for (const { problem } of rows) if (problem !== null) problems[problem] = (problems[problem] ?? 0) + 1;
  return {
    title,
    license,
    citation,
    ...provenance,
    condition,
    format,
    splits: splits === null ? null : Object.fromEntries(splits.map(({ name, share }) => [name, share])),
    seed,
    series_units: new Set(written.map((row) => row.series_unit)).size,
    patients: new Set(written.map((row) => row.patient_id)).size,
    files: files.size,
    bytes: [...files.values()].reduce((sum, bytes) => sum + bytes, 0),
    problems,
  };
}

/** What says what the cohort is; export.json last: where it is, everything is. */
async function writeDescriptions(
  { target, format, date, parameters }: ExportRequest,
  document: CohortDocument,
  digest: string,
): Promise<void> {
  if (format === 'zarr') {
    fs.mkdirSync(path.join(target, ZARR_GROUP), { recursive: true });
    const group = encodeZarrGroup({ window_hu: parameters.windowHu });
    writeFileAtomic(path.join(target, ZARR_GROUP, ZARR_METADATA), group);
  }
  const tables = Object.fromEntries(
    ['instances', 'series', 'labels', 'files'].map((table) => [
      table,
      sha256(fs.readFileSync(path.join(target, tablePathOf(table)))),
    ]),
  );
  const summary = await describeCohort(target);
  writeFileAtomic(path.join(target, 'README.md'), renderCard(document, summary));
  writeFileAtomic(path.join(target, 'croissant.json'), renderCroissant({ document, tables, date, digest }));
  writeFileAtomic(path.join(target, DOCUMENT), `${JSON.stringify(document, null, 2)}\n`);
}
