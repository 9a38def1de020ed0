import type { StoredValues } from '../../dicom/pixels.ts';
import { countGlyphs, type Region } from './pixel-evidence.ts';

/**
 * Text drawn over an image, recognised by how densely its strokes stand: thin, brighter than anatomy, and sharp on both
 * sides, which a scanner's point spread does not allow. Cheap enough for every slice: a look at every third row says
 * for most of them that there is nothing.
 *
 * Measured by scripts/burned-in-campaign.mjs; figures in docs/deidentification.md. Not found: text darker than half way
 * from tissue to the brightest value, single letters and very short words, cursive scripts.
 */

/** A stroke is at most this wide; what is wider is anatomy, a table, or metal. Pixels. */
const MAX_STROKE = 7;
/** Strokes are counted in cells, and looked for in windows of 2 by 4 of them: two lines of text, four letters. */
const CELL_ROWS = 8;
const CELL_COLUMNS = 16;
const WINDOW_CELLS = 4;
/** For text along columns: 8 by 2 cells. */
const UPRIGHT_CELLS = 8;
/** Share of pixels below the level that counts as tissue. */
const TISSUE_SHARE = 0.8;
/** Of the way from tissue to the brightest value: where ink begins, and how far a stroke must rise on both sides. */
const INK = 0.6;
const RISE = 0.5;
/**
 * Where ink begins when letters are looked for, of the way from tissue and of that from what is around the text (air,
 * mostly) to the brightest value: thin smoothed letters fall apart at a high one, and touch each other at a low one.
 */
const LETTER_INKS_ABOVE_TISSUE = [0.75, INK, 0.45, 0.35];
const LETTER_INKS_ABOVE_SURROUNDINGS = [0.7, 0.55, 0.4];
/** Strokes in one window: so many are text whatever they look like (anatomy: at most 61, where bone is clipped) … */
const TEXT_STROKES = 56;
/** … and from so many on it is worth while to look for letters. */
const SOME_STROKES = 18;
/** The same of ends of strokes, in a window for text along a column. */
const SOME_ENDS = 12;
const MIN_GLYPHS = 6;
/** Where more than this share of windows is dense, the image is noise. Text leaves room around itself. */
const NOISE_SHARE = 0.5;

interface Levels {
  highest: number;
  tissue: number;
}

/**
 * Whether text seems to be drawn over an image.
 * @param values `rows · columns` stored values of one sample a pixel, brightest highest
 */
export function hasBurnedInText(values: StoredValues, rows: number, columns: number): boolean {
  const pixels = asInt16(values);
  const levels = findLevels(pixels, rows, columns);
  if (levels === null) return false;
  // On every third row there are a third as many; where those are, every row is looked at.
  const { denseShare, denseRows } = findDensest(pixels, rows, columns, levels, 3, null);
  if (!denseRows.includes(1) || denseShare > NOISE_SHARE) return false;
  const { along, upright } = findDensest(pixels, rows, columns, levels, 1, denseRows);
  if (along.strokes >= TEXT_STROKES) return true;
  if (along.strokes >= SOME_STROKES) {
    const { top, left } = along;
    const region = clipRegion(top - 24, left - 96, top + 40, left + 160, rows, columns);
    if (hasLetters(pixels, rows, columns, region, levels)) return true;
  }
  if (upright.strokes < SOME_ENDS) return false;
  const { top, left } = upright;
  const region = clipRegion(top - 96, left - 48, top + 160, left + 80, rows, columns);
  const turned = turn(pixels, columns, region);
  const whole = { top: 0, left: 0, rows: region.columns, columns: region.rows };
  return hasLetters(turned, columns, region.rows, whole, levels);
}

/** A part of the image with rows for columns, so that text along a column runs along a row. */
function turn(pixels: Int16Array, columns: number, region: Region): Int16Array {
  const turned = new Int16Array(region.rows * region.columns);
  for (let row = 0; row < region.rows; row += 1) {
    const start = (region.top + row) * columns + region.left;
    for (let column = 0; column < region.columns; column += 1)
      turned[column * region.rows + row] = pixels[start + column]!;
  }
  return turned;
}

/** @param rows of the image that the region is a part of: what is higher than a share of it is no letter */
function hasLetters(
  pixels: Int16Array,
  rows: number,
  columns: number,
  region: Region,
  { highest, tissue }: Levels,
): boolean {
  const around = findMedian(pixels, region, columns);
  const inks = [
    ...LETTER_INKS_ABOVE_SURROUNDINGS.map((share) => around + share * (highest - around)),
    ...LETTER_INKS_ABOVE_TISSUE.map((share) => tissue + share * (highest - tissue)),
  ];
  return inks.some((ink) => countGlyphs({ values: pixels, rows, columns }, region, ink) >= MIN_GLYPHS);
}

