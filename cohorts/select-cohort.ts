/** Which series units an SQL condition selects, with the files that hold them. */
import { ManifestError } from '../manifest/errors.ts';
import type { Manifest } from '../manifest/query.ts';
import type { JsonValue } from '../manifest/values.ts';
import { isInstancePath, isSeriesUnitKey } from '../stages/publish/output-paths.ts';
import { CohortError } from './cohort-error.ts';

/** A de-identified file of a unit. */
export interface CohortInstance {
  sopInstanceUid: string;
  sopClassUid: string;
  transferSyntaxUid: string;
  frameCount: number;
  /** Relative to the run's output folder; null where the pipeline does not publish DICOM. */
  path: string | null;
  sha256: string | null;
}

/** Columns of `series` that a training sample carries, with their types in Parquet. */
export const SAMPLE_COLUMNS = [
  { name: 'series_unit', type: 'string' },
  { name: 'patient_id', type: 'string' },
  { name: 'study_instance_uid', type: 'string' },
  ...['body_part', 'axis', 'contrast'].flatMap(
    (task) =>
      [
        { name: `${task}_resolved`, type: 'string' },
        { name: `${task}_source`, type: 'string' },
        { name: `${task}_score`, type: 'float' },
      ] as const,
  ),
  { name: 'tensor_sha256', type: 'string' },
] as const;

/** The values of {@link SAMPLE_COLUMNS} of one unit. */
export type Sample = Record<string, JsonValue>;

export interface CohortUnit {
  seriesUnit: string;
  patientId: string;
  studyInstanceUid: string;
  seriesInstanceUid: string;
  sliceCount: number;
  tensorSha256: string | null;
  /** In the order of their SOP Instance UIDs. */
  instances: CohortInstance[];
  sample: Sample;
}

/** SQL for the keys of the units that a condition selects: kept ones alone, since nothing else has an image to use. */
export function unitsSql(condition: string): string {
  return `SELECT series_unit FROM series WHERE disposition = 'kept' AND (${condition}\n)`;
}

/**
 * Units of the manifest for which the condition holds, by key.
 * @throws CohortError `condition-invalid` with DuckDB's own words; `manifest-foreign` when the tables name other files
 *   than a run's own
 */
export async function selectCohort(
  manifest: Pick<Manifest, 'query'>,
  condition: string,
): Promise<CohortUnit[]> {
  const units = new Map<string, CohortUnit>();
  const series = await ask(
    manifest,
    `SELECT instance_count, series_instance_uid, ${SAMPLE_COLUMNS.map(({ name }) => name).join(', ')} FROM series
     WHERE series_unit IN (${unitsSql(condition)}) ORDER BY series_unit`,
  );
  for (const { instance_count, series_instance_uid, ...row } of series) {
    units.set(String(row.series_unit), {
      seriesUnit: String(row.series_unit),
      patientId: String(row.patient_id),
      studyInstanceUid: String(row.study_instance_uid),
      seriesInstanceUid: String(series_instance_uid),
      sliceCount: Number(instance_count),
      sample: row,
      tensorSha256: row.tensor_sha256 === null ? null : String(row.tensor_sha256),
      instances: [],
    });
  }
  const instances = await ask(
    manifest,
    `SELECT series_unit, sop_instance_uid, sop_class_uid, transfer_syntax_uid, frame_count, output_path, output_sha256
     FROM instances WHERE disposition = 'kept' AND series_unit IN (${unitsSql(condition)}) ORDER BY sop_instance_uid`,
  );
  for (const row of instances) {
    units.get(String(row.series_unit))?.instances.push({
      sopInstanceUid: String(row.sop_instance_uid),
      sopClassUid: String(row.sop_class_uid),
      transferSyntaxUid: String(row.transfer_syntax_uid),
      frameCount: Number(row.frame_count ?? 1),
      path: row.output_path === null ? null : String(row.output_path),
      sha256: row.output_sha256 === null ? null : String(row.output_sha256),
    });
  }
  const selected = [...units.values()];
  const isOwn = selected.every(
    ({ seriesUnit, instances: files }) =>
      isSeriesUnitKey(seriesUnit) && files.every(({ path }) => path === null || isInstancePath(path)),
  );
  if (!isOwn) {
    throw new CohortError(
      'manifest-foreign',
      'The tables name files that no run writes; nothing was exported.',
    );
  }
  return selected;
}

async function ask(manifest: Pick<Manifest, 'query'>, sql: string) {
  try {
    return (await manifest.query(sql)).rows;
  } catch (error) {
    if (!(error instanceof ManifestError) || error.code !== 'sql-error') throw error;
    throw new CohortError(
      'condition-invalid',
      `The condition is not one that DuckDB takes: ${error.message}`,
    );
  }
}
