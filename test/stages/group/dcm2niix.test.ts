import { beforeAll, describe, expect, it } from 'vitest';
import { readFixtureCsv } from '../../fixtures/csv.ts';
import { describeWithProgram } from '../../fixtures/judges.ts';
import { sharedDicomDir } from '../../fixtures/shared-dicom.ts';
import { compareWithDcm2niix, type SeriesComparison } from './dcm2niix-comparison.ts';

const root = sharedDicomDir();
const suite = root === null ? describe.skip : describeWithProgram('dcm2niix');

suite('stacks beside those of dcm2niix, on the shared data', () => {
  let compared: SeriesComparison[] = [];
  beforeAll(async () => {
    compared = await compareWithDcm2niix(root!);
  }, 600_000);

  it('differ where, and in what, docs/dcm2niix.md explains', () => {
    const found = compared
      .filter(({ differences }) => differences.length > 0)
      .map(({ group, series, differences }) => `${group}/${series}: ${differences.join(' ')}`);
    const expected = readFixtureCsv('dcm2niix-differences.csv').map(
      (row) => `${row.group}/${row.series}: ${row.differences}`,
    );
    expect(found.sort()).toEqual(expected.sort());
  });

  it('agree in number, slices, spacing and tilt for every whole series', () => {
    const stackOf = (group: string) => {
      const [row] = compared.filter((entry) => entry.group.includes(group));
      return { ours: row?.ours[0], theirs: row?.theirs[0], order: row?.order };
    };
    for (const [group, slices, order] of [
      ['head_ge_tilt18', 28, 'reversed'],
      ['chest-lidc', 133, 'reversed'],
      ['abdomen-crlm', 41, 'reversed'],
      ['abdomen_kits72', 8, 'reversed'],
      ['chest-acrin', 40, 'same'],
    ] as const) {
      const pair = stackOf(group);
      expect([pair.ours?.slices, pair.theirs?.slices, pair.order], group).toEqual([slices, slices, order]);
      expect(pair.theirs?.spacingMm, group).toBeCloseTo(pair.ours!.spacingMm!, 2);
      expect(pair.theirs?.tiltDeg, group).toBeCloseTo(pair.ours!.tiltDeg, 1);
    }
    expect(stackOf('head_ge_tilt18').theirs?.tiltDeg).toBeCloseTo(18.5, 1);
  });
});
