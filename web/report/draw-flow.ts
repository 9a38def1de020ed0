/** The flow of source files in the manner of CONSORT: the main line on the left, what left it on the right. */
import { escapeHtml, px, wrapFigure } from '../../evaluation/plots.ts';
import { type AnswerRow, markCell, readNumber, showValue } from './cells.ts';
import type { Figure } from './figures/figure.ts';

const WIDTH = 760;
const MAIN = { x: 10, width: 320 };
const SIDE = { x: 390, width: 360 };
const LINE = 18;
const PADDING = 11;
const GAP = 22;

const TITLES: Readonly<Record<string, string>> = {
  seen: 'Source files seen',
  unreadable: 'Unreadable',
  read: 'Read as DICOM',
  duplicate: 'Duplicates',
  quarantined: 'Quarantined',
  excluded: 'Excluded',
  kept: 'Files kept',
  units: 'Series units',
  studies: 'of studies',
  patients: 'of patients',
  accepted: 'Labels accepted',
  'to-review': 'To be reviewed',
};

/** A line of a box: text, and the row whose number stands behind it. */
interface BoxLine {
  readonly text: string;
  readonly row: number;
  readonly isHead: boolean;
}

/** Draws the answer's rows `box`, `reason`, `n`. Boxes that nothing is in are drawn with 0. */
export function drawFlow(figure: Figure, rows: readonly AnswerRow[]): string {
  const linesOf = (box: string): BoxLine[] => {
    const found = rows.flatMap((row, r): BoxLine[] =>
      row.box === box
        ? [
            {
              text: row.reason === null ? (TITLES[box] ?? box) : String(row.reason),
              row: r,
              isHead: row.reason === null,
            },
          ]
        : [],
    );
    return found.length > 0 ? found : [{ text: TITLES[box] ?? box, row: -1, isHead: true }];
  };
  const parts: string[] = [];
  const middle = MAIN.x + MAIN.width / 2;
  let y = 10;
  const drawBox = (
    place: { x: number; width: number },
    lines: readonly BoxLine[],
    isSide: boolean,
  ): number => {
    const height = 2 * PADDING + LINE * lines.length - 4;
    parts.push(
      `<rect class="box${isSide ? ' side' : ''}" x="${place.x}" y="${y}" width="${place.width}" height="${height}" rx="5"/>`,
    );
    lines.forEach(({ text, row, isHead }, l) => {
      const at = y + PADDING + LINE * l + 11;
      const kind = isHead ? 'head' : 'tick';
      const number = row < 0 ? '0' : showValue(readNumber(rows[row]!, 'n'));
      parts.push(
        `<text class="${kind}" x="${place.x + (isHead ? 12 : 26)}" y="${at}">${escapeHtml(text)}</text>` +
          `<text class="${kind}" text-anchor="end" x="${place.x + place.width - 12}" y="${at}"${row < 0 ? '' : markCell(row, 'n')}>${number}</text>`,
      );
    });
    return height;
  };
  const drawMain = (...boxes: string[]): void => {
    if (y > 10) drawArrow(parts, middle, y - GAP, middle, y);
    y += drawBox(MAIN, boxes.flatMap(linesOf), false) + GAP;
  };
  const drawSide = (box: string): void => {
    const lines = linesOf(box);
    const height = 2 * PADDING + LINE * lines.length - 4;
    const at = y + Math.min(height / 2, 18);
    parts.push(`<path class="flow" d="M${middle} ${y - GAP}V${px(y + height)}"/>`);
    drawArrow(parts, middle, at, SIDE.x, at);
    drawBox(SIDE, lines, true);
    y += height + GAP;
  };
  drawMain('seen');
  drawSide('unreadable');
  drawMain('read');
  for (const box of ['duplicate', 'quarantined', 'excluded']) drawSide(box);
  drawMain('kept');
  drawMain('units', 'studies', 'patients');
  drawMain('accepted', 'to-review');
  const description =
    'From the source files seen to the labelled series units; what was left out, with its reasons, branches off to the right. The numbers are in the table below.';
  return wrapFigure({ id: figure.id, title: figure.title, description, width: WIDTH }, y - GAP + 12, parts);
}

function drawArrow(parts: string[], x1: number, y1: number, x2: number, y2: number): void {
  const head =
    x1 === x2
      ? `M${x2 - 4} ${px(y2 - 7)}L${x2} ${px(y2)}L${x2 + 4} ${px(y2 - 7)}Z`
      : `M${x2 - 7} ${px(y2 - 4)}L${x2} ${px(y2)}L${x2 - 7} ${px(y2 + 4)}Z`;
  parts.push(`<path class="flow" d="M${x1} ${px(y1)}L${x2} ${px(y2)}"/><path class="arrow" d="${head}"/>`);
}
