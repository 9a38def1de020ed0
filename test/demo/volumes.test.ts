import { describe, expect, it } from 'vitest';
import { AIR_HU, listVolumes, loadVolume, sampleGrid } from '../../demo/volumes.ts';

describe('loadVolume', () => {
  it.each(listVolumes())('reads %s: a body in air, in Hounsfield units', (id) => {
    const volume = loadVolume(id);
    const [slices, rows, columns] = volume.shape;
    expect(volume.hu).toHaveLength(slices * rows * columns);
    expect(volume.licence).toMatch(/^CC BY [34]\.0$/);
    let [air, tissue, bone, lowest, highest] = [0, 0, 0, 0, 0];
    for (const hu of volume.hu) {
      if (hu === AIR_HU) air++;
      else if (hu > -150 && hu < 200) tissue++;
      else if (hu > 300) bone++;
      lowest = Math.min(lowest, hu);
      highest = Math.max(highest, hu);
    }
    expect([lowest, highest]).toEqual([-1000, 400]);
    expect(air / volume.hu.length).toBeGreaterThan(0.05);
    expect(tissue / volume.hu.length).toBeGreaterThan(0.1);
    expect(bone).toBeGreaterThan(1000);
    const depth = slices * volume.spacingMm[0];
    for (const below of Object.values(volume.landmarksMm)) expect(below).toBeLessThan(depth);
  });

  it('refuses what is not there', () => {
    expect(() => loadVolume('nobody')).toThrow();
  });
});

describe('sampleGrid', () => {
  const volume = loadVolume('crlm1004');
  const [slices, rows, columns] = volume.shape;
  const [sliceMm, rowMm, columnMm] = volume.spacingMm;
  const valueAt = (k: number, j: number, i: number): number => volume.hu[(k * rows + j) * columns + i]!;

  it('gives the voxels themselves on their own grid', () => {
    const [x, y, z] = volume.originMm;
    const seen = sampleGrid(volume, {
      rows,
      columns,
      pixelSpacingMm: [rowMm, columnMm],
      imagePositionPatient: [x, y, z - 7 * sliceMm],
      imageOrientationPatient: [1, 0, 0, 0, 1, 0],
    });
    const expected = volume.hu.subarray(7 * rows * columns, 8 * rows * columns);
    let worst = 0;
    for (const [n, hu] of expected.entries()) worst = Math.max(worst, Math.abs(seen[n]! - hu));
    expect(worst).toBeLessThan(0.01);
  });

  it('runs down and backwards on a sagittal plane, half-way between voxels in the mean of both', () => {
    const [x, y, z] = volume.originMm;
    const seen = sampleGrid(volume, {
      rows: slices - 1,
      columns: rows,
      pixelSpacingMm: [sliceMm, rowMm],
      imagePositionPatient: [x + 60 * columnMm, y, z - sliceMm / 2],
      imageOrientationPatient: [0, 1, 0, 0, 0, -1],
    });
    for (const [k, j] of [
      [3, 50],
      [20, 70],
      [slices - 2, 65],
    ] as const) {
      expect(seen[k * rows + j]).toBeCloseTo((valueAt(k, j, 60) + valueAt(k + 1, j, 60)) / 2, 1);
    }
  });

  it('is air outside', () => {
    const seen = sampleGrid(volume, {
      rows: 4,
      columns: 4,
      pixelSpacingMm: [1, 1],
      imagePositionPatient: [0, 0, 50],
      imageOrientationPatient: [1, 0, 0, 0, 1, 0],
    });
    expect([...seen]).toEqual(new Array(16).fill(AIR_HU));
  });
});
