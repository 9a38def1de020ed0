/** One figure as HTML: what it shows, and its query on demand. */
import { escapeHtml } from '../../evaluation/plots.ts';
import { type AnswerRow, markCell, renderValue, showValue } from './cells.ts';
import { drawBars, drawHistogram } from './charts.ts';
import { drawFlow } from './draw-flow.ts';
import type { Figure, FigureColumn, FigureView } from './figures/figure.ts';

/** What figures show besides their answers. */
export interface FigureContext {
  /** PNG files by series unit; a unit without one is said to have none. */
  readonly pictures: ReadonlyMap<string, Uint8Array>;
  /** Meaning of each reason. */
  readonly meanings: ReadonlyMap<string, string>;
}

/** A figure with its query; charts have their numbers as a table beside the query. */
export function renderFigure(figure: Figure, rows: readonly AnswerRow[], context: FigureContext): string {
  const note = figure.note === undefined ? '' : `<p class="note">${escapeHtml(figure.note)}</p>`;
  const isDrawn = ['bars', 'histogram', 'flow'].includes(figure.view.kind);
  const answer =
    isDrawn && rows.length > 0 ? renderTable(`${figure.title}: numbers`, columnsOf(rows), rows, context) : '';
  return (
    `<div class="figure" id="figure-${figure.id}" data-figure="${figure.id}">${renderView(figure, rows, context)}${note}` +
    `<details><summary>Query${isDrawn ? ' and numbers' : ''}: ${escapeHtml(figure.title)}</summary>` +
    `<pre><code class="sql">${escapeHtml(figure.sql)}</code></pre>${answer}</details></div>`
  );
}

function renderView(figure: Figure, rows: readonly AnswerRow[], context: FigureContext): string {
  const { view } = figure;
  if (view.kind === 'bounded') return renderBounded(figure.title, view, rows);
  if (rows.length === 0) {
    return `<h3>${escapeHtml(figure.title)}</h3><p class="soft">Nothing: the query has no rows.</p>`;
  }
  switch (view.kind) {
    case 'cards':
      return `<ul class="cards">${view.cards.map(({ name, title }) => `<li><b${markCell(0, name)}>${escapeHtml(showValue(rows[0]?.[name]))}</b><span>${escapeHtml(title)}</span></li>`).join('')}</ul>`;
    case 'flow':
      return drawFlow(figure, rows);
    case 'bars':
      return drawBars(figure, view, rows);
    case 'histogram':
      return drawHistogram(figure, view, rows);
    case 'table':
      return renderTable(figure.title, view.columns, rows, context);
    case 'pictures':
      return `<h3>${escapeHtml(figure.title)}</h3>${renderPictures(view, rows, context)}`;
  }
}

function renderBounded(
  title: string,
  { expected, holds, problem }: Extract<FigureView, { kind: 'bounded' }>,
  rows: readonly AnswerRow[],
): string {
  const [column, value] = Object.entries(rows[0] ?? {})[0] ?? [];
  const is =
    column === undefined
      ? escapeHtml(problem ?? '')
      : `is <b${markCell(0, column)}>${escapeHtml(showValue(value))}</b>`;
  const verdict = holds ? '<b>holds</b>' : '<b class="broken">broken</b>';
  return `<h3>${escapeHtml(title)}</h3><p>Expected: ${escapeHtml(expected)}; ${is}: ${verdict}</p>`;
}

function columnsOf(rows: readonly AnswerRow[]): FigureColumn[] {
  return Object.keys(rows[0] ?? {}).map((name) => ({ name, title: name.replaceAll('_', ' ') }));
}

function renderTable(
  caption: string,
  columns: readonly FigureColumn[],
  rows: readonly AnswerRow[],
  { meanings }: FigureContext,
): string {
  const kinds = columns.map(({ name, as }) => {
    if (as === 'keys') return 'keys';
    return rows.some((row) => typeof row[name] === 'string') ? 'text' : '';
  });
  const kindOf = (c: number): string =>
    kinds[c] === '' ? '' : ` class="${kinds[c] === 'keys' ? 'text keys' : 'text'}"`;
  const head = columns
    .map(({ title }, c) => `<th scope="col"${kindOf(c)}>${escapeHtml(title)}</th>`)
    .join('');
  const body = rows.map((row, r) => {
    const cells = columns.map(
      ({ name, as }, c) => `<td${kindOf(c)}${markCell(r, name)}>${renderValue(row[name], as, meanings)}</td>`,
    );
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table><caption>${escapeHtml(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

function renderPictures(
  view: Extract<FigureView, { kind: 'pictures' }>,
  rows: readonly AnswerRow[],
  context: FigureContext,
): string {
  const items = rows.map((row, r) => renderPicture(view.words, row, r, context));
  if (view.group === undefined) return `<ul class="pictures">${items.join('')}</ul>`;
  const groups = new Map<string, number[]>();
  rows.forEach((row, r) => {
    const name = showValue(row[view.group!]) || 'none';
    groups.set(name, [...(groups.get(name) ?? []), r]);
  });
  return [...groups]
    .map(([name, members]) => {
      const first = members[0]!;
      const counts = `<span><span${markCell(first, 'shown')}>${escapeHtml(showValue(rows[first]!.shown))}</span> of <span${markCell(first, 'units')}>${escapeHtml(showValue(rows[first]!.units))}</span></span>`;
      return `<h4><b${markCell(first, view.group!)}>${escapeHtml(name)}</b> ${counts}</h4><ul class="pictures">${members.map((r) => items[r]).join('')}</ul>`;
    })
    .join('\n');
}

function renderPicture(
  words: readonly FigureColumn[],
  row: AnswerRow,
  r: number,
  { pictures }: FigureContext,
): string {
  const unit = showValue(row.series_unit);
  const png = pictures.get(unit);
  const said = words.filter(({ name }) => showValue(row[name]) !== '');
  const text = said.map(
    ({ name, title }) =>
      `<span>${escapeHtml(title)}${title === '' ? '' : ' '}<b${markCell(r, name)}>${escapeHtml(showValue(row[name]))}</b></span>`,
  );
  const alt = `Three planes of ${[showValue(row.body_part), ...said.map(({ name, title }) => `${title} ${showValue(row[name])}`.trim())].filter((part) => part !== '').join(', ')}`;
  const image =
    png === undefined
      ? '<p class="none">no picture</p>'
      : `<img alt="${escapeHtml(alt)}" width="384" height="128" src="data:image/png;base64,${Buffer.from(png).toString('base64')}">`;
  return `<li>${image}<p>${text.join(' · ')}<br><code${markCell(r, 'series_unit')}>${escapeHtml(unit)}</code></p></li>`;
}
