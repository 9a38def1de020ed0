import type { StoredValues } from '../../dicom/pixels.ts';
import { loadKernel } from './kernel.ts';

/** Preprocessing, version 1: the part of a bundle's card that decides every byte of a tensor. */
export interface PreprocessParameters {
  /** Hounsfield units that become 0 and 255. */
  windowHu: [number, number];
  /** Of the tensor: slices, rows, columns. */
  shape: [number, number, number];
}

export interface SourceSlice {
  /** Stored pixel values, row by row: `rows · columns` of them. */
  values: StoredValues;
  /** `HU = stored · rescaleSlope + rescaleIntercept`. PS3.3 C.11.1.1.2 */
  rescaleSlope: number;
  rescaleIntercept: number;
}

export interface SourceVolume {
  sliceCount: number;
  rows: number;
  columns: number;
  /**
   * The slice at `index`: called once for each index of `sourceSlicesNeeded`, ascending.
   * @param destination `4 · rows · columns` bytes, 16-byte aligned, in the kernel's memory. Values that are decoded or
   *   read from disk to its beginning (`new Int16Array(destination.buffer, destination.byteOffset, …)`) are used where
   *   they lie; any others are copied once. It holds until the next call; what is in it before does not count.
   */
  readSlice(index: number, destination: Uint8Array): SourceSlice;
}

export interface Resampler {
  /**
   * A stack as the network sees it: uint8 `[slice, row, column]` of `parameters.shape`, 0 at and below the lower bound
   * of the window, 255 at and above the upper. Window first, then half-pixel linear interpolation without antialiasing
   * and with edge clamp over rows, columns and slices: `s = clamp((d + 0.5)·n/m − 0.5, 0, n − 1)`; index and weight in
   * float64, arithmetic in float32; then once `rint(255·x)`, ties to even. The same bytes on every machine.
   * Synchronous: one volume at a time for each resampler, which keeps the memory of one slice and two planes.
   * @throws {PreprocessError} when the volume, a slice or the parameters are impossible
   */
  preprocessVolume(volume: SourceVolume, parameters: PreprocessParameters): Uint8Array;
}

/** Thrown by the preprocess stage; permanent: the same input fails again. */
export class PreprocessError extends Error {
  readonly code:
    | 'volume-empty'
    | 'volume-too-large'
    | 'slice-size-mismatch'
    | 'rescale-invalid'
    | 'window-invalid'
    | 'shape-invalid';

  constructor(code: PreprocessError['code'], message: string) {
    super(message);
    this.name = 'PreprocessError';
    this.code = code;
  }
}

/** A source index with its right neighbour's share: `source[index]·(1 − weight) + source[index + 1]·weight`. */
interface Tap {
  index: number;
  weight: number;
}

/** The half-pixel rule for output coordinate `d` of `outputs`, drawn from `sources` samples. */
function locateTap(d: number, sources: number, outputs: number): Tap {
  const s = Math.min(Math.max(((d + 0.5) * sources) / outputs - 0.5, 0), sources - 1);
  const index = Math.floor(s);
  return { index, weight: s - index };
}

/**
 * Indices of the source slices that have a share in any output slice, ascending. Half of what a thick stack holds may
 * never be read; when `outputSlices` exceeds `sliceCount`, all are needed.
 */
export function sourceSlicesNeeded(sliceCount: number, outputSlices: number): number[] {
  const needed: number[] = [];
  for (let d = 0; d < outputSlices; d++) {
    const { index, weight } = locateTap(d, sliceCount, outputSlices);
    for (const slice of weight > 0 ? [index, index + 1] : [index]) {
      if (needed.length === 0 || slice > needed[needed.length - 1]!) needed.push(slice);
    }
  }
  return needed;
}

/** How to get from a plane's values to [0, 1]. */
interface WindowMap {
  scale: number;
  offset: number;
}

const ALREADY_WINDOWED: WindowMap = { scale: 1, offset: 0 };

/** Beyond it, `stored·scale + offset` in float32 would lose more than a thousandth of a grey level. */
const FLOAT32_OFFSET_LIMIT = 32;

const STORED_RANGE = {
  Int16Array: { lowest: -32768, highest: 32767 },
  Uint16Array: { lowest: 0, highest: 65535 },
};

/** 16-bit integers in which the window's bounds can be clipped exactly, or null when the bounds fall between two. */
function clipInStoredValues(
  slice: SourceSlice,
  windowHu: [number, number],
  range: { lowest: number; highest: number },
): { low: number; high: number; offset: number } | null {
  const toStored = (hu: number) => (hu - slice.rescaleIntercept) / slice.rescaleSlope;
  const toHu = (stored: number) => stored * slice.rescaleSlope + slice.rescaleIntercept;
  const bounds = windowHu.map(toStored).sort((a, b) => a - b) as [number, number];
  const [low, high] = [Math.max(bounds[0], range.lowest), Math.min(bounds[1], range.highest)];
  if (!Number.isInteger(low) || !Number.isInteger(high) || low > high) return null;
  // Where the stored range ends before the window does, the map does not start at 0 (or 1, for a negative slope).
  const offset = (toHu(low) - windowHu[0]) / (windowHu[1] - windowHu[0]);
  return { low, high, offset };
}

