import { expect, it } from 'vitest';
import { planPieces } from '../../cohorts/plan-pieces.ts';
import type { CohortUnit } from '../../cohorts/select-cohort.ts';

const unitOf = (seriesUnit: string, patientId: string): CohortUnit => ({
  seriesUnit,
  patientId,
  studyInstanceUid: '',
  seriesInstanceUid: '',
  sliceCount: 1,
  tensorSha256: null,
  instances: [],
  sample: {},
});
const units = [unitOf('a', 'P1'), unitOf('b', 'P2'), unitOf('c', 'P1'), unitOf('d', 'P1'), unitOf('e', 'P2')];
const partOf = ({ patientId }: CohortUnit) => (patientId === 'P1' ? 'train' : 'test');
const plan = (
  ...[format, splitOf, perShard]: [Parameters<typeof planPieces>[1], typeof partOf | null, number]
) =>
  planPieces(units, format, splitOf ?? (() => null), perShard).map(({ name, units: members }) => [
    name,
    members.map(({ seriesUnit }) => seriesUnit).join(''),
  ]);

it('puts units of one part into a shard, as many as asked for', () => {
  expect(plan('webdataset', partOf, 2)).toEqual([
    ['webdataset/train-000000.tar', 'ac'],
    ['webdataset/train-000001.tar', 'd'],
    ['webdataset/test-000000.tar', 'be'],
  ]);
});

it('calls the only part all', () => {
  expect(plan('parquet', null, 5)).toEqual([['parquet/all-000000.parquet', 'abcde']]);
});

it('makes a piece of each unit in formats without shards', () => {
  expect(plan('zarr', partOf, 2).map(([name]) => name)).toEqual(['a', 'b', 'c', 'd', 'e']);
});
