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

/** A run of ink in one row, first and last column, and a shape that it is part of. */
interface Run {
  first: number;
  last: number;
  shape: OpenShape;
}

/** A shape while runs are added to it. */
interface OpenShape extends Shape {
  /** Shapes are counted as they begin, row by row. */
  order: number;
  /** The shape that this one turned out to be part of. */
  into: OpenShape | null;
}

function rootOf(shape: OpenShape): OpenShape {
  let root = shape;
  while (root.into !== null) root = root.into;
  return root;
}

/** Makes one of two shapes that touch: the one that began first. */
function unite(one: OpenShape, other: OpenShape): OpenShape {
  if (one === other) return one;
  const [first, second] = one.order < other.order ? [one, other] : [other, one];
  second.into = first;
  first.left = Math.min(first.left, second.left);
  first.right = Math.max(first.right, second.right);
  first.bottom = Math.max(first.bottom, second.bottom);
  first.pixels += second.pixels;
  return first;
}

/** Shapes that are connected, be it by a corner, in the order of their first pixels. Goes through the runs of each row. */
function findShapes({ ink, columns }: Mask): Shape[] {
  const shapes: OpenShape[] = [];
  let above: Run[] = [];
  let runs: Run[] = [];
  let row = 0;
  let next = 0;
  for (let at = ink.indexOf(1); at >= 0; at = ink.indexOf(1, at)) {
    const y = Math.floor(at / columns);
    if (y !== row) {
      above = y === row + 1 ? runs : [];
      runs = [];
      row = y;
      next = 0;
    }
    const first = at - y * columns;
    while (at < (y + 1) * columns && ink[at] === 1) at += 1;
    const last = at - 1 - y * columns;
    let shape: OpenShape = {
      left: first,
      right: last,
      top: y,
      bottom: y,
      pixels: last - first + 1,
      order: shapes.length,
      into: null,
    };
    while (next < above.length && above[next]!.last < first - 1) next += 1;
    const isNew = next === above.length || above[next]!.first > last + 1;
    if (isNew) shapes.push(shape);
    for (let touching = next; touching < above.length && above[touching]!.first <= last + 1; touching += 1)
      shape = unite(rootOf(above[touching]!.shape), shape);
    runs.push({ first, last, shape });
  }
  return shapes.filter(({ into }) => into === null);
}

/** Shapes of the size of letters. */
function findGlyphs(mask: Mask, imageRows = mask.rows): Shape[] {
  const highest = Math.max(MIN_GLYPH_HEIGHT, imageRows * MAX_GLYPH_SHARE);
  return findShapes(mask).filter((shape) => {
    const height = shape.bottom - shape.top + 1;
    const width = shape.right - shape.left + 1;
    return height >= MIN_GLYPH_HEIGHT && height <= highest && width <= 2 * height;
  });
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
