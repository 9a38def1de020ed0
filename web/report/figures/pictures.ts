import type { ReportSection, ReportSettings } from './figure.ts';

/** Thumbnails by label, sampled. */
export function listPictures({ picturesPerLabel }: ReportSettings): ReportSection {
  return {
    id: 'pictures',
    title: 'Pictures by label',
    intro:
      'Each picture shows three planes of what the network saw: the middle slice, then the planes through the middle row and the middle column.',
    figures: [
      {
        id: 'pictures-by-body-part',
        title: 'A sample of each body part',
        sql: `WITH kept AS (
  SELECT *, count(*) OVER (PARTITION BY body_part) AS units,
    row_number() OVER (PARTITION BY body_part ORDER BY series_unit) AS place
  FROM series WHERE disposition = 'kept'
)
SELECT body_part, units, least(units, ${picturesPerLabel}) AS shown, series_unit, axis, contrast,
  round(body_part_score, 2) AS score, CASE WHEN needs_review THEN 'to be reviewed' END AS review
FROM kept WHERE place <= ${picturesPerLabel} ORDER BY units DESC, body_part, place`,
        view: {
          kind: 'pictures',
          group: 'body_part',
          words: [
            { name: 'axis', title: 'axis' },
            { name: 'contrast', title: 'contrast' },
            { name: 'score', title: 'score' },
            { name: 'review', title: '' },
          ],
        },
        note: `Sampled: of each body part the first ${picturesPerLabel} units by key. Keys are keyed hashes, so this is a random sample, and the same one each time.`,
      },
    ],
  };
}
