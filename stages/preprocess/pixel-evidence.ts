import type { StoredValues } from '../../dicom/pixels.ts';

/**
 * Writing in pixels, recognised by what tells rendered or printed text from anatomy: many small shapes of one
 * brightness that stand on common lines, close to each other and of like height. It reads no letters, so neither the
 * language nor the font matters, as long as letters are upright, apart from each other, and at least 5 pixels high.
 *
 * Measured in test/stages/preprocess/pixel-evidence.test.ts: no false alarm in the 422 images without writing of the
 * shared real data (whole series and single slices of many scanners; 70 of them are thumbnails), all four with
 * writing found, and 17 drawn or "scanned" pages and 9 slices with a drawn name. Real dose pages with pixels were not
 * at hand. Not found: cursive scripts, text along a column, fewer than six letters in a row, text darker than three
 * fifths of the range of values. Silence is therefore no proof that nothing is written.
 */
export interface TextEvidence {
  /** Rows of at least six letter-like shapes. */
  lines: number;
  /** Letter-like shapes in those rows. */
  glyphs: number;
  /** Share of pixels that are neither near the commonest value nor ink: pictures have much of it, pages little. */
  pictureFraction: number;
}

/** A connected shape of ink: bounds inclusive. */
interface Shape {
  left: number;
  right: number;
  top: number;
  bottom: number;
  pixels: number;
}

interface Mask {
  ink: Uint8Array;
  rows: number;
  columns: number;
}

const MIN_GLYPH_HEIGHT = 5;
/** Letters higher than this share of the image are headlines of another kind: anatomy. */
const MAX_GLYPH_SHARE = 1 / 12;
const MIN_RUN = 6;
/** A space between words, in heights of the line. */
const MAX_GAP_HEIGHTS = 1.6;

/** Collects the shape that holds `start`, and erases it from the mask. */
function takeShape({ ink, rows, columns }: Mask, start: number, stack: number[]): Shape {
  const shape: Shape = { left: columns, right: 0, top: rows, bottom: 0, pixels: 0 };
  stack.length = 0;
  stack.push(start);
  ink[start] = 0;
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const row = Math.floor(at / columns);
    const column = at - row * columns;
    shape.pixels++;
    if (column < shape.left) shape.left = column;
    if (column > shape.right) shape.right = column;
    if (row < shape.top) shape.top = row;
    if (row > shape.bottom) shape.bottom = row;
    const first = column > 0 ? column - 1 : 0;
    const last = column < columns - 1 ? column + 1 : column;
    for (let y = row > 0 ? row - 1 : 0; y <= row + 1 && y < rows; y++) {
      for (let next = y * columns + first; next <= y * columns + last; next++) {
        if (ink[next] === 0) continue;
        ink[next] = 0;
        stack.push(next);
      }
    }
  }
  return shape;
}

/** Shapes of the size of letters; the mask is used up. */
function findGlyphs(mask: Mask, imageRows = mask.rows): Shape[] {
  const glyphs: Shape[] = [];
  const stack: number[] = [];
  const highest = Math.max(MIN_GLYPH_HEIGHT, imageRows * MAX_GLYPH_SHARE);
  for (let at = 0; at < mask.ink.length; at++) {
    if (mask.ink[at] === 0) continue;
    const shape = takeShape(mask, at, stack);
    const height = shape.bottom - shape.top + 1;
    const width = shape.right - shape.left + 1;
    if (height >= MIN_GLYPH_HEIGHT && height <= highest && width <= 2 * height) glyphs.push(shape);
  }
  return glyphs;
}

/** Bars and dots also stand in rows (rulers, ticks, grids); letters do not fill their bounds. */
function isIntricate({ left, right, top, bottom, pixels }: Shape): boolean {
  return right - left >= 2 && pixels < 0.8 * (right - left + 1) * (bottom - top + 1);
}

/** Splits shapes on one base line, sorted by column, into runs without wide gaps. */
function splitRuns(shapes: Shape[]): Shape[][] {
  const runs: Shape[][] = [];
  let run: Shape[] = [];
  let height = 0;
  for (const shape of shapes) {
    const own = shape.bottom - shape.top + 1;
    const previous = run.at(-1);
    const fits =
      previous !== undefined &&
      shape.left - previous.right <= MAX_GAP_HEIGHTS * Math.max(height, own) &&
      Math.max(height, own) <= 2 * Math.min(height, own);
    if (!fits) {
      run = [];
      height = 0;
      runs.push(run);
    }
    run.push(shape);
    height = Math.max(height, own);
  }
  return runs.filter(
    (letters) => letters.length >= MIN_RUN && letters.filter(isIntricate).length >= letters.length / 2,
  );
}

