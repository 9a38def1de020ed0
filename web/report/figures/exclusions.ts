import type { ReportSection } from './figure.ts';

/** What was not kept, and why. */
export function listExclusions(): ReportSection {
  return {
    id: 'exclusions',
    title: 'Exclusions',
    intro:
      'Examples are keys: serieswise why DIR KEY tells the rule behind each and, where the state folder is, the file.',
    figures: [
      {
        id: 'excluded-files',
        title: 'Files that were not kept, by reason',
        sql: `SELECT disposition, reason, count(*) AS files,
  round(100 * count(*) / (SELECT count(*) FROM instances), 1) AS percent,
  round(sum(source_bytes) / 1e6, 1) AS megabytes, min(source_key, 3) AS examples
FROM instances WHERE disposition <> 'kept' GROUP BY disposition, reason ORDER BY files DESC, disposition, reason`,
        view: {
          kind: 'table',
          columns: [
            { name: 'disposition', title: 'Disposition' },
            { name: 'reason', title: 'Reason', as: 'reason' },
            { name: 'files', title: 'Files', as: 'count' },
            { name: 'percent', title: '% of all' },
            { name: 'megabytes', title: 'MB' },
            { name: 'examples', title: 'Examples', as: 'keys' },
          ],
        },
      },
      {
        id: 'excluded-units',
        title: 'Series units that were not kept, by reason',
        sql: `SELECT disposition, reason, rule, count(*) AS units, sum(instance_count) AS slices, min(series_unit, 3) AS examples
FROM series WHERE disposition <> 'kept' GROUP BY ALL ORDER BY units DESC, disposition, reason, rule`,
        view: {
          kind: 'table',
          columns: [
            { name: 'disposition', title: 'Disposition' },
            { name: 'reason', title: 'Reason', as: 'reason' },
            { name: 'rule', title: 'Rule' },
            { name: 'units', title: 'Units', as: 'count' },
            { name: 'slices', title: 'Slices', as: 'count' },
            { name: 'examples', title: 'Examples', as: 'keys' },
          ],
        },
        note: 'Their slices are among the files above.',
      },
    ],
  };
}
