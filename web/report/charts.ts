/** Charts of answers as SVG: bars and histograms. Every number comes from a row of the answer. */
import { escapeHtml, px, shorten, wrapFigure } from '../../evaluation/plots.ts';
import { type AnswerRow, markCell, readNumber, showValue } from './cells.ts';
import type { Figure, FigureView } from './figures/figure.ts';

type ViewOf<Kind extends FigureView['kind']> = Extract<FigureView, { kind: Kind }>;

const WIDTH = 560;

/** Horizontal bars, one a row, with their total behind them. */
export function drawBars(figure: Figure, view: ViewOf<'bars'>, rows: readonly AnswerRow[]): string {
  const labels = rows.map((row) => showValue(row[view.label]) || 'none');
  const left = 20 + Math.min(190, 7 * Math.max(...labels.map((label) => label.length)));
  const right = WIDTH - 70;
  const most = Math.max(1, ...rows.map((row) => readNumber(row, view.total)));
  const top = 34;
  const parts = drawLegend(view.parts, left);
  rows.forEach((row, r) => {
    const y = top + r * 24;
    parts.push(
      `<text class="label" text-anchor="end" x="${left - 8}" y="${y + 14}"${markCell(r, view.label)}>${escapeHtml(shorten(labels[r]!, 28))}</text>`,
    );
    let x = left;
    view.parts.forEach(({ name, title }, s) => {
      const width = (readNumber(row, name) / most) * (right - left);
      if (width === 0) return;
      parts.push(
        `<rect class="part s${s}" x="${px(x)}" y="${y}" width="${px(width)}" height="18"${markCell(r, name)}><title>${escapeHtml(`${labels[r]}, ${title}: ${showValue(row[name])}`)}</title></rect>`,
      );
      x += width;
    });
    parts.push(
      `<text class="value" x="${px(x + 6)}" y="${y + 14}"${markCell(r, view.total)}>${escapeHtml(showValue(row[view.total]))}</text>`,
    );
  });
  const description = `A bar for each row of the answer; the numbers are in the table below.`;
  return wrapFigure(
    { id: figure.id, title: figure.title, description, width: WIDTH },
    top + rows.length * 24 + 8,
    parts,
  );
}

/** Vertical bars over bins of a number from 0 to 1. */
export function drawHistogram(figure: Figure, view: ViewOf<'histogram'>, rows: readonly AnswerRow[]): string {
  const [left, right, top, bottom] = [56, WIDTH - 14, 36, 236];
  const totalOf = (row: AnswerRow): number =>
    view.parts.reduce((sum, { name }) => sum + readNumber(row, name), 0);
  const most = Math.max(1, ...rows.map(totalOf));
  const x = (value: number): number => left + value * (right - left);
  const y = (value: number): number => bottom - (value / most) * (bottom - top);
  const parts = drawLegend(view.parts, left);
  for (const tick of listCountTicks(most)) {
    parts.push(
      `<line class="grid" x1="${left}" x2="${right}" y1="${px(y(tick))}" y2="${px(y(tick))}"/>`,
      `<text class="tick" text-anchor="end" x="${left - 6}" y="${px(y(tick) + 4)}">${showValue(tick)}</text>`,
    );
  }
  for (const tick of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
    parts.push(
      `<text class="tick" text-anchor="middle" x="${px(x(tick))}" y="${bottom + 18}">${tick}</text>`,
    );
  }
  rows.forEach((row, r) => {
    const from = readNumber(row, view.from);
    let above = 0;
    view.parts.forEach(({ name, title }, s) => {
      const count = readNumber(row, name);
      if (count === 0) return;
      const height = y(above) - y(above + count);
      parts.push(
        `<rect class="part s${s}" x="${px(x(from) + 1)}" width="${px(x(view.width) - x(0) - 2)}" y="${px(y(above + count))}" height="${px(height)}"${markCell(r, name)}>` +
          `<title>${escapeHtml(`${from.toFixed(2)} to ${(from + view.width).toFixed(2)}, ${title}: ${showValue(row[name])}`)}</title></rect>`,
      );
      above += count;
    });
  });
  if (view.marker !== undefined) {
    const at = px(x(view.marker.at));
    const anchor = view.marker.at > 0.5 ? 'end' : 'start';
    parts.push(
      `<line class="reference" x1="${at}" x2="${at}" y1="${top - 8}" y2="${bottom}"/>`,
      `<text class="tick" text-anchor="${anchor}" x="${px(x(view.marker.at) + (anchor === 'end' ? -6 : 6))}" y="${top + 2}">${escapeHtml(view.marker.title)}</text>`,
    );
  }
  parts.push(
    `<text class="axis" text-anchor="middle" x="${px((left + right) / 2)}" y="${bottom + 38}">${escapeHtml(view.axis)}</text>`,
  );
  const description = `Series units in bins of ${view.width}; the numbers are in the table below.`;
  return wrapFigure({ id: figure.id, title: figure.title, description, width: WIDTH }, bottom + 46, parts);
}

function drawLegend(parts: readonly { readonly title: string }[], left: number): string[] {
  let x = left;
  return parts.map(({ title }, s) => {
    const at = x;
    x += 36 + 7 * title.length;
    return `<rect class="part s${s}" x="${at}" y="8" width="12" height="12"/><text class="label" x="${at + 18}" y="18">${escapeHtml(title)}</text>`;
  });
}

/** Whole numbers from 0 to `most`, at most six. */
function listCountTicks(most: number): number[] {
  const magnitude = 10 ** Math.floor(Math.log10(most));
  const step =
    [0.2, 0.5, 1, 2].map((each) => Math.max(1, each * magnitude)).find((each) => most / each <= 5) ?? most;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => Math.round(i * step));
}
