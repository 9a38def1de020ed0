import { findHead, floodFromBorder, type Head, type TissueValues } from '../preprocess/find-head.ts';
import { buildPatientGrid, type PatientGrid, type StackGeometry } from '../preprocess/patient-grid.ts';

/**
 * Decides what of a head is its face: soft tissue and air in front of the facial skull, the forehead and the front half
 * of the sides included, from the vertex to below the chin. Bone stays, and so does what lies behind it. Geometry
 * alone: bone, the closed ring of the skull, air in nose and sinuses. Figures in docs/deidentification.md.
 */

/** What is taken away: everything but bone in front of a surface `y(x, z)`, between two heights. Lengths in mm. */
export interface FaceRegion {
  /** y of the surface for each `[z, x]`; what has a smaller one lies in front. */
  frontMm: Float32Array;
  size: readonly [x: number, z: number];
  cellMm: number;
  /** Centre of the first cell. */
  originMm: readonly [x: number, z: number];
  lowestMm: number;
  highestMm: number;
  /** Of the points of skin that a look from the front meets between brow and chin, how many are gone afterwards. */
  removedShare: number;
}

/** Why a face cannot be taken away safely. */
export type DefacingRefusal =
  | 'head-not-found'
  | 'front-unsure'
  | 'chin-not-found'
  | 'face-remains'
  /** Several frames, colour, or pixels in odd containers. */
  | 'form-unsupported';

const FACE_CELL_MM = 2;
/** Cells in which skull and chin are placed, before the face is looked at closely. */
const COARSE_CELL_MM = 4;
/** A hole of the facial skull (orbit, nose, mouth) narrower than this is closed level with its rim. */
const HOLE_MM = 44;
/** So far below the brain's lower end the chin is behind, and what follows it is seen. */
const MAX_FACE_MM = 190;
/** The chin ends where bone springs back by so much, for so long. */
const CHIN_STEP_MM = 25;
const CHIN_GAP_MM = 30;
/** Teeth and chin, and the whole face, lie so near to the middle. */
const MIDDLE_MM = 30;
const HALF_FACE_MM = 60;
/** Where no bone is near, so much goes from the skin inwards. */
const SKIN_MM = 14;
/** Of soft tissue below the chin's bone, above the brow's level, and beside the brain with its bone and ears. */
const BELOW_CHIN_MM = 8;
const BROW_MM = 10;
const BESIDE_MM = 35;
const MIN_AIR_ML = 4;
/** Skin is gone when nothing is left where it was, nor so far behind it, but bone. */
const MIN_STEP_MM = 2;
const MIN_REMOVED_SHARE = 0.9;

/**
 * Plans the defacing of a head.
 * @param volume values `[slice, row, column]` in the window that `values` belong to
 */
export function planDefacing(
  volume: Uint8Array,
  geometry: StackGeometry,
  values: TissueValues,
): FaceRegion | DefacingRefusal {
  const coarse = buildPatientGrid(volume, geometry, COARSE_CELL_MM);
  const head = coarse === null ? null : findHead(coarse, values);
  if (coarse === null || head === null) return 'head-not-found';
  if (!looksForward(coarse, head, values)) return 'front-unsure';
  const chin = findChin(coarse, head, values);
  if (chin === null) return 'chin-not-found';
  const toMm = (cell: number, axis: 0 | 1 | 2) => coarse.originMm[axis] + (cell + 0.5) * coarse.cellMm;
  const lowestMm = coarse.originMm[2] + chin * coarse.cellMm;
  const highestMm = toMm(head.highestLevel, 2) + 20;
  const [centreX, centreY] = [toMm(head.centre[0], 0), toMm(head.centre[1], 1)];
  const [left, right] = spanOfBrain(head, coarse);
  const fine = buildPatientGrid(volume, geometry, FACE_CELL_MM, {
    low: [left - BESIDE_MM - HOLE_MM, Number.NEGATIVE_INFINITY, lowestMm - HOLE_MM],
    high: [right + BESIDE_MM + HOLE_MM, centreY + HOLE_MM, highestMm + HOLE_MM],
  });
  if (fine === null) return 'head-not-found';
  const [width, , levels] = fine.size;
  const map = frontOfBone(fine, brainFront(head, coarse), values, centreY);
  const reach = Math.max(1, Math.round(HOLE_MM / 2 / fine.cellMm));
  const skin = findSkin(fine, values);
  const closed = openMap(map, width, levels, reach, centreY).map((y, at) =>
    Math.min(map[at]!, Math.max(y, Number.isNaN(skin[at]!) ? y : skin[at]! + SKIN_MM)),
  );
  const region: FaceRegion = {
    // Beside the head there may be arms.
    frontMm: closed.map((y, at) => {
      const x = fine.originMm[0] + ((at % width) + 0.5) * fine.cellMm;
      return x < left - BESIDE_MM || x > right + BESIDE_MM ? fine.originMm[1] : y;
    }),
    size: [width, levels],
    cellMm: fine.cellMm,
    originMm: [fine.originMm[0] + fine.cellMm / 2, fine.originMm[2] + fine.cellMm / 2],
    lowestMm,
    highestMm,
    removedShare: 0,
  };
  const browMm = toMm(head.lowestLevel, 2) + BROW_MM;
  region.removedShare = measureRemoved(fine, skin, values, region, browMm, [centreX, centreY]);
  return region.removedShare >= MIN_REMOVED_SHARE ? region : 'face-remains';
}

