import { convertBytes } from 'dicom-character-set';
import type { DicomDataset, DicomElement, DicomFile, DicomItem } from './dataset.ts';
import { remember } from './remember.ts';
import { lookUpTag, TAGS } from './tags.ts';
import { bytesPerNumber, isCharacterSetVr, isStringVr } from './vr.ts';

/** The value field of an element, as a view into the file's bytes; shorter than stated where the bytes end before. */
export function valueBytes(file: DicomFile, element: DicomElement): Uint8Array {
  return file.bytes.subarray(element.dataOffset, element.dataOffset + element.length);
}

/**
 * Whether an element of a data set in explicit VR has its VR in its header. Some writers fall back to implicit VR for
 * single elements; a file without its transfer syntax may do so from somewhere on.
 */
export function hasWrittenVr({ bytes }: DicomFile, { vr, headerOffset }: DicomElement): boolean {
  return bytes[headerOffset + 4] === vr.charCodeAt(0) && bytes[headerOffset + 5] === vr.charCodeAt(1);
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
export function rawText({ bytes }: DicomFile, { dataOffset, length }: DicomElement): string {
  return bytes.toString('latin1', dataOffset, dataOffset + length);
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
  const element = dataset.elements.get(tagNumber);
  if (element === undefined || element.length === 0 || element.items !== undefined) return undefined;
  const vr = effectiveVr(element);
  if (!isStringVr(vr) && bytesPerNumber(vr) > 1) return getNumbers(file, dataset, tagNumber)?.[0]?.toString();
  const text = rawText(file, element);
  const end = isSingleValued(vr) ? -1 : text.indexOf('\\');
  return trim(end < 0 ? text : text.slice(0, end)) || undefined;
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
  const text = rawText(file, element);
  const characterSet = isCharacterSetVr(vr) ? characterSetOf(file, dataset) : null;
  const isSame = characterSet === null || (isAscii(text) && isAsciiCompatible(characterSet));
  return trim(isSame ? text : (decode(characterSet, valueBytes(file, element), vr) ?? text)) || undefined;
}

/** Null for a character set that is not known, or does not fit. */
function decode(characterSet: string, bytes: Uint8Array, vr: string): string | null {
  try {
    return convertBytes(characterSet, bytes, { vr });
  } catch {
    return null;
  }
}

/** Of one character set without code extensions only the Japanese one differs from ASCII, in two characters. */
function isAsciiCompatible(characterSet: string): boolean {
  return characterSet.startsWith('ISO_IR ') && characterSet !== 'ISO_IR 13' && !characterSet.includes('\\');
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

/** Specific Character Set in force in a data set, spelt as the standard does; null for the default repertoire. */
function characterSetOf(file: DicomFile, dataset: DicomDataset): string | null {
  for (let at: DicomDataset | null = dataset; at !== null; at = at.parent) {
    const element = at.elements.get(TAGS.SpecificCharacterSet);
    if (element !== undefined) return parseCharacterSet(rawText(file, element)).known;
  }
  return null;
}

const parseCharacterSet = remember((text: string): { known: string | null } => {
  const values = text.split('\\').map((value) => correctCharacterSet(trim(value)));
  // The default repertoire alone: bytes above 127 are then a mistake of the writer, mostly ISO 8859-1.
  const isDefault = values.every((value) => value === '' || value === 'ISO_IR 6');
  return { known: isDefault ? null : values.join('\\') };
}, 100);

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
  if (element === undefined) return undefined;
  // UN is always little endian. PS3.5 section 6.2.2
  return readNumbers(file, element, effectiveVr(element), dataset.littleEndian || element.vr === 'UN');
}

/** The numbers of an element, see `getNumbers`, in whatever VR and byte order it is to be read. */
export function readNumbers(
  file: DicomFile,
  element: DicomElement,
  vr: string,
  littleEndian: boolean,
): number[] | undefined {
  if (element.length === 0 || element.items !== undefined) return undefined;
  const size = bytesPerNumber(vr);
  const numbers: number[] = [];
  if (size === 1) {
    if (!isStringVr(vr)) return undefined;
    for (const value of rawText(file, element).split('\\')) numbers.push(parseNumber(trim(value)));
  } else {
    const { bytes } = file;
    const end = Math.min(element.dataOffset + element.length, bytes.length);
    for (let at = element.dataOffset; at + size <= end; at += size)
      numbers.push(readNumber(bytes, at, vr, littleEndian));
  }
  return numbers.length > 0 && numbers.every(Number.isFinite) ? numbers : undefined;
}

/** Decimal String and Integer String; JavaScript would also take hexadecimal, `Infinity` and nothing at all. */
function parseNumber(text: string): number {
  // Sixteen characters by PS3.5 section 6.2; some write more digits. Far beyond, the expression takes too long.
  if (text.length > 64) return Number.NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

function readNumber(bytes: Buffer, at: number, vr: string, littleEndian: boolean): number {
  switch (vr) {
    case 'SS':
      return littleEndian ? bytes.readInt16LE(at) : bytes.readInt16BE(at);
    case 'UL':
    case 'OL':
      return littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    case 'SL':
      return littleEndian ? bytes.readInt32LE(at) : bytes.readInt32BE(at);
    case 'FL':
    case 'OF':
      return littleEndian ? bytes.readFloatLE(at) : bytes.readFloatBE(at);
    case 'FD':
    case 'OD':
      return littleEndian ? bytes.readDoubleLE(at) : bytes.readDoubleBE(at);
    case 'AT':
      return littleEndian
        ? bytes.readUInt16LE(at) * 0x10000 + bytes.readUInt16LE(at + 2)
        : bytes.readUInt32BE(at);
    case 'UV':
    case 'OV':
      return Number(littleEndian ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
    case 'SV':
      return Number(littleEndian ? bytes.readBigInt64LE(at) : bytes.readBigInt64BE(at));
    default:
      return littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
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
