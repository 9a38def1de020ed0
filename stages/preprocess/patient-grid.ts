/** A tensor as a coarse grid along the patient's axes: what anatomy is looked for in, whatever the slices' plane. */

type Vector = readonly [number, number, number];

/** Where the slices of a stack lie, mm in the patient's coordinates (x to the left, y to the back, z to the head). */
export interface StackGeometry {
  /** Image Position (Patient) of each slice, in the stack's order. */
  positions: readonly Vector[];
  /** Image Orientation (Patient): from one column to the next, and from one row to the next. */
  rowDirection: Vector;
  columnDirection: Vector;
  /** Between rows, between columns. */
  pixelSpacingMm: readonly [number, number];
  rows: number;
  columns: number;
}

/** Cells `[z, y, x]` along the patient's axes; level 0 is the lowest, row 0 the most anterior, column 0 the patient's right. */
export interface PatientGrid {
  size: Vector;
  cellMm: number;
  /** Lower corner of the first cell. */
  originMm: Vector;
  /** Mean (at least 1) and highest of the tensor's values in each cell; both are 0 outside of the stack. */
  mean: Uint8Array;
  highest: Uint8Array;
}

/** Lengths in mm. */
interface Box {
  low: Vector;
  high: Vector;
}

/** A grid of more cells than that is none of a patient, nor is a longer stack. */
const MAX_CELLS = 1 << 24;
const MAX_LENGTH_MM = 3_000;
/** Places along the normal are looked up in steps of this length. */
const SLOT_MM = 0.25;
const AXES = [0, 1, 2] as const;
type Triple = [number, number, number];

/** Position of the tensor's sample `d` of `outputs` among `sources`, by the half-pixel rule. */
function toSource(d: number, sources: number, outputs: number): number {
  return Math.min(Math.max(((d + 0.5) * sources) / outputs - 0.5, 0), sources - 1);
}

/** Patient coordinates of the first voxel of each of the tensor's slices. */
function positionsOfTensor({ positions }: StackGeometry, slices: number): Vector[] {
  return Array.from({ length: slices }, (_, d) => {
    const s = toSource(d, positions.length, slices);
    const before = positions[Math.floor(s)]!;
    const after = positions[Math.ceil(s)]!;
    const weight = s - Math.floor(s);
    return [0, 1, 2].map(
      (axis) => before[axis]! + weight * (after[axis]! - before[axis]!),
    ) as unknown as Vector;
  });
}

/** The stack's geometry after it was resampled to `shape` (slices, rows, columns). */
export function geometryOfTensor(
  geometry: StackGeometry,
  [slices, rows, columns]: readonly [number, number, number],
): StackGeometry {
  const { rowDirection, columnDirection, pixelSpacingMm } = geometry;
  const spacing: [number, number] = [
    (pixelSpacingMm[0] * geometry.rows) / rows,
    (pixelSpacingMm[1] * geometry.columns) / columns,
  ];
  // Centres of first voxels differ by half the difference of their sizes.
  const down = (spacing[0] - pixelSpacingMm[0]) / 2;
  const right = (spacing[1] - pixelSpacingMm[1]) / 2;
  const positions = positionsOfTensor(geometry, slices).map(
    (position) =>
      position.map(
        (value, axis) => value + right * rowDirection[axis]! + down * columnDirection[axis]!,
      ) as unknown as Vector,
  );
  return { positions, rowDirection, columnDirection, pixelSpacingMm: spacing, rows, columns };
}

/**
 * Looks at a volume in cells: of each the voxels of the nearest slice that lie in it.
 * @param volume values `[slice, row, column]`, slices in order along their normal
 * @param wantedMm length of a cell, unless voxels are longer in their plane
 * @param box what of the patient is looked at; null: all
 * @returns null where the geometry is that of no patient
 */
