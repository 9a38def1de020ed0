import { describe, expect, it } from 'vitest';
import { type Judgement, judgeText } from '../../../stages/deidentify/grammars.ts';
import type { ValueGrammar } from '../../../stages/deidentify/profiles/profile-table.ts';
import { checkTime, shiftDate, shiftDateTime } from '../../../stages/deidentify/shift-dates.ts';

const number: ValueGrammar = { kind: 'number', min: -10, max: 10, count: [1, 2] };
const integer: ValueGrammar = { kind: 'integer', min: 0, max: 99, count: [1, 1] };
const kernel: ValueGrammar = { kind: 'vendor', vendor: 'convolutionKernel', count: [1, 4] };
const model: ValueGrammar = { kind: 'vendor', vendor: 'manufacturerModelName', count: [1, 1] };
const maker: ValueGrammar = { kind: 'vendor', vendor: 'manufacturer', count: [1, 1] };
const bodyPart: ValueGrammar = { kind: 'terms', terms: 'bodyPart', count: [1, 1] };
const rescaleType: ValueGrammar = { kind: 'terms', terms: 'rescaleType', count: [1, 1] };
const imageType: ValueGrammar = { kind: 'image-type' };
const presentation: ValueGrammar = { kind: 'pixel-presentation' };
const age: ValueGrammar = { kind: 'age' };

describe('judgeText', () => {
  it.each<[ValueGrammar, string, string, boolean, Judgement]>([
    [number, 'DS', '1.5 ', false, true],
    [number, 'DS', '-1e1\\+.5', false, true],
    [number, 'DS', '11', false, null],
    [number, 'DS', '1\\2\\3', false, null],
    [number, 'DS', '0x10', false, null],
    [number, 'DS', 'NaN', false, null],
    [number, 'DS', '', false, null],
    [number, 'DS', '1 DOE', false, null],
    [number, 'DS', '1\0DOE', false, null],
    [number, 'DS', '1.5\0', false, '1.5'],
    [number, 'DS', '0.12345678901234567890', false, '0.12345678901235'],
    [integer, 'IS', '12', false, true],
    [integer, 'IS', '12.0', false, '12'],
    [integer, 'IS', '12.5 ', false, null],
    [kernel, 'SH', 'B30f', true, true],
    [kernel, 'SH', 'Br40d\\3 ', true, true],
    [kernel, 'SH', 'FC08', true, true],
    [kernel, 'SH', 'DOE^JANE', true, 'OTHER'],
    [kernel, 'SH', 'DOE^JANE', false, null],
    [model, 'LO', 'LightSpeed VCT', true, true],
    [model, 'LO', 'SOMATOM Definition AS+', true, true],
    [model, 'LO', 'uCT 780 ', true, true],
    [model, 'LO', 'ROOM 7 DR DOE ', true, 'OTHER'],
    [maker, 'LO', 'Canon_MEC ', true, true],
    [maker, 'LO', 'SIEMENS DOE ', true, 'OTHER'],
    [bodyPart, 'CS', 'CHEST ', false, true],
    [bodyPart, 'CS', 'Chest ', false, 'CHEST'],
    [bodyPart, 'CS', 'DOE JANE', false, null],
    [rescaleType, 'LO', 'HU', true, true],
    [rescaleType, 'LO', 'Houndsfield Unit', true, 'HU'],
    [rescaleType, 'LO', 'DOE ', true, 'OTHER'],
    [imageType, 'CS', 'ORIGINAL\\PRIMARY\\AXIAL\\CT_SOM5 SPI', true, true],
    [imageType, 'CS', 'ORIGINAL\\PRIMARY\\AXIAL\\DOE JANE', true, 'ORIGINAL\\PRIMARY\\AXIAL\\OTHER'],
    [imageType, 'CS', 'DERIVED\\SECONDARY\\REFORMATTED\\AVERAGE ', true, true],
    [imageType, 'CS', 'DOE\\JANE\\AXIAL', true, null],
    [imageType, 'CS', 'ORIGINAL', true, null],
    [presentation, 'CS', 'MONOCHROME', false, true],
    [presentation, 'CS', 'COLOR ', false, 'MONOCHROME'],
    [presentation, 'CS', 'MIXED ', false, 'MONOCHROME'],
    [presentation, 'CS', 'DOE JANE', false, null],
    [age, 'AS', '089Y', false, true],
    [age, 'AS', '090Y', false, '090Y'],
    [age, 'AS', '101Y', false, '090Y'],
    [age, 'AS', '59Y ', false, '059Y'],
    [age, 'AS', '006M', false, true],
    [age, 'AS', '1945', false, null],
  ])('%# %j %s %j', (grammar, vr, text, mapsUnknown, expected) => {
    expect(judgeText(grammar, vr, text, mapsUnknown)).toBe(expected);
  });
});

describe('shifted dates', () => {
  it.each([
    ['20200301', -1, '20200229'],
    ['2020.03.01', -1, '20200229'],
    ['20200230', -1, null],
    ['20200101-20200301', -1, '20191231-20200229'],
    ['20200101-', -1, '20191231-'],
    ['-20200101', -1, '-20191231'],
    ['-', -1, null],
    ['20200101-DOE', -1, null],
    ['DOE', -1, null],
    ['', -1, null],
    ['19000101', -3650, '18900103'],
  ])('%s by %i days: %s', (text, days, expected) => {
    expect(shiftDate(text, days)).toBe(expected);
  });

  it.each([
    ['20200301123456.123456', -1, '20200229123456.123456'],
    ['20200301123456+0100', -1, '20200229123456'],
    ['202003', -31, '202001'],
    ['2020', -366, '2018'],
    ['2020030125', -1, null],
    ['20200301DOE', -1, null],
  ])('%s by %i days: %s', (text, days, expected) => {
    expect(shiftDateTime(text, days)).toBe(expected);
  });

  it.each([
    ['123456.789', '123456.789'],
    ['12:34:56', '123456'],
    ['12', '12'],
    ['246000', null],
    ['DOE', null],
  ])('a time of day stays: %s', (text, expected) => {
    expect(checkTime(text)).toBe(expected);
  });
});
