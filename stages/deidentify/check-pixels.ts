/** Checks of pixel data: its length, its offset table, bits that hold no pixels, text drawn into native pixels. */
import { DicomError } from '../../dicom/errors.ts';
import { decodeFrame, readPixelFormat } from '../../dicom/pixels.ts';
import type { DicomElement, DicomFile } from '../../dicom/read.ts';
import { TAGS } from '../../dicom/tags.ts';
import { valueBytes } from '../../dicom/values.ts';
import { hasBurnedInText } from '../preprocess/burned-in-text.ts';
import { looksLikeTextPage } from '../preprocess/pixel-evidence.ts';
import type { Reason } from '../reasons.ts';
import type { ImageDescription } from '../records.ts';
import { checkCodestreams } from './check-codestreams.ts';

/** Why native pixel data cannot be trusted by its stated length, or null. Needs no bytes. */
export function checkPixelLength(image: ImageDescription, element: DicomElement): Reason | null {
  if (element.fragments !== undefined) return checkFragments(element);
  if (element.length === 0) return 'pixel-data-missing';
  return element.length < expectedBytes(image) ? 'truncated' : null;
}

/**
 * Why pixel data cannot be trusted by its bytes, or null. Compressed frames are not decoded here: `preprocess` looks
 * for text and for bits above Bits Stored in them, where it decodes them anyhow.
 */
export function checkPixelBytes(
  image: ImageDescription,
  file: DicomFile,
  element: DicomElement,
): Reason | null {
  if (element.fragments !== undefined) return checkCodestreams(file, element);
  const expected = expectedBytes(image);
  const end = element.dataOffset + element.length;
  // Behind the last pixel there may be padding, but nothing that says something.
  for (let at = element.dataOffset + expected; at < end; at += 1) {
    if (file.bytes[at] !== 0 && at - element.dataOffset > expected) return 'pixel-data-damaged';
  }
  const hasSpareBits = image.bitsAllocated === 16 && image.bitsStored < 16;
  if (hasSpareBits && hasBitsOutside(image, file, element, expected)) return 'overlay-in-pixels';
  return hasText(image, file, element) ? 'burned-in-annotation' : null;
}

/** Whole pages of text are told by `group`, which names what they are. */
function hasText(image: ImageDescription, file: DicomFile, element: DicomElement): boolean {
  const { rows, columns, samplesPerPixel, frames } = image;
  if (samplesPerPixel !== 1) return false;
  const pixels = valueBytes(file, element);
  try {
    const format = readPixelFormat(file);
    return frames.some((_, frame) => {
      const { values } = decodeFrame(pixels, format, frame, { assumeCleanBits: true });
      return hasBurnedInText(values, rows, columns) && !looksLikeTextPage(values, rows, columns);
    });
  } catch (error) {
    // A format that cannot be decoded stops the unit later.
    if (error instanceof DicomError) return false;
    throw error;
  }
}

/** An offset table that points elsewhere than at fragments may be anything. PS3.5 section A.4 */
function checkFragments({ fragments = [], basicOffsetTable = [] }: DicomElement): Reason | null {
  if (fragments.length === 0 || fragments.every(({ length }) => length === 0)) return 'pixel-data-missing';
  if (basicOffsetTable.length === 0) return null;
  const first = fragments[0]!.offset;
  const starts = new Set(fragments.map(({ offset }) => offset - first));
  return basicOffsetTable.every((offset) => starts.has(offset)) ? null : 'pixel-data-damaged';
}

/**
 * Extended offset tables say where each frame lies, in 64 bits each that could say anything else: they may stay when
 * every frame is one fragment and they point at just that. PS3.3 C.7.6.3.1.8
 */
export function hasTrueOffsetTables(file: DicomFile, pixels: DicomElement): boolean {
  const { fragments = [] } = pixels;
  const first = fragments[0]?.offset ?? 0;
  const offsets = numbersOfTable(file, TAGS.ExtendedOffsetTable);
  const lengths = numbersOfTable(file, TAGS.ExtendedOffsetTableLengths);
  return (
    offsets.length === fragments.length &&
    lengths.length === fragments.length &&
    fragments.every(
      ({ offset, length }, index) =>
        offsets[index] === BigInt(offset - first) &&
        // Without or with the byte that pads a fragment to an even length.
        (lengths[index] === BigInt(length) || lengths[index] === BigInt(length - 1)),
    )
  );
}

function numbersOfTable({ bytes, dataset, littleEndian }: DicomFile, key: number): bigint[] {
  const element = dataset.elements.get(key);
  if (element === undefined || element.length % 8 !== 0) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset + element.dataOffset, element.length);
  return Array.from({ length: element.length / 8 }, (_, index) => view.getBigUint64(8 * index, littleEndian));
}

/** Bytes of the pixel grid, without padding to an even length. PS3.3 C.7.6.3.1 */
function expectedBytes(image: ImageDescription): number {
  const { rows, columns, samplesPerPixel, photometricInterpretation, bitsAllocated, frames } = image;
  const samples = photometricInterpretation === 'YBR_FULL_422' ? 2 : samplesPerPixel;
  return Math.ceil((rows * columns * samples * frames.length * bitsAllocated) / 8);
}

/**
 * Bits above Bits Stored once held overlays (retired, PS3.5 section 8.1.2). Allowed there: zeros, the sign, and the
 * padding value, which scanners write in all 16 bits.
 */
function hasBitsOutside(
  image: ImageDescription,
  file: DicomFile,
  element: DicomElement,
  expected: number,
): boolean {
  const { bytes, littleEndian } = file;
  const { bitsStored, highBit, pixelRepresentation, pixelPaddingValue } = image;
  const low = highBit + 1 - bitsStored;
  if (low < 0) return false;
  const stored = ((1 << bitsStored) - 1) << low;
  const outside = 0xffff & ~stored;
  const start = bytes.byteOffset + element.dataOffset;
  const count = expected >> 1;
  // A view needs an even offset; otherwise, and in big endian, number by number.
  if (littleEndian && start % 2 === 0) {
    const pixels = new Uint16Array(bytes.buffer, start, count);
    let union = 0;
    for (let index = 0; index < count; index += 1) union |= pixels[index]!;
    if ((union & outside) === 0) return false;
  }
  const view = new DataView(bytes.buffer, start, expected);
  const sign = 1 << highBit;
  const above = 0xffff & ~((1 << (highBit + 1)) - 1);
  const padding = pixelPaddingValue === null ? -1 : pixelPaddingValue & 0xffff;
  for (let index = 0; index < count; index += 1) {
    const value = view.getUint16(index * 2, littleEndian);
    const extra = value & outside;
    if (extra === 0 || value === padding) continue;
    if (pixelRepresentation === 1 && (value & sign) !== 0 && extra === above) continue;
    return true;
  }
  return false;
}
