import type { Estimate } from './bootstrap.ts';
import type { Evaluation, TaskEvaluation } from './evaluate.ts';
import { formatCount, formatEstimate, formatPercent, nameMeasure, nameTask } from './format.ts';
import type { GateResult } from './gate.ts';
import { type DotRow, drawDotPlot, drawReliability, drawRiskCoverage, escapeHtml } from './plots.ts';
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
import { REPORT_STYLE } from './report-style.ts';

interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: string;
}

/** The evaluation as one self-contained HTML page: no script, nothing loaded from elsewhere. */
export function renderHtml(evaluation: Evaluation, gate: GateResult | null): string {
  const { settings } = evaluation;
  const sections = listSections(evaluation, gate);
  const intervals =
    settings.interval === null
      ? 'No intervals: the bootstrap was switched off.'
      : `95% intervals from ${formatCount(settings.bootstrap_rounds)} bootstrap rounds by ${settings.cluster}, seed ${settings.seed}.`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Evaluation</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the results</a>
<header>
<h1>Evaluation</h1>
<p class="meta">${escapeHtml(intervals)}</p>
</header>
<nav aria-label="Sections"><ul>${sections.map(({ id, title }) => `<li><a href="#${id}">${escapeHtml(title)}</a></li>`).join('')}</ul></nav>
<main id="main">
${renderCards(evaluation, gate)}
${sections.map(({ id, title, body }) => `<section aria-labelledby="${id}"><h2 id="${id}">${escapeHtml(title)}</h2>\n${body}</section>`).join('\n')}
</main>
<footer>Made by Serieswise. The same figures are in evaluation.json and evaluation.md beside this file.</footer>
</body>
</html>
`;
}

function listSections(evaluation: Evaluation, gate: GateResult | null): Section[] {
  const sections: Section[] = [];
  const add = (id: string, title: string, ...body: string[]): void => {
    sections.push({ id, title, body: body.join('\n') });
  };
  const said = [...evaluation.notices, ...listOmissions(evaluation)];
  if (gate !== null) add('gate', 'Release gate', renderTable(tabulateGate(gate)));
  if (said.length > 0) add('notices', 'To know before reading on', renderList(said));
  for (const task of Object.values(evaluation.tasks)) {
    add(`task-${task.task}`, nameTask(task.task), renderTask(task));
  }
  const joint = tabulateJoint(evaluation);
  if (joint !== null) add('joint', 'All labels of a series', renderTable(joint));
  if (evaluation.subgroups.length > 0) add('subgroups', 'Subgroups', renderSubgroups(evaluation));
  if (evaluation.header_baseline !== null) {
    const baselines = Object.values(evaluation.header_baseline);
    add('header', 'Header alone', ...baselines.map((baseline) => renderTable(tabulateHeader(baseline))));
  }
  if (evaluation.comparison !== null)
    add('comparison', 'First and second predictions', renderComparison(evaluation));
  add('join', 'Join', renderTable(tabulateJoin(evaluation)), renderList(listLeftOut(evaluation)));
  add('definitions', 'Definitions', renderList(DEFINITIONS));
  return sections;
}

function renderCards(evaluation: Evaluation, gate: GateResult | null): string {
  const card = (title: string, estimate: Estimate | undefined, under: string, kind = ''): string =>
    `<li${kind}><span>${escapeHtml(title)}</span><b>${formatPercent(estimate?.value ?? null)}${estimate?.value === null ? '' : ' %'}</b>` +
    `<span>${escapeHtml([formatInterval(estimate), under].filter((part) => part !== '').join(' · '))}</span></li>`;
  const cards = Object.values(evaluation.tasks).map((task) =>
    card(`${nameTask(task.task)} right`, task.measures.accuracy, `${formatCount(task.series)} series`),
  );
  if (evaluation.joint !== null) {
    const { measures, series } = evaluation.joint;
    cards.push(card('All labels right', measures.joint_exact_match, `${formatCount(series)} series`));
  }
  if (gate !== null) {
    const failed = gate.findings.filter(({ result }) => result === 'fail').length;
    cards.push(
      `<li class="${gate.passed ? 'pass' : 'fail'}"><span>Release gate</span><b>${gate.passed ? 'passed' : 'failed'}</b>` +
        `<span>${failed} of ${gate.findings.length} limits not met</span></li>`,
    );
  }
  return `<ul class="cards">${cards.join('')}</ul>`;
}

function formatInterval(estimate: Estimate | undefined): string {
  return estimate === undefined || estimate.low === null
    ? ''
    : `${formatPercent(estimate.low)} – ${formatPercent(estimate.high)}`;
}

function renderTask(task: TaskEvaluation): string {
  const name = nameTask(task.task);
  const id = `plot-${task.task}`;
  const rows: DotRow[] = Object.entries(task.classes)
    .filter(([, { support, predicted }]) => support + predicted > 0)
    .map(([label, { measures }]) => ({ label, values: [measures.sensitivity!, measures.ppv!] }));
  const plots = [
    drawDotPlot(rows, {
      id: `${id}-classes`,
      title: `${name}: sensitivity and PPV of each class`,
      description: 'A point for each class with its 95% interval; the numbers are in the table of classes.',
      series: ['Sensitivity', 'PPV'],
      axis: '%',
    }),
    ...(task.calibration === null
      ? []
      : [
          drawReliability(task.calibration.bins, {
            id: `${id}-reliability`,
            title: `${name}: reliability`,
            description: `Share right against probability. Calibration error ${formatEstimate(task.measures.ece, 'ece')}.`,
          }),
        ]),
    ...(task.risk_coverage === null
      ? []
      : [
          drawRiskCoverage(task.risk_coverage, {
            id: `${id}-risk`,
            title: `${name}: risk and coverage`,
            description: `Share wrong among the accepted series. Area ${formatEstimate(task.measures.aurc, 'aurc')}.`,
          }),
        ]),
  ];
  const anatomy = tabulateAnatomy(task);
  return [
    `<div class="plots">${renderTable(tabulateMeasures(task))}${plots.join('')}</div>`,
    renderTable(tabulateClasses(task)),
    renderConfusion(task),
    ...(anatomy === null ? [] : [renderTable(anatomy.relations)]),
    ...(anatomy === null || anatomy.confusions.rows.length === 0 ? [] : [renderTable(anatomy.confusions)]),
  ].join('\n');
}

/** A heat map that is a table: shade by the share of the true class; errors in their own colour. */
function renderConfusion(task: TaskEvaluation): string {
  const caption = `${nameTask(task.task)}: confusion matrix (rows: truth, columns: prediction)`;
  const head = task.labels.map((label) => `<th scope="col"><span>${escapeHtml(label)}</span></th>`).join('');
  const body = task.labels.map((label, t) => {
    const support = task.classes[label]!.support;
    const cells = task.confusion[t]!.map((count, p) => {
      if (count === 0) return '<td class="zero">·</td>';
      const share = count / support;
      const kinds = [...(t === p ? [] : ['miss']), ...(share > 0.7 ? ['strong'] : [])];
      const kind = kinds.length === 0 ? '' : ` class="${kinds.join(' ')}"`;
      return `<td${kind} style="--a:${(0.12 + 0.88 * share).toFixed(2)}" title="${formatPercent(share)} % of ${escapeHtml(label)}">${formatCount(count)}</td>`;
    });
    return `<tr><th scope="row">${escapeHtml(label)}</th>${cells.join('')}</tr>`;
  });
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table class="confusion"><caption>${escapeHtml(caption)}</caption><thead><tr><td></td>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

function renderSubgroups(evaluation: Evaluation): string {
  return evaluation.subgroups
    .flatMap((table, number) => {
      const tasks = Object.keys(table.pooled.tasks).slice(0, 3);
      const rows = [...table.groups, table.pooled].map((group) => ({
        label: group.name,
        values: tasks.map((task) => group.tasks[task]!.measures.accuracy!),
      }));
      return [
        renderTable(tabulateSubgroup(table), 'pooled'),
        ...(rows.length > 60
          ? []
          : [
              drawDotPlot(rows, {
                id: `plot-subgroup-${number}`,
                title: `Accuracy by ${table.column}`,
                description:
                  'A point for each group and task with its 95% interval; the numbers are in the table above.',
                series: tasks.map(nameTask),
                axis: '%',
              }),
            ]),
      ];
    })
    .join('\n');
}

function renderComparison(evaluation: Evaluation): string {
  const { comparison } = evaluation;
  if (comparison === null) return '';
  const joint = tabulateJointComparison(comparison);
  return [
    ...Object.values(comparison.tasks).flatMap((task) => {
      const rows = [
        { label: nameMeasure('accuracy'), values: [task.measures.accuracy!.difference] },
        ...Object.entries(task.classes)
          .filter(([, { support }]) => support > 0)
          .map(([label, { measures }]) => ({ label, values: [measures.sensitivity!.difference] })),
      ];
      return [
        renderTable(tabulateComparison(task)),
        drawDotPlot(rows, {
          id: `plot-compare-${task.task}`,
          title: `${nameTask(task.task)}: first minus second, accuracy and sensitivity of each class`,
          description:
            'Differences with 95% intervals from the paired bootstrap; the numbers are in the tables.',
          series: ['First minus second'],
          axis: 'percentage points; right of the line the first is better',
          reference: 0,
          centred: true,
        }),
        renderTable(tabulateClassComparison(task)),
      ];
    }),
    ...(joint === null ? [] : [renderTable(joint)]),
  ].join('\n');
}

function renderTable(table: ReportTable, lastRow = ''): string {
  const isText = table.columns.map(
    (_, c) => c > 0 && table.rows.some((row) => /^[a-z]/i.test(row[c] ?? '') && row[c] !== 'n/a'),
  );
  const kindOf = (c: number): string => (isText[c] === true ? ' class="text"' : '');
  const head = table.columns
    .map((column, c) => `<th scope="col"${kindOf(c)}>${escapeHtml(column)}</th>`)
    .join('');
  const body = table.rows.map((row, r) => {
    const kind = lastRow !== '' && r === table.rows.length - 1 ? ` class="${lastRow}"` : '';
    const cells = row
      .slice(1)
      .map((cell, c) => `<td${kindOf(c + 1)}>${renderCell(cell, row.length > 4)}</td>`);
    const first = row[0] ?? '';
    const head = first === 'FAIL' ? '<th scope="row" class="fail">' : '<th scope="row">';
    return `<tr${kind}>${head}${escapeHtml(first)}</th>${cells.join('')}</tr>`;
  });
  const note = table.note === undefined ? '' : `<p class="note">${escapeHtml(table.note)}</p>`;
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(table.caption)}"><table><caption>${escapeHtml(table.caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table>${note}</div>`;
}

/** In wide tables the interval goes below its value. */
function renderCell(cell: string, isStacked: boolean): string {
  const parts = isStacked ? /^(\S+) \((.+ – .+)\)$/.exec(cell) : null;
  return parts === null
    ? escapeHtml(cell)
    : `${escapeHtml(parts[1]!)}<small>${escapeHtml(parts[2]!)}</small>`;
}

function renderList(lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return `<ul class="said">${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ul>`;
}