/** y of the surface at a point; −Infinity where nothing is taken away. Linear between cells. */
export function frontAt(region: FaceRegion, xMm: number, zMm: number): number {
  if (zMm < region.lowestMm || zMm > region.highestMm) return Number.NEGATIVE_INFINITY;
  const [width, levels] = region.size;
  const x = Math.min(Math.max((xMm - region.originMm[0]) / region.cellMm, 0), width - 1);
  const z = Math.min(Math.max((zMm - region.originMm[1]) / region.cellMm, 0), levels - 1);
  const [x0, z0] = [Math.floor(x), Math.floor(z)];
  const [x1, z1] = [Math.min(x0 + 1, width - 1), Math.min(z0 + 1, levels - 1)];
  const [fx, fz] = [x - x0, z - z0];
  const map = region.frontMm;
  const lower = map[z0 * width + x0]! * (1 - fx) + map[z0 * width + x1]! * fx;
  const upper = map[z1 * width + x0]! * (1 - fx) + map[z1 * width + x1]! * fx;
  return lower * (1 - fz) + upper * fz;
}

/**
 * Whether the header's front is the head's: nose, sinuses and throat hold air, in front of the brain's middle and below
 * its centre. Without such air there is no face to be seen, or the header is wrong about the sides.
 */
function looksForward(grid: PatientGrid, head: Head, { tissue }: TissueValues): boolean {
  const [width, height] = grid.size;
  const [centreX, centreY, centreZ] = head.centre;
  const cellMl = (grid.cellMm * grid.cellMm * grid.cellMm) / 1000;
  const halfX = 50 / grid.cellMm;
  const farY = 15 / grid.cellMm;
  const deepest = Math.max(0, head.lowestLevel - Math.round(90 / grid.cellMm));
  let [before, behind, heights] = [0, 0, 0];
  for (let level = deepest; level <= head.highestLevel; level += 1) {
    const cells = new Uint8Array(width * height);
    const start = level * width * height;
    for (let at = 0; at < cells.length; at += 1) {
      const value = grid.mean[start + at]!;
      cells[at] = value > 0 && value < tissue ? 0 : 1;
    }
    floodFromBorder(cells, width, height);
    for (let at = 0; at < cells.length; at += 1) {
      if (cells[at] !== 0 || Math.abs((at % width) - centreX) > halfX) continue;
      const y = Math.floor(at / width) - centreY;
      if (y < -farY) {
        before += 1;
        heights += level;
      } else if (y > farY) behind += 1;
    }
  }
  return before * cellMl >= MIN_AIR_ML && before >= 2 * behind && heights / before < centreZ;
}

/** The lowest level of the face; null where bone goes on in front further than a jaw can. */
function findChin(grid: PatientGrid, head: Head, { bone }: TissueValues): number | null {
  const [width, height] = grid.size;
  const [centreX, centreY] = head.centre;
  const half = MIDDLE_MM / grid.cellMm;
  const left = Math.max(0, Math.round(centreX - half));
  const right = Math.min(width - 1, Math.round(centreX + half));
  const step = CHIN_STEP_MM / grid.cellMm;
  const gap = Math.max(1, Math.round(CHIN_GAP_MM / grid.cellMm));
  const end = head.lowestLevel - Math.round(MAX_FACE_MM / grid.cellMm);
  let before = centreY;
  let last = head.lowestLevel;
  for (let level = head.lowestLevel; level >= Math.max(0, end); level -= 1) {
    let y = 0;
    search: for (; y < centreY; y += 1) {
      const row = (level * height + y) * width;
      for (let x = left; x <= right; x += 1) if (grid.highest[row + x]! >= bone) break search;
    }
    if (y <= before + step) {
      last = level;
      before = y;
    } else if (last - level >= gap) return Math.max(0, last - Math.round(BELOW_CHIN_MM / grid.cellMm));
  }
  return end <= 0 ? 0 : null;
}

/** First and last x of the brain. */
function spanOfBrain({ brain }: Head, { size: [width], originMm, cellMm }: PatientGrid): [number, number] {
  let [left, right] = [width, 0];
  for (let at = 0; at < brain.length; at += 1) {
    if (brain[at] === 0) continue;
    left = Math.min(left, at % width);
    right = Math.max(right, at % width);
  }
  return [originMm[0] + left * cellMm, originMm[0] + (right + 1) * cellMm];
}

