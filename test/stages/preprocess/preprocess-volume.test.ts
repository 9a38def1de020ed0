import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  PreprocessError,
  type PreprocessParameters,
  type Resampler,
  sourceSlicesNeeded,
} from '../../../stages/preprocess/preprocess-volume.ts';
import { describeWithOracle, runOracle } from '../../oracles/python.ts';
import {
  loadResampler,
  preprocess,
  preprocessPlainly,
  randomVolume,
  type StoredTypeName,
  type TestVolume,
} from './volumes.ts';

let resampler: Resampler;
beforeAll(async () => {
  resampler = await loadResampler();
});

const WINDOW: [number, number] = [-1000, 400];

/** Largest distance to the unrounded truth; 0.5 is rounding alone. */
function largestError(volume: TestVolume, parameters: PreprocessParameters): number {
  const tensor = preprocess(resampler, volume, parameters);
  const plain = preprocessPlainly(volume, parameters);
  expect(tensor.length).toBe(plain.length);
  return plain.reduce((largest, value, i) => Math.max(largest, Math.abs(value - tensor[i]!)), 0);
}

interface Case {
  name: string;
  type: StoredTypeName;
  size: [number, number, number];
  range: [number, number];
  rescale: (slice: number) => [number, number];
  shape: [number, number, number];
  windowHu?: [number, number];
}

const ct = (): [number, number] => [1, -1024];
const CASES: Case[] = [
  {
    name: 'halved and more',
    type: 'Int16Array',
    size: [40, 96, 96],
    range: [-200, 2200],
    rescale: ct,
    shape: [16, 40, 40],
  },
  {
    name: 'unsigned 12 bits',
    type: 'Uint16Array',
    size: [21, 65, 77],
    range: [0, 4095],
    rescale: ct,
    shape: [9, 32, 30],
  },
  {
    name: 'one slice',
    type: 'Int16Array',
    size: [1, 64, 64],
    range: [-100, 2000],
    rescale: ct,
    shape: [8, 28, 28],
  },
  {
    name: '3x3 enlarged',
    type: 'Int16Array',
    size: [3, 3, 3],
    range: [-100, 2000],
    rescale: ct,
    shape: [16, 28, 28],
  },
  {
    name: 'one pixel',
    type: 'Uint16Array',
    size: [9, 1, 1],
    range: [0, 2000],
    rescale: ct,
    shape: [5, 7, 9],
  },
  {
    name: 'not square',
    type: 'Int16Array',
    size: [12, 40, 131],
    range: [-100, 2000],
    rescale: ct,
    shape: [7, 53, 29],
  },
  {
    name: 'the same size',
    type: 'Int16Array',
    size: [8, 24, 24],
    range: [-100, 2000],
    rescale: ct,
    shape: [8, 24, 24],
  },
  {
    name: 'exactly halved',
    type: 'Int16Array',
    size: [16, 48, 48],
    range: [-100, 2000],
    rescale: ct,
    shape: [8, 24, 24],
  },
  {
    name: 'a fractional slope',
    type: 'Int16Array',
    size: [9, 50, 50],
    range: [-2000, 900],
    rescale: () => [0.73, 12.4],
    shape: [5, 23, 23],
  },
  {
    name: 'a negative slope',
    type: 'Int16Array',
    size: [9, 50, 50],
    range: [-2000, 2000],
    rescale: () => [-1, -100],
    shape: [5, 23, 23],
  },
  {
    name: 'a rescale that changes',
    type: 'Uint16Array',
    size: [14, 50, 50],
    range: [0, 3000],
    rescale: (i) => [1 + (i % 3) * 0.25, -1024 - (i % 2) * 7.5],
    shape: [9, 23, 23],
  },
  {
    name: 'bounds outside the stored range',
    type: 'Uint16Array',
    size: [5, 30, 30],
    range: [0, 65535],
    rescale: () => [0.02, -900],
    shape: [5, 20, 20],
  },
  {
    name: 'an intercept far away',
    type: 'Uint16Array',
    size: [5, 30, 30],
    range: [31000, 34000],
    rescale: () => [1, -32768.5],
    shape: [4, 20, 20],
  },
  {
    name: 'signed 8 bits',
    type: 'Int8Array',
    size: [6, 33, 30],
    range: [-128, 127],
    rescale: () => [8, -100],
    shape: [5, 20, 20],
  },
  {
    name: 'unsigned 8 bits',
    type: 'Uint8Array',
    size: [6, 33, 30],
    range: [0, 255],
    rescale: () => [7.5, -1000],
    shape: [5, 20, 20],
  },
  {
    name: 'signed 32 bits',
    type: 'Int32Array',
    size: [6, 33, 30],
    range: [-20_000_000, 20_000_000],
    rescale: () => [1e-4, 0],
    shape: [5, 20, 20],
  },
  {
    name: 'unsigned 32 bits',
    type: 'Uint32Array',
    size: [6, 33, 30],
    range: [4_000_000_000, 4_000_003_000],
    rescale: () => [1, -4_000_001_000],
    shape: [5, 20, 20],
  },
  {
    name: 'a narrow window',
    type: 'Int16Array',
    size: [8, 40, 40],
    range: [900, 1300],
    rescale: ct,
    shape: [5, 19, 19],
    windowHu: [-160.5, 239.25],
  },
];

