/** What is wrong with a file, as a closed vocabulary; every one of them is permanent: reading again cannot help. */
export type DicomErrorCode =
  | 'not-dicom'
  | 'empty-file'
  | 'truncated'
  | 'damaged'
  | 'too-deep'
  | 'too-large'
  | 'transfer-syntax-unsupported'
  | 'pixel-data-missing'
  | 'pixel-data-damaged'
  | 'pixel-format-unsupported';

const MEANINGS: Record<DicomErrorCode, string> = {
  'not-dicom': 'not a DICOM file',
  'empty-file': 'the file has no bytes',
  truncated: 'the file ends before the stated length of an element',
  damaged: 'the data set cannot be parsed',
  'too-deep': 'sequences are nested deeper than the limit',
  'too-large': 'sizes or counts exceed the limits of the reader',
  'transfer-syntax-unsupported': 'the transfer syntax is not supported',
  'pixel-data-missing': 'there is no pixel data',
  'pixel-data-damaged': 'the pixel data cannot be decoded',
  'pixel-format-unsupported': 'the pixel format is not supported',
};

/**
 * Thrown by everything in this folder. The message is made of the code and of fixed words of this program: never of
 * values, names or UIDs of the source, since messages end up in logs and workflow histories.
 */
export class DicomError extends Error {
  readonly code: DicomErrorCode;

  /** @param detail fixed words that say where; no value of the source */
  constructor(code: DicomErrorCode, detail?: string) {
    super(detail === undefined ? MEANINGS[code] : `${MEANINGS[code]}: ${detail}`);
    this.name = 'DicomError';
    this.code = code;
  }
}
