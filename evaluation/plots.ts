import type { ReliabilityBin, RiskCoveragePoint } from './confidence.ts';

/** Escapes text for HTML and SVG, in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
}

/** A point with its interval. */
interface DotValue {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** A row of a dot plot: one value for each series of the legend. */
export interface DotRow {
  readonly label: string;
  readonly values: readonly DotValue[];
}

/** How a dot plot looks. */
export interface DotPlotOptions {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** Legend; one entry draws none. At most three. */
  readonly series: readonly string[];
  readonly axis: string;
  /** A vertical line to read against, such as no difference. */
  readonly reference?: number;
  /** Values are differences: the axis is centred on the reference. */
  readonly centred?: boolean;
}

const WIDTH = 520;

/** Values with intervals, a line for each row; the axis is in percent. */
export function drawDotPlot(rows: readonly DotRow[], options: DotPlotOptions): string {
  const labelWidth = Math.min(200, 12 + 6.6 * Math.max(...rows.map((row) => row.label.length)));
  const rowHeight = 10 + 12 * options.series.length;
  const top = options.series.length > 1 ? 34 : 14;
  const height = top + rows.length * rowHeight + 44;
  const left = labelWidth + 10;
  const right = WIDTH - 18;
  const [from, to] = chooseDomain(rows, options);
  const x = (value: number): number =>
    left + ((Math.min(to, Math.max(from, value)) - from) / (to - from)) * (right - left);
  const parts: string[] = [];
  for (const tick of listTicks(from, to)) {
    parts.push(
      `<line class="grid" x1="${px(x(tick))}" x2="${px(x(tick))}" y1="${top - 4}" y2="${height - 40}"/>`,
      `<text class="tick" text-anchor="middle" x="${px(x(tick))}" y="${height - 24}">${formatTick(tick, to - from)}</text>`,
    );
  }
  if (options.reference !== undefined && options.reference >= from && options.reference <= to) {
    parts.push(
      `<line class="reference" x1="${px(x(options.reference))}" x2="${px(x(options.reference))}" y1="${top - 4}" y2="${height - 40}"/>`,
    );
  }
  rows.forEach((row, r) => {
    const middle = top + r * rowHeight + rowHeight / 2;
    if (r % 2 === 1) {
      parts.push(
        `<rect class="band" x="0" width="${WIDTH}" y="${px(middle - rowHeight / 2)}" height="${rowHeight}"/>`,
      );
    }
    parts.push(
      `<text class="label" text-anchor="end" x="${labelWidth}" y="${px(middle + 4)}">${escapeHtml(shorten(row.label, 28))}</text>`,
    );
    row.values.forEach((value, s) => {
      const y = middle + (s - (row.values.length - 1) / 2) * 12;
      parts.push(drawValue(value, s, x, y, `${row.label}, ${options.series[s] ?? ''}`));
    });
  });
  if (options.series.length > 1) {
    let legendX = left;
    options.series.forEach((name, s) => {
      parts.push(
        `${drawMarker(s, legendX + 6, 14)}<text class="label" x="${px(legendX + 16)}" y="18">${escapeHtml(name)}</text>`,
      );
      legendX += 40 + 7 * name.length;
    });
  }
  parts.push(
    `<text class="axis" text-anchor="middle" x="${px((left + right) / 2)}" y="${height - 6}">${escapeHtml(options.axis)}</text>`,
  );
  return wrapFigure(options, height, parts);
}

function drawValue(
  { value, low, high }: DotValue,
  series: number,
  x: (value: number) => number,
  y: number,
  label: string,
): string {
  if (value === null) return '';
  const interval =
    low === null || high === null
      ? ''
      : `<line class="s${series}" x1="${px(x(low))}" x2="${px(x(high))}" y1="${px(y)}" y2="${px(y)}"/>`;
  const range =
    low === null || high === null ? '' : ` (${(100 * low).toFixed(1)} – ${(100 * high).toFixed(1)})`;
  return `<g><title>${escapeHtml(`${label}: ${(100 * value).toFixed(1)} %${range}`)}</title>${interval}${drawMarker(series, x(value), y)}</g>`;
}

/** Shapes differ as well as colours. */
function drawMarker(series: number, x: number, y: number): string {
  if (series === 1) return `<rect class="s1" x="${px(x - 4)}" y="${px(y - 4)}" width="8" height="8"/>`;
  if (series === 2) {
    return `<path class="s2" d="M${px(x)} ${px(y - 5)}L${px(x + 5)} ${px(y + 4)}H${px(x - 5)}Z"/>`;
  }
  return `<circle class="s0" cx="${px(x)}" cy="${px(y)}" r="4.5"/>`;
}

function chooseDomain(rows: readonly DotRow[], options: DotPlotOptions): [number, number] {
  const values = rows
    .flatMap((row) => row.values.flatMap(({ value, low, high }) => [value, low, high]))
    .filter((value) => value !== null);
  if (options.centred === true) {
    const reach = Math.max(0.01, ...values.map(Math.abs)) * 1.05;
    return [-reach, reach];
  }
  const least = Math.min(0.95, ...values);
  return [Math.max(0, Math.floor(least * 20 - 0.2) / 20), 1];
}

function listTicks(from: number, to: number): number[] {
  const steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
  const step = steps.find((candidate) => (to - from) / candidate <= 8) ?? 1;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

function formatTick(value: number, span: number): string {
  const text = (100 * value).toFixed(span < 0.05 ? 1 : 0);
  return text === '-0' || text === '-0.0' ? '0' : text;
}

/** Accuracy against confidence for each bin, with how many series each bin holds below. */
export function drawReliability(
  bins: readonly ReliabilityBin[],
  options: { readonly id: string; readonly title: string; readonly description: string },
): string {
  const left = 52;
  const right = 420;
  const top = 14;
  const bottom = 300;
  const histogramTop = 316;
  const histogramBottom = 366;
  const x = (value: number): number => left + value * (right - left);
  const y = (value: number): number => bottom - value * (bottom - top);
  const most = Math.max(1, ...bins.map((bin) => bin.series));
  const parts = drawUnitGrid(x, y, left, right, top, bottom, [0, 0.2, 0.4, 0.6, 0.8, 1]);
  parts.push(`<line class="reference" x1="${px(x(0))}" y1="${px(y(0))}" x2="${px(x(1))}" y2="${px(y(1))}"/>`);
  for (const bin of bins) {
    if (bin.series === 0 || bin.accuracy === null || bin.confidence === null) continue;
    const about = `${(100 * bin.from).toFixed(0)} – ${(100 * bin.to).toFixed(0)} %: ${bin.series} series, mean confidence ${(100 * bin.confidence).toFixed(1)} %, right ${(100 * bin.accuracy).toFixed(1)} %`;
    const tall = (bin.series / most) * (histogramBottom - histogramTop);
    parts.push(
      `<g><title>${escapeHtml(about)}</title>` +
        `<rect class="bar" x="${px(x(bin.from) + 1)}" width="${px(x(bin.to) - x(bin.from) - 2)}" y="${px(histogramBottom - Math.max(1, tall))}" height="${px(Math.max(1, tall))}"/>` +
        `<circle class="s0" cx="${px(x(bin.confidence))}" cy="${px(y(bin.accuracy))}" r="${px(3 + 5 * Math.sqrt(bin.series / most))}"/></g>`,
    );
  }
  const line = bins
    .filter((bin) => bin.series > 0)
    .map((bin) => `${px(x(bin.confidence!))},${px(y(bin.accuracy!))}`)
    .join(' ');
  parts.push(
    `<polyline class="curve" points="${line}"/>`,
    `<text class="axis" text-anchor="middle" x="${px((left + right) / 2)}" y="398">Probability of the predicted label, %</text>`,
    `<text class="axis" text-anchor="middle" transform="translate(14 ${px((top + bottom) / 2)}) rotate(-90)">Right, %</text>`,
    `<text class="tick" text-anchor="end" x="${left - 6}" y="${histogramBottom}">series</text>`,
  );
  return wrapFigure({ ...options, width: 440 }, 406, parts);
}

/** Share wrong among what is accepted, against the share accepted. */
export function drawRiskCoverage(
  points: readonly RiskCoveragePoint[],
  options: { readonly id: string; readonly title: string; readonly description: string },
): string {
  const left = 52;
  const right = 420;
  const top = 14;
  const bottom = 366;
  const most = Math.max(0.01, ...points.map((point) => point.risk)) * 1.1;
  const x = (value: number): number => left + value * (right - left);
  const y = (value: number): number => bottom - (value / most) * (bottom - top);
  const parts = drawUnitGrid(x, y, left, right, top, bottom, listTicks(0, most), most);
  const line = points.map((point) => `${px(x(point.coverage))},${px(y(point.risk))}`).join(' ');
  const last = points.at(-1);
  parts.push(
    `<polyline class="curve" points="${line}"/>`,
    ...(last === undefined
      ? []
      : [`<circle class="s0" cx="${px(x(last.coverage))}" cy="${px(y(last.risk))}" r="4.5"/>`]),
    `<text class="axis" text-anchor="middle" x="${px((left + right) / 2)}" y="398">Accepted, the most confident first, %</text>`,
    `<text class="axis" text-anchor="middle" transform="translate(14 ${px((top + bottom) / 2)}) rotate(-90)">Wrong among the accepted, %</text>`,
  );
  return wrapFigure({ ...options, width: 440 }, 406, parts);
}

function drawUnitGrid(
  x: (value: number) => number,
  y: (value: number) => number,
  left: number,
  right: number,
  top: number,
  bottom: number,
  verticalTicks: readonly number[],
  span = 1,
): string[] {
  const parts: string[] = [];
  for (const tick of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
    parts.push(
      `<line class="grid" x1="${px(x(tick))}" x2="${px(x(tick))}" y1="${top}" y2="${bottom}"/>`,
      `<text class="tick" text-anchor="middle" x="${px(x(tick))}" y="382">${formatTick(tick, 1)}</text>`,
    );
  }
  for (const tick of verticalTicks) {
    parts.push(
      `<line class="grid" x1="${left}" x2="${right}" y1="${px(y(tick))}" y2="${px(y(tick))}"/>`,
      `<text class="tick" text-anchor="end" x="${left - 6}" y="${px(y(tick) + 4)}">${formatTick(tick, span)}</text>`,
    );
  }
  return parts;
}

/** An SVG as a figure with a caption; title and description are what a screen reader reads. */
export function wrapFigure(
  options: {
    readonly id: string;
    readonly title: string;
    readonly description: string;
    readonly width?: number;
  },
  height: number,
  parts: readonly string[],
): string {
  const width = options.width ?? WIDTH;
  return (
    `<figure><figcaption>${escapeHtml(options.title)}</figcaption>` +
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${options.id}-t ${options.id}-d">` +
    `<title id="${options.id}-t">${escapeHtml(options.title)}</title><desc id="${options.id}-d">${escapeHtml(options.description)}</desc>` +
    `${parts.join('')}</svg></figure>`
  );
}

/** A length in pixels, to a tenth. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Text cut to `length` characters. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