/** Runs of letters on base lines; round letters reach one row below straight ones. */
function findLines(glyphs: Shape[]): Shape[][] {
  const byBottom = new Map<number, Shape[]>();
  for (const glyph of glyphs) {
    const level = byBottom.get(glyph.bottom);
    if (level === undefined) byBottom.set(glyph.bottom, [glyph]);
    else level.push(glyph);
  }
  const used = new Set<Shape>();
  const lines: Shape[][] = [];
  for (const bottom of [...byBottom.keys()].sort((a, b) => a - b)) {
    const candidates = [...byBottom.get(bottom)!, ...(byBottom.get(bottom + 1) ?? [])]
      .filter((shape) => !used.has(shape))
      .sort((a, b) => a.left - b.left);
    for (const run of splitRuns(candidates)) {
      for (const shape of run) used.add(shape);
      lines.push(run);
    }
  }
  return lines;
}

/** The middle of the commonest of 64 brightness classes between the extremes. */
function findBackground(values: StoredValues, lowest: number, range: number): number {
  const classes = new Uint32Array(65);
  const factor = 64 / range;
  for (let i = 0; i < values.length; i++) classes[Math.floor((values[i]! - lowest) * factor)]!++;
  let commonest = 0;
  for (let i = 1; i < classes.length; i++) if (classes[i]! > classes[commonest]!) commonest = i;
  return lowest + ((commonest + 0.5) / 64) * range;
}

/**
 * Looks for writing: bright on anything, and dark on a bright page.
 * @param values `rows · columns` stored values of one sample a pixel, whatever their rescale
 */
export function findText(values: StoredValues, rows: number, columns: number): TextEvidence {
  let lowest = values[0] ?? 0;
  let highest = lowest;
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!;
    if (value < lowest) lowest = value;
    else if (value > highest) highest = value;
  }
  const range = highest - lowest;
  if (range === 0) return { lines: 0, glyphs: 0, pictureFraction: 0 };
  const background = findBackground(values, lowest, range);
  // Text is drawn with the brightest value there is; smoothed edges lie between it and what is behind.
  const darkOnBright = background > lowest + range / 2;
  const [from, to] = darkOnBright ? [lowest, lowest + 0.4 * range] : [lowest + 0.6 * range, highest];
  const nearBackground = 0.15 * range;
  const ink = new Uint8Array(values.length);
  let picture = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value >= from && value <= to) ink[i] = 1;
    else if (Math.abs(value - background) > nearBackground) picture++;
  }
  const lines = findLines(findGlyphs({ ink, rows, columns }));
  return {
    lines: lines.length,
    glyphs: lines.reduce((sum, line) => sum + line.length, 0),
    pictureFraction: picture / values.length,
  };
}

/** A rectangle of an image. */
export interface Region {
  top: number;
  left: number;
  rows: number;
  columns: number;
}

/** Letter-like shapes in lines, within part of an image, of what is at least as bright as `ink`. */
export function countGlyphs(
  image: { values: StoredValues; rows: number; columns: number },
  region: Region,
  ink: number,
): number {
  const { top, left, rows, columns } = region;
  const mask = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const from = (top + row) * image.columns + left;
    for (let column = 0; column < columns; column++)
      if (image.values[from + column]! >= ink) mask[row * columns + column] = 1;
  }
  const lines = findLines(findGlyphs({ ink: mask, rows, columns }, image.rows));
  return lines.reduce((sum, line) => sum + line.length, 0);
}

/** A picture with words on it, such as a name burned in: two short lines of letters, or one of twelve. */
export function looksLikeBurnedInText(values: StoredValues, rows: number, columns: number): boolean {
  return findText(values, rows, columns).glyphs >= 2 * MIN_RUN;
}

/** A captured or scanned page of text, such as a dose report: lines of letters and hardly anything else. */
export function looksLikeTextPage(values: StoredValues, rows: number, columns: number): boolean {
  const { lines, glyphs, pictureFraction } = findText(values, rows, columns);
  return lines >= 3 && glyphs >= 30 && pictureFraction < 0.1;
}
