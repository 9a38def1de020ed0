/**
 * NIfTI-1 single files (.nii) of CT volumes: int16 Hounsfield units, an affine from DICOM's own positions.
 * https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h
 */

import { cross, dot, type Vector } from '../stages/group/geometry.ts';

const HEADER_BYTES = 352;
const INT16 = 4;
const UNITS_MM = 2;
/** `sform_code` and `qform_code`: the scanner's own coordinates. */
const SCANNER_COORDINATES = 1;

/** The grid of a stack of slices, in DICOM's patient coordinates (left, posterior, head; PS3.3 C.7.6.2.1.1), mm. */
export interface StackGrid {
  rows: number;
  columns: number;
  slices: number;
  /** Centre of the first voxel of the first slice. */
  originMm: Vector;
  /** Direction of a row: the way in which the column index grows. */
  rowDirection: Vector;
  /** Direction of a column: the way in which the row index grows. */
  columnDirection: Vector;
  /** Distance between rows, then between columns. PS3.3 10.7.1.3 */
  pixelSpacingMm: readonly [number, number];
  /** From the first voxel of a slice to that of the next one. Not along the normal when the gantry was tilted. */
  sliceStepMm: Vector;
}

/** Voxel indices `[i, j, k, 1]` to right, anterior, superior in mm: three rows of four. */
export type Affine = readonly [readonly number[], readonly number[], readonly number[]];

/**
 * The affine of a stack whose rows are written from the last to the first, so that j grows to the front of the patient
 * in an axial slice, as dcm2niix and most readers have it.
 */
export function affineOf(grid: StackGrid): Affine {
  const [rowSpacing, columnSpacing] = grid.pixelSpacingMm;
  const lastRow = (grid.rows - 1) * rowSpacing;
  const row = (axis: 0 | 1 | 2, sign: 1 | -1) => [
    sign * grid.rowDirection[axis] * columnSpacing,
    -sign * grid.columnDirection[axis] * rowSpacing,
    sign * grid.sliceStepMm[axis],
    sign * (grid.originMm[axis] + grid.columnDirection[axis] * lastRow),
  ];
  // Left and posterior become right and anterior.
  return [row(0, -1), row(1, -1), row(2, 1)];
}

/** The header of a file whose voxels follow at once, int16 little endian, i fastest. */
export function encodeNiftiHeader(grid: StackGrid, description: string): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const affine = affineOf(grid);
  const sizes = [0, 1, 2].map((axis) => Math.hypot(...affine.map((row) => row[axis] ?? 0)));
  view.setInt32(0, 348, true);
  for (const [index, size] of [3, grid.columns, grid.rows, grid.slices, 1, 1, 1, 1].entries()) {
    view.setInt16(40 + 2 * index, size, true);
  }
  view.setInt16(70, INT16, true);
  view.setInt16(72, 16, true);
  const quaternion = quaternionOf(affine, sizes);
  view.setFloat32(76, quaternion.handedness, true);
  for (const [index, size] of sizes.entries()) view.setFloat32(80 + 4 * index, size, true);
  view.setFloat32(108, HEADER_BYTES, true);
  // scl_slope and scl_inter: voxels are Hounsfield units as they stand.
  view.setFloat32(112, 1, true);
  view.setUint8(123, UNITS_MM);
  bytes.set(new TextEncoder().encode(description).subarray(0, 79), 148);
  view.setInt16(252, quaternion.exact ? SCANNER_COORDINATES : 0, true);
  view.setInt16(254, SCANNER_COORDINATES, true);
  for (const [index, value] of [quaternion.b, quaternion.c, quaternion.d].entries()) {
    view.setFloat32(256 + 4 * index, value, true);
  }
  for (const [axis, row] of affine.entries()) {
    view.setFloat32(268 + 4 * axis, row[3] ?? 0, true);
    for (const [index, value] of row.entries()) view.setFloat32(280 + 16 * axis + 4 * index, value, true);
  }
  bytes.set(new TextEncoder().encode('n+1\0'), 344);
  return bytes;
}

/**
 * The rotation of an affine as nifti1.h's method 2 wants it; a sheared grid (gantry tilt) has none, and is told by the
 * sform alone.
 */
function quaternionOf(affine: Affine, sizes: readonly number[]) {
  const column = (axis: number): Vector =>
    affine.map((row) => (row[axis] ?? 0) / (sizes[axis] || 1)) as unknown as Vector;
  const [x, y, z] = [column(0), column(1), column(2)];
  const exact = Math.max(...[dot(x, y), dot(x, z), dot(y, z)].map(Math.abs)) < 1e-4;
  const handedness = dot(cross(x, y), z) < 0 ? -1 : 1;
  // A rotation's third column follows from the other two; the sign of k is told apart by `pixdim[0]`.
  const k = cross(x, y);
  const matrix = [0, 1, 2].map((axis) => [x[axis] ?? 0, y[axis] ?? 0, k[axis] ?? 0]);
  const at = (row: number, col: number) => matrix[row]?.[col] ?? 0;
  // The largest of the four squared components is found first: the others are divided by it.
  const squares = [
    1 + at(0, 0) + at(1, 1) + at(2, 2),
    1 + at(0, 0) - at(1, 1) - at(2, 2),
    1 - at(0, 0) + at(1, 1) - at(2, 2),
    1 - at(0, 0) - at(1, 1) + at(2, 2),
  ];
  const largest = squares.indexOf(Math.max(...squares));
  const scale = 2 * Math.sqrt(Math.max(squares[largest] ?? 0, 0));
  const differences = [at(2, 1) - at(1, 2), at(0, 2) - at(2, 0), at(1, 0) - at(0, 1)].map((d) => d / scale);
  const sums = [at(0, 1) + at(1, 0), at(0, 2) + at(2, 0), at(1, 2) + at(2, 1)].map((s) => s / scale);
  const [bDiff = 0, cDiff = 0, dDiff = 0] = differences;
  const [bc = 0, bd = 0, cd = 0] = sums;
  const [a, b, c, d] = [
    [scale / 4, bDiff, cDiff, dDiff],
    [bDiff, scale / 4, bc, bd],
    [cDiff, bc, scale / 4, cd],
    [dDiff, bd, cd, scale / 4],
  ][largest] as [number, number, number, number];
  const sign = a < 0 ? -1 : 1;
  return { exact, handedness, b: sign * b, c: sign * c, d: sign * d };
}

/**
 * One slice as int16 Hounsfield units, its rows from the last to the first. Values are rounded to the nearest and held
 * to the range of int16.
 */
export function toHounsfieldRows(
  slice: { values: ArrayLike<number>; rescaleSlope: number; rescaleIntercept: number },
  rows: number,
  columns: number,
): Int16Array {
  const out = new Int16Array(rows * columns);
  const { values, rescaleSlope, rescaleIntercept } = slice;
  for (let row = 0; row < rows; row += 1) {
    const from = (rows - 1 - row) * columns;
    const to = row * columns;
    for (let column = 0; column < columns; column += 1) {
      const hu = Math.round((values[from + column] ?? 0) * rescaleSlope + rescaleIntercept);
      out[to + column] = Math.max(-32_768, Math.min(hu, 32_767));
    }
  }
  return out;
}
