import { describe, expect, it } from 'vitest';
import { affineOf, encodeNiftiHeader, type StackGrid, toHounsfieldRows } from '../../cohorts/nifti.ts';

const grid: StackGrid = {
  rows: 4,
  columns: 3,
  slices: 2,
  originMm: [-10, -20, 30],
  rowDirection: [1, 0, 0],
  columnDirection: [0, 1, 0],
  pixelSpacingMm: [0.5, 0.7],
  sliceStepMm: [0, 0, 2],
};

/** Millimetres, right-anterior-superior, of voxel (i, j, k). */
function place(of: StackGrid, i: number, j: number, k: number): number[] {
  return affineOf(of).map((row) => row[0]! * i + row[1]! * j + row[2]! * k + row[3]!);
}

describe('affineOf', () => {
  it('puts every corner where DICOM has it, with rows from the last to the first', () => {
    // PS3.3 C.7.6.2.1.1: position = origin + row direction · column · spacing + column direction · row · spacing.
    expect(place(grid, 0, 3, 0)).toEqual([10, 20, 30]);
    expect(place(grid, 2, 3, 1)).toEqual([10 - 2 * 0.7, 20, 32]);
    expect(place(grid, 0, 0, 0)).toEqual([10, 20 - 3 * 0.5, 30]);
  });

  it('keeps the shear of a tilted gantry', () => {
    const tilted = { ...grid, sliceStepMm: [0, 0.6, 1.9] as const };
    expect(place(tilted, 0, 3, 1)).toEqual([10, 20 - 0.6, 31.9]);
  });
});

describe('encodeNiftiHeader', () => {
  const read = (of: StackGrid) => {
    const bytes = encodeNiftiHeader(of, 'test');
    return { bytes, view: new DataView(bytes.buffer) };
  };

  it('writes sizes, type, units and both transforms', () => {
    const { bytes, view } = read(grid);
    expect(view.getInt32(0, true)).toBe(348);
    expect([40, 42, 44, 46].map((at) => view.getInt16(at, true))).toEqual([3, 3, 4, 2]);
    expect(view.getInt16(70, true)).toBe(4);
    expect(view.getFloat32(108, true)).toBe(352);
    expect([...bytes.subarray(344, 348)]).toEqual([0x6e, 0x2b, 0x31, 0]);
    expect(view.getInt16(252, true)).toBe(1);
    expect(view.getInt16(254, true)).toBe(1);
  });

  it.each([
    ['axial', [1, 0, 0], [0, 1, 0], [0, 0, 2]],
    ['axial, feet first', [-1, 0, 0], [0, 1, 0], [0, 0, -2]],
    ['coronal', [1, 0, 0], [0, 0, -1], [0, 2, 0]],
    ['sagittal', [0, 1, 0], [0, 0, -1], [-2, 0, 0]],
    ['oblique', [0.8, 0.6, 0], [0, 0, -1], [-1.2, 1.6, 0]],
  ] as const)('gives the same rotation by quaternion as by affine: %s', (_, row, column, step) => {
    const of = { ...grid, rowDirection: row, columnDirection: column, sliceStepMm: step } as StackGrid;
    const { view } = read(of);
    expect(view.getInt16(252, true)).toBe(1);
    const [b, c, d] = [256, 260, 264].map((at) => view.getFloat32(at, true)) as [number, number, number];
    const a = Math.sqrt(Math.max(0, 1 - b * b - c * c - d * d));
    const [x, y, z] = [80, 84, 88].map((at) => view.getFloat32(at, true)) as [number, number, number];
    const turn = view.getFloat32(76, true) * z;
    // nifti1.h, method 2. `a` follows from three 32-bit numbers: near 0 it holds three digits.
    const rotation = [
      [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
      [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
      [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ];
    for (const [axis, line] of affineOf(of).entries()) {
      const [p = 0, q = 0, r = 0] = rotation[axis] ?? [];
      for (const [index, value] of [p * x, q * y, r * turn].entries())
        expect(value).toBeCloseTo(line[index]!, 2);
    }
  });

  it('claims no rotation for a sheared grid', () => {
    const { view } = read({ ...grid, sliceStepMm: [0, 0.6, 1.9] });
    expect(view.getInt16(252, true)).toBe(0);
    expect(view.getInt16(254, true)).toBe(1);
  });
});

it('turns stored values into Hounsfield units, rounded and held to int16', () => {
  const slice = { values: [0, 1, 2, 3, 40_000, 65_535], rescaleSlope: 1.5, rescaleIntercept: -1024 };
  expect([...toHounsfieldRows(slice, 2, 3)]).toEqual([-1019, 32_767, 32_767, -1024, -1022, -1021]);
});
