import { TAGS } from './tags.ts';
import { TRANSFER_SYNTAXES } from './uids.ts';
import { bytesPerNumber, isLongVr, isStringVr } from './vr.ts';

/** How a data set is written. */
export interface Encoding {
  explicitVr: boolean;
  littleEndian: boolean;
}

/** A value: the bytes of the value field, text, or numbers of a binary VR. */
export type ElementValue = Uint8Array | string | number | readonly number[];

const EXPLICIT_LITTLE_ENDIAN: Encoding = { explicitVr: true, littleEndian: true };

/**
 * A Data Element: header and value, padded to an even length (UI and bytes with zero, text with a space).
 * @param value text is written one byte a character, so non-ASCII text must come as bytes in the right character set;
 * bytes are taken as they are, so numbers among them must already be in the byte order of `encoding`
 * @throws RangeError where the value cannot be written in this VR: a mistake in the program
 */
export function encodeElement(
  tagNumber: number,
  vr: string,
  value: ElementValue,
  encoding: Encoding,
): Uint8Array {
  const bytes = toBytes(vr, value, encoding.littleEndian);
  const padded = bytes.length + (bytes.length % 2);
  const headerBytes = headerBytesOf(vr, encoding);
  const element = new Uint8Array(headerBytes + padded);
  writeHeader(element, tagNumber, vr, padded, encoding);
  element.set(bytes, headerBytes);
  if (padded > bytes.length && isStringVr(vr) && vr !== 'UI') element[element.length - 1] = 0x20;
  return element;
}

/** The header alone, for a value field that is copied from elsewhere. `length` 0xFFFFFFFF: undefined. */
export function encodeHeader(tagNumber: number, vr: string, length: number, encoding: Encoding): Uint8Array {
  const header = new Uint8Array(headerBytesOf(vr, encoding));
  writeHeader(header, tagNumber, vr, length, encoding);
  return header;
}

function headerBytesOf(vr: string, { explicitVr }: Encoding): number {
  return explicitVr && isLongVr(vr) ? 12 : 8;
}

/** Writes at the beginning of `target`, which holds zeros. */
function writeHeader(
  target: Uint8Array,
  tagNumber: number,
  vr: string,
  length: number,
  { explicitVr, littleEndian }: Encoding,
): void {
  writeWord(target, 0, tagNumber >>> 16, littleEndian);
  writeWord(target, 2, tagNumber & 0xffff, littleEndian);
  if (!explicitVr) {
    writeLong(target, 4, length, littleEndian);
    return;
  }
  const long = isLongVr(vr);
  if (!long && !/^[A-Z]{2}$/.test(vr)) throw new RangeError('not a VR');
  if (!long && length > 0xfffe) throw new RangeError('too long for a VR with a 16-bit length');
  target[4] = vr.charCodeAt(0);
  target[5] = vr.charCodeAt(1);
  if (long) writeLong(target, 8, length, littleEndian);
  else writeWord(target, 6, length, littleEndian);
}

// By hand: for a few bytes a DataView costs more than what it does.
function writeWord(target: Uint8Array, at: number, value: number, littleEndian: boolean): void {
  target[at] = littleEndian ? value : value >>> 8;
  target[at + 1] = littleEndian ? value >>> 8 : value;
}

function writeLong(target: Uint8Array, at: number, value: number, littleEndian: boolean): void {
  writeWord(target, littleEndian ? at : at + 2, value, littleEndian);
  writeWord(target, littleEndian ? at + 2 : at, value >>> 16, littleEndian);
}

/** A sequence of defined length. Each item is the elements of its data set, in ascending order, one after another. */
export function encodeSequence(
  tagNumber: number,
  items: readonly Uint8Array[],
  encoding: Encoding,
): Uint8Array {
  const parts = items.flatMap((item) => [encodeItemHeader(item.length, encoding), item]);
  return encodeElement(tagNumber, 'SQ', concatBytes(parts), encoding);
}

/** (FFFE,E000) and a length. PS3.5 section 7.5 */
export function encodeItemHeader(length: number, { littleEndian }: Encoding): Uint8Array {
  return encodeHeader(TAGS.Item, '', length, { explicitVr: false, littleEndian });
}

/** What a File Meta of this program says. The rest of group 0002 (titles, addresses, private) is left out. */
export interface FileMetaFields {
  sopClassUid: string;
  sopInstanceUid: string;
  transferSyntaxUid: string;
  implementationClassUid: string;
  /** At most 16 characters. */
  implementationVersionName: string;
}

/** A preamble of zeros, `DICM` and the File Meta with its group length. PS3.10 section 7.1 */
export function encodeFileMeta(fields: FileMetaFields): Uint8Array {
  if (fields.implementationVersionName.length > 16) throw new RangeError('Implementation Version Name');
  const body = concatBytes([
    encodeMeta(0x00020001, 'OB', Uint8Array.of(0, 1)),
    encodeMeta(TAGS.MediaStorageSOPClassUID, 'UI', fields.sopClassUid),
    encodeMeta(TAGS.MediaStorageSOPInstanceUID, 'UI', fields.sopInstanceUid),
    encodeMeta(TAGS.TransferSyntaxUID, 'UI', fields.transferSyntaxUid),
    encodeMeta(TAGS.ImplementationClassUID, 'UI', fields.implementationClassUid),
    encodeMeta(0x00020013, 'SH', fields.implementationVersionName),
  ]);
  const preamble = new Uint8Array(132);
  preamble.set([0x44, 0x49, 0x43, 0x4d], 128);
  return concatBytes([preamble, encodeMeta(TAGS.FileMetaInformationGroupLength, 'UL', body.length), body]);
}

function encodeMeta(tagNumber: number, vr: string, value: ElementValue): Uint8Array {
  return encodeElement(tagNumber, vr, value, EXPLICIT_LITTLE_ENDIAN);
}

/** The encoding of a transfer syntax's data set. PS3.5 annex A */
export function encodingOfTransferSyntax(transferSyntaxUid: string): Encoding {
  return {
    explicitVr: transferSyntaxUid !== TRANSFER_SYNTAXES.implicitVrLittleEndian,
    littleEndian: transferSyntaxUid !== TRANSFER_SYNTAXES.explicitVrBigEndian,
  };
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function toBytes(vr: string, value: ElementValue, littleEndian: boolean): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') {
    if (!isStringVr(vr)) throw new RangeError('text in a binary VR');
    const bytes = new Uint8Array(value.length);
    for (let index = 0; index < value.length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) throw new RangeError('text that is not ASCII must come as bytes');
      bytes[index] = code;
    }
    return bytes;
  }
  const numbers = typeof value === 'number' ? [value] : value;
  const size = bytesPerNumber(vr);
  if (size === 1) throw new RangeError('numbers in a VR that holds none');
  const bytes = new Uint8Array(numbers.length * size);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, index) => {
    writeNumber(view, index * size, vr, number, littleEndian);
  });
  return bytes;
}

function writeNumber(view: DataView, at: number, vr: string, value: number, littleEndian: boolean): void {
  if (vr === 'AT') {
    view.setUint16(at, value >>> 16, littleEndian);
    view.setUint16(at + 2, value & 0xffff, littleEndian);
  } else if (vr === 'FL' || vr === 'OF') view.setFloat32(at, value, littleEndian);
  else if (vr === 'FD' || vr === 'OD') view.setFloat64(at, value, littleEndian);
  else if (bytesPerNumber(vr) === 8) view.setBigInt64(at, BigInt(value), littleEndian);
  else if (bytesPerNumber(vr) === 4) view.setInt32(at, value, littleEndian);
  else view.setInt16(at, value, littleEndian);
}
