/** Gives the labels of selected units back, each as a structured report of its own. Originals are never touched. */
import fs from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../activities/store/atomic.ts';
import { DicomError } from '../dicom/errors.ts';
import { type DicomFile, readDicom } from '../dicom/read.ts';
import type { Manifest } from '../manifest/query.ts';
import type { Task } from '../models/labels.ts';
import { instanceOutputPath } from '../stages/publish/output-paths.ts';
import { UnitError, type UnitProblem } from './cohort-error.ts';
import { LABEL_SOURCE_CODES, TASK_CODES } from './label-codes.ts';
import { buildLabelReport, type LabelReport, type ReportedLabel } from './label-report.ts';
import { type CohortUnit, selectCohort, unitsSql } from './select-cohort.ts';

/** Where reports go. */
export interface ReportTarget {
  /** @throws UnitError `refused` when this report is not taken; anything else ends the work */
  take(report: LabelReport, unit: CohortUnit): Promise<void>;
  close(): Promise<void>;
}

export interface WriteBackRequest {
  manifest: Pick<Manifest, 'query'>;
  /** Output folder of the run. */
  source: string;
  condition: string;
  target: ReportTarget;
  /** Version of the program that made the labels, from run.json. */
  labelledBy: string;
  /** Version of this program. */
  writtenBy: string;
  /** Told after each unit. */
  progress?: (done: number, total: number) => void;
}

/** What became of a unit. */
export interface WrittenReport {
  series_unit: string;
  series_instance_uid: string | null;
  sop_instance_uid: string | null;
  problem: UnitProblem | null;
}

/** @throws CohortError before anything is written; whatever the target throws besides `refused` */
export async function writeBack(request: WriteBackRequest): Promise<WrittenReport[]> {
  const units = await selectCohort(request.manifest, request.condition);
  const labels = await readLabels(request.manifest, request.condition);
  const written: WrittenReport[] = [];
  for (const unit of units) {
    written.push(await attempt(request, unit, labels.get(unit.seriesUnit) ?? []));
    request.progress?.(written.length, units.length);
  }
  return written;
}

async function attempt(
  request: WriteBackRequest,
  unit: CohortUnit,
  labels: readonly ReportedLabel[],
): Promise<WrittenReport> {
  try {
    const report = buildReport(request, unit, labels);
    await request.target.take(report, unit);
    const { seriesUnit, seriesInstanceUid, sopInstanceUid } = report;
    return {
      series_unit: seriesUnit,
      series_instance_uid: seriesInstanceUid,
      sop_instance_uid: sopInstanceUid,
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    const { seriesUnit } = unit;
    return {
      series_unit: seriesUnit,
      series_instance_uid: null,
      sop_instance_uid: null,
      problem: error.problem,
    };
  }
}

function buildReport(
  request: WriteBackRequest,
  unit: CohortUnit,
  labels: readonly ReportedLabel[],
): LabelReport {
  if (labels.length === 0) throw new UnitError('no-labels');
  const frames = unit.instances.reduce((sum, { frameCount }) => sum + frameCount, 0);
  if (frames !== unit.sliceCount) throw new UnitError('frames-of-several-units');
  return buildLabelReport({
    seriesUnit: unit.seriesUnit,
    labels,
    studyInstanceUid: unit.studyInstanceUid,
    seriesInstanceUid: unit.seriesInstanceUid,
    images: unit.instances,
    header: readHeader(request.source, unit),
    labelledBy: request.labelledBy,
    writtenBy: request.writtenBy,
  });
}

/** Of the first image; all of a study say the same of patient and study. */
function readHeader(source: string, unit: CohortUnit): DicomFile {
  const relative = unit.instances[0]?.path ?? null;
  if (relative === null) throw new UnitError('no-dicom-published');
  const file = path.join(source, relative);
  if (!fs.existsSync(file)) throw new UnitError('file-missing');
  try {
    return readDicom(fs.readFileSync(file), { untilPixelData: true });
  } catch (error) {
    if (error instanceof DicomError) throw new UnitError('file-damaged');
    throw error;
  }
}

/** The labels as they stand after review, by unit. Called once the condition is known to be one. */
async function readLabels(
  manifest: Pick<Manifest, 'query'>,
  condition: string,
): Promise<Map<string, ReportedLabel[]>> {
  const found = new Map<string, ReportedLabel[]>();
  for (const task of Object.keys(TASK_CODES) as Task[]) {
    const { rows } = await manifest.query(
      `SELECT s.series_unit, s.${task}_resolved AS label, s.${task}_source AS source,
         l.label AS predicted, l.score, l.bundle, l.bundle_sha256
       FROM series s LEFT JOIN labels l ON l.series_unit = s.series_unit AND l.task = '${task}'
       WHERE s.series_unit IN (${unitsSql(condition)})`,
    );
    for (const row of rows) {
      const { label, source } = row;
      // Of another vocabulary than this program's: a code for it would be a guess.
      if (typeof label !== 'string' || !Object.hasOwn(TASK_CODES[task].labels, label)) continue;
      if (typeof source !== 'string' || !Object.hasOwn(LABEL_SOURCE_CODES, source)) continue;
      const prediction =
        row.predicted === label
          ? { score: Number(row.score), bundle: String(row.bundle), bundleSha256: String(row.bundle_sha256) }
          : null;
      const unit = String(row.series_unit);
      found.set(unit, [...(found.get(unit) ?? []), { task, label, source, prediction }]);
    }
  }
  return found;
}

/** Files named as a run names its instances, each written whole or not at all. */
export function folderTarget(folder: string): ReportTarget {
  return {
    async take(report, { patientId, studyInstanceUid }) {
      const { seriesInstanceUid, sopInstanceUid } = report;
      const relative = instanceOutputPath({ patientId, studyInstanceUid, seriesInstanceUid, sopInstanceUid });
      const file = path.join(folder, relative);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      writeFileAtomic(file, report.toFile());
    },
    async close() {},
  };
}
