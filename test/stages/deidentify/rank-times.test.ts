import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeDicomFile } from '../../../demo/dicom-writer.ts';
import { readDicom } from '../../../dicom/read.ts';
import { rankTimes } from '../../../stages/deidentify/rank-times.ts';
import { type FrameTimes, readTimes } from '../../../stages/deidentify/read-times.ts';
import { makeRecord } from '../group/records.ts';

const read = (elements: [number, string, string][]) =>
  readTimes(
    readDicom(
      new Uint8Array(encodeDicomFile([[0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.2'], ...elements])),
    ),
    1,
    false,
  )[0];

describe('readTimes', () => {
  it.each([
    [
      'a date and a time',
      [
        [0x00080022, 'DA', '19700102'],
        [0x00080032, 'TM', '010203.5'],
      ],
      86_400 + 3723.5,
    ],
    ['a time alone', [[0x00080032, 'TM', '0102']], 3720],
    ['an old form with colons', [[0x00080032, 'TM', '01:02:03']], 3723],
    ['date and time in one', [[0x0008002a, 'DT', '19700102010203+0100']], 86_400 + 3723],
    ['a date without a time', [[0x00080022, 'DA', '19700102']], null],
    ['no time', [[0x00080032, 'TM', 'ZZ']], null],
  ] as [string, [number, string, string][], number | null][])('reads %s', (_, elements, seconds) => {
    expect(read(elements)?.acquisition).toBe(seconds);
  });

  it('reads the content beside it', () => {
    const times = read([
      [0x00080023, 'DA', '19700101'],
      [0x00080033, 'TM', '000007'],
    ]);
    expect(times).toEqual({ acquisition: null, content: 7 });
  });
});

describe('rankTimes', () => {
  const ranksOf = (times: (number | null)[], series = (_index: number) => '2.25.2') => {
    const records = times.map((_, index) =>
      makeRecord(`r${index}`, index, { record: { seriesInstanceUid: series(index) } }),
    );
    const timesOf = new Map(
      records.map(({ sourceKey }, index): [string, FrameTimes[]] => [
        sourceKey,
        [{ acquisition: times[index] ?? null, content: null }],
      ]),
    );
    return rankTimes(records, timesOf).map(({ image }) => image?.frames[0]?.acquisitionRank ?? null);
  };

  it('gives places within a series, equal times one, silence none', () => {
    expect(ranksOf([50, 10, null, 50, 90])).toEqual([1, 0, null, 1, 2]);
    expect(ranksOf([50, 10, 40, 20], (index) => `2.25.${index % 2}`)).toEqual([1, 0, 0, 1]);
  });

  it('says the order and nothing else: any other clock with the same order gives the same', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: -1e6, max: 1e6 }),
        (times, scale, shift) => {
          const before = ranksOf(times);
          expect(ranksOf(times.map((time) => time ** 2 * scale + shift))).toEqual(before);
          expect(Math.max(...before.map(Number))).toBe(new Set(times).size - 1);
        },
      ),
    );
  });
});
