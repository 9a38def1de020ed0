import fs from 'node:fs';
import type { StoredValues } from '../../../dicom/pixels.ts';
import {
  createResampler,
  type PreprocessParameters,
  type Resampler,
  resamplerWasmUrl,
} from '../../../stages/preprocess/preprocess-volume.ts';

export const STORED_TYPES = { Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array };

export type StoredTypeName = keyof typeof STORED_TYPES;

/** A volume in memory; slices may differ in their rescale. */
export interface TestVolume {
  rows: number;
  columns: number;
  slices: StoredValues[];
  slopes: number[];
  intercepts: number[];
}

export function loadResampler(): Promise<Resampler> {
  return createResampler(fs.readFileSync(resamplerWasmUrl()));
}

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Stored values drawn evenly from `[lowest, highest]`. */
export function randomVolume(
  type: StoredTypeName,
  size: [number, number, number],
  range: [number, number],
  rescale: (slice: number) => [slope: number, intercept: number],
  seed: number,
): TestVolume {
  const [sliceCount, rows, columns] = size;
  const random = seededRandom(seed);
  const slices = Array.from({ length: sliceCount }, () => {
    const values = new STORED_TYPES[type](rows * columns);
    for (let i = 0; i < values.length; i++)
      values[i] = range[0] + Math.floor(random() * (range[1] - range[0] + 1));
    return values;
  });
  const rescales = slices.map((_, slice) => rescale(slice));
  return {
    rows,
    columns,
    slices,
    slopes: rescales.map(([slope]) => slope),
    intercepts: rescales.map(([, intercept]) => intercept),
  };
}

/** Runs the resampler; `requested` receives the indices in the order in which they were asked for. */
export function preprocess(
  resampler: Resampler,
  volume: TestVolume,
  parameters: PreprocessParameters,
  requested: number[] = [],
): Uint8Array {
  return resampler.preprocessVolume(
    {
      sliceCount: volume.slices.length,
      rows: volume.rows,
      columns: volume.columns,
      readSlice(index) {
        requested.push(index);
        return {
          values: volume.slices[index]!,
          rescaleSlope: volume.slopes[index]!,
          rescaleIntercept: volume.intercepts[index]!,
        };
      },
    },
    parameters,
  );
}

/** The specification in float64, one value at a time: before rounding, in grey levels. */
export function preprocessPlainly(volume: TestVolume, parameters: PreprocessParameters): Float64Array {
  const [low, high] = parameters.windowHu;
  const [slices, rows, columns] = parameters.shape;
  const windowed = (slice: number, row: number, column: number) => {
    const stored = volume.slices[slice]![row * volume.columns + column]!;
    const hu = stored * volume.slopes[slice]! + volume.intercepts[slice]!;
    return Math.min(Math.max((hu - low) / (high - low), 0), 1);
  };
  const neighbours = (d: number, n: number, m: number): [number, number][] => {
    const s = Math.min(Math.max(((d + 0.5) * n) / m - 0.5, 0), n - 1);
    const first = Math.floor(s);
    return [
      [first, 1 - (s - first)],
      [Math.min(first + 1, n - 1), s - first],
    ];
  };
  const out = new Float64Array(slices * rows * columns);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (const [z, wz] of neighbours(Math.floor(i / (rows * columns)), volume.slices.length, slices))
      for (const [y, wy] of neighbours(Math.floor(i / columns) % rows, volume.rows, rows))
        for (const [x, wx] of neighbours(i % columns, volume.columns, columns))
          sum += wz * wy * wx * windowed(z, y, x);
    out[i] = 255 * sum;
  }
  return out;
}
