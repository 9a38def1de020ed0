import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDicom } from '../../../dicom/read.ts';
import { tag } from '../../../dicom/tags.ts';
import { getString } from '../../../dicom/values.ts';
import { deidentifyInstance } from '../../../stages/deidentify/deidentify-instance.ts';
import { createPseudonymizer } from '../../../stages/deidentify/pseudonyms.ts';
import { checkTime, shiftDate, shiftDateTime } from '../../../stages/deidentify/shift-dates.ts';
import { datasetOf, ESSENTIAL_CT, encodeFile } from '../../fixtures/canary.ts';
import { deidentifyOptions, joinOutput, TEST_KEY } from '../../fixtures/deidentify.ts';

const DAY_MS = 86_400_000;
/** Every day from 1900 to 2100. */
const day = fc.integer({ min: -25_567, max: 47_481 });
const write = (days: number) => new Date(days * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
const parse = (text: string) =>
  Date.UTC(Number(text.slice(0, 4)), Number(text.slice(4, 6)) - 1, Number(text.slice(6, 8))) / DAY_MS;
const anyPatient = fc.record({ id: fc.string({ maxLength: 20 }), issuer: fc.string({ maxLength: 10 }) });
const { dateShiftDays } = createPseudonymizer(TEST_KEY);

describe('intervals between any two dates of a patient', () => {
  it('are kept between DA, DT and ranges, for every patient', () => {
    fc.assert(
      fc.property(anyPatient, day, day, ({ id, issuer }, first, second) => {
        const shift = dateShiftDays(id, issuer, '1.2.3');
        const date = shiftDate(write(first), shift)!;
        const dateTime = shiftDateTime(`${write(second)}235959.999999`, shift)!;
        const range = shiftDate(`${write(first)}-${write(second)}`, shift)!.split('-');
        expect(parse(dateTime) - parse(date)).toBe(second - first);
        expect(dateTime.slice(8)).toBe('235959.999999');
        expect(range).toEqual([date, dateTime.slice(0, 8)]);
        expect(parse(date)).not.toBe(first);
      }),
    );
  });

  it('are kept over all attributes and instances of an output', () => {
    const options = deidentifyOptions({ dates: 'shift' });
    const keywords = ['StudyDate', 'SeriesDate', 'AcquisitionDate', 'ContentDate'];
    fc.assert(
      fc.property(fc.array(fc.tuple(day, day, day, day), { minLength: 2, maxLength: 3 }), (instances) => {
        const shifts = new Set<number>();
        for (const [index, days] of instances.entries()) {
          const dates = Object.fromEntries(keywords.map((keyword, at) => [keyword, write(days[at]!)]));
          const values = { ...ESSENTIAL_CT, PatientID: 'ZZ1', SOPInstanceUID: `1.2.3.4${index}`, ...dates };
          const { output } = deidentifyInstance(encodeFile(datasetOf(values)), options);
          const file = readDicom(joinOutput(output!));
          for (const [at, keyword] of keywords.entries())
            shifts.add(parse(getString(file, file.dataset, tag(keyword))!) - days[at]!);
        }
        expect([...shifts]).toEqual([dateShiftDays('ZZ1', null, '1.2.3.40')]);
      }),
      { numRuns: 30 },
    );
  });

  it('are kept between partial dates to within their precision', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1950, max: 2050 }),
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: -3650, max: -1 }),
        (year, years, shift) => {
          const first = shiftDateTime(String(year), shift)!;
          const second = shiftDateTime(String(year + years), shift)!;
          expect(first).toMatch(/^\d{4}$/);
          expect(Math.abs(Number(second) - Number(first) - years)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});

describe('what a shift does with forms of dates', () => {
  it.each([
    // An offset goes: it tells where the scanner stands. Times of the local clock stay.
    ['20200301101500.5+0100', -1, '20200229101500.5'],
    ['20200301101500-0500', -1, '20200229101500'],
    ['20200301-1200', -1, '20200229'],
    ['20200301+1500', -1, null],
    ['202003', -31, '202001'],
    ['2020', -1, '2019'],
    ['20200229', -366, '20190228'],
    ['2020030110', -1, '2020022910'],
    ['20200301246000', -1, null],
    ['20201301', -1, null],
    ['20200301-20200310', -1, '20200229-20200309'],
    ['20200301101500+0100-20200302101500+0100', -1, '20200229101500-20200301101500'],
    ['-20200301', -1, '-20200229'],
    ['20200301-', -1, '20200229-'],
    ['20200301-DOE', -1, null],
    ['00010101', -1, null],
    ['', -1, null],
  ])('DT %s by %i days: %s', (text, days, expected) => {
    expect(shiftDateTime(text, days)).toBe(expected);
  });

  it('keeps an offset where dates are kept in full', () => {
    expect(shiftDateTime('20200301101500+0100', 0, true)).toBe('20200301101500+0100');
  });

  it('lets nothing else pass as a date or a time', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const written of [shiftDate(text, -10), shiftDateTime(text, -10), checkTime(text)])
          expect(written === null || /^[\d.+-]+$/.test(written)).toBe(true);
      }),
    );
  });

  it('takes several values together or none of them', () => {
    const read = (value: string) => {
      const options = deidentifyOptions({
        dates: 'shift',
        whitelist: { add: ['DateOfLastCalibration'], remove: [] },
      });
      const values = { ...ESSENTIAL_CT, PatientID: 'ZZ1', DateOfLastCalibration: value };
      const { output } = deidentifyInstance(encodeFile(datasetOf(values)), options);
      const file = readDicom(joinOutput(output!));
      return getString(file, file.dataset, tag('DateOfLastCalibration'));
    };
    const shift = dateShiftDays('ZZ1', null, '');
    expect(parse(read('20200101\\20200102')!)).toBe(parse('20200101') + shift);
    expect(read('20200101\\DOE')).toBeUndefined();
  });
});
