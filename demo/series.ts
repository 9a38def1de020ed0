import type { DicomElement } from './dicom-writer.ts';
import type { DemoStudy, Planted, SeriesHeader } from './headers.ts';
import { carrierElements, commonElements } from './headers.ts';
import type { SeriesPlan } from './plan.ts';
import type { Random } from './random.ts';
import { makeRandom } from './random.ts';
import type { DemoVolume, PixelGrid } from './volumes.ts';
import { AIR_HU, sampleGrid } from './volumes.ts';

const CT_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.2';

/** Stored value = HU + 1024, as the Rescale Intercept of -1024 says. */
const RESCALE_INTERCEPT = -1024;
/** A scout is a sum over the whole body: coarse steps are enough. */
const SCOUT_STEP_MM = 12;
/** GE's value outside the circle of reconstruction. */
const PADDING_VALUE = -2000;
const NOISE_HU = { soft: 7, bone: 22 } as const;

// Drawing from a table costs a quarter of making each deviate anew.
const noiseSource = makeRandom(1);
const DEVIATES = Float32Array.from({ length: 4096 }, () => noiseSource.normal());

/** A slice of a series: where it lies, and its stored values [row, column]. */
export interface RenderedSlice {
  grid: PixelGrid;
  stored: Int16Array;
  /** Along the stack, as in the plan. */
  positionMm: number;
}

const ORIENTATIONS = {
  axial: [1, 0, 0, 0, 1, 0],
  coronal: [1, 0, 0, 0, 0, -1],
  sagittal: [0, 1, 0, 0, 0, -1],
} as const;

/** How many slices a plan cuts, at most `limit`. */
export function countSlices(plan: SeriesPlan, limit = Number.POSITIVE_INFINITY): number {
  return Math.max(1, Math.min(limit, Math.floor((plan.toMm - plan.fromMm) / plan.spacingMm) + 1));
}

/** Distance between slices; with a limit the same range is covered by fewer of them. */
export function sliceSpacingOf(plan: SeriesPlan, limit?: number): number {
  const count = countSlices(plan, limit);
  return count === countSlices(plan) ? plan.spacingMm : (plan.toMm - plan.fromMm) / Math.max(1, count - 1);
}

const round = (value: number): number => Math.round(value * 1e4) / 1e4;

/**
 * The pixel grid at a distance along the stack. Gantry tilt turns the planes about x while the table still moves
 * along z, so that the stack is sheared, as scanners do it.
 */
export function gridAt(plan: SeriesPlan, positionMm: number): PixelGrid {
  const tilt = ((plan.gantryTiltDeg ?? 0) * Math.PI) / 180;
  const orientation: PixelGrid['imageOrientationPatient'] =
    tilt === 0
      ? [...ORIENTATIONS[plan.labels.axis]]
      : [1, 0, 0, 0, Number(Math.cos(tilt).toFixed(6)), Number((-Math.sin(tilt)).toFixed(6))];
  const [a, b] = plan.centreMm;
  const centre: [number, number, number] =
    plan.labels.axis === 'axial'
      ? [a, b, -positionMm]
      : plan.labels.axis === 'coronal'
        ? [a, positionMm, -b]
        : [positionMm, a, -b];
  const halfRow = ((plan.columns - 1) / 2) * plan.pixelMm;
  const halfColumn = ((plan.rows - 1) / 2) * plan.pixelMm;
  const corner = centre.map((value, i) =>
    round(value - orientation[i]! * halfRow - orientation[i + 3]! * halfColumn),
  ) as [number, number, number];
  return {
    rows: plan.rows,
    columns: plan.columns,
    pixelSpacingMm: [plan.pixelMm, plan.pixelMm],
    imagePositionPatient: corner,
    imageOrientationPatient: orientation,
  };
}

function shift(grid: PixelGrid, mm: number): PixelGrid {
  const [rx, ry, rz, cx, cy, cz] = grid.imageOrientationPatient;
  const normal = [ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx];
  const moved = grid.imagePositionPatient.map((value, i) => value + normal[i]! * mm);
  return { ...grid, imagePositionPatient: moved as [number, number, number] };
}

