/** Reads single slices of de-identified files, by the offsets that their records tell. */
import fs from 'node:fs';
import { DicomError } from '../dicom/errors.ts';
import { decodeFrame, type PixelFormat } from '../dicom/pixels.ts';
import type { SourceSlice } from '../stages/preprocess/preprocess-volume.ts';
import type { ImageDescription, InstanceRecord } from '../stages/records.ts';

/**
 * Stored pixels of one frame of a de-identified file.
 * @param destination takes the bytes of native pixels, which are then used where they lie
 * @throws DicomError when the file is cut off or its pixels cannot be decoded
 */
export function readSlice(
  file: string,
  record: InstanceRecord,
  frame: number,
  destination: Uint8Array,
): SourceSlice {
  const image = record.image!;
  const format = pixelFormatOf(image, record.transferSyntaxUid ?? '');
  const description = image.frames[frame]!;
  const { offset, length, encapsulated } = image.pixelData;
  const frameBytes = (image.rows * image.columns * image.samplesPerPixel * image.bitsAllocated) / 8;
  // Native frames are read one at a time; 12-bit packed ones may begin inside a byte and are cut by the decoder.
  const single = !encapsulated && Number.isInteger(frameBytes);
  const bytes = single
    ? readRange(file, offset + frame * frameBytes, placeFor(frameBytes, destination))
    : readRange(file, offset, new Uint8Array(length));
  // De-identification looked at the bits above Bits Stored of native pixels already.
  const { values } = single
    ? decodeFrame(bytes, { ...format, numberOfFrames: 1 }, 0, { assumeCleanBits: true })
    : decodeFrame(bytes, format, frame);
  return {
    values,
    rescaleSlope: description.rescaleSlope ?? 1,
    rescaleIntercept: description.rescaleIntercept ?? 0,
  };
}

function pixelFormatOf(image: ImageDescription, transferSyntaxUid: string): PixelFormat {
  const { rows, columns, samplesPerPixel, photometricInterpretation, bitsAllocated, bitsStored, highBit } =
    image;
  const { pixelRepresentation, planarConfiguration, frames } = image;
  return {
    rows,
    columns,
    samplesPerPixel,
    photometricInterpretation,
    bitsAllocated,
    bitsStored,
    highBit,
    pixelRepresentation,
    planarConfiguration,
    transferSyntaxUid,
    numberOfFrames: frames.length,
  };
}

function placeFor(bytes: number, destination: Uint8Array): Uint8Array {
  return bytes <= destination.length ? destination.subarray(0, bytes) : new Uint8Array(bytes);
}

function readRange(file: string, offset: number, into: Uint8Array): Uint8Array {
  const descriptor = fs.openSync(file, 'r');
  try {
    let read = 0;
    while (read < into.length) {
      const count = fs.readSync(descriptor, into, read, into.length - read, offset + read);
      if (count === 0) throw new DicomError('truncated', 'in the pixel data');
      read += count;
    }
    return into;
  } finally {
    fs.closeSync(descriptor);
  }
}
