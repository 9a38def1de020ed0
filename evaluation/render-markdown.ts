import type { Evaluation } from './evaluate.ts';
import { formatCount, nameTask } from './format.ts';
import type { GateResult } from './gate.ts';
import {
  DEFINITIONS,
  listLeftOut,
  listOmissions,
  type ReportTable,
  tabulateAnatomy,
  tabulateClassComparison,
  tabulateClasses,
  tabulateComparison,
  tabulateGate,
  tabulateHeader,
  tabulateJoin,
  tabulateJoint,
  tabulateJointComparison,
  tabulateMeasures,
  tabulateSubgroup,
} from './report-sections.ts';

/** The evaluation as one Markdown page. */
export function renderMarkdown(evaluation: Evaluation, gate: GateResult | null): string {
  const { settings } = evaluation;
  const blocks: string[] = [
    '# Evaluation',
    settings.interval === null
      ? 'No intervals: the bootstrap was switched off.'
      : `Intervals: ${formatCount(settings.bootstrap_rounds)} bootstrap rounds by ${settings.cluster}, seed ${settings.seed}.`,
  ];
  if (gate !== null) blocks.push('## Release gate', renderTable(tabulateGate(gate)));
  const said = [...evaluation.notices, ...listOmissions(evaluation)];
  if (said.length > 0) blocks.push('## To know before reading on', renderList(said));
  blocks.push('## Join', renderTable(tabulateJoin(evaluation)));
  const leftOut = listLeftOut(evaluation);
  if (leftOut.length > 0) blocks.push(renderList(leftOut));
  for (const task of Object.values(evaluation.tasks)) {
    blocks.push(
      `## ${nameTask(task.task)}`,
      renderTable(tabulateMeasures(task)),
      renderTable(tabulateClasses(task)),
    );
    blocks.push(
      renderTable({
        caption: `${nameTask(task.task)}: confusion matrix (rows: truth, columns: prediction)`,
        columns: ['', ...task.labels],
        rows: task.labels.map((label, t) => [
          label,
          ...task.confusion[t]!.map((count) => (count === 0 ? '·' : formatCount(count))),
        ]),
      }),
    );
    const anatomy = tabulateAnatomy(task);
    if (anatomy !== null) blocks.push(renderTable(anatomy.relations));
    if (anatomy !== null && anatomy.confusions.rows.length > 0) blocks.push(renderTable(anatomy.confusions));
  }
  const joint = tabulateJoint(evaluation);
  if (joint !== null) blocks.push('## All labels of a series', renderTable(joint));
  if (evaluation.subgroups.length > 0) {
    blocks.push('## Subgroups', ...evaluation.subgroups.map((table) => renderTable(tabulateSubgroup(table))));
  }
  if (evaluation.header_baseline !== null) {
    blocks.push(
      '## Header alone',
      ...Object.values(evaluation.header_baseline).map((baseline) => renderTable(tabulateHeader(baseline))),
    );
  }
  if (evaluation.comparison !== null) {
    blocks.push('## First and second predictions');
    for (const task of Object.values(evaluation.comparison.tasks)) {
      blocks.push(renderTable(tabulateComparison(task)), renderTable(tabulateClassComparison(task)));
    }
    const both = tabulateJointComparison(evaluation.comparison);
    if (both !== null) blocks.push(renderTable(both));
  }
  blocks.push('## Definitions', renderList(DEFINITIONS));
  return `${blocks.join('\n\n')}\n`;
}

function renderTable(table: ReportTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [
    `**${escapeCell(table.caption)}**`,
    '',
    line(table.columns),
    `|${table.columns.map((_, i) => (i === 0 ? ' --- ' : ' ---: ')).join('|')}|`,
    ...table.rows.map(line),
    ...(table.note === undefined ? [] : ['', escapeCell(table.note)]),
  ].join('\n');
}

function renderList(lines: readonly string[]): string {
  return lines.map((line) => `- ${escapeCell(line)}`).join('\n');
}

/** Labels and group names come from the user's tables: they must not become markup or break a table. */
function escapeCell(text: string): string {
  return text.replace(/[\\|*_`<>[\]]/g, '\\$&').replace(/\s*\n\s*/g, ' ');
}
