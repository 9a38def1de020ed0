/** The SQL behind the queue: what is looked at first, and what the page's filters mean. */
import { standingReviewsSql } from '../../manifest/review-tables.ts';
import { INPUT_REASONS } from '../../stages/classify/judge-input.ts';
import { FACETS, type QueueRequest } from './contracts.ts';
import type { Reviewer } from './review-store.ts';

const list = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');

/**
 * The kept units with the three factors of their place in the queue.
 * - `conflict`: 1, and 1 more for each task in which pixels and header contradict each other.
 * - `uncertainty`: the probability that some label is wrong, 1 - p(body part) · p(axis) · p(contrast) of the calibrated
 *   scores, at least 0.01; 1 where the bundle says that the pixels are not such as it was made for.
 * - `rarity`: 1 + ln(N / n), of N units n with the same three labels.
 */
export const QUEUE_TABLE_SQL = `CREATE TABLE queue AS
  SELECT * EXCLUDE (alike, total), 1 + ln(total / alike) AS rarity FROM (
    SELECT s.series_unit, s.tensor_sha256, s.bundle,
      s.body_part, s.axis, s.contrast, s.body_part_score, s.axis_score, s.contrast_score,
      s.body_part_header, s.axis_header, s.contrast_header,
      s.body_part_agreement, s.axis_agreement, s.contrast_agreement,
      coalesce(s.review_reasons, []) AS review_reasons, coalesce(s.needs_review, false) AS needs_review,
      s.patient_id, s.study_instance_uid, s.instance_count, s.rows, s.columns, s.pixel_spacing_mm, s.slice_spacing_mm, s.coverage_mm, s.manufacturer,
      s.manufacturer_model_name, s.convolution_kernel, s.kvp, s.axis_geometry, s.header_phase,
      1 + (s.body_part_agreement = 'conflict')::INT + (s.axis_agreement = 'conflict')::INT
        + (s.contrast_agreement = 'conflict')::INT AS conflict,
      CASE WHEN list_has_any(s.review_reasons, [${list(INPUT_REASONS)}]) THEN 1.0
        ELSE greatest(0.01, 1 - s.body_part_score::DOUBLE * s.axis_score * s.contrast_score) END AS uncertainty,
      count(*) OVER (PARTITION BY s.body_part, s.axis, s.contrast) AS alike, count(*) OVER () AS total
    FROM series s WHERE s.disposition = 'kept' AND s.body_part IS NOT NULL AND s.axis IS NOT NULL
      AND s.contrast IS NOT NULL)`;

/** Second guesses, for the page's palettes. */
export const SECOND_LABELS_SQL = `CREATE TABLE second_labels AS
  SELECT series_unit, max(second_label) FILTER (task = 'body_part') AS body_part,
    max(second_label) FILTER (task = 'axis') AS axis, max(second_label) FILTER (task = 'contrast') AS contrast
  FROM labels GROUP BY series_unit`;

/** The view `reviews` as a table that grows, and which of its rows stand. */
export const REVIEW_TABLES_SQL = [
  'CREATE TABLE decisions AS SELECT * FROM reviews',
  `CREATE TABLE standing AS ${standingReviewsSql('queue')}`,
];

/** Anew which decisions stand on unit `$1`. */
export const RESTAND_SQL = [
  'DELETE FROM standing WHERE series_unit = $1',
  `INSERT INTO standing ${standingReviewsSql('(SELECT * FROM queue WHERE series_unit = $1)', 'decisions')}`,
];

/** The units on which readers differ, in a label or in whether to keep it. */
export const DISPUTED_SQL = `SELECT series_unit FROM standing WHERE role = 'reader' GROUP BY series_unit
  HAVING count(DISTINCT coalesce(body_part, '')) > 1 OR count(DISTINCT coalesce(axis, '')) > 1
    OR count(DISTINCT coalesce(contrast, '')) > 1`;

/** Condition for this reviewer's own decisions in `standing`. */
export function ownSql({ reader, role }: Reviewer, alias = 'd'): string {
  return `${alias}.reader = '${reader}' AND ${alias}.role = '${role}'`;
}

export interface Condition {
  readonly sql: string;
  readonly values: readonly string[];
}

/** What the filters of the page leave of `queue q`, with this reviewer's decision as `d`. */
export function conditionOf(request: QueueRequest): Condition {
  const parts: string[] = [];
  const values: string[] = [];
  const bind = (value: string): string => `$${values.push(value)}`;
  if (request.state === 'open') parts.push('d.review IS NULL');
  else if (request.state === 'decided') parts.push('d.review IS NOT NULL');
  else if (request.state === 'relabelled')
    parts.push(
      "d.action <> 'exclude' AND (d.body_part <> q.body_part OR d.axis <> q.axis OR d.contrast <> q.contrast)",
    );
  else if (request.state === 'excluded') parts.push("d.action = 'exclude'");
  else if (request.state === 'disputed') parts.push(`q.series_unit IN (${DISPUTED_SQL})`);
  if (request.conflicts) parts.push('q.conflict > 1');
  if (request.key !== '') parts.push(`starts_with(q.series_unit, ${bind(request.key)})`);
  for (const facet of FACETS) {
    const value = request.facets[facet];
    if (value === undefined || value === '') continue;
    parts.push(
      facet === 'reason' ? `list_contains(q.review_reasons, ${bind(value)})` : `q.${facet} = ${bind(value)}`,
    );
  }
  return { sql: parts.length === 0 ? 'true' : parts.map((part) => `(${part})`).join(' AND '), values };
}

/** By conflict × uncertainty × rarity, highest first; of a sample in the order in which a hash draws it. */
export function orderOf(request: Pick<QueueRequest, 'sample'>): string {
  return request.sample === null
    ? 'q.conflict * q.uncertainty * q.rarity DESC, q.series_unit'
    : `md5('serieswise sample' || q.series_unit)`;
}