describe('preprocessVolume', () => {
  it.each(CASES)('follows the specification: $name', ({ type, size, range, rescale, shape, windowHu }) => {
    const volume = randomVolume(type, size, range, rescale, 7);
    expect(largestError(volume, { windowHu: windowHu ?? WINDOW, shape })).toBeLessThan(0.503);
  });

  it('follows the specification for any volume', () => {
    const length = fc.integer({ min: 1, max: 20 });
    const types = fc.constantFrom<StoredTypeName>(
      'Int8Array',
      'Uint8Array',
      'Int16Array',
      'Uint16Array',
      'Int32Array',
    );
    const slope = fc.oneof(
      fc.constant(1),
      fc.double({ min: 0.05, max: 20, noNaN: true }),
      fc.constantFrom(-1, -0.5, 0),
    );
    fc.assert(
      fc.property(
        types,
        fc.tuple(length, length, length),
        fc.tuple(length, length, length),
        slope,
        fc.oneof(fc.constant(-1024), fc.double({ min: -3000, max: 3000, noNaN: true })),
        fc.integer(),
        (type, size, shape, rescaleSlope, intercept, seed) => {
          const highest = type.includes('8') ? 100 : 4000;
          const lowest = type.startsWith('U') ? 0 : -highest;
          const volume = randomVolume(type, size, [lowest, highest], () => [rescaleSlope, intercept], seed);
          expect(largestError(volume, { windowHu: WINDOW, shape })).toBeLessThan(0.51);
        },
      ),
      { numRuns: 150, seed: 20260 },
    );
  });

  it('clips before it interpolates, so that metal beside air does not spread', () => {
    const volume: TestVolume = {
      rows: 1,
      columns: 2,
      slices: [Int16Array.of(0, 4095)],
      slopes: [1],
      intercepts: [-1024],
    };
    // s = clamp((1 + 0.5)·2/3 − 0.5) = 0.5: half of 0 and half of 1, not half-way to 3071 HU.
    expect([...preprocess(resampler, volume, { windowHu: WINDOW, shape: [1, 1, 3] })]).toEqual([0, 128, 255]);
  });

  it('asks for each slice that it needs once, in order, and for no other', () => {
    for (const [sliceCount, outputSlices] of [
      [300, 128],
      [128, 128],
      [1, 128],
      [40, 128],
      [1000, 128],
      [7, 3],
    ] as const) {
      const volume = randomVolume('Int16Array', [sliceCount, 3, 4], [0, 2000], ct, 3);
      const requested: number[] = [];
      preprocess(resampler, volume, { windowHu: WINDOW, shape: [outputSlices, 2, 2] }, requested);
      expect(requested).toEqual(sourceSlicesNeeded(sliceCount, outputSlices));
    }
  });

  it('takes pixels that were read into its memory as they lie, of any type', () => {
    const shape: [number, number, number] = [5, 11, 13];
    for (const type of [
      'Int8Array',
      'Uint8Array',
      'Int16Array',
      'Uint16Array',
      'Int32Array',
      'Uint32Array',
    ] as const) {
      for (const intercept of [-1024, -1023.7, -90_000.5]) {
        const volume = randomVolume(type, [7, 19, 18], [0, 120], () => [10, intercept], 5);
        const copied = preprocess(resampler, volume, { windowHu: WINDOW, shape });
        const inPlace = resampler.preprocessVolume(
          {
            sliceCount: 7,
            rows: 19,
            columns: 18,
            readSlice(index, destination) {
              expect(destination.byteLength).toBe(4 * 19 * 18);
              const source = volume.slices[index]!;
              destination.set(new Uint8Array(source.buffer));
              const Type = source.constructor as Int16ArrayConstructor;
              const values = new Type(
                destination.buffer as ArrayBuffer,
                destination.byteOffset,
                source.length,
              );
              return { values, rescaleSlope: 10, rescaleIntercept: intercept };
            },
          },
          { windowHu: WINDOW, shape },
        );
        expect(inPlace).toEqual(copied);
      }
    }
  });

  it('does not change the caller’s pixels, and forgets one volume before the next', () => {
    const small = randomVolume('Int16Array', [4, 10, 10], [0, 2000], ct, 11);
    const large = randomVolume('Uint16Array', [6, 300, 200], [0, 4000], () => [0.5, -1000], 12);
    const before = small.slices.map((slice) => [...slice]);
    const first = preprocess(resampler, small, { windowHu: WINDOW, shape: [3, 6, 7] });
    preprocess(resampler, large, { windowHu: WINDOW, shape: [9, 64, 65] });
    expect(preprocess(resampler, small, { windowHu: WINDOW, shape: [3, 6, 7] })).toEqual(first);
    expect(small.slices.map((slice) => [...slice])).toEqual(before);
  });

  it('refuses impossible input with a code', () => {
    const volume = randomVolume('Int16Array', [2, 4, 4], [0, 2000], ct, 1);
    const parameters: PreprocessParameters = { windowHu: WINDOW, shape: [2, 2, 2] };
    const refusals: [PreprocessError['code'], TestVolume, PreprocessParameters][] = [
      ['volume-empty', { ...volume, slices: [] }, parameters],
      ['volume-empty', { ...volume, rows: 0 }, parameters],
      ['volume-too-large', { ...volume, columns: 65536 }, parameters],
      ['slice-size-mismatch', { ...volume, rows: 5 }, parameters],
      ['rescale-invalid', { ...volume, slopes: [Number.NaN, 1] }, parameters],
      ['rescale-invalid', { ...volume, intercepts: [0, Number.POSITIVE_INFINITY] }, parameters],
      ['window-invalid', volume, { ...parameters, windowHu: [400, -1000] }],
      ['shape-invalid', volume, { ...parameters, shape: [2, 2, 0.5] }],
    ];
    for (const [code, refused, given] of refusals) {
      try {
        preprocess(resampler, refused, given);
        expect.unreachable(code);
      } catch (error) {
        expect(error).toBeInstanceOf(PreprocessError);
        expect((error as PreprocessError).code).toBe(code);
      }
    }
    // And it works on.
    expect(preprocess(resampler, volume, parameters)).toHaveLength(8);
  });
});

