/** A header that can be changed: the proof plants identifiers into real ones and writes them again. */
import { deflateRawSync } from 'node:zlib';
import {
  concatBytes,
  type Encoding,
  encodeElement,
  encodeHeader,
  encodeSequence,
  encodingOfTransferSyntax,
} from '../dicom/encode.ts';
import type { DicomDataset, DicomFile } from '../dicom/read.ts';
import { lookUpTag, TAGS, tag } from '../dicom/tags.ts';
import { SOP_CLASSES, TRANSFER_SYNTAXES } from '../dicom/uids.ts';
import { effectiveVr, valueBytes } from '../dicom/values.ts';

/** Bytes in little endian, or items. */
export type EditableValue = Uint8Array | EditableDataset[];
export type EditableDataset = Map<number, { vr: string; value: EditableValue }>;

const LITTLE_ENDIAN: Encoding = { explicitVr: true, littleEndian: true };
const MAX_SHORT_LENGTH = 0xfffe;

/** A copy of a little endian data set without Pixel Data and group lengths; null for big endian. */
export function readEditable(file: DicomFile, dataset: DicomDataset = file.dataset): EditableDataset | null {
  if (!dataset.littleEndian) return null;
  const copy: EditableDataset = new Map();
  for (const element of dataset.elements.values()) {
    if (element.tag === TAGS.PixelData || (element.tag & 0xffff) === 0) continue;
    if (element.fragments !== undefined) continue;
    if (element.items === undefined) {
      const vr = effectiveVr(element);
      if (vr === 'SQ') continue;
      copy.set(element.tag, { vr, value: valueBytes(file, element).slice() });
      continue;
    }
    const items = element.items.map((item) => readEditable(file, item.dataset));
    if (items.every((item) => item !== null)) copy.set(element.tag, { vr: 'SQ', value: items });
  }
  return copy;
}

/** Sets a value by keyword. Text is written as UTF-8. */
export function setValue(
  dataset: EditableDataset,
  keyword: string,
  value: string | number | EditableDataset[],
): void {
  const number = tag(keyword);
  const { vr } = lookUpTag(number)!;
  setTag(dataset, number, vr, value);
}

/** Sets a value by tag and VR. Text is written as UTF-8. */
export function setTag(
  dataset: EditableDataset,
  number: number,
  vr: string,
  value: string | number | EditableDataset[],
): void {
  if (Array.isArray(value)) dataset.set(number, { vr, value });
  else if (typeof value === 'string') dataset.set(number, { vr, value: new TextEncoder().encode(value) });
  else {
    const whole = encodeElement(number, vr, value, LITTLE_ENDIAN);
    dataset.set(number, { vr, value: whole.subarray(8) });
  }
}

/** Text of a value, trimmed, one byte a character; undefined where there is none. */
export function textOf(dataset: EditableDataset, keyword: string): string | undefined {
  const value = dataset.get(tag(keyword))?.value;
  if (value === undefined || Array.isArray(value)) return undefined;
  return (
    Buffer.from(value)
      .toString('latin1')
      .replace(/[ \0]+$/, '')
      .trim() || undefined
  );
}

export interface PlantedFileParts {
  dataset: EditableDataset;
  pixels: Uint8Array;
  transferSyntaxUid: string;
  sopClassUid: string;
  sopInstanceUid: string;
  /** First bytes of the preamble. */
  preamble: string;
  /** Further elements of group 0002. */
  meta: readonly (readonly [tag: number, vr: string, value: string])[];
  /** Value of Data Set Trailing Padding. */
  trailingPadding: string;
}

/** A whole file, explicit, implicit or deflated little endian. PS3.10 section 7.1 */
export function encodePlanted(parts: PlantedFileParts): Uint8Array {
  const encoding = encodingOfTransferSyntax(parts.transferSyntaxUid);
  const preamble = new Uint8Array(132);
  preamble.set(new TextEncoder().encode(parts.preamble).subarray(0, 128));
  preamble.set([0x44, 0x49, 0x43, 0x4d], 128);
  const text = (number: number, vr: string, value: string) => encodeElement(number, vr, value, LITTLE_ENDIAN);
  const meta = concatBytes([
    encodeElement(0x00020001, 'OB', Uint8Array.of(0, 1), LITTLE_ENDIAN),
    text(TAGS.MediaStorageSOPClassUID, 'UI', parts.sopClassUid || SOP_CLASSES.ctImageStorage),
    text(TAGS.MediaStorageSOPInstanceUID, 'UI', parts.sopInstanceUid),
    text(TAGS.TransferSyntaxUID, 'UI', parts.transferSyntaxUid),
    text(TAGS.ImplementationClassUID, 'UI', '2.999.1'),
    ...parts.meta.map(([number, vr, value]) =>
      encodeElement(number, vr, new TextEncoder().encode(value), LITTLE_ENDIAN),
    ),
  ]);
  const padding = new TextEncoder().encode(parts.trailingPadding);
  const body = concatBytes([
    encodeEditable(parts.dataset, encoding),
    encodeElement(TAGS.PixelData, 'OW', parts.pixels, encoding),
    encodeHeader(TAGS.DataSetTrailingPadding, 'OB', padding.length + (padding.length % 2), encoding),
    padding,
    new Uint8Array(padding.length % 2),
  ]);
  const isDeflated = parts.transferSyntaxUid === TRANSFER_SYNTAXES.deflatedExplicitVrLittleEndian;
  return concatBytes([
    preamble,
    encodeElement(0x00020000, 'UL', meta.length, LITTLE_ENDIAN),
    meta,
    isDeflated ? deflateRawSync(body) : body,
  ]);
}

function encodeEditable(dataset: EditableDataset, encoding: Encoding): Uint8Array {
  const elements = [...dataset].sort(([a], [b]) => a - b);
  return concatBytes(
    elements.flatMap(([number, { vr, value }]) => {
      if (Array.isArray(value)) {
        const items = value.map((item) => encodeEditable(item, encoding));
        return [encodeSequence(number, items, encoding)];
      }
      // A value of UN may be longer than the VR that the dictionary gives it can say.
      const isTooLong = value.length > MAX_SHORT_LENGTH && !/^(O.|U[NCRT])$/.test(vr);
      return [encodeElement(number, isTooLong ? 'UN' : vr, value, encoding)];
    }),
  );
}
