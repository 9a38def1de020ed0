import type { ReportSection } from './figure.ts';

/** What came in and what came out. */
export function listFlow(): ReportSection {
  return {
    id: 'flow',
    title: 'What came in, what was dropped',
    intro:
      'Every source file is in one box, and the boxes add up. The meaning of each reason and examples are under Exclusions.',
    figures: [
      {
        id: 'totals',
        title: 'In numbers',
        sql: `SELECT (SELECT count(*) FROM instances) AS files_seen,
  (SELECT count(*) FROM instances WHERE disposition = 'kept') AS files_kept,
  count(*) FILTER (WHERE disposition = 'kept') AS units_kept,
  count(DISTINCT patient_id) FILTER (WHERE disposition = 'kept') AS patients,
  count(*) FILTER (WHERE needs_review) AS to_review,
  count(*) FILTER (WHERE disposition = 'kept' AND 'conflict' IN (body_part_agreement, axis_agreement, contrast_agreement)) AS conflicts
FROM series`,
        view: {
          kind: 'cards',
          cards: [
            { name: 'files_seen', title: 'source files seen' },
            { name: 'files_kept', title: 'files kept' },
            { name: 'units_kept', title: 'series units kept' },
            { name: 'patients', title: 'patients' },
            { name: 'to_review', title: 'units to be reviewed' },
            { name: 'conflicts', title: 'units whose header says other than the pixels' },
          ],
        },
      },
      {
        id: 'flow-diagram',
        title: 'Flow of the source files',
        sql: `WITH files AS (
  SELECT disposition, coalesce(reason, 'no reason given') AS reason FROM instances
), drops AS (
  SELECT disposition AS box, reason, count(*) AS n FROM files
  WHERE disposition <> 'kept' GROUP BY GROUPING SETS ((disposition), (disposition, reason))
), kept AS (
  SELECT * FROM series WHERE disposition = 'kept'
), boxes AS (
  SELECT 1 AS place, 'seen' AS box, NULL AS reason, count(*) AS n FROM files
  UNION ALL SELECT 2, * FROM drops WHERE box = 'unreadable'
  UNION ALL SELECT 3, 'read', NULL, count(*) FROM files WHERE disposition <> 'unreadable'
  UNION ALL SELECT 4, * FROM drops WHERE box = 'duplicate'
  UNION ALL SELECT 5, * FROM drops WHERE box = 'quarantined'
  UNION ALL SELECT 6, * FROM drops WHERE box = 'excluded'
  UNION ALL SELECT 7, 'kept', NULL, count(*) FROM files WHERE disposition = 'kept'
  UNION ALL SELECT 8, 'units', NULL, count(*) FROM kept
  UNION ALL SELECT 8, 'studies', NULL, count(DISTINCT study_instance_uid) FROM kept
  UNION ALL SELECT 8, 'patients', NULL, count(DISTINCT patient_id) FROM kept
  UNION ALL SELECT 9, 'accepted', NULL, count(*) FROM kept WHERE needs_review IS DISTINCT FROM true
  UNION ALL SELECT 9, 'to-review', NULL, count(*) FROM kept WHERE needs_review
)
SELECT box, reason, n FROM boxes ORDER BY place, reason IS NOT NULL, n DESC, box, reason`,
        view: { kind: 'flow' },
      },
    ],
  };
}