describe('sourceSlicesNeeded', () => {
  it('skips what has no share', () => {
    expect(sourceSlicesNeeded(300, 128)).toHaveLength(256);
    expect(sourceSlicesNeeded(9, 3)).toEqual([1, 4, 7]);
    expect(sourceSlicesNeeded(5, 5)).toEqual([0, 1, 2, 3, 4]);
    expect(sourceSlicesNeeded(3, 128)).toEqual([0, 1, 2]);
    expect(sourceSlicesNeeded(1, 128)).toEqual([0]);
  });
});

describeWithOracle('preprocessVolume beside numpy with cv2, and scipy', () => {
  it('is at most one grey level off, and under 0.01 in the mean', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-preprocess-'));
    try {
      const requests = CASES.map(({ type, size, range, rescale, shape, windowHu = WINDOW }, i) => {
        const volume = randomVolume(type, size, range, rescale, 100 + i);
        const tensor = path.join(folder, `${i}.tensor`);
        fs.writeFileSync(tensor, preprocess(resampler, volume, { windowHu, shape }));
        const file = path.join(folder, `${i}.volume`);
        fs.writeFileSync(file, Buffer.concat(volume.slices.map((slice) => Buffer.from(slice.buffer))));
        const [sliceCount, rows, columns] = size;
        const { slopes, intercepts } = volume;
        const numpyType = type.replace('Array', '').toLowerCase();
        return {
          volume: file,
          type: numpyType,
          sliceCount,
          rows,
          columns,
          slopes,
          intercepts,
          tensor,
          windowHu,
          shape,
        };
      });
      const results = runOracle('preprocess_volume.py', [], JSON.stringify(requests)) as {
        cv2: { largest: number; mean: number };
        scipy: { largest: number; mean: number };
        spread: number;
      }[];
      expect(results).toHaveLength(CASES.length);
      for (const [i, { cv2, scipy, spread }] of results.entries()) {
        const { name } = CASES[i]!;
        expect(spread, name).toBeGreaterThan(100);
        for (const judge of [cv2, scipy]) {
          expect(judge.largest, name).toBeLessThanOrEqual(1);
          expect(judge.mean, name).toBeLessThan(0.01);
        }
      }
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
});
