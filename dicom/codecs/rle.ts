import { DicomError } from '../errors.ts';
import { placeFor } from './place.ts';

/**
 * RLE Lossless: PS3.5 annex G. Byte planes, the most significant first, each packed on its own.
 * @param into takes the values where it is large enough
 * @returns `pixels * samplesPerPixel` values of `bytesPerSample` bytes, little endian, samples of a pixel together
 * @throws DicomError `pixel-data-damaged`
 */
export function decodeRle(
  encoded: Uint8Array,
  pixels: number,
  samplesPerPixel: number,
  bytesPerSample: number,
  into?: Uint8Array,
): Uint8Array {
  const planes = samplesPerPixel * bytesPerSample;
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  if (encoded.length < 64 || view.getUint32(0, true) !== planes || planes > 15) {
    throw new DicomError('pixel-data-damaged', 'the RLE header');
  }
  const decoded = placeFor(pixels * planes, into);
  for (let plane = 0; plane < planes; plane += 1) {
    const start = view.getUint32(4 + 4 * plane, true);
    const end = plane + 1 < planes ? view.getUint32(8 + 4 * plane, true) : encoded.length;
    if (start < 64 || end < start || end > encoded.length) {
      throw new DicomError('pixel-data-damaged', 'an RLE segment');
    }
    const sample = Math.floor(plane / bytesPerSample);
    const byte = bytesPerSample - 1 - (plane % bytesPerSample);
    unpackPlane(encoded, start, end, decoded, sample * bytesPerSample + byte, planes, pixels);
  }
  return decoded;
}

/** PackBits, into every `stride`th byte from `first` on. */
function unpackPlane(
  encoded: Uint8Array,
  start: number,
  end: number,
  decoded: Uint8Array,
  first: number,
  stride: number,
  pixels: number,
): void {
  let at = start;
  let out = first;
  const past = first + pixels * stride;
  while (out < past) {
    if (at >= end) throw new DicomError('pixel-data-damaged', 'an RLE segment is too short');
    const control = encoded[at]!;
    at += 1;
    if (control < 128) {
      const stop = Math.min(at + control + 1, end);
      // Some writers pad the last run beyond the frame.
      for (; at < stop && out < past; at += 1) {
        decoded[out] = encoded[at]!;
        out += stride;
      }
    } else if (control > 128) {
      if (at >= end) throw new DicomError('pixel-data-damaged', 'an RLE segment is too short');
      const value = encoded[at]!;
      at += 1;
      for (let count = 257 - control; count > 0 && out < past; count -= 1) {
        decoded[out] = value;
        out += stride;
      }
    }
  }
}
