/** Identifiers of queries: small data sets of text attributes. */
import { encodeElement, encodeFileMeta, encodingOfTransferSyntax } from '../dicom/encode.ts';
import { DicomError } from '../dicom/errors.ts';
import { IMPLEMENTATION } from '../dicom/implementation.ts';
import { readDicom } from '../dicom/read.ts';
import { formatTag, lookUpTag } from '../dicom/tags.ts';
import { getText } from '../dicom/values.ts';
import { DimseError } from './errors.ts';

/** Values by tag; several values are joined by backslashes, empty asks for the attribute. */
export type Identifier = ReadonlyMap<number, string>;

const CHARACTER_SET = 0x00080005;

/** Text beyond ASCII goes as UTF-8. */
export function encodeIdentifier(identifier: Identifier, transferSyntaxUid: string): Buffer {
  const encoding = encodingOfTransferSyntax(transferSyntaxUid);
  const values = new Map(identifier);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  if ([...values.values()].some((value) => /[^\x00-\x7f]/.test(value)))
    values.set(CHARACTER_SET, 'ISO_IR 192');
  const elements = [...values].sort(([a], [b]) => a - b);
  return Buffer.concat(
    elements.map(([tag, value]) => {
      const { vr } = lookUpTag(tag) ?? {};
      if (vr === undefined) throw new RangeError(`unknown attribute ${formatTag(tag)}`);
      const bytes = Buffer.from(value, 'utf8');
      const padding = bytes.length % 2 === 0 ? [] : [vr === 'UI' ? 0 : 0x20];
      return encodeElement(tag, vr, Buffer.concat([bytes, Buffer.from(padding)]), encoding);
    }),
  );
}

/** Reads the given attributes of an answer; missing and empty ones are not in the map. @throws DimseError bad-pdu */
export function decodeIdentifier(
  bytes: Buffer,
  transferSyntaxUid: string,
  tags: readonly number[],
): Map<number, string> {
  const meta = encodeFileMeta({
    sopClassUid: '1.2.840.10008.5.1.4.1.2.2.1',
    sopInstanceUid: '2.25.0',
    transferSyntaxUid,
    implementationClassUid: IMPLEMENTATION.classUid,
    implementationVersionName: IMPLEMENTATION.versionName,
  });
  try {
    const file = readDicom(Buffer.concat([meta, bytes]), { allowTruncated: true });
    const values = new Map<number, string>();
    for (const tag of tags) {
      const value = getText(file, file.dataset, tag);
      if (value !== undefined) values.set(tag, value);
    }
    return values;
  } catch (error) {
    if (error instanceof DicomError) throw new DimseError('bad-pdu');
    throw error;
  }
}