/** Mean (or maximum) over a slab of `thicknessMm` around the plane, HU. */
export function sampleSlab(
  volume: DemoVolume,
  grid: PixelGrid,
  thicknessMm: number,
  how: 'mean' | 'maximum' = 'mean',
  stepMm = 3,
): Float32Array {
  const count = Math.max(1, Math.round(thicknessMm / stepMm));
  const result = sampleGrid(volume, shift(grid, (0.5 / count - 0.5) * thicknessMm));
  for (let n = 1; n < count; n++) {
    const layer = sampleGrid(volume, shift(grid, ((n + 0.5) / count - 0.5) * thicknessMm));
    for (let i = 0; i < result.length; i++) {
      result[i] = how === 'mean' ? result[i]! + layer[i]! : Math.max(result[i]!, layer[i]!);
    }
  }
  if (how === 'mean') for (let i = 0; i < result.length; i++) result[i] = result[i]! / count;
  return result;
}

/** Sharpens edges in the plane as a bone kernel does: v + 0.9 (v - mean of the 3 by 3 neighbours). */
function sharpen(hu: Float32Array, rows: number, columns: number): Float32Array {
  const result = Float32Array.from(hu);
  for (let r = 1; r < rows - 1; r++) {
    for (let c = 1; c < columns - 1; c++) {
      let sum = 0;
      for (let dr = -1; dr <= 1; dr++)
        for (let dc = -1; dc <= 1; dc++) sum += hu[(r + dr) * columns + c + dc]!;
      const at = r * columns + c;
      result[at] = hu[at]! + 0.9 * (hu[at]! - sum / 9);
    }
  }
  return result;
}

/**
 * Hounsfield units to stored values with seeded noise. Signed pixels of an axial plane are padded outside the circle
 * of reconstruction; unsigned ones are limited to 12 bits.
 */
export function toStored(
  hu: Float32Array,
  plan: Pick<SeriesPlan, 'rows' | 'columns' | 'kernel' | 'labels'>,
  signed: boolean,
  random: Random,
): Int16Array {
  const { rows, columns } = plan;
  const noise = NOISE_HU[plan.kernel];
  const stored = new Int16Array(rows * columns);
  const padded = signed && plan.labels.axis === 'axial';
  const radius = (Math.min(rows, columns) / 2) ** 2;
  for (let r = 0, at = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, at++) {
      const outside = (r - (rows - 1) / 2) ** 2 + (c - (columns - 1) / 2) ** 2 > radius;
      if (padded && outside) stored[at] = PADDING_VALUE;
      else {
        const value = Math.round(hu[at]! + noise * DEVIATES[(random.next() * 4096) | 0]!) - RESCALE_INTERCEPT;
        stored[at] = Math.min(4095, Math.max(0, value));
      }
    }
  }
  return stored;
}

/** Cuts slice `n` of a plan from its volume. */
export function renderSlice(
  plan: SeriesPlan,
  volume: DemoVolume,
  n: number,
  signed: boolean,
  seed: number,
  limit?: number,
): RenderedSlice {
  const positionMm = round(plan.fromMm + n * sliceSpacingOf(plan, limit));
  const grid = gridAt(plan, positionMm);
  const slab = sampleSlab(volume, grid, plan.thicknessMm);
  const hu = plan.kernel === 'bone' ? sharpen(slab, plan.rows, plan.columns) : slab;
  const random = makeRandom(seed, plan.seriesNumber, volume.hu.length, n);
  return { grid, stored: toStored(hu, plan, signed, random), positionMm };
}

/** Cuts the slices of a plan, in the order of the plan. */
export function renderSeries(
  plan: SeriesPlan,
  volume: DemoVolume,
  signed: boolean,
  seed: number,
  limit?: number,
): RenderedSlice[] {
  return Array.from({ length: countSlices(plan, limit) }, (_, n) =>
    renderSlice(plan, volume, n, signed, seed, limit),
  );
}

