import { type Figure, REVIEW_PARTS, type ReportSection, TASKS } from './figure.ts';

/** How often each label was given. */
export function listLabels(): ReportSection {
  return {
    id: 'labels',
    title: 'Labels',
    intro: 'What the pixels say of the kept series units, by the most probable label.',
    figures: [
      ...TASKS.map(
        ({ task, title }): Figure => ({
          id: `labels-${task.replace('_', '-')}`,
          title: `Labels: ${title}`,
          sql: `SELECT ${task} AS label, count(*) FILTER (WHERE needs_review IS DISTINCT FROM true) AS accepted,
  count(*) FILTER (WHERE needs_review) AS to_review, count(*) AS units
FROM series WHERE disposition = 'kept' GROUP BY ALL ORDER BY units DESC, label`,
          view: { kind: 'bars', label: 'label', parts: REVIEW_PARTS, total: 'units' },
        }),
      ),
      {
        id: 'labels-together',
        title: 'The three labels together',
        sql: `SELECT body_part, count(*) AS units, count(DISTINCT patient_id) AS patients,
  count(*) FILTER (WHERE axis = 'axial') AS axial, count(*) FILTER (WHERE axis = 'coronal') AS coronal,
  count(*) FILTER (WHERE axis = 'sagittal') AS sagittal,
  count(*) FILTER (WHERE contrast = 'no') AS without_contrast, count(*) FILTER (WHERE contrast = 'yes') AS with_contrast
FROM series WHERE disposition = 'kept' GROUP BY ALL ORDER BY units DESC, body_part`,
        view: {
          kind: 'table',
          columns: [
            { name: 'body_part', title: 'Body part' },
            ...(
              [
                ['units', 'Units'],
                ['patients', 'Patients'],
                ['axial', 'Axial'],
                ['coronal', 'Coronal'],
                ['sagittal', 'Sagittal'],
                ['without_contrast', 'No contrast'],
                ['with_contrast', 'Contrast'],
              ] as const
            ).map(([name, title]) => ({ name, title, as: 'count' as const })),
          ],
        },
      },
    ],
  };
}
