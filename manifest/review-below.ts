/** The decision for review at other thresholds, from the tables alone: no inference, no run. */

/**
 * Makes the table function `review_below` of DuckDB, which takes a threshold for body part, axis and contrast: of every
 * classified unit, the columns that `series` would have, had `classify.review_below` said these. What does not rest on
 * scores stays as the run found it; `reviewReasons` (stages/group/agreement.ts) is the rule. Scores are compared as
 * doubles, as a run does: as floats 0.9 would not be under 0.9. Parameters do not have the tasks' names, which DuckDB
 * takes for the columns.
 */
export const REVIEW_BELOW_SQL = `CREATE MACRO review_below(body_part_below, axis_below, contrast_below) AS TABLE
WITH below(task, score) AS (
  VALUES ('body_part', body_part_below::DOUBLE), ('axis', axis_below::DOUBLE), ('contrast', contrast_below::DOUBLE)
), low AS (
  SELECT l.series_unit, l.task
  FROM labels l JOIN series s ON s.series_unit = l.series_unit JOIN below ON below.task = l.task
  WHERE l.score::DOUBLE < greatest(below.score, coalesce(l.accept_from, 0))
    AND NOT (l.task = 'axis' AND s.axis IS NOT DISTINCT FROM s.axis_geometry)
), scores AS (
  SELECT series_unit, list('low-score-' || task ORDER BY list_position(['body_part', 'axis', 'contrast'], task)) AS reasons
  FROM low GROUP BY series_unit
), decided AS (
  SELECT s.series_unit, list_concat(
    coalesce(scores.reasons, []),
    list_filter(s.review_reasons, reason -> NOT starts_with(reason, 'low-score-'))
  ) AS reasons
  FROM series s LEFT JOIN scores ON scores.series_unit = s.series_unit
  WHERE s.needs_review IS NOT NULL
)
SELECT series_unit, len(reasons) > 0 AS needs_review, reasons AS review_reasons FROM decided`;