/** The middle value of every third pixel of a region. */
function findMedian(pixels: Int16Array, region: Region, columns: number): number {
  const values: number[] = [];
  for (let row = region.top; row < region.top + region.rows; row += 3) {
    const end = row * columns + region.left + region.columns;
    for (let at = row * columns + region.left; at < end; at += 3) values.push(pixels[at]!);
  }
  return Int16Array.from(values).sort()[values.length >> 1] ?? 0;
}

/** One type of array, for which alone the loops below are compiled. */
function asInt16(values: StoredValues): Int16Array {
  if (values instanceof Int16Array) return values;
  if (values instanceof Uint16Array) {
    // Below the sign bit, as CT is, both read the same; else half the resolution will do.
    let union = 0;
    for (let at = 0; at < values.length; at += 1) union |= values[at]!;
    if (union < 0x8000) return new Int16Array(values.buffer, values.byteOffset, values.length);
    return Int16Array.from(values, (value) => value >> 1);
  }
  if (values.BYTES_PER_ELEMENT === 1) return Int16Array.from(values);
  return Int16Array.from(values, (value) => Math.max(-0x8000, Math.min(0x7fff, value)));
}

const CLASS_BITS = 2;
const CLASSES = 0x10000 >> CLASS_BITS;
const counts = new Uint32Array(CLASSES);

/** From every third pixel of every fourth row, in turns, so that no spacing of letters escapes. @returns null for an image of one value */
function findLevels(pixels: Int16Array, rows: number, columns: number): Levels | null {
  counts.fill(0);
  // Much of a slice is air of one value, and adding to one place in memory over and over is slow.
  const air = pixels[0] ?? 0;
  let lowest = air;
  let highest = air;
  let sampled = 0;
  let airs = 0;
  for (let row = 0; row < rows; row += 4) {
    const end = (row + 1) * columns;
    for (let at = row * columns + ((row >> 2) % 3); at < end; at += 3) {
      const value = pixels[at]!;
      sampled += 1;
      if (value === air) {
        airs += 1;
        continue;
      }
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
      counts[(value + 0x8000) >> CLASS_BITS]! += 1;
    }
  }
  counts[(air + 0x8000) >> CLASS_BITS]! += airs;
  if (highest <= lowest) return null;
  let index = (highest + 0x8000) >> CLASS_BITS;
  let above = counts[index]!;
  while (above < (1 - TISSUE_SHARE) * sampled) {
    index -= 1;
    above += counts[index]!;
  }
  const tissue = Math.max(lowest, (index << CLASS_BITS) - 0x8000);
  return tissue < highest ? { highest, tissue } : null;
}

/** The window with most strokes. */
interface StrokeWindow {
  /** Of text along columns: ends of strokes. */
  strokes: number;
  /** Its first row and column. */
  top: number;
  left: number;
}

/** Strokes, and those of them that do not go on in both neighbouring rows. */
interface Cells {
  strokes: Uint16Array;
  ends: Uint16Array;
}

interface Densest {
  /** Among windows for text along rows, and for text along columns. */
  along: StrokeWindow;
  upright: StrokeWindow;
  /** Share of windows along rows with `SOME_STROKES` and more, or what corresponds to it. */
  denseShare: number;
  /** Rows of cells that such windows, of either kind, cover: 1, else 0. */
  denseRows: Uint8Array;
}

/**
 * The windows with most strokes.
 * @param rowStep every row is looked at, or every third one
 * @param cellRows rows of cells to look at; null: all
 */