function assertParameters(volume: SourceVolume, parameters: PreprocessParameters): void {
  const [low, high] = parameters.windowHu;
  if (!(Number.isFinite(low) && Number.isFinite(high) && high > low))
    throw new PreprocessError('window-invalid', 'The window needs two finite bounds, the lower one first.');
  const isCount = (n: number) => Number.isInteger(n) && n > 0;
  const [slices, rows, columns] = parameters.shape;
  if (
    ![slices, rows, columns].every(isCount) ||
    rows * columns > 2 ** 24 ||
    slices * rows * columns > 2 ** 31
  )
    throw new PreprocessError(
      'shape-invalid',
      'A shape is three positive whole numbers of slices, rows, columns.',
    );
  if (![volume.sliceCount, volume.rows, volume.columns].every(isCount))
    throw new PreprocessError('volume-empty', 'The volume has no slices, rows or columns.');
  // Rows and Columns have VR US (PS3.3 C.7.6.3).
  if (volume.rows > 65535 || volume.columns > 65535 || volume.rows * volume.columns > 2 ** 28)
    throw new PreprocessError('volume-too-large', 'A slice has more pixels than the kernel takes.');
}

/**
 * Makes the resampler of one thread. It keeps its WebAssembly memory, which grows to what the largest slice so far
 * needed.
 * @param wasmBytes content of the file at `resamplerWasmUrl()`
 */
export async function createResampler(wasmBytes: Uint8Array): Promise<Resampler> {
  const kernel = await loadKernel(wasmBytes);

  /** Fills plane `slot` from one source slice. */
  function resampleSlice(
    slot: 0 | 1,
    volume: SourceVolume,
    index: number,
    windowHu: [number, number],
  ): WindowMap {
    const slice = volume.readSlice(index, kernel.sliceBytes());
    const { values, rescaleSlope, rescaleIntercept } = slice;
    if (values.length !== volume.rows * volume.columns)
      throw new PreprocessError('slice-size-mismatch', 'A slice has not as many pixels as rows and columns.');
    if (!Number.isFinite(rescaleSlope) || !Number.isFinite(rescaleIntercept))
      throw new PreprocessError('rescale-invalid', 'Rescale slope and intercept must be finite.');
    const map: WindowMap = {
      scale: rescaleSlope / (windowHu[1] - windowHu[0]),
      offset: (rescaleIntercept - windowHu[0]) / (windowHu[1] - windowHu[0]),
    };
    if (values instanceof Int32Array || values instanceof Uint32Array) {
      kernel.placeWindowed(values, map);
      kernel.resampleWindowed('Float32Array', slot, 1, 0);
      return ALREADY_WINDOWED;
    }
    const type = values instanceof Uint8Array || values instanceof Uint16Array ? 'Uint16Array' : 'Int16Array';
    const clip = clipInStoredValues(slice, windowHu, STORED_RANGE[type]);
    if (clip !== null) {
      kernel.placeStored(type, values);
      kernel.resampleClipped(type, slot, clip.low, clip.high);
      return { scale: map.scale, offset: clip.offset };
    }
    if (Math.abs(map.offset) <= FLOAT32_OFFSET_LIMIT && Math.abs(map.scale) <= FLOAT32_OFFSET_LIMIT) {
      kernel.placeStored(type, values);
      kernel.resampleWindowed(type, slot, map.scale, map.offset);
    } else {
      kernel.placeWindowed(values, map);
      kernel.resampleWindowed('Float32Array', slot, 1, 0);
    }
    return ALREADY_WINDOWED;
  }

  function preprocessVolume(volume: SourceVolume, parameters: PreprocessParameters): Uint8Array {
    assertParameters(volume, parameters);
    const { windowHu, shape } = parameters;
    const [outputSlices, outputRows, outputColumns] = shape;
    const { sliceCount, rows, columns } = volume;
    kernel.layOut({ rows, columns, outputRows, outputColumns });
    for (let r = 0; r < outputRows; r++) {
      const { index, weight } = locateTap(r, rows, outputRows);
      kernel.setRow(r, index, Math.min(index + 1, rows - 1), weight);
    }
    for (let c = 0; c < outputColumns; c++) {
      const { index, weight } = locateTap(c, columns, outputColumns);
      kernel.setColumn(c, index, weight);
    }

    const tensor = new Uint8Array(outputSlices * outputRows * outputColumns);
    const held: [number, number] = [-1, -1];
    const maps: [WindowMap, WindowMap] = [ALREADY_WINDOWED, ALREADY_WINDOWED];
    /** The plane of source slice `index`, made where it is not held yet; slice `kept` stays. */
    const planeOf = (index: number, kept: number): 0 | 1 => {
      const found = held.indexOf(index);
      if (found >= 0) return found as 0 | 1;
      const slot = held[0] === kept ? 1 : 0;
      maps[slot] = resampleSlice(slot, volume, index, windowHu);
      held[slot] = index;
      return slot;
    };
    for (let d = 0; d < outputSlices; d++) {
      const { index, weight } = locateTap(d, sliceCount, outputSlices);
      const first = planeOf(index, index + 1);
      const second = weight > 0 ? planeOf(index + 1, index) : first;
      const slice = kernel.blendPlanes(
        first,
        255 * (1 - weight) * maps[first].scale,
        second,
        255 * weight * maps[second].scale,
        255 * ((1 - weight) * maps[first].offset + weight * maps[second].offset),
      );
      tensor.set(slice, d * outputRows * outputColumns);
    }
    return tensor;
  }

  return { preprocessVolume };
}

/** Where the compiled kernel is, both from dist/ and from the TypeScript sources (after `npm run build`). */
export function resamplerWasmUrl(): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL('../../dist/stages/preprocess/resample.wasm', import.meta.url)
    : new URL('./resample.wasm', import.meta.url);
}
