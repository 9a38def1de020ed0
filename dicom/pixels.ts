import type { DicomFile } from './dataset.ts';
import { DicomError } from './errors.ts';

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
  /** 0: R1 G1 B1 R2 …; 1: all R, all G, all B. Of native and RLE pixels. */
  planarConfiguration: number;
  transferSyntaxUid: string;
  numberOfFrames: number;
}

/** Stored values of one frame: before rescale, padding and photometric interpretation. */
export interface StoredPixels {
  /**
   * `rows * columns * samplesPerPixel` values, row by row, the samples of a pixel together. Sign-extended from Bits
   * Stored. Where that needs no work it is a view into the pixel data: copy before you write.
   */
  values: Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;
  /** Native pixels alone: bits above Bits Stored are set and no copies of the sign (an embedded overlay of old). */
  bitsUsedAbove: boolean;
}

/** Where the frames of encapsulated pixel data begin, from (7FE0,0001): PS3.3 C.7.6.3.1.8. */
export type ExtendedOffsets = readonly number[];

/**
 * Loads what the transfer syntax needs; a second call returns at once. `decodeFrame` is synchronous and needs it.
 * @throws DicomError `transfer-syntax-unsupported`
 */
export async function loadCodec(_transferSyntaxUid: string): Promise<void> {}

/**
 * Decodes one frame.
 * @param pixelData the value field of Pixel Data (7FE0,0010); encapsulated: from the basic offset table's item on
 * @param frame from 0
 * @throws DicomError `pixel-data-damaged`, `pixel-format-unsupported`, `transfer-syntax-unsupported`, `too-large`
 */
export function decodeFrame(
  _pixelData: Uint8Array,
  _format: PixelFormat,
  _frame: number,
  _offsets?: ExtendedOffsets,
): StoredPixels {
  throw new DicomError('transfer-syntax-unsupported');
}

/**
 * The pixel format of a parsed file.
 * @throws DicomError `pixel-format-unsupported` where an attribute is missing or outside what the standard allows
 */
export function readPixelFormat(_file: DicomFile): PixelFormat {
  throw new DicomError('pixel-format-unsupported');
}
