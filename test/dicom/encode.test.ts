import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  concatBytes,
  encodeElement,
  encodeFileMeta,
  encodeHeader,
  encodeSequence,
} from '../../dicom/encode.ts';
import { readDicom } from '../../dicom/read.ts';
import { TAGS, tag } from '../../dicom/tags.ts';
import { SOP_CLASSES, TRANSFER_SYNTAXES } from '../../dicom/uids.ts';
import { getItems, getString, getStrings, getText } from '../../dicom/values.ts';

const ENCODINGS = [
  { uid: TRANSFER_SYNTAXES.explicitVrLittleEndian, explicitVr: true, littleEndian: true },
  { uid: TRANSFER_SYNTAXES.implicitVrLittleEndian, explicitVr: false, littleEndian: true },
  { uid: TRANSFER_SYNTAXES.explicitVrBigEndian, explicitVr: true, littleEndian: false },
];

function metaOf(transferSyntaxUid: string): Uint8Array {
  return encodeFileMeta({
    sopClassUid: SOP_CLASSES.ctImageStorage,
    sopInstanceUid: '2.25.7',
    transferSyntaxUid,
    implementationClassUid: '2.25.1',
    implementationVersionName: 'ZZTEST',
  });
}

describe('encodeElement', () => {
  it('pads text with a space, UIDs and bytes with zero', () => {
    const encoding = { explicitVr: true, littleEndian: true };
    expect([...encodeElement(TAGS.Modality, 'CS', 'ABC', encoding)]).toEqual([
      8, 0, 0x60, 0, 0x43, 0x53, 4, 0, 0x41, 0x42, 0x43, 0x20,
    ]);
    expect([...encodeElement(TAGS.SOPInstanceUID, 'UI', '2.2', encoding)].at(-1)).toBe(0);
    const bytes = encodeElement(TAGS.PixelData, 'OB', Uint8Array.of(1), encoding);
    expect([...bytes]).toEqual([0xe0, 0x7f, 0x10, 0, 0x4f, 0x42, 0, 0, 2, 0, 0, 0, 1, 0]);
  });

  it('refuses what would be written wrongly', () => {
    const encoding = { explicitVr: true, littleEndian: true };
    expect(() => encodeElement(TAGS.PatientName, 'PN', 'Jérôme', encoding)).toThrow(RangeError);
    expect(() => encodeElement(TAGS.PatientID, 'LO', 'x'.repeat(70_000), encoding)).toThrow(RangeError);
    expect(() => encodeElement(TAGS.Rows, 'US', '512', encoding)).toThrow(RangeError);
    expect(() => encodeElement(TAGS.PatientID, 'LO', 5, encoding)).toThrow(RangeError);
    expect(() => encodeHeader(TAGS.PatientID, '', 0, encoding)).toThrow(RangeError);
  });

  it('writes what the reader reads, in every encoding', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ABCxyz 0189._^-'), maxLength: 60 });
    fc.assert(
      fc.property(
        text,
        fc.array(text, { maxLength: 4 }),
        fc.uint8Array({ maxLength: 300 }),
        (name, values, bytes) => {
          for (const encoding of ENCODINGS) {
            const item = encodeElement(tag('CodeMeaning'), 'LO', values.join('\\'), encoding);
            const whole = concatBytes([
              metaOf(encoding.uid),
              encodeElement(TAGS.PatientName, 'PN', name, encoding),
              encodeSequence(tag('RequestAttributesSequence'), [item, item], encoding),
              encodeElement(TAGS.PixelData, 'OW', bytes, encoding),
            ]);
            const file = readDicom(whole);
            expect(getText(file, file.dataset, TAGS.PatientName) ?? '').toBe(name.replace(/^ +| +$/g, ''));
            const items = getItems(file.dataset, tag('RequestAttributesSequence'));
            expect(items).toHaveLength(2);
            const read = getStrings(file, items[1]!.dataset, tag('CodeMeaning'));
            expect(read.join('\\')).toBe(values.map((value) => value.trim()).join('\\'));
            const { dataOffset, length } = file.dataset.elements.get(TAGS.PixelData)!;
            expect(length).toBe(bytes.length + (bytes.length % 2));
            expect([...whole.subarray(dataOffset, dataOffset + bytes.length)]).toEqual([...bytes]);
          }
        },
      ),
      { numRuns: 100, seed: 3 },
    );
  });
});

describe('encodeFileMeta', () => {
  it('has a zero preamble, a right group length and nothing but what it is told', () => {
    const meta = metaOf(TRANSFER_SYNTAXES.explicitVrLittleEndian);
    expect(meta.subarray(0, 128).every((byte) => byte === 0)).toBe(true);
    const file = readDicom(meta);
    const length = file.meta.elements.get(TAGS.FileMetaInformationGroupLength)!;
    expect(new DataView(meta.buffer).getUint32(length.dataOffset, true)).toBe(meta.length - length.endOffset);
    expect(file.meta.elements.size).toBe(7);
    expect(getString(file, file.meta, TAGS.MediaStorageSOPInstanceUID)).toBe('2.25.7');
  });
});
