import { convertBytes } from 'dicom-character-set';
import type { DicomDataset, DicomElement, DicomFile, DicomItem } from './dataset.ts';
import { lookUpTag, TAGS } from './tags.ts';
import { bytesPerNumber, isCharacterSetVr, isStringVr } from './vr.ts';

/** The value field of an element, as a view into the file's bytes; shorter than stated where the bytes end before. */
export function valueBytes(file: DicomFile, element: DicomElement): Uint8Array {
  return file.bytes.subarray(element.dataOffset, element.dataOffset + element.length);
}

/**
 * What the value field holds: the element's VR, or the dictionary's where a program without one wrote `UN`.
 * Sequences written as UN stay `UN` unless their items could be read.
 */
export function effectiveVr(element: DicomElement): string {
  if (element.vr !== 'UN') return element.vr;
  if (element.items !== undefined) return 'SQ';
  const vr = lookUpTag(element.tag)?.vr;
  return vr === undefined || vr === 'SQ' ? 'UN' : vr;
}

/** All of the value field as text of one byte a character: right for every VR that no character set governs. */
function rawText(file: DicomFile, element: DicomElement): string {
  return toLatin1(valueBytes(file, element));
}

function toLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/**
 * Without the padding of PS3.5 section 6.2: spaces around, zero bytes behind. Not by a regular expression: those need
 * quadratic time for a long run of padding within a value.
 */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (end > 0 && (text.charCodeAt(end - 1) === 0x20 || text.charCodeAt(end - 1) === 0)) end -= 1;
  while (start < end && text.charCodeAt(start) === 0x20) start += 1;
  return text.slice(start, end);
}

/** The first value, trimmed; undefined where the element is missing, empty or a sequence. */
export function getString(file: DicomFile, dataset: DicomDataset, tagNumber: number): string | undefined {
  return getStrings(file, dataset, tagNumber)[0] || undefined;
}

/**
 * All values, each trimmed; an empty list where the element is missing or empty. A binary VR gives its numbers as
 * text. Bytes above 127 are read as ISO 8859-1: for names and descriptions use `getText`.
 */
export function getStrings(file: DicomFile, dataset: DicomDataset, tagNumber: number): string[] {
  const element = dataset.elements.get(tagNumber);
  if (element === undefined || element.length === 0 || element.items !== undefined) return [];
  const vr = effectiveVr(element);
  if (!isStringVr(vr) && bytesPerNumber(vr) > 1)
    return getNumbers(file, dataset, tagNumber)?.map(String) ?? [];
  const text = rawText(file, element);
  const values = isSingleValued(vr) ? [text] : text.split('\\');
  return values.length === 1 && trim(text) === '' ? [] : values.map(trim);
}

/** Text of these VRs may hold backslashes and is one value. PS3.5 section 6.4 */
function isSingleValued(vr: string): boolean {
  return vr === 'ST' || vr === 'LT' || vr === 'UT' || vr === 'UR';
}

/**
 * The whole value, decoded by Specific Character Set (of this data set or the nearest outer one), trimmed; several
 * values stay joined by backslashes. Where no character set is given, or one that is not known, ISO 8859-1 is
 * assumed, as pydicom does. Undefined where the element is missing or empty.
 */
export function getText(file: DicomFile, dataset: DicomDataset, tagNumber: number): string | undefined {
  const element = dataset.elements.get(tagNumber);
  if (element === undefined || element.length === 0 || element.items !== undefined) return undefined;
  const vr = effectiveVr(element);
  const characterSet = isCharacterSetVr(vr) ? characterSetOf(file, dataset) : undefined;
  const text =
    characterSet === undefined ? rawText(file, element) : decode(characterSet, valueBytes(file, element), vr);
  return trim(text) || undefined;
}

function decode(characterSet: string, bytes: Uint8Array, vr: string): string {
  try {
    return convertBytes(characterSet, bytes, { vr });
  } catch {
    return toLatin1(bytes);
  }
}

