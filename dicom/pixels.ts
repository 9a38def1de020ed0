import { createRequire } from 'node:module';
import { type CodestreamHeader, readJpeg2000Header, readJpegHeader } from './codecs/codestream.ts';
import { EmscriptenCodec } from './codecs/emscripten-codec.ts';
import { JpegCodec } from './codecs/jpeg-codec.ts';
import { decodeRle } from './codecs/rle.ts';
import { DicomError } from './errors.ts';
import { frameBytes } from './frames.ts';
import type { PixelFormat } from './pixel-format.ts';
import {
  type BitLayout,
  extendSign,
  type StoredPixels,
  type StoredValues,
  swapBytes,
  toContainer,
  toLossyPixels,
  toStoredPixels,
  unpackBits,
  viewAs,
} from './stored-values.ts';
import { isLossy, isSupportedTransferSyntax, TRANSFER_SYNTAXES } from './uids.ts';

export { type PixelFormat, pixelDataOf, readExtendedOffsets, readPixelFormat } from './pixel-format.ts';
export type { StoredPixels, StoredValues } from './stored-values.ts';

export interface DecodeOptions {
  /** Extended Offset Table (7FE0,0001), see `readExtendedOffsets`. */
  offsets?: readonly number[] | undefined;
  /**
   * Native unsigned pixels: the caller knows that no bits above Bits Stored are in use (an earlier call said so), and
   * saves the look at each value. Signed ones are looked at all the same, for their sign.
   */
  assumeCleanBits?: boolean;
  /**
   * Takes what a codec decodes, where it is large enough, and `values` is then a view into it: saves a copy for whoever
   * wants the pixels at a certain place.
   */
  into?: Uint8Array | undefined;
}

type CodecFamily = 'jpeg' | 'jpeg-ls' | 'jpeg-2000' | 'htj2k';

/** Bytes of a decoded frame: no CT comes near, and a header must not make us reserve memory at will. */
const MAX_FRAME_BYTES = 512 * 1024 * 1024;

const FAMILIES = new Map<string, CodecFamily>([
  [TRANSFER_SYNTAXES.jpegBaseline, 'jpeg'],
  [TRANSFER_SYNTAXES.jpegExtended, 'jpeg'],
  [TRANSFER_SYNTAXES.jpegLossless, 'jpeg'],
  [TRANSFER_SYNTAXES.jpegLosslessFirstOrder, 'jpeg'],
  [TRANSFER_SYNTAXES.jpegLsLossless, 'jpeg-ls'],
  [TRANSFER_SYNTAXES.jpegLsNearLossless, 'jpeg-ls'],
  [TRANSFER_SYNTAXES.jpeg2000Lossless, 'jpeg-2000'],
  [TRANSFER_SYNTAXES.jpeg2000, 'jpeg-2000'],
  [TRANSFER_SYNTAXES.htj2kLossless, 'htj2k'],
  [TRANSFER_SYNTAXES.htj2kLosslessRpcl, 'htj2k'],
  [TRANSFER_SYNTAXES.htj2k, 'htj2k'],
]);

const loading = new Map<CodecFamily, Promise<void>>();
let jpeg: JpegCodec | undefined;
const emscripten = new Map<CodecFamily, EmscriptenCodec>();

/**
 * Loads what the transfer syntax needs, once a process: `decodeFrame` is synchronous and relies on it.
 * @throws DicomError `transfer-syntax-unsupported`
 */
export async function loadCodec(transferSyntaxUid: string): Promise<void> {
  if (!isSupportedTransferSyntax(transferSyntaxUid)) throw new DicomError('transfer-syntax-unsupported');
  const family = FAMILIES.get(transferSyntaxUid);
  if (family === undefined) return;
  let promise = loading.get(family);
  if (promise === undefined) {
    promise = loadFamily(family);
    loading.set(family, promise);
  }
  await promise;
}

async function loadFamily(family: CodecFamily): Promise<void> {
  const { resolve } = createRequire(import.meta.url);
  if (family === 'jpeg') {
    jpeg = await JpegCodec.load(resolve('dcmjs-codecs/build/dcmjs-native-codecs.wasm'));
  } else if (family === 'jpeg-ls') {
    const { default: factory } = await import('@cornerstonejs/codec-charls/decodewasmjs');
    const wasm = resolve('@cornerstonejs/codec-charls/decodewasm');
    emscripten.set(family, await EmscriptenCodec.load(factory, wasm, 'JpegLSDecoder'));
  } else if (family === 'jpeg-2000') {
    const { default: factory } = await import('@cornerstonejs/codec-openjpeg/decodewasmjs');
    const wasm = resolve('@cornerstonejs/codec-openjpeg/decodewasm');
    emscripten.set(family, await EmscriptenCodec.load(factory, wasm, 'J2KDecoder'));
  } else {
    const { default: factory } = await import('@cornerstonejs/codec-openjph/wasmjs');
    const wasm = resolve('@cornerstonejs/codec-openjph/wasm');
    emscripten.set(family, await EmscriptenCodec.load(factory, wasm, 'HTJ2KDecoder'));
  }
}