/** Elements of the CT Image module and of pixel description. PS3.3 C.8.2.1, C.7.6.3; without Pixel Data. */
export function ctImageElements(
  study: DemoStudy,
  plan: Pick<
    SeriesPlan,
    'imageType' | 'thicknessMm' | 'kernel' | 'contrastAgent' | 'gantryTiltDeg' | 'pixelMm' | 'columns'
  >,
  series: SeriesHeader,
  frameOfReferenceUid: string,
  slice: { grid: PixelGrid; instanceNumber: number; sopInstanceUid: string; sliceLocationMm: number },
  planted: Planted,
): DicomElement[] {
  const { equipment } = study;
  const { grid } = slice;
  const signed = equipment.signedPixels;
  const elements: DicomElement[] = [
    ...commonElements(study, series, CT_IMAGE_STORAGE, slice.sopInstanceUid, planted),
    ...carrierElements(study, planted),
    [0x00080008, 'CS', plan.imageType],
    [0x00080022, 'DA', study.date],
    [0x00080023, 'DA', study.date],
    [0x00080032, 'TM', study.time],
    [0x00080033, 'TM', study.time],
    [0x00180050, 'DS', plan.thicknessMm],
    [0x00180060, 'DS', equipment.kvp],
    [0x00181100, 'DS', Math.round(plan.pixelMm * plan.columns)],
    [0x00181120, 'DS', plan.gantryTiltDeg ?? 0],
    [0x00181150, 'IS', 800],
    [0x00181151, 'IS', 220],
    [0x00181210, 'SH', equipment.kernels[plan.kernel]],
    [0x00185100, 'CS', 'HFS'],
    [0x00200012, 'IS', 1],
    [0x00200013, 'IS', slice.instanceNumber],
    [0x00200032, 'DS', grid.imagePositionPatient],
    [0x00200037, 'DS', grid.imageOrientationPatient],
    [0x00200052, 'UI', frameOfReferenceUid],
    [0x00201040, 'LO', equipment.signedPixels ? 'SN' : ''],
    [0x00201041, 'DS', slice.sliceLocationMm],
    [0x00204000, 'LT', planted.text(`ZZTEST IMAGE OF ${study.patient.id}`)],
    [0x00280002, 'US', 1],
    [0x00280004, 'CS', 'MONOCHROME2'],
    [0x00280010, 'US', grid.rows],
    [0x00280011, 'US', grid.columns],
    [0x00280030, 'DS', grid.pixelSpacingMm],
    [0x00280100, 'US', 16],
    [0x00280101, 'US', signed ? 16 : 12],
    [0x00280102, 'US', signed ? 15 : 11],
    [0x00280103, 'US', signed ? 1 : 0],
    [0x00281050, 'DS', 40],
    [0x00281051, 'DS', 400],
    [0x00281052, 'DS', RESCALE_INTERCEPT],
    [0x00281053, 'DS', 1],
    [0x00281054, 'LO', 'HU'],
  ];
  if (signed) elements.push([0x00280120, 'SS', PADDING_VALUE]);
  if (plan.contrastAgent !== undefined) elements.push([0x00180010, 'LO', plan.contrastAgent]);
  return elements;
}

/** A projection of the whole volume along y (front) or x (side), stored values as a scout's. */
export function renderScout(volume: DemoVolume, view: 'front' | 'side', pixelMm: number): RenderedSlice {
  const [slices, rows, columns] = volume.shape;
  const [sliceMm, rowMm, columnMm] = volume.spacingMm;
  const across = view === 'front' ? columns * columnMm : rows * rowMm;
  const plan: Parameters<typeof gridAt>[0] = {
    ...SCOUT_PLAN,
    rows: Math.floor((slices * sliceMm) / pixelMm),
    columns: Math.floor(across / pixelMm),
    pixelMm,
    centreMm: [0, ((slices - 1) * sliceMm) / 2],
    labels: { ...SCOUT_PLAN.labels, axis: view === 'front' ? 'coronal' : 'sagittal' },
  };
  const depth = view === 'front' ? rows * rowMm : columns * columnMm;
  const grid = gridAt(plan, 0);
  const mean = sampleSlab(volume, grid, depth, 'mean', SCOUT_STEP_MM);
  const stored = Int16Array.from(mean, (hu) => Math.min(4095, Math.max(0, Math.round((hu - AIR_HU) * 2.5))));
  return { grid, stored, positionMm: 0 };
}

const SCOUT_PLAN: SeriesPlan = {
  name: 'scout',
  volume: '',
  fromMm: 0,
  toMm: 0,
  spacingMm: 1,
  thicknessMm: 1,
  centreMm: [0, 0],
  rows: 1,
  columns: 1,
  pixelMm: 1,
  kernel: 'soft',
  labels: { bodyPart: 'chest', axis: 'coronal', contrast: 'no' },
  seriesNumber: 1,
  description: 'SCOUT',
  protocol: 'SCOUT',
  imageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'],
};
