import { expect, it } from 'vitest';
import { concatBytes, encodeFileMeta, encodingOfTransferSyntax } from '../../dicom/encode.ts';
import { encodeDataset } from '../../dicom/encode-dataset.ts';
import { readDicom } from '../../dicom/read.ts';
import { TAGS, tag } from '../../dicom/tags.ts';
import { TRANSFER_SYNTAXES } from '../../dicom/uids.ts';
import { getItems, getNumber, getString } from '../../dicom/values.ts';

const { explicitVrLittleEndian, implicitVrLittleEndian, explicitVrBigEndian } = TRANSFER_SYNTAXES;

it.each([explicitVrLittleEndian, implicitVrLittleEndian, explicitVrBigEndian])(
  'writes elements of data set and items in the order of their tags: %s',
  (transferSyntaxUid) => {
    const values = {
      Rows: 3,
      PatientID: 'ZZTEST',
      PatientName: Buffer.from('ZZTÉST', 'latin1'),
      ReferencedSeriesSequence: [
        { SeriesInstanceUID: '2.25.2', ReferencedSOPSequence: [{ ReferencedSOPInstanceUID: '2.25.3' }] },
        { SeriesInstanceUID: '2.25.4' },
      ],
      PerformedProcedureCodeSequence: [],
      Modality: 'SR',
    };
    const meta = encodeFileMeta({
      sopClassUid: '1.2.3',
      sopInstanceUid: '2.25.1',
      transferSyntaxUid,
      implementationClassUid: '2.25.1',
      implementationVersionName: 'ZZTEST',
    });
    const file = readDicom(
      concatBytes([meta, encodeDataset(values, encodingOfTransferSyntax(transferSyntaxUid))]),
    );
    const tags = [...file.dataset.elements.keys()];
    expect(tags).toEqual([...tags].sort((a, b) => a - b));
    expect(tags).toHaveLength(6);
    expect(getNumber(file, file.dataset, TAGS.Rows)).toBe(3);
    expect(getString(file, file.dataset, TAGS.PatientName)).toBe('ZZTÉST');
    const items = getItems(file.dataset, tag('ReferencedSeriesSequence'));
    expect(items.map((item) => getString(file, item.dataset, TAGS.SeriesInstanceUID))).toEqual([
      '2.25.2',
      '2.25.4',
    ]);
    // (0008,1199) comes before (0020,000E), whatever the order of the keys.
    expect([...items[0]!.dataset.elements.keys()]).toEqual([
      tag('ReferencedSOPSequence'),
      TAGS.SeriesInstanceUID,
    ]);
    expect(getItems(file.dataset, tag('PerformedProcedureCodeSequence'))).toEqual([]);
  },
);

it('refuses a keyword that PS3.6 does not have', () => {
  const encoding = encodingOfTransferSyntax(explicitVrLittleEndian);
  expect(() => encodeDataset({ PatientNaem: 'ZZTEST' }, encoding)).toThrow(RangeError);
});
