import { beforeAll, expect, it } from 'vitest';
import { sharedDicomDir } from '../fixtures/shared-dicom.ts';
import { describeWithOracle } from '../oracles/python.ts';
import { comparePixels, type PixelComparison, toleranceOf } from './pixel-comparison.ts';

/** Files whose pixels are not given, and why. None of them is a CT image in one of its transfer syntaxes. */
const NOT_DECODED: Record<string, string> = {
  'pydicom_test_files/JPEG2000-embedded-sequence-delimiter.dcm': 'pixel-data-damaged', // a header without an image
  'pydicom_test_files/SC_ybr_full_422_uncompressed.dcm': 'pixel-format-unsupported', // subsampled colour
  'pydicom_test_files/meta_missing_tsyntax.dcm': 'pixel-format-unsupported', // no Rows, no Columns
  'pydicom_test_files/nested_priv_SQ.dcm': 'pixel-format-unsupported', // no Rows, no Columns
  // Retired in 2001: full progression, spectral selection.
  'transfer_syntaxes_cornerstone/CTImage.dcm_JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm':
    'transfer-syntax-unsupported',
  'transfer_syntaxes_cornerstone/CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm':
    'transfer-syntax-unsupported',
};

/** Decoded here and not there. */
const ONLY_HERE = [
  'pydicom_test_files/JPEG-lossy.dcm', // 12-bit extended that neither gdcm nor libjpeg of pylibjpeg takes
  'pydicom_test_files/badVR.dcm', // Number of Frames is no integer
];

const root = sharedDicomDir();
const suite = root === null ? describeWithOracle.skip : describeWithOracle;

suite('stored values agree with pydicom on every file of the shared data', () => {
  let rows: PixelComparison[] = [];
  beforeAll(async () => {
    rows = await comparePixels(root!);
  });

  it('decodes every file but the listed ones', () => {
    const failed = rows.filter((row) => row.error !== null).map((row) => [row.name, row.error]);
    expect(Object.fromEntries(failed)).toEqual(NOT_DECODED);
  });

  it('gives equal values for lossless syntaxes, at most one grey level off for lossy ones', () => {
    const compared = rows.filter((row) => row.maxDifference !== null);
    expect(compared.length).toBeGreaterThan(200);
    const wrong = compared.filter((row) => row.maxDifference! > toleranceOf(row.transferSyntaxUid));
    expect(wrong).toEqual([]);
    const uncompared = rows.filter((row) => row.error === null && row.maxDifference === null);
    expect(uncompared.map((row) => row.name).sort()).toEqual(ONLY_HERE);
  });

  it('finds no embedded overlay where there is none', () => {
    expect(rows.filter((row) => row.bitsUsedAbove).map((row) => row.name)).toEqual([]);
  });

  it('covers every transfer syntax that is claimed', () => {
    const syntaxes = new Set(
      rows.filter((row) => row.maxDifference !== null).map((row) => row.transferSyntaxUid),
    );
    expect(syntaxes.size).toBe(16);
  });
});