/** Foremost y of the brain by x and z, Infinity where there is none. */
function brainFront(head: Head, { size, originMm, cellMm }: PatientGrid): (x: number, z: number) => number {
  const [width, height, levels] = size;
  const front = new Float32Array(width * levels).fill(Number.POSITIVE_INFINITY);
  for (let at = head.brain.length - 1; at >= 0; at -= 1) {
    if (head.brain[at] === 0) continue;
    const y = Math.floor(at / width) % height;
    front[Math.floor(at / (width * height)) * width + (at % width)] = originMm[1] + y * cellMm;
  }
  return (x, z) => {
    const column = Math.floor((x - originMm[0]) / cellMm);
    const level = Math.floor((z - originMm[2]) / cellMm);
    const isIn = column >= 0 && column < width && level >= 0 && level < levels;
    return isIn ? front[level * width + column]! : Number.POSITIVE_INFINITY;
  };
}

/** y of the first bone from the front by `[z, x]`, or of the brain where a piece of the skull is missing; at most `deepest`. */
function frontOfBone(
  { size: [width, height, levels], originMm, cellMm, highest }: PatientGrid,
  brain: (x: number, z: number) => number,
  { bone }: TissueValues,
  deepest: number,
): Float32Array {
  const front = new Float32Array(width * levels);
  for (let z = 0; z < levels; z += 1) {
    for (let x = 0; x < width; x += 1) {
      let y = 0;
      while (y < height && highest[(z * height + y) * width + x]! < bone) y += 1;
      const limit = brain(originMm[0] + (x + 0.5) * cellMm, originMm[2] + (z + 0.5) * cellMm);
      front[z * width + x] = Math.min(originMm[1] + y * cellMm, limit, deepest);
    }
  }
  return front;
}

/** Grey opening: a dip that the window does not fit into is filled up to the least deep part of its rim. */
function openMap(
  map: Float32Array,
  width: number,
  height: number,
  reach: number,
  outside: number,
): Float32Array {
  const lowest = slide(map, width, height, reach, Math.min, outside);
  const opened = slide(lowest, width, height, reach, Math.max, Number.NEGATIVE_INFINITY);
  return opened.map((y, at) => Math.min(y, map[at]!));
}

/** The least or greatest value of the window around each cell, first along x, then along z. */
function slide(
  map: Float32Array,
  width: number,
  height: number,
  reach: number,
  pick: (a: number, b: number) => number,
  outside: number,
): Float32Array {
  const along = (source: Float32Array, isX: boolean): Float32Array => {
    const result = new Float32Array(source.length);
    for (let z = 0; z < height; z += 1) {
      for (let x = 0; x < width; x += 1) {
        let value = source[z * width + x]!;
        for (let offset = -reach; offset <= reach; offset += 1) {
          const nextX = isX ? x + offset : x;
          // Above and below the stack its edge goes on.
          const nextZ = isX ? z : Math.min(height - 1, Math.max(0, z + offset));
          value = pick(value, nextX < 0 || nextX >= width ? outside : source[nextZ * width + nextX]!);
        }
        result[z * width + x] = value;
      }
    }
    return result;
  };
  return along(along(map, true), false);
}

/** y of the first tissue that a look from the front meets through the air around, by `[z, x]`; NaN where there is none. */
function findSkin(
  { size: [width, height, levels], originMm, cellMm, mean }: PatientGrid,
  { tissue }: TissueValues,
): Float32Array {
  const skin = new Float32Array(width * levels).fill(Number.NaN);
  for (let z = 0; z < levels; z += 1) {
    // Air that is not of the surroundings is a sinus that an oblique stack cuts open.
    const level = mean
      .subarray(z * width * height, (z + 1) * width * height)
      .map((value) => (value > 0 && value < tissue ? 0 : 1));
    floodFromBorder(level, width, height);
    for (let x = 0; x < width; x += 1) {
      let y = 0;
      while (y < height && mean[(z * height + y) * width + x]! < tissue) y += 1;
      if (y > 0 && y < height && level[(y - 1) * width + x] === 2)
        skin[z * width + x] = originMm[1] + y * cellMm;
    }
  }
  return skin;
}

/** Share of the skin in front, from the region's lower end to the brow, that goes. */
function measureRemoved(
  { size: [width, height, levels], originMm, cellMm, highest }: PatientGrid,
  skin: Float32Array,
  { bone }: TissueValues,
  region: FaceRegion,
  browMm: number,
  [centreX, centreY]: [number, number],
): number {
  let [seen, removed] = [0, 0];
  for (let z = 0; z < levels; z += 1) {
    const zMm = originMm[2] + (z + 0.5) * cellMm;
    if (zMm < region.lowestMm || zMm > browMm) continue;
    for (let x = 0; x < width; x += 1) {
      const xMm = originMm[0] + (x + 0.5) * cellMm;
      const skinMm = skin[z * width + x]!;
      if (!(skinMm < centreY) || Math.abs(xMm - centreX) > HALF_FACE_MM) continue;
      seen += 1;
      const frontMm = frontAt(region, xMm, zMm);
      let y = Math.round((skinMm - originMm[1]) / cellMm);
      const isBone = () => highest[(z * height + y) * width + x]! >= bone;
      while (y < height && originMm[1] + y * cellMm < frontMm && !isBone()) y += 1;
      if ((y < height && isBone()) || originMm[1] + y * cellMm - skinMm >= MIN_STEP_MM) removed += 1;
    }
  }
  return seen === 0 ? 0 : removed / seen;
}