function findDensest(
  pixels: Int16Array,
  rows: number,
  columns: number,
  levels: Levels,
  rowStep: 1 | 3,
  cellRows: Uint8Array | null,
): Densest {
  const wide = Math.ceil(columns / CELL_COLUMNS);
  const high = Math.ceil(rows / CELL_ROWS);
  const cells: Cells = { strokes: new Uint16Array(wide * high), ends: new Uint16Array(wide * high) };
  const pairs = inPairs(pixels);
  for (let row = 1; row < rows - 1; row += rowStep) {
    const y = Math.floor(row / CELL_ROWS);
    if (cellRows === null || cellRows[y] === 1)
      countStrokes(pixels, pairs, row, columns, levels, cells, y * wide);
  }
  const denseRows = new Uint8Array(high);
  const along: StrokeWindow = { strokes: 0, top: 0, left: 0 };
  const upright: StrokeWindow = { strokes: 0, top: 0, left: 0 };
  // Sums of the last cells above each other. A thin bone along a column is one long stroke; letters end.
  const columnSums = new Uint16Array(wide + 1);
  const dense = SOME_STROKES / rowStep;
  let denseCount = 0;
  for (let y = 0; y < high; y += 1) {
    for (let x = 0; x < wide; x += 1) {
      columnSums[x]! += cells.ends[y * wide + x]!;
      if (y >= UPRIGHT_CELLS) columnSums[x]! -= cells.ends[(y - UPRIGHT_CELLS) * wide + x]!;
    }
    for (let x = 0; x < wide; x += 1) {
      const upSum = columnSums[x]! + columnSums[x + 1]!;
      if (upSum >= SOME_ENDS / rowStep) denseRows.fill(1, Math.max(0, y + 1 - UPRIGHT_CELLS), y + 1);
      if (upSum > upright.strokes) {
        upright.strokes = upSum;
        upright.top = Math.max(0, y + 1 - UPRIGHT_CELLS) * CELL_ROWS;
        upright.left = x * CELL_COLUMNS;
      }
      if (y + 1 === high) continue;
      let sum = 0;
      const past = Math.min(wide, x + WINDOW_CELLS);
      for (let cell = x; cell < past; cell += 1)
        sum += cells.strokes[y * wide + cell]! + cells.strokes[(y + 1) * wide + cell]!;
      if (sum >= dense) {
        denseCount += 1;
        denseRows.fill(1, y, y + 2);
      }
      if (sum > along.strokes) {
        along.strokes = sum;
        along.top = y * CELL_ROWS;
        along.left = x * CELL_COLUMNS;
      }
    }
  }
  return { along, upright, denseRows, denseShare: denseCount / Math.max(1, wide * (high - 1)) };
}

/** Adds the strokes of one row to its cells, which begin at `firstCell`. */
function countStrokes(
  pixels: Int16Array,
  pairs: Int32Array,
  row: number,
  columns: number,
  { highest, tissue }: Levels,
  cells: Cells,
  firstCell: number,
): void {
  // A small integer for the compiler too: the look at each pixel is most of the cost.
  const ink = Math.ceil(tissue + INK * (highest - tissue)) | 0;
  const rise = RISE * (highest - tissue);
  const first = row * columns;
  const end = first + columns - 2;
  for (
    let at = findInk(pixels, pairs, first + 2, end, ink);
    at < end;
    at = findInk(pixels, pairs, at, end, ink)
  ) {
    const start = at;
    let peak = at;
    at += 1;
    while (at < end && pixels[at]! >= ink) {
      if (pixels[at]! > pixels[peak]!) peak = at;
      at += 1;
    }
    const top = pixels[peak]!;
    if (at - start > MAX_STROKE || top - pixels[start - 2]! < rise || top - pixels[at + 1]! < rise) continue;
    // A stroke goes on in a neighbouring row; a speck of noise does not.
    const goesUp = isInkNear(pixels, peak - columns, ink);
    const goesDown = isInkNear(pixels, peak + columns, ink);
    if (!goesUp && !goesDown) continue;
    const cell = firstCell + Math.floor((start - first) / CELL_COLUMNS);
    cells.strokes[cell]! += 1;
    if (goesUp !== goesDown) cells.ends[cell]! += 1;
  }
}

/** The pixels two by two, from the first on that lies on a boundary of four bytes. */
function inPairs(pixels: Int16Array): Int32Array {
  const odd = (pixels.byteOffset >> 1) & 1;
  return new Int32Array(pixels.buffer, pixels.byteOffset + 2 * odd, Math.max(0, pixels.length - odd) >> 1);
}

/** The first pixel of ink from `from` on, or `end`. Hardly any is, so two are looked at in one go. */
function findInk(pixels: Int16Array, pairs: Int32Array, from: number, end: number, ink: number): number {
  if (from < end && pixels[from]! >= ink) return from;
  const odd = (pixels.byteOffset >> 1) & 1;
  const past = (end - odd) >> 1;
  let pair = (from + 1 - odd) >> 1;
  // Either pixel of a pair is compared in the upper half of 32 bits.
  const upperInk = ink << 16;
  while (pair < past && pairs[pair]! < upperInk && pairs[pair]! << 16 < upperInk) pair += 1;
  let at = Math.max(from, 2 * pair + odd);
  while (at < end && pixels[at]! < ink) at += 1;
  return at;
}

function isInkNear(pixels: Int16Array, at: number, ink: number): boolean {
  return pixels[at]! >= ink || pixels[at - 1]! >= ink || pixels[at + 1]! >= ink;
}

function clipRegion(
  fromRow: number,
  fromColumn: number,
  pastRow: number,
  pastColumn: number,
  rows: number,
  columns: number,
): Region {
  const top = Math.max(0, fromRow);
  const left = Math.max(0, fromColumn);
  return { top, left, rows: Math.min(rows, pastRow) - top, columns: Math.min(columns, pastColumn) - left };
}