/**
 * Decodes one frame. Colour samples come as they are stored, without conversion.
 * @param pixelData the value field of Pixel Data (7FE0,0010); encapsulated: from the basic offset table's item on
 * @param frame from 0
 * @throws DicomError `pixel-data-damaged` (also: fewer bytes or frames than stated, other sizes in the codestream than
 * in the header), `pixel-format-unsupported`, `transfer-syntax-unsupported`, `too-large`
 * @throws Error where `loadCodec` was not awaited before: a mistake in the program
 */
export function decodeFrame(
  pixelData: Uint8Array,
  format: PixelFormat,
  frame: number,
  options: DecodeOptions = {},
): StoredPixels {
  checkFormat(format);
  if (!Number.isInteger(frame) || frame < 0 || frame >= format.numberOfFrames) {
    throw new DicomError('pixel-data-damaged', 'no such frame');
  }
  if (!isSupportedTransferSyntax(format.transferSyntaxUid))
    throw new DicomError('transfer-syntax-unsupported');
  if (isEncapsulated(format.transferSyntaxUid)) {
    const encoded = frameBytes(pixelData, frame, format.numberOfFrames, options.offsets);
    return decodeCodestream(encoded, format, options.into);
  }
  const values = readNativeFrame(pixelData, format, frame);
  const layout = layoutOf(format);
  const isClean = options.assumeCleanBits === true && !layout.signed && format.highBit < format.bitsStored;
  return isClean ? { values, bitsUsedAbove: false } : toStoredPixels(values, layout);
}

/**
 * Decodes one frame from its own bytes: the fragments that `locateFrames` found, joined.
 * @param into see `DecodeOptions`
 * @throws as `decodeFrame`
 */
export function decodeCodestream(encoded: Uint8Array, format: PixelFormat, into?: Uint8Array): StoredPixels {
  checkFormat(format);
  const { transferSyntaxUid } = format;
  const layout = layoutOf(format);
  if (transferSyntaxUid === TRANSFER_SYNTAXES.rleLossless)
    return toStoredPixels(decodeRleFrame(encoded, format, into), layout);
  if (transferSyntaxUid === TRANSFER_SYNTAXES.encapsulatedUncompressed)
    return toStoredPixels(readNativeFrame(encoded, format, 0), layout);
  const family = FAMILIES.get(transferSyntaxUid);
  if (family === undefined) throw new DicomError('transfer-syntax-unsupported');
  const decoded = decodeCompressed(encoded, format, family, into);
  return isLossy(transferSyntaxUid) ? toLossyPixels(decoded, layout) : toStoredPixels(decoded, layout);
}

function isEncapsulated(transferSyntaxUid: string): boolean {
  return (
    FAMILIES.has(transferSyntaxUid) ||
    transferSyntaxUid === TRANSFER_SYNTAXES.rleLossless ||
    transferSyntaxUid === TRANSFER_SYNTAXES.encapsulatedUncompressed
  );
}

function layoutOf({ bitsStored, highBit, pixelRepresentation }: PixelFormat): BitLayout {
  return { bitsStored, highBit, signed: pixelRepresentation === 1 };
}

function checkFormat(format: PixelFormat): void {
  const { rows, columns, samplesPerPixel, bitsAllocated, bitsStored } = format;
  const whole = [rows, columns, samplesPerPixel, bitsAllocated, bitsStored].every(Number.isInteger);
  const sane =
    whole &&
    rows >= 1 &&
    columns >= 1 &&
    rows <= 65535 &&
    columns <= 65535 &&
    (samplesPerPixel === 1 || samplesPerPixel === 3 || samplesPerPixel === 4) &&
    bitsAllocated >= 1 &&
    bitsAllocated <= 32 &&
    bitsStored >= 1 &&
    bitsStored <= bitsAllocated;
  if (!sane) throw new DicomError('pixel-format-unsupported');
  if ((rows * columns * samplesPerPixel * Math.max(8, bitsAllocated)) / 8 > MAX_FRAME_BYTES) {
    throw new DicomError('too-large', 'a frame');
  }
}

