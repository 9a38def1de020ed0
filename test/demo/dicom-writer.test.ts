import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { DicomElement, TransferSyntaxName } from '../../demo/dicom-writer.ts';
import {
  encodeDataset,
  encodeDicomFile,
  encodePixels,
  formatDecimalString,
  TRANSFER_SYNTAXES,
} from '../../demo/dicom-writer.ts';
import { describeWithOracle, runOracle } from '../oracles/python.ts';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'dicom-writer-'));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

const SYNTAX_NAMES = Object.keys(TRANSFER_SYNTAXES) as TransferSyntaxName[];
const pixels = Int16Array.of(0, 1, 258, 4095, -2000, 7);

/** One of each kind of value. */
function makeElements(syntax: TransferSyntaxName): DicomElement[] {
  return [
    [0x7fe00010, 'OW', encodePixels(pixels, syntax)],
    [0x00080005, 'CS', 'ISO_IR 192'],
    [0x00080008, 'CS', ['ORIGINAL', 'PRIMARY', 'AXIAL']],
    [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.2'],
    [0x00080018, 'UI', '2.999.2099.1.2.3'],
    [0x00100010, 'PN', 'ZZTEST^DÉMO'],
    [0x00101030, 'DS', null],
    [0x00189313, 'FD', [0.1, -2.5, 3]],
    [0x00200013, 'IS', 12],
    [0x00200032, 'DS', [-1.5, 1 / 3, 12]],
    [0x00280009, 'AT', 0x00181063],
    [0x00280010, 'US', 2],
    [0x00280103, 'US', 1],
    [0x00280120, 'SS', -2000],
    [
      0x00400275,
      'SQ',
      [[[0x00400007, 'LO', 'odd']], [[0x00400008, 'SQ', [[[0x00080100, 'SH', 'deep']]]]], []],
    ],
  ];
}

describe('encodeDataset', () => {
  it('writes a short element as PS3.5 7.1.2 lays it out', () => {
    const bytes = encodeDataset([[0x00200013, 'IS', 7]]);
    expect([...bytes]).toEqual([0x20, 0, 0x13, 0, 0x49, 0x53, 2, 0, 0x37, 0x20]);
  });

  it('writes a sequence with and without lengths as PS3.5 7.5.2 lays it out', () => {
    const sequence: DicomElement[] = [[0x00081140, 'SQ', [[[0x00200013, 'IS', 7]]]]];
    const item = '20001300' + '02000000' + '3720';
    expect(encodeDataset(sequence, { transferSyntax: 'implicit' }).toString('hex')).toBe(
      `08004011${'12000000'}feff00e0${'0a000000'}${item}`,
    );
    expect(
      encodeDataset(sequence, { transferSyntax: 'implicit', undefinedLengths: true }).toString('hex'),
    ).toBe(`08004011ffffffff${'feff00e0ffffffff'}${item}${'feff0de000000000'}${'feffdde000000000'}`);
  });

  it('sorts by tag and refuses a tag that stands twice or a value that is too long', () => {
    const bytes = encodeDataset([
      [0x00200013, 'IS', 7],
      [0x00080060, 'CS', 'CT'],
    ]);
    expect(bytes.readUInt16LE(0)).toBe(8);
    const twice: DicomElement[] = [
      [0x00080060, 'CS', 'CT'],
      [0x00080060, 'CS', 'MR'],
    ];
    expect(() => encodeDataset(twice)).toThrow(RangeError);
    expect(() => encodeDataset([[0x00104000, 'LT', 'x'.repeat(70_000)]])).toThrow(RangeError);
  });
});

describe('formatDecimalString', () => {
  it.each([0, 1, -1.5, 1 / 3, -1 / 3, 1e-9, -123456.789012345, 1e22, -2 / 3e7])(
    'keeps %d in 16 characters',
    (value) => {
      const text = formatDecimalString(value);
      expect(text.length).toBeLessThanOrEqual(16);
      expect(Number(text)).toBeCloseTo(value, 8);
      if (value !== 0) expect(Math.abs(Number(text) / value - 1)).toBeLessThan(1e-8);
    },
  );

  it('refuses what is no number', () => {
    expect(() => formatDecimalString(Number.NaN)).toThrow(RangeError);
  });
});

describeWithOracle('encodeDicomFile, read by pydicom', () => {
  it('gives back every value in every transfer syntax, with and without lengths', () => {
    const variants = SYNTAX_NAMES.flatMap((syntax) =>
      [false, true].map((undefinedLengths) => ({ syntax, undefinedLengths })),
    );
    const files = variants.map(({ syntax, undefinedLengths }, n) => {
      const file = path.join(scratch, `${n}.dcm`);
      const options = { transferSyntax: syntax, undefinedLengths, sourceApplicationEntityTitle: 'ZZTESTAE' };
      fs.writeFileSync(file, encodeDicomFile(makeElements(syntax), options));
      return file;
    });
    const read = runOracle('read_dicom.py', files) as {
      meta: Record<string, [string, unknown]>;
      dataset: Record<string, [string, unknown]>;
    }[];
    for (const [n, { syntax }] of variants.entries()) {
      const { meta, dataset } = read[n]!;
      expect(meta['00020010']).toEqual(['UI', TRANSFER_SYNTAXES[syntax]]);
      expect(meta['00020003']).toEqual(['UI', '2.999.2099.1.2.3']);
      expect(meta['00020016']).toEqual(['AE', 'ZZTESTAE']);
      expect(Object.keys(dataset)).toEqual(Object.keys(dataset).sort());
      expect(dataset).toMatchObject({
        '00080008': ['CS', ['ORIGINAL', 'PRIMARY', 'AXIAL']],
        '00100010': ['PN', 'ZZTEST^DÉMO'],
        '00101030': ['DS', null],
        '00189313': ['FD', [0.1, -2.5, 3]],
        '00200013': ['IS', 12],
        '00280010': ['US', 2],
        '00280120': ['SS', -2000],
      });
      const position = dataset['00200032']![1] as number[];
      expect(position[0]).toBe(-1.5);
      expect(position[1]).toBeCloseTo(1 / 3, 12);
      const [first, second, third] = dataset['00400275']![1] as Record<string, [string, unknown]>[];
      expect(first).toEqual({ '00400007': ['LO', 'odd'] });
      expect(second).toEqual({ '00400008': ['SQ', [{ '00080100': ['SH', 'deep'] }]] });
      expect(third).toEqual({});
      const bytes = Buffer.from(dataset['7fe00010']![1] as string, 'hex');
      if (syntax === 'big-endian') bytes.swap16();
      expect([...new Int16Array(bytes.buffer, bytes.byteOffset, 6)]).toEqual([...pixels]);
    }
  });
});