/** Specific Character Set in force in a data set, spelt as the standard does; undefined for the default repertoire. */
function characterSetOf(file: DicomFile, dataset: DicomDataset): string | undefined {
  for (let at: DicomDataset | null = dataset; at !== null; at = at.parent) {
    const element = at.elements.get(TAGS.SpecificCharacterSet);
    if (element === undefined) continue;
    const values = rawText(file, element)
      .split('\\')
      .map((value) => correctCharacterSet(trim(value)));
    // The default repertoire alone: bytes above 127 are then a mistake of the writer, mostly ISO 8859-1.
    return values.every((value) => value === '' || value === 'ISO_IR 6') ? undefined : values.join('\\');
  }
  return undefined;
}

/** Spellings met in the wild: `ISO IR 192`, `ISO-IR 100`, `ISO 2022-IR 87`, `ISO_IR_100`. */
function correctCharacterSet(value: string): string {
  return value
    .replace(/^ISO[ _-]2022[ _-]IR[ _-](\d+)$/i, 'ISO 2022 IR $1')
    .replace(/^ISO[ _-]IR[ _-](\d+)$/i, 'ISO_IR $1');
}

/** The first number; undefined where it is missing or no number. */
export function getNumber(file: DicomFile, dataset: DicomDataset, tagNumber: number): number | undefined {
  return getNumbers(file, dataset, tagNumber)?.[0];
}

/**
 * All numbers of DS and IS (also of other text, if it is a number), US, SS, UL, SL, UV, SV, FL, FD, AT (0xGGGGEEEE)
 * and of their OW-like kin. Undefined where the element is missing, empty, or any value is no finite number.
 */
export function getNumbers(file: DicomFile, dataset: DicomDataset, tagNumber: number): number[] | undefined {
  const element = dataset.elements.get(tagNumber);
  if (element === undefined || element.length === 0 || element.items !== undefined) return undefined;
  const vr = effectiveVr(element);
  const size = bytesPerNumber(vr);
  const numbers: number[] = [];
  if (size === 1) {
    if (!isStringVr(vr)) return undefined;
    for (const value of rawText(file, element).split('\\')) numbers.push(parseNumber(trim(value)));
  } else {
    const bytes = valueBytes(file, element);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // UN is always little endian. PS3.5 section 6.2.2
    const littleEndian = dataset.littleEndian || element.vr === 'UN';
    for (let at = 0; at + size <= bytes.length; at += size)
      numbers.push(readNumber(view, at, vr, littleEndian));
  }
  return numbers.length > 0 && numbers.every(Number.isFinite) ? numbers : undefined;
}

/** Decimal String and Integer String; JavaScript would also take hexadecimal, `Infinity` and nothing at all. */
function parseNumber(text: string): number {
  // Sixteen characters by PS3.5 section 6.2; some write more digits. Far beyond, the expression takes too long.
  if (text.length > 64) return Number.NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

function readNumber(view: DataView, at: number, vr: string, littleEndian: boolean): number {
  switch (vr) {
    case 'SS':
      return view.getInt16(at, littleEndian);
    case 'UL':
    case 'OL':
      return view.getUint32(at, littleEndian);
    case 'SL':
      return view.getInt32(at, littleEndian);
    case 'FL':
    case 'OF':
      return view.getFloat32(at, littleEndian);
    case 'FD':
    case 'OD':
      return view.getFloat64(at, littleEndian);
    case 'AT':
      return view.getUint16(at, littleEndian) * 0x10000 + view.getUint16(at + 2, littleEndian);
    case 'UV':
    case 'OV':
      return Number(view.getBigUint64(at, littleEndian));
    case 'SV':
      return Number(view.getBigInt64(at, littleEndian));
    default:
      return view.getUint16(at, littleEndian);
  }
}

/** The items of a sequence; an empty list where it is missing, empty or no sequence. */
export function getItems(dataset: DicomDataset, tagNumber: number): readonly DicomItem[] {
  return dataset.elements.get(tagNumber)?.items ?? [];
}

/** The first UID, without padding; undefined where missing or empty. It may be no valid UID: see `isValidUid`. */
export function getUid(file: DicomFile, dataset: DicomDataset, tagNumber: number): string | undefined {
  return getString(file, dataset, tagNumber);
}
