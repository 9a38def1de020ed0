import { type Figure, REVIEW_PARTS, type ReportSection, type ReportSettings, TASKS } from './figure.ts';

/** How sure the network was. */
export function listScores({ reviewBelow }: ReportSettings): ReportSection {
  return {
    id: 'scores',
    title: 'Scores',
    intro: 'Calibrated probability of the given label. A low one sends the unit to review.',
    figures: [
      ...TASKS.map(
        ({ task, title }): Figure => ({
          id: `scores-${task.replace('_', '-')}`,
          title: `Scores: ${title}`,
          sql: `SELECT round(least(floor(score::DOUBLE * 20), 19) / 20, 2) AS score_from,
  count(*) FILTER (WHERE needs_review IS DISTINCT FROM true) AS accepted,
  count(*) FILTER (WHERE needs_review) AS to_review, count(*) AS units
FROM labels JOIN series USING (series_unit) WHERE task = '${task}' GROUP BY ALL ORDER BY score_from`,
          view: {
            kind: 'histogram',
            from: 'score_from',
            width: 0.05,
            parts: REVIEW_PARTS,
            axis: 'Score',
            marker: { at: reviewBelow[task], title: `review below ${reviewBelow[task]}` },
          },
        }),
      ),
      {
        id: 'review-reasons',
        title: 'Why units are to be reviewed',
        sql: `SELECT reason, count(*) AS units, min(series_unit, 3) AS examples
FROM (SELECT series_unit, unnest(review_reasons) AS reason FROM series WHERE needs_review)
GROUP BY ALL ORDER BY units DESC, reason`,
        view: {
          kind: 'table',
          columns: [
            { name: 'reason', title: 'Reason' },
            { name: 'units', title: 'Units', as: 'count' },
            { name: 'examples', title: 'Examples', as: 'keys' },
          ],
        },
        note: 'A unit may have several reasons.',
      },
    ],
  };
}
