/** What a cohort holds, counted in its own tables once they are written. */
import { openManifest } from '../manifest/query.ts';

export interface CohortSummary {
  seriesUnits: number;
  studies: number;
  patients: number;
  needsReview: number;
  excludedByReview: number;
  defaced: number;
  recognizable: number;
  splits: { split: string | null; seriesUnits: number; patients: number }[];
  /** Of the resolved labels, most frequent first in each task. */
  labels: { task: string; label: string; seriesUnits: number }[];
  /** How many labels of a task are predicted, and how many people gave. */
  labelSources: { task: string; source: string; seriesUnits: number }[];
  manufacturers: { manufacturer: string; seriesUnits: number }[];
  problems: { problem: string; seriesUnits: number }[];
}

const TASKS = ['body_part', 'axis', 'contrast'];

/** Units that were written, with their part. */
const WRITTEN = `(SELECT s.*, f.split FROM series s JOIN (
  SELECT DISTINCT series_unit, split FROM files WHERE problem IS NULL) f USING (series_unit))`;

/** @param folder of a cohort */
export async function describeCohort(folder: string): Promise<CohortSummary> {
  const manifest = await openManifest(folder, { threads: 1 });
  const ask = async <Row>(sql: string): Promise<Row[]> => (await manifest.query(sql)).rows as Row[];
  const countByTask = <Row>(column: string, name: string) =>
    Promise.all(
      TASKS.map((task) =>
        ask<Row>(`SELECT '${task}' AS task, ${task}_${column} AS "${name}", count(*)::INTEGER AS "seriesUnits"
          FROM ${WRITTEN} WHERE ${task}_${column} IS NOT NULL GROUP BY ALL ORDER BY 3 DESC, 2`),
      ),
    ).then((rows) => rows.flat());
  try {
    const [totals] = await ask<
      Omit<CohortSummary, 'splits' | 'labels' | 'labelSources' | 'manufacturers' | 'problems'>
    >(
      `SELECT count(*)::INTEGER AS "seriesUnits", count(DISTINCT study_instance_uid)::INTEGER AS studies,
        count(DISTINCT patient_id)::INTEGER AS patients,
        (count(*) FILTER (needs_review))::INTEGER AS "needsReview",
        (count(*) FILTER (review_disposition = 'excluded'))::INTEGER AS "excludedByReview",
        (count(*) FILTER (defaced))::INTEGER AS defaced,
        (count(*) FILTER (recognizable_visual_features AND defaced IS DISTINCT FROM true))::INTEGER AS recognizable
        FROM ${WRITTEN}`,
    );
    return {
      ...totals!,
      splits: await ask(
        `SELECT split, count(*)::INTEGER AS "seriesUnits", count(DISTINCT patient_id)::INTEGER AS patients
          FROM ${WRITTEN} GROUP BY split ORDER BY 2 DESC, 1`,
      ),
      labels: await countByTask('resolved', 'label'),
      labelSources: await countByTask('source', 'source'),
      manufacturers: await ask(
        `SELECT coalesce(manufacturer, 'unknown') AS manufacturer, count(*)::INTEGER AS "seriesUnits"
          FROM ${WRITTEN} GROUP BY 1 ORDER BY 2 DESC, 1`,
      ),
      problems: await ask(
        `SELECT problem, count(DISTINCT series_unit)::INTEGER AS "seriesUnits"
          FROM files WHERE problem IS NOT NULL GROUP BY 1 ORDER BY 1`,
      ),
    };
  } finally {
    await manifest.close();
  }
}
