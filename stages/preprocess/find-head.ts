import type { PatientGrid } from './patient-grid.ts';

/**
 * Finds a head by what only a head has: a closed ring of bone around soft tissue of one brightness, level upon level.
 * Needs the patient's axes alone, so slices of any plane will do. Measured by scripts/face-coverage.py; figures in
 * docs/deidentification.md.
 */

/** Tensor values of thresholds in HU. */
export interface TissueValues {
  bone: number;
  /** Where tissue begins, against air. */
  tissue: number;
  /** Bounds of brain, liquor and blood. */
  brain: readonly [number, number];
}

/** HU from which on a voxel counts as bone. */
export const BONE_HU = 250;
/** Cells of the grid in which heads are looked for: of 4 to 8 mm the quickest, and the surest of thin skulls. */
export const HEAD_CELL_MM = 8;
const TISSUE_HU = -400;
const BRAIN_HU = [-60, 130] as const;
/** Cross-section of what the ring holds, mm². */
const MIN_AREA = 3_000;
const MAX_AREA = 35_000;
const MAX_LENGTH_MM = 230;
const MIN_HEIGHT_MM = 15;
/** Share of cells of the ring's inside with the brightness of brain; a body has fat and air there. */
const MIN_BRAIN_SHARE = 0.85;
/** Of its bounding rectangle; an ellipse fills 0.79. */
const MIN_FILLED = 0.55;

/** Levels, rows and columns of cells; the last is included. */
export interface Head {
  lowestLevel: number;
  highestLevel: number;
  /** 1 in cells within the skull. */
  brain: Uint8Array;
  /** Centre of the brain, cells. */
  centre: readonly [x: number, y: number, z: number];
}

/** @returns null where the window cuts off what has to be told apart */
export function tissueValues([low, high]: readonly [number, number]): TissueValues | null {
  if (low > TISSUE_HU - 100 || high < BONE_HU + 50) return null;
  const value = (hu: number) => ((hu - low) / (high - low)) * 255;
  return { bone: value(BONE_HU), tissue: value(TISSUE_HU), brain: [value(BRAIN_HU[0]), value(BRAIN_HU[1])] };
}

/** The highest head of the grid, or null. */
export function findHead(grid: PatientGrid, values: TissueValues): Head | null {
  const [width, height, levels] = grid.size;
  const plane = width * height;
  const inside = new Uint8Array(grid.mean.length);
  const isBrain = new Uint8Array(levels);
  for (let level = 0; level < levels; level += 1) {
    const found = findRing(grid, level, values);
    if (found === null) continue;
    isBrain[level] = 1;
    inside.set(found, level * plane);
  }
  const minLevels = Math.min(levels, Math.max(2, Math.ceil(MIN_HEIGHT_MM / grid.cellMm)));
  // From above: whatever else is taken for one, a head is on top. A level that was missed does not end it.
  for (let top = levels - 1; top >= 0; top -= 1) {
    if (isBrain[top] === 0) continue;
    let bottom = top;
    let count = 1;
    for (let level = top - 1; level >= Math.max(0, bottom - 2); level -= 1) {
      if (isBrain[level] === 0) continue;
      bottom = level;
      count += 1;
    }
    if (count < minLevels) {
      top = bottom;
      continue;
    }
    inside.fill(0, 0, bottom * plane);
    inside.fill(0, (top + 1) * plane);
    return { lowestLevel: bottom, highestLevel: top, brain: inside, centre: findCentre(inside, grid) };
  }
  return null;
}

function findCentre(mask: Uint8Array, { size: [width, height] }: PatientGrid): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  let count = 0;
  for (let at = 0; at < mask.length; at += 1) {
    if (mask[at] === 0) continue;
    sums[0] += at % width;
    sums[1] += Math.floor(at / width) % height;
    sums[2] += Math.floor(at / (width * height));
    count += 1;
  }
  return [sums[0] / count, sums[1] / count, sums[2] / count];
}

/** Cells of a level that a ring of bone holds, if they look like brain. */
function findRing(grid: PatientGrid, level: number, { bone, brain }: TissueValues): Uint8Array | null {
  const [width, height] = grid.size;
  const plane = width * height;
  const start = level * plane;
  // Gaps of up to two cells are closed: the ring is made thicker by one.
  const wall = new Uint8Array(plane);
  for (let at = 0; at < plane; at += 1) {
    if (grid.highest[start + at]! < bone) continue;
    const x = at % width;
    wall[at] = 1;
    if (x > 0) wall[at - 1] = 1;
    if (x < width - 1) wall[at + 1] = 1;
    if (at >= width) wall[at - width] = 1;
    if (at < plane - width) wall[at + width] = 1;
  }
  floodFromBorder(wall, width, height);
  const inside = takeLargest(wall, width, height);
  if (inside === null) return null;
  const cellArea = grid.cellMm * grid.cellMm;
  let [left, right, top, bottom, count, fits] = [width, 0, height, 0, 0, 0];
  for (let at = 0; at < plane; at += 1) {
    if (inside[at] === 0) continue;
    const x = at % width;
    const y = Math.floor(at / width);
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = y;
    count += 1;
    const value = grid.mean[start + at]!;
    if (value >= brain[0] && value <= brain[1]) fits += 1;
  }
  const area = count * cellArea;
  const lengths = [(right - left + 1) * grid.cellMm, (bottom - top + 1) * grid.cellMm] as const;
  const isHead =
    area >= MIN_AREA &&
    area <= MAX_AREA &&
    Math.max(...lengths) <= MAX_LENGTH_MM &&
    area >= MIN_FILLED * lengths[0] * lengths[1] &&
    fits >= MIN_BRAIN_SHARE * count;
  return isHead ? inside : null;
}

/** Sets cells that are 0 and can be reached from the border over such cells to 2. */
export function floodFromBorder(cells: Uint8Array, width: number, height: number): void {
  const stack: number[] = [];
  const visit = (at: number): void => {
    if (cells[at] !== 0) return;
    cells[at] = 2;
    stack.push(at);
  };
  for (let x = 0; x < width; x += 1) {
    visit(x);
    visit((height - 1) * width + x);
  }
  for (let y = 0; y < height; y += 1) {
    visit(y * width);
    visit(y * width + width - 1);
  }
  spread(stack, width, height, visit);
}

function spread(stack: number[], width: number, height: number, visit: (at: number) => void): void {
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const x = at % width;
    if (x > 0) visit(at - 1);
    if (x < width - 1) visit(at + 1);
    if (at >= width) visit(at - width);
    if (at < width * (height - 1)) visit(at + width);
  }
}

/** The largest connected part of the cells that are 0, which are used up. */
function takeLargest(cells: Uint8Array, width: number, height: number): Uint8Array | null {
  let largest: number[] = [];
  for (let start = 0; start < cells.length; start += 1) {
    if (cells[start] !== 0) continue;
    const part: number[] = [];
    const stack: number[] = [];
    const visit = (at: number): void => {
      if (cells[at] !== 0) return;
      cells[at] = 3;
      part.push(at);
      stack.push(at);
    };
    visit(start);
    spread(stack, width, height, visit);
    if (part.length > largest.length) largest = part;
  }
  if (largest.length === 0) return null;
  const mask = new Uint8Array(cells.length);
  for (const at of largest) mask[at] = 1;
  return mask;
}
