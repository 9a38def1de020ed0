import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** A small real CT volume in the patient's coordinates (LPS: x to the left, y to the back, z to the head; mm). */
export interface DemoVolume {
  id: string;
  collection: string;
  licence: string;
  doi: string;
  /** [slice, row, column]: slice 0 is the most superior, row 0 anterior, column 0 the patient's right. */
  shape: [number, number, number];
  /** Between slices, rows and columns. */
  spacingMm: [number, number, number];
  /** Centre of voxel [0, 0, 0], LPS. x and y are 0 in the middle of the volume, z is 0 in its first slice. */
  originMm: [number, number, number];
  /** Intravenous contrast of the source. */
  contrast: 'no' | 'yes';
  /** How far below the first slice a landmark lies. */
  landmarksMm: Record<string, number>;
  /** Hounsfield units, clipped to [-1000, 400]. */
  hu: Int16Array;
}

/** A plane of pixels in the patient's coordinates, as DICOM describes it. */
export interface PixelGrid {
  rows: number;
  columns: number;
  /** Between rows, then between columns. */
  pixelSpacingMm: [number, number];
  /** Image Position (Patient): centre of the first pixel. */
  imagePositionPatient: [number, number, number];
  /** Image Orientation (Patient): direction of a row (of rising columns), then of a column (of rising rows). */
  imageOrientationPatient: [number, number, number, number, number, number];
}

/** Value of everything outside a volume. */
export const AIR_HU = -1000;

/** The folder demo/volumes of this checkout. @throws Error when it is missing. */
export function findVolumesDir(): string {
  // The module runs as demo/volumes.ts and as dist/demo/volumes.js; the data lies beside the first alone.
  let folder = path.dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = path.join(folder, 'demo', 'volumes', 'ATTRIBUTION.md');
    if (fs.existsSync(candidate)) return path.dirname(candidate);
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error('The folder demo/volumes is missing from this checkout.');
    folder = parent;
  }
}

/** The ids of the volumes in demo/volumes, sorted. */
export function listVolumes(): string[] {
  const names = fs.readdirSync(findVolumesDir()).filter((name) => name.endsWith('.ctv.gz'));
  return names.map((name) => name.slice(0, -'.ctv.gz'.length)).sort();
}

/**
 * Reads one volume; the format is described in scripts/derive-demo-volumes.py.
 * @throws Error when there is no such volume or the file is not one.
 */
export function loadVolume(id: string): DemoVolume {
  const bytes = gunzipSync(fs.readFileSync(path.join(findVolumesDir(), `${id}.ctv.gz`)));
  if (bytes.toString('latin1', 0, 4) !== 'CTV1') throw new Error(`${id}.ctv.gz is not a demo volume.`);
  const headerEnd = 8 + bytes.readUInt32LE(4);
  const header = JSON.parse(bytes.toString('utf8', 8, headerEnd)) as Omit<DemoVolume, 'hu' | 'originMm'>;
  const [slices, rows, columns] = header.shape;
  const [, rowMm, columnMm] = header.spacingMm;
  if (bytes.length - headerEnd !== slices * rows * columns)
    throw new Error(`${id}.ctv.gz has a wrong length.`);

  const huOfVoxel = Int16Array.from({ length: 256 }, (_, voxel) => Math.round((voxel / 255) * 1400 - 1000));
  const hu = new Int16Array(slices * rows * columns);
  for (let start = 0; start < hu.length; start += columns) {
    let voxel = 0;
    for (let i = start; i < start + columns; i++) {
      voxel = (voxel + bytes[headerEnd + i]!) & 255;
      hu[i] = huOfVoxel[voxel]!;
    }
  }
  const originMm: [number, number, number] = [-((columns - 1) / 2) * columnMm, -((rows - 1) / 2) * rowMm, 0];
  return { ...header, originMm, hu };
}

/**
 * Trilinear samples of a volume on a plane, Hounsfield units [row, column]. Between the outermost voxel centres and
 * half a voxel beyond them the nearest voxel counts, farther out it is air.
 */
export function sampleGrid(volume: DemoVolume, grid: PixelGrid): Float32Array {
  const { rows, columns } = grid;
  const [slices, volumeRows, volumeColumns] = volume.shape;
  const [sliceMm, rowMm, columnMm] = volume.spacingMm;
  const [px, py, pz] = grid.imagePositionPatient;
  const [rx, ry, rz, cx, cy, cz] = grid.imageOrientationPatient;
  const [betweenRows, betweenColumns] = grid.pixelSpacingMm;
  // Index coordinates (k slice, j row, i column) are affine in (row, column) of the plane; z falls as k rises.
  const i0 = (px - volume.originMm[0]) / columnMm;
  const j0 = (py - volume.originMm[1]) / rowMm;
  const k0 = (volume.originMm[2] - pz) / sliceMm;
  const perColumn = [
    (rx * betweenColumns) / columnMm,
    (ry * betweenColumns) / rowMm,
    (-rz * betweenColumns) / sliceMm,
  ];
  const perRow = [(cx * betweenRows) / columnMm, (cy * betweenRows) / rowMm, (-cz * betweenRows) / sliceMm];
  const [ic, jc, kc] = perColumn as [number, number, number];
  const [ir, jr, kr] = perRow as [number, number, number];
  const { hu } = volume;
  const planeSize = volumeRows * volumeColumns;
  const result = new Float32Array(rows * columns);
  for (let r = 0, at = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, at++) {
      let i = i0 + ir * r + ic * c;
      let j = j0 + jr * r + jc * c;
      let k = k0 + kr * r + kc * c;
      if (
        i < -0.5 ||
        j < -0.5 ||
        k < -0.5 ||
        i > volumeColumns - 0.5 ||
        j > volumeRows - 0.5 ||
        k > slices - 0.5
      ) {
        result[at] = AIR_HU;
        continue;
      }
      i = Math.min(Math.max(i, 0), volumeColumns - 1);
      j = Math.min(Math.max(j, 0), volumeRows - 1);
      k = Math.min(Math.max(k, 0), slices - 1);
      const i1 = Math.floor(i);
      const j1 = Math.floor(j);
      const k1 = Math.floor(k);
      const fi = i - i1;
      const fj = j - j1;
      const fk = k - k1;
      const di = fi > 0 ? 1 : 0;
      const dj = fj > 0 ? volumeColumns : 0;
      const dk = fk > 0 ? planeSize : 0;
      const n = k1 * planeSize + j1 * volumeColumns + i1;
      const upper =
        (hu[n]! * (1 - fi) + hu[n + di]! * fi) * (1 - fj) +
        (hu[n + dj]! * (1 - fi) + hu[n + dj + di]! * fi) * fj;
      const m = n + dk;
      const lower =
        (hu[m]! * (1 - fi) + hu[m + di]! * fi) * (1 - fj) +
        (hu[m + dj]! * (1 - fi) + hu[m + dj + di]! * fi) * fj;
      result[at] = upper * (1 - fk) + lower * fk;
    }
  }
  return result;
}
