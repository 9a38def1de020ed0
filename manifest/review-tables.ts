/** What people decided about series units: the table of their decisions, and what follows from it for a unit. */
import type { ColumnDeclaration } from './tables.ts';
import { AXES, CONTRASTS, TASKS } from './value-sets.ts';

/** One row for every key press that decided something; nothing is ever changed or removed, an undo is a row too. */
export const REVIEWS_TABLE = {
  doc: 'One row for every decision of a person on the review page (docs/review.md). Not a part of the run: its files stay when the run is repeated, and run.json has no digest of them.',
  key: ['review'],
  columns: [
    {
      name: 'review',
      type: 'string',
      nullable: false,
      doc: 'Key of the decision: the reader, the role where it is not the usual one, and the sequence.',
    },
    {
      name: 'reader',
      type: 'string',
      nullable: false,
      doc: 'Who decided: a short id that the reader chose, never a name.',
    },
    {
      name: 'role',
      type: 'string',
      nullable: false,
      values: ['reader', 'adjudicator'],
      doc: 'Whether the unit was read, or a disagreement of readers was settled.',
    },
    {
      name: 'sequence',
      type: 'int32',
      nullable: false,
      doc: "Place among the reader's decisions in that role, from 0.",
    },
    {
      name: 'action',
      type: 'string',
      nullable: false,
      values: ['accept', 'relabel', 'exclude', 'undo'],
      doc: 'What was decided. The last decision of a reader on a unit that was not undone is the one that counts.',
    },
    { name: 'undoes', type: 'string', nullable: true, doc: 'The decision that an undo takes back.' },
    { name: 'series_unit', type: 'string', nullable: false, doc: 'Key of the series unit.' },
    {
      name: 'tensor_sha256',
      type: 'string',
      nullable: true,
      doc: 'Digest of the model input that was looked at. A decision counts while the unit still has that input.',
    },
    {
      name: 'body_part',
      type: 'string',
      nullable: true,
      doc: 'Body part that the reader gives; null for exclude and undo.',
    },
    {
      name: 'axis',
      type: 'string',
      nullable: true,
      values: AXES,
      doc: 'Axis that the reader gives; null for exclude and undo.',
    },
    {
      name: 'contrast',
      type: 'string',
      nullable: true,
      values: CONTRASTS,
      doc: 'Contrast that the reader gives; null for exclude and undo.',
    },
    { name: 'bundle', type: 'string', nullable: true, doc: 'Model bundle whose labels the reader saw.' },
    {
      name: 'reviewed_at',
      type: 'string',
      nullable: false,
      doc: "When, by the clock of the reader's machine: UTC, ISO 8601, whole seconds.",
    },
    {
      name: 'reading_ms',
      type: 'int32',
      nullable: true,
      doc: 'Time from the display of the unit to the decision, ms.',
    },
  ],
} as const;

const describeResolved = (title: string): string =>
  `${title} after review: of the adjudicator, else of all readers where they agree, else as predicted.`;
const SOURCE = {
  type: 'string',
  nullable: true,
  values: ['predicted', 'review', 'adjudication', 'disputed'],
  doc: 'Where it is from; `disputed`: readers differ and nobody has settled it, the label is the predicted one.',
} as const;

/** Columns of `series` that no file holds: each is computed on reading, from predictions and reviews. */
export const RESOLVED_COLUMNS = [
  { name: 'body_part_resolved', type: 'string', nullable: true, doc: describeResolved('Body part') },
  { name: 'body_part_source', ...SOURCE },
  { name: 'axis_resolved', type: 'string', nullable: true, values: AXES, doc: describeResolved('Axis') },
  { name: 'axis_source', ...SOURCE },
  {
    name: 'contrast_resolved',
    type: 'string',
    nullable: true,
    values: CONTRASTS,
    doc: describeResolved('Contrast'),
  },
  { name: 'contrast_source', ...SOURCE },
  {
    name: 'review_disposition',
    type: 'string',
    nullable: true,
    values: ['kept', 'excluded', 'disputed'],
    doc: 'Whether those who looked keep the unit in the dataset; null where nobody looked.',
  },
  {
    name: 'reader_count',
    type: 'int32',
    nullable: false,
    doc: 'How many readers have decided on the unit, adjudicators aside.',
  },
] as const satisfies readonly ColumnDeclaration[];

/**
 * SQL for the decisions that stand: not undone, of the present model input, the last of each reader (for
 * adjudicators: the last of all).
 * @param series a table or view with `series_unit` and `tensor_sha256`
 * @param reviews a table or view with the rows of `reviews`
 */
export function standingReviewsSql(series: string, reviews = 'reviews'): string {
  return `SELECT r.* FROM ${reviews} r JOIN ${series} s
      ON r.series_unit = s.series_unit AND r.tensor_sha256 IS NOT DISTINCT FROM s.tensor_sha256
    WHERE r.action <> 'undo' AND r.review NOT IN (SELECT undoes FROM ${reviews} WHERE undoes IS NOT NULL)
    QUALIFY row_number() OVER (
      PARTITION BY r.series_unit, r.role, CASE r.role WHEN 'reader' THEN r.reader END
      ORDER BY CASE r.role WHEN 'reader' THEN '' ELSE r.reviewed_at END DESC, r.sequence DESC, r.reader) = 1`;
}

/**
 * SQL for the rows of `series` with {@link RESOLVED_COLUMNS}.
 * @param series a table or view with the stored columns
 * @param standing a table, view or query in parentheses with the decisions that stand
 */
export function resolvedSeriesSql(series: string, standing: string): string {
  const verdicts = TASKS.map(
    (task) => `CASE WHEN count(DISTINCT ${task}) = 1 THEN min(${task}) END AS ${task}`,
  ).join(', ');
  const columns = TASKS.map(
    (task) => `coalesce(CASE WHEN v.verdict = 'kept' THEN v.${task} END, s.${task}) AS ${task}_resolved,
      CASE WHEN s.${task} IS NULL AND v.${task} IS NULL THEN NULL
           WHEN v.verdict IS NULL OR v.verdict = 'excluded' THEN 'predicted'
           WHEN v.verdict = 'disputed' OR v.${task} IS NULL THEN 'disputed'
           WHEN v.role = 'adjudicator' THEN 'adjudication' ELSE 'review' END AS ${task}_source`,
  ).join(', ');
  return `SELECT s.*, ${columns}, v.verdict AS review_disposition,
      CAST(coalesce(v.reader_count, 0) AS INTEGER) AS reader_count
    FROM ${series} s LEFT JOIN (
      SELECT series_unit, min(role) AS role, any_value(reader_count) AS reader_count, ${verdicts},
        CASE WHEN bool_and(action = 'exclude') THEN 'excluded'
             WHEN bool_or(action = 'exclude') THEN 'disputed' ELSE 'kept' END AS verdict
      FROM (
        SELECT *, count(*) FILTER (role = 'reader') OVER (PARTITION BY series_unit) AS reader_count,
          min(role) OVER (PARTITION BY series_unit) AS deciding_role FROM ${standing})
      WHERE role = deciding_role GROUP BY series_unit) v USING (series_unit)`;
}
