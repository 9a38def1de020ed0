import { type Figure, type FigureColumn, type ReportSection, TASKS } from './figure.ts';

/** Rows that a table of scanners, claims or pairs shows. */
const MAX_ROWS = 40;

const IS_CONFLICT = "'conflict' IN (body_part_agreement, axis_agreement, contrast_agreement)";

const CONFLICT_SUMS = `count(*) AS units,
  count(*) FILTER (WHERE ${IS_CONFLICT}) AS conflicting,
  round(100 * avg((${IS_CONFLICT})::INTEGER), 1) AS percent,
  count(*) FILTER (WHERE body_part_agreement = 'conflict') AS body_part,
  count(*) FILTER (WHERE axis_agreement = 'conflict') AS axis,
  count(*) FILTER (WHERE contrast_agreement = 'conflict') AS contrast`;

const CONFLICT_COLUMNS: readonly FigureColumn[] = [
  { name: 'units', title: 'Units', as: 'count' },
  { name: 'conflicting', title: 'With a conflict', as: 'count' },
  { name: 'percent', title: 'in %' },
  { name: 'body_part', title: 'Body part', as: 'count' },
  { name: 'axis', title: 'Axis', as: 'count' },
  { name: 'contrast', title: 'Contrast', as: 'count' },
];

/** Where headers and pixels disagree. */
export function listHeader(): ReportSection {
  return {
    id: 'header',
    title: 'Header against pixels',
    intro:
      'Headers are evidence, never truth: what they claim, in the label vocabulary, beside what the pixels say. A claim that is only coarser or finer counts as refine.',
    figures: [
      compareTasks(),
      groupConflicts('scanner', 'Conflicts by scanner', ['manufacturer', 'manufacturer_model_name'], {
        manufacturer: 'Manufacturer',
        manufacturer_model_name: 'Model',
      }),
      {
        ...groupConflicts(
          'protocol',
          'Conflicts by what the protocol claims',
          ['body_part_header', 'header_kernel_class', 'header_phase', 'contrast_header'],
          {
            body_part_header: 'Body part claimed',
            header_kernel_class: 'Kernel',
            header_phase: 'Phase',
            contrast_header: 'Contrast claimed',
          },
        ),
        note: `Protocol and series names are free text and never leave the source; this is what was understood of them. Empty: silent. At most ${MAX_ROWS} rows, most conflicts first.`,
      },
      listPairs(),
      compareGeometry(),
      showConflicts(),
    ],
  };
}

function compareTasks(): Figure {
  const each = TASKS.map(
    ({ task }, place) =>
      `SELECT ${place} AS place, '${task}' AS task, ${task}_agreement AS agreement FROM series WHERE disposition = 'kept'`,
  );
  return {
    id: 'agreement',
    title: 'Agreement of header and pixels',
    sql: `SELECT task, count(*) FILTER (WHERE agreement = 'agree') AS agree,
  count(*) FILTER (WHERE agreement = 'conflict') AS conflict,
  count(*) FILTER (WHERE agreement = 'refine') AS refine,
  count(*) FILTER (WHERE agreement = 'header-silent') AS silent, count(*) AS units
FROM (
  ${each.join('\n  UNION ALL ')}
) GROUP BY place, task ORDER BY place`,
    view: {
      kind: 'bars',
      label: 'task',
      parts: [
        { name: 'agree', title: 'agree' },
        { name: 'conflict', title: 'conflict' },
        { name: 'refine', title: 'refine' },
        { name: 'silent', title: 'header silent' },
      ],
      total: 'units',
    },
  };
}

function groupConflicts(
  id: string,
  title: string,
  columns: readonly string[],
  titles: Readonly<Record<string, string>>,
): Figure {
  return {
    id: `conflicts-by-${id}`,
    title,
    sql: `SELECT ${columns.join(', ')}, ${CONFLICT_SUMS}
FROM series WHERE disposition = 'kept' GROUP BY ${columns.join(', ')}
ORDER BY conflicting DESC, units DESC, ${columns.join(', ')} LIMIT ${MAX_ROWS}`,
    view: {
      kind: 'table',
      columns: [...columns.map((name) => ({ name, title: titles[name] ?? name })), ...CONFLICT_COLUMNS],
    },
    note: `At most ${MAX_ROWS} rows, most conflicts first.`,
  };
}

function listPairs(): Figure {
  const each = TASKS.map(
    ({ task }) =>
      `SELECT '${task}' AS task, ${task}_header AS header, ${task} AS pixels, ${task}_score AS score, series_unit
  FROM series WHERE disposition = 'kept' AND ${task}_agreement = 'conflict'`,
  );
  return {
    id: 'conflict-pairs',
    title: 'What the header says, what the pixels say',
    sql: `SELECT task, header, pixels, count(*) AS units, round(avg(score), 2) AS mean_score, min(series_unit, 3) AS examples
FROM (
  ${each.join('\n  UNION ALL ')}
) GROUP BY ALL ORDER BY units DESC, task, header, pixels LIMIT ${MAX_ROWS}`,
    view: {
      kind: 'table',
      columns: [
        { name: 'task', title: 'Task' },
        { name: 'header', title: 'Header' },
        { name: 'pixels', title: 'Pixels' },
        { name: 'units', title: 'Units', as: 'count' },
        { name: 'mean_score', title: 'Mean score' },
        { name: 'examples', title: 'Examples', as: 'keys' },
      ],
    },
    note: `At most ${MAX_ROWS} rows, the most frequent first.`,
  };
}

function compareGeometry(): Figure {
  return {
    id: 'axis-geometry',
    title: 'Axis from the geometry, and from the pixels',
    sql: `SELECT axis_geometry, axis, count(*) AS units, min(series_unit, 3) AS examples
FROM series WHERE disposition = 'kept' AND axis_geometry IS DISTINCT FROM axis
GROUP BY ALL ORDER BY units DESC, axis_geometry, axis`,
    view: {
      kind: 'table',
      columns: [
        { name: 'axis_geometry', title: 'Image orientation' },
        { name: 'axis', title: 'Pixels' },
        { name: 'units', title: 'Units', as: 'count' },
        { name: 'examples', title: 'Examples', as: 'keys' },
      ],
    },
    note: 'Units for which the two differ.',
  };
}

function showConflicts(): Figure {
  return {
    id: 'conflict-pictures',
    title: 'Conflicts in pictures',
    sql: `SELECT series_unit, concat_ws(', ', body_part_header, axis_header, CASE contrast_header WHEN 'yes' THEN 'contrast' WHEN 'no' THEN 'no contrast' END) AS header,
  concat_ws(', ', body_part, axis, CASE contrast WHEN 'yes' THEN 'contrast' ELSE 'no contrast' END) AS pixels,
  round(greatest(CASE WHEN body_part_agreement = 'conflict' THEN body_part_score END,
    CASE WHEN axis_agreement = 'conflict' THEN axis_score END,
    CASE WHEN contrast_agreement = 'conflict' THEN contrast_score END), 2) AS score
FROM series WHERE disposition = 'kept' AND ${IS_CONFLICT}
ORDER BY score DESC, series_unit LIMIT 12`,
    view: {
      kind: 'pictures',
      words: [
        { name: 'header', title: 'header' },
        { name: 'pixels', title: 'pixels' },
        { name: 'score', title: 'score' },
      ],
    },
    note: 'The 12 conflicts of which the network is surest: there the header is most likely wrong.',
  };
}
