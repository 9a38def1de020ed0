import type { DicomElement, DicomFile } from './dataset.ts';
import { DicomError } from './errors.ts';
import { TAGS } from './tags.ts';
import { getNumber, getString, valueBytes } from './values.ts';

/** The attributes of the Image Pixel Module (PS3.3 C.7.6.3) that decoding needs. */
export interface PixelFormat {
  rows: number;
  columns: number;
  samplesPerPixel: number;
  photometricInterpretation: string;
  bitsAllocated: number;
  bitsStored: number;
  highBit: number;
  /** 0 unsigned, 1 two's complement. */
  pixelRepresentation: number;
  /** 0: R1 G1 B1 R2 …; 1: all R, all G, all B. Of native pixels. */
  planarConfiguration: number;
  transferSyntaxUid: string;
  numberOfFrames: number;
  /** VR of Pixel Data: big endian files write bytes in pairs where it is OW. */
  pixelDataVr?: string;
}

/**
 * The pixel format of a parsed file.
 * @throws DicomError `pixel-format-unsupported` where an attribute is missing or is no number
 */
export function readPixelFormat(file: DicomFile): PixelFormat {
  const { dataset } = file;
  const number = (tagNumber: number, fallback?: number): number => {
    const value = getNumber(file, dataset, tagNumber) ?? fallback;
    if (value === undefined) throw new DicomError('pixel-format-unsupported', 'an attribute is missing');
    return value;
  };
  const bitsAllocated = number(TAGS.BitsAllocated);
  const bitsStored = number(TAGS.BitsStored, bitsAllocated);
  const pixelDataVr = dataset.elements.get(TAGS.PixelData)?.vr;
  return {
    rows: number(TAGS.Rows),
    columns: number(TAGS.Columns),
    samplesPerPixel: number(TAGS.SamplesPerPixel, 1),
    photometricInterpretation: getString(file, dataset, TAGS.PhotometricInterpretation) ?? '',
    bitsAllocated,
    bitsStored,
    highBit: number(TAGS.HighBit, bitsStored - 1),
    pixelRepresentation: number(TAGS.PixelRepresentation, 0),
    planarConfiguration: number(TAGS.PlanarConfiguration, 0),
    transferSyntaxUid: file.transferSyntaxUid,
    numberOfFrames: number(TAGS.NumberOfFrames, 1),
    ...(pixelDataVr === undefined ? {} : { pixelDataVr }),
  };
}

/**
 * The value field of Pixel Data, as `decodeFrame` takes it.
 * @throws DicomError `pixel-data-missing`
 */
export function pixelDataOf(file: DicomFile): Uint8Array {
  const element = file.dataset.elements.get(TAGS.PixelData);
  if (element === undefined || element.length === 0) throw new DicomError('pixel-data-missing');
  return valueBytes(file, element);
}

/** Extended Offset Table (7FE0,0001), 64-bit offsets as numbers; undefined where there is none. PS3.3 C.7.6.3.1.8 */
export function readExtendedOffsets(file: DicomFile): number[] | undefined {
  const element: DicomElement | undefined = file.dataset.elements.get(TAGS.ExtendedOffsetTable);
  if (element === undefined || element.length === 0 || element.length % 8 !== 0) return undefined;
  const bytes = valueBytes(file, element);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offsets: number[] = [];
  for (let at = 0; at < bytes.length; at += 8)
    offsets.push(Number(view.getBigUint64(at, file.dataset.littleEndian)));
  return offsets;
}
