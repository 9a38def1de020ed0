import { lookUpTag } from './tags.ts';
import { isKnownVr, isLongVr } from './vr.ts';

/**
 * How the data set at `offset` is encoded, where nothing says so: by its first two elements, which must be known tags
 * in ascending order with lengths that fit. Random bytes, text and images of other kinds do not pass.
 * @returns undefined where it does not look like DICOM
 */
export function guessEncoding(
  bytes: Uint8Array,
  offset: number,
): { explicitVr: boolean; littleEndian: boolean } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const littleEndian of [true, false]) {
    for (const explicitVr of [true, false]) {
      // Implicit big endian is no transfer syntax of PS3.5.
      if (!littleEndian && !explicitVr) continue;
      if (isPlausible(view, offset, explicitVr, littleEndian)) return { explicitVr, littleEndian };
    }
  }
  return undefined;
}

/** How the data set at `offset` seems to be encoded, by its first element alone; as pydicom does. */
export function peekEncoding(
  bytes: Uint8Array,
  offset: number,
): { explicitVr: boolean; littleEndian: boolean } {
  const isLetter = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x41 && byte <= 0x5a;
  const explicitVr = isLetter(bytes[offset + 4]) && isLetter(bytes[offset + 5]);
  // The first group of a data set is a small number: read in the wrong order it is a large one.
  const group = (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
  return { explicitVr, littleEndian: !(explicitVr && group >= 0x400) };
}

function isPlausible(view: DataView, start: number, explicitVr: boolean, littleEndian: boolean): boolean {
  let offset = start;
  let previous = -1;
  for (let index = 0; index < 2; index += 1) {
    if (offset + 12 > view.byteLength) return index > 0 && offset === view.byteLength;
    const group = view.getUint16(offset, littleEndian);
    const tagNumber = group * 0x10000 + view.getUint16(offset + 2, littleEndian);
    // Data sets begin with identification (0008) or, of old, with a group length or a command.
    if (index === 0 && group !== 0x0008 && group !== 0x0004) return false;
    const isGroupLength = (tagNumber & 0xffff) === 0;
    if (tagNumber <= previous || (lookUpTag(tagNumber) === undefined && !isGroupLength)) return false;
    previous = tagNumber;
    let length: number;
    if (explicitVr) {
      const vr = String.fromCharCode(view.getUint8(offset + 4), view.getUint8(offset + 5));
      if (!isKnownVr(vr)) return false;
      const long = isLongVr(vr);
      length = long ? view.getUint32(offset + 8, littleEndian) : view.getUint16(offset + 6, littleEndian);
      offset += long ? 12 : 8;
    } else {
      length = view.getUint32(offset + 4, littleEndian);
      offset += 8;
    }
    // A sequence of undefined length as the second element is as good a sign as any.
    if (length === 0xffffffff) return index > 0;
    if (length > 0x10000 || offset + length > view.byteLength) return false;
    offset += length;
  }
  return true;
}