export function buildPatientGrid(
  volume: Uint8Array,
  geometry: StackGeometry,
  wantedMm: number,
  box: Box | null = null,
): PatientGrid | null {
  const { positions, rowDirection, columnDirection, pixelSpacingMm, rows, columns } = geometry;
  const cellMm = Math.max(wantedMm, ...pixelSpacingMm);
  const bounds = boundsOf(geometry);
  const low = AXES.map((axis) => Math.max(bounds.low[axis], box?.low[axis] ?? -Infinity)) as Triple;
  const high = AXES.map((axis) => Math.min(bounds.high[axis], box?.high[axis] ?? Infinity)) as Triple;
  const size = AXES.map((axis) => Math.floor((high[axis] - low[axis]) / cellMm) + 1) as Triple;
  const count = size[0] * size[1] * size[2];
  const nearest = findNearestSlices(positions, cross(rowDirection, columnDirection));
  if (!(Math.min(...size) > 0 && count <= MAX_CELLS) || nearest === null) return null;
  const mean = new Uint8Array(count);
  const highest = new Uint8Array(count);
  // Voxels of a slice that a cell holds, around its middle.
  const spanRows = Math.max(1, Math.round(cellMm / pixelSpacingMm[0]));
  const spanColumns = Math.max(1, Math.round(cellMm / pixelSpacingMm[1]));
  const stepRows = spanRows > 3 ? 2 : 1;
  const stepColumns = spanColumns > 3 ? 2 : 1;
  // Slice, row and column of a point are linear in x, y and z, but for where its slice begins.
  const { normal, slices, firstMm } = nearest;
  const perRow = columnDirection.map((value) => value / pixelSpacingMm[0]) as Triple;
  const perColumn = rowDirection.map((value) => value / pixelSpacingMm[1]) as Triple;
  const startRow = positions.map((position) => dot(position, perRow));
  const startColumn = positions.map((position) => dot(position, perColumn));
  let at = -1;
  for (let z = 0; z < size[2]; z += 1) {
    for (let y = 0; y < size[1]; y += 1) {
      const point: Triple = [low[0], low[1] + (y + 0.5) * cellMm, low[2] + (z + 0.5) * cellMm];
      const [fromMm, fromRow, fromColumn] = [
        dot(point, normal) - firstMm,
        dot(point, perRow),
        dot(point, perColumn),
      ];
      for (let x = 0; x < size[0]; x += 1) {
        at += 1;
        const along = (x + 0.5) * cellMm;
        const slot = Math.round((fromMm + along * normal[0]) / SLOT_MM);
        const slice = slot >= 0 && slot < slices.length ? slices[slot]! : -1;
        if (slice < 0) continue;
        const row = Math.ceil(fromRow + along * perRow[0] - startRow[slice]! - spanRows / 2);
        const column = Math.ceil(fromColumn + along * perColumn[0] - startColumn[slice]! - spanColumns / 2);
        const pastRow = Math.min(rows, row + spanRows);
        const pastColumn = Math.min(columns, column + spanColumns);
        let [sum, seen, top] = [0, 0, 0];
        for (let r = Math.max(0, row); r < pastRow; r += stepRows) {
          const start = (slice * rows + r) * columns;
          for (let c = Math.max(0, column); c < pastColumn; c += stepColumns) {
            const value = volume[start + c]!;
            sum += value;
            seen += 1;
            if (value > top) top = value;
          }
        }
        if (seen === 0) continue;
        mean[at] = Math.max(1, sum / seen);
        highest[at] = top;
      }
    }
  }
  return { size, cellMm, originMm: low, mean, highest };
}

function boundsOf({
  positions,
  rowDirection,
  columnDirection,
  pixelSpacingMm,
  rows,
  columns,
}: StackGeometry): Box {
  const low: Triple = [Infinity, Infinity, Infinity];
  const high: Triple = [-Infinity, -Infinity, -Infinity];
  for (const position of positions) {
    for (const down of [0, (rows - 1) * pixelSpacingMm[0]]) {
      for (const right of [0, (columns - 1) * pixelSpacingMm[1]]) {
        for (const axis of AXES) {
          const at = position[axis] + right * rowDirection[axis] + down * columnDirection[axis];
          low[axis] = Math.min(low[axis], at);
          high[axis] = Math.max(high[axis], at);
        }
      }
    }
  }
  return { low, high };
}

interface NearestSlices {
  /** Along which slices are ordered. */
  normal: Vector;
  /** Place of the first slot along it. */
  firstMm: number;
  /** For each slot the slice that is nearest, and not further away than one step. */
  slices: Int32Array;
}

/** @returns null for a stack that has no length */
function findNearestSlices(positions: readonly Vector[], across: Vector): NearestSlices | null {
  const places = positions.map((position) => dot(position, across));
  const firstMm = Math.min(...places);
  const lengthMm = Math.max(...places) - firstMm;
  if (!(lengthMm > 0 && lengthMm < MAX_LENGTH_MM)) return null;
  const order = places.map((_, slice) => slice).sort((a, b) => places[a]! - places[b]!);
  const slices = new Int32Array(Math.ceil(lengthMm / SLOT_MM) + 1);
  let index = 0;
  for (let slot = 0; slot < slices.length; slot += 1) {
    const mm = firstMm + slot * SLOT_MM;
    while (
      index + 1 < order.length &&
      Math.abs(places[order[index + 1]!]! - mm) <= Math.abs(places[order[index]!]! - mm)
    )
      index += 1;
    slices[slot] = order[index]!;
  }
  return { normal: across, firstMm, slices };
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