/** Native pixels: PS3.5 section 8.1 and annex A. */
function readNativeFrame(pixelData: Uint8Array, format: PixelFormat, frame: number): StoredValues {
  const { samplesPerPixel, bitsAllocated } = format;
  if (format.photometricInterpretation === 'YBR_FULL_422') {
    throw new DicomError('pixel-format-unsupported', 'subsampled colour');
  }
  const signed = format.pixelRepresentation === 1;
  const count = format.rows * format.columns * samplesPerPixel;
  const bigEndian = format.transferSyntaxUid === TRANSFER_SYNTAXES.explicitVrBigEndian;
  let values: StoredValues;
  if (bitsAllocated !== 8 && bitsAllocated !== 16 && bitsAllocated !== 32) {
    const words = bigEndian && format.pixelDataVr === 'OW';
    values = unpackBits(
      words ? swapBytes(pixelData, 2) : pixelData,
      frame * count,
      count,
      bitsAllocated,
      signed,
    );
  } else {
    const size = bitsAllocated / 8;
    const start = frame * count * size;
    // Bytes of 8-bit samples in OW are written in pairs, and swapped in them. PS3.5 section 8.1.2
    const swap = bigEndian ? (size === 1 && format.pixelDataVr === 'OW' ? 2 : size) : 1;
    const from = start - (start % swap);
    const past = Math.ceil((start + count * size) / swap) * swap;
    if (start + count * size > pixelData.length) {
      throw new DicomError('pixel-data-damaged', 'pixel data is too short');
    }
    const bytes = pixelData.subarray(from, past);
    const swapped = swap > 1 ? swapBytes(bytes, swap) : bytes;
    values = viewAs(swapped.subarray(start - from, start - from + count * size), bitsAllocated, signed);
  }
  return samplesPerPixel > 1 && format.planarConfiguration === 1
    ? interleave(values, samplesPerPixel)
    : values;
}

function interleave(planes: StoredValues, samplesPerPixel: number): StoredValues {
  const values = planes.slice();
  const pixels = planes.length / samplesPerPixel;
  for (let sample = 0; sample < samplesPerPixel; sample += 1) {
    for (let pixel = 0; pixel < pixels; pixel += 1) {
      values[pixel * samplesPerPixel + sample] = planes[sample * pixels + pixel]!;
    }
  }
  return values;
}

function decodeRleFrame(encoded: Uint8Array, format: PixelFormat, into?: Uint8Array): StoredValues {
  const { rows, columns, samplesPerPixel, bitsAllocated } = format;
  if (bitsAllocated !== 8 && bitsAllocated !== 16 && bitsAllocated !== 32) {
    throw new DicomError('pixel-format-unsupported', 'RLE of samples that are not whole bytes');
  }
  const bytes = decodeRle(encoded, rows * columns, samplesPerPixel, bitsAllocated / 8, into);
  return viewAs(bytes, bitsAllocated, format.pixelRepresentation === 1);
}

function decodeCompressed(
  encoded: Uint8Array,
  format: PixelFormat,
  family: CodecFamily,
  into: Uint8Array | undefined,
): StoredValues {
  const isJpeg = family === 'jpeg' || family === 'jpeg-ls';
  const header = isJpeg ? readJpegHeader(encoded) : readJpeg2000Header(encoded);
  checkHeader(header, format);
  const bytes = runCodec(encoded, format, family, header, into);
  const size = header.precision > 8 ? 2 : 1;
  if (bytes.length !== format.rows * format.columns * format.samplesPerPixel * size) {
    throw new DicomError('pixel-data-damaged', 'the codec gave another size');
  }
  const signed = format.pixelRepresentation === 1;
  const values = viewAs(bytes, 8 * size, signed);
  extendSign(values, header.precision, signed);
  return toContainer(values, format.bitsAllocated, signed);
}

/** A codec reserves memory by its codestream's word, so that must agree with the header first. */
function checkHeader(header: CodestreamHeader, format: PixelFormat): void {
  if (header.rows !== format.rows || header.columns !== format.columns) {
    throw new DicomError('pixel-data-damaged', 'rows and columns of the codestream differ');
  }
  if (header.components !== format.samplesPerPixel) {
    throw new DicomError('pixel-data-damaged', 'samples of the codestream differ');
  }
  if (header.precision > 16 || header.precision > Math.max(8, format.bitsAllocated)) {
    throw new DicomError('pixel-format-unsupported', 'precision of the codestream');
  }
}

function runCodec(
  encoded: Uint8Array,
  format: PixelFormat,
  family: CodecFamily,
  header: CodestreamHeader,
  into: Uint8Array | undefined,
): Uint8Array {
  if (family === 'jpeg') {
    if (jpeg === undefined) throw new Error('loadCodec was not awaited');
    const { rows, columns, samplesPerPixel } = format;
    return jpeg.decode(encoded, { rows, columns, samplesPerPixel, precision: header.precision }, into);
  }
  const codec = emscripten.get(family);
  if (codec === undefined) throw new Error('loadCodec was not awaited');
  const { info, bytes } = codec.decode(encoded, into);
  const same =
    info.width === header.columns &&
    info.height === header.rows &&
    info.componentCount === header.components &&
    info.bitsPerSample === header.precision;
  if (!same) throw new DicomError('pixel-data-damaged', 'the codec could not read the codestream');
  return bytes;
}
