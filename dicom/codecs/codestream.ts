import { DicomError } from '../errors.ts';

/** What a codestream says of itself, read before a codec is trusted with it. */
export interface CodestreamHeader {
  rows: number;
  columns: number;
  components: number;
  /** Bits of a sample. */
  precision: number;
  /** JPEG 2000 alone can say so. */
  signed: boolean;
}

/**
 * The frame header of JPEG (SOF, ITU-T T.81 B.2.2) and JPEG-LS (SOF55, T.87 C.2.2).
 * @throws DicomError `pixel-data-damaged`, also where the end marker is missing: the decoder would invent the rest
 */
export function readJpegHeader(bytes: Uint8Array): CodestreamHeader {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw new DicomError('pixel-data-damaged', 'no start of image');
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) break;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const isFrame =
      (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) || marker === 0xf7;
    if (isFrame && at + 10 <= bytes.length) {
      if (!hasEndOfImage(bytes, at)) throw new DicomError('pixel-data-damaged', 'no end of image');
      return {
        precision: bytes[at + 4]!,
        rows: (bytes[at + 5]! << 8) | bytes[at + 6]!,
        columns: (bytes[at + 7]! << 8) | bytes[at + 8]!,
        components: bytes[at + 9]!,
        signed: false,
      };
    }
    // Start of scan or end of image before a frame header.
    if (marker === 0xda || marker === 0xd9) break;
    at += 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
  }
  throw new DicomError('pixel-data-damaged', 'no frame header');
}

/** FFD9 somewhere behind `from`: fragments are padded, and coded data cannot hold it. */
function hasEndOfImage(bytes: Uint8Array, from: number): boolean {
  for (let at = bytes.length - 2; at > from; at -= 1)
    if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  return false;
}

/**
 * The SIZ segment of a JPEG 2000 or HTJ2K codestream, bare or in a JP2 file. ISO/IEC 15444-1 A.5.1
 * @throws DicomError `pixel-data-damaged`, also where a tile-part is longer than what is there: decoders are lenient
 * with that and invent the rest
 */
export function readJpeg2000Header(bytes: Uint8Array): CodestreamHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = findCodestream(view);
  if (start + 51 > bytes.length || view.getUint32(start) !== 0xff4fff51) {
    throw new DicomError('pixel-data-damaged', 'no start of codestream');
  }
  const width = view.getUint32(start + 8) - view.getUint32(start + 16);
  const height = view.getUint32(start + 12) - view.getUint32(start + 20);
  const components = view.getUint16(start + 40);
  const depth = view.getUint8(start + 42);
  checkTileParts(view, start);
  return {
    rows: height,
    columns: width,
    components,
    precision: (depth & 0x7f) + 1,
    signed: (depth & 0x80) !== 0,
  };
}

/** Skips the boxes of a JP2 file up to `jp2c`. */
function findCodestream(view: DataView): number {
  if (view.byteLength < 12 || view.getUint32(4) !== 0x6a502020) return 0;
  let at = 0;
  while (at + 8 <= view.byteLength) {
    const length = view.getUint32(at);
    const type = view.getUint32(at + 4);
    if (type === 0x6a703263) return at + (length === 1 ? 16 : 8);
    if (length < 8) break;
    at += length;
  }
  return view.byteLength;
}

/** Walks the main header to the first SOT, then from tile-part to tile-part by their stated lengths. */
function checkTileParts(view: DataView, start: number): void {
  let at = start + 2;
  while (at + 12 <= view.byteLength) {
    const marker = view.getUint16(at);
    if (marker === 0xff90) {
      const length = view.getUint32(at + 6);
      // 0: up to the end of the codestream.
      if (length === 0) return;
      if (length < 14) break;
      at += length;
      if (at > view.byteLength) break;
      if (view.byteLength - at < 12) return;
    } else if (marker === 0xffd9) return;
    else if (marker >> 8 === 0xff) at += 2 + view.getUint16(at + 2);
    else break;
  }
  throw new DicomError('pixel-data-damaged', 'a tile-part is cut off');
}
