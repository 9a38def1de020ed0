/** Reads single slices of de-identified files, by the offsets that their records tell. */
import fs from 'node:fs';
import { DicomError } from '../dicom/errors.ts';
import { type ByteRange, locateFrames } from '../dicom/frames.ts';
import { decodeCodestream, decodeFrame, type PixelFormat, type StoredPixels } from '../dicom/pixels.ts';
import { TRANSFER_SYNTAXES } from '../dicom/uids.ts';
import type { SourceSlice } from '../stages/preprocess/preprocess-volume.ts';
import type { ImageDescription, InstanceRecord } from '../stages/records.ts';

/** A slice as it was read. */
export interface ReadSlice extends SourceSlice {
  /** Bits above Bits Stored are in use; never so for native pixels, which de-identification looked at. */
  bitsUsedAbove: boolean;
}

interface OpenFile {
  file: string;
  descriptor: number;
  /** Where the fragments of each frame lie, relative to the pixel data; looked up when first needed. */
  frames: ByteRange[][] | null;
}

/**
 * Reads frames of one file after another, and of each frame its own bytes alone. The file that was read last stays
 * open, with what is known of its frames: a multi-frame image is a whole stack.
 */
export class SliceReader {
  #open: OpenFile | null = null;
  /** Bytes read from files so far. */
  bytesRead = 0;

  /**
   * Stored pixels of one frame of a de-identified file. `loadCodec` was awaited for its transfer syntax.
   * @param destination takes the stored values, which are then used where they lie
   * @throws DicomError when the file is cut off or its pixels cannot be decoded
   */
  read(
    file: string,
    record: Pick<InstanceRecord, 'image' | 'transferSyntaxUid'>,
    frame: number,
    destination: Uint8Array,
  ): ReadSlice {
    const image = record.image!;
    const format = pixelFormatOf(image, record.transferSyntaxUid ?? '');
    const description = image.frames[frame]!;
    const { values, bitsUsedAbove } = image.pixelData.encapsulated
      ? decodeCodestream(this.#readFragments(file, image, frame), format, destination)
      : this.#readNative(file, image, format, frame, destination);
    return {
      values,
      bitsUsedAbove: image.pixelData.encapsulated && bitsUsedAbove,
      rescaleSlope: description.rescaleSlope ?? 1,
      rescaleIntercept: description.rescaleIntercept ?? 0,
    };
  }

  close(): void {
    if (this.#open !== null) fs.closeSync(this.#open.descriptor);
    this.#open = null;
  }

  #readNative(
    file: string,
    image: ImageDescription,
    format: PixelFormat,
    frame: number,
    destination: Uint8Array,
  ): StoredPixels {
    const frameBits = image.rows * image.columns * image.samplesPerPixel * image.bitsAllocated;
    // 12-bit packed frames may begin inside a byte, and bytes that are swapped in pairs inside a pair: read from the
    // nearest frame before that does not.
    const unit = format.transferSyntaxUid === TRANSFER_SYNTAXES.explicitVrBigEndian ? 16 : 8;
    let first = frame;
    while ((first * frameBits) % unit !== 0) first -= 1;
    const count = frame - first + 1;
    const bytes = (Math.ceil((count * frameBits) / unit) * unit) / 8;
    const into = placeFor(bytes, destination);
    this.#readRange(file, image.pixelData.offset + (first * frameBits) / 8, into);
    // De-identification looked at the bits above Bits Stored of native pixels already.
    return decodeFrame(into, { ...format, numberOfFrames: count }, frame - first, { assumeCleanBits: true });
  }

  #readFragments(file: string, image: ImageDescription, frame: number): Uint8Array {
    const { offset: start, length: size } = image.pixelData;
    const opened = this.#openFile(file);
    opened.frames ??= locateFrames(
      {
        length: size,
        read: (offset, length) => this.#readRange(file, start + offset, new Uint8Array(length)),
      },
      image.frames.length,
    );
    const ranges = opened.frames[frame];
    if (ranges === undefined) throw new DicomError('pixel-data-damaged', 'fewer frames than stated');
    const codestream = new Uint8Array(ranges.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const { offset, length } of ranges) {
      this.#readRange(file, start + offset, codestream.subarray(at, at + length));
      at += length;
    }
    return codestream;
  }

  #readRange(file: string, offset: number, into: Uint8Array): Uint8Array {
    const { descriptor } = this.#openFile(file);
    let read = 0;
    while (read < into.length) {
      const count = fs.readSync(descriptor, into, read, into.length - read, offset + read);
      if (count === 0) throw new DicomError('truncated', 'in the pixel data');
      read += count;
    }
    this.bytesRead += read;
    return into;
  }

  #openFile(file: string): OpenFile {
    if (this.#open?.file === file) return this.#open;
    this.close();
    this.#open = { file, descriptor: fs.openSync(file, 'r'), frames: null };
    return this.#open;
  }
}

function pixelFormatOf(image: ImageDescription, transferSyntaxUid: string): PixelFormat {
  const { rows, columns, samplesPerPixel, photometricInterpretation, bitsAllocated, bitsStored, highBit } =
    image;
  const { pixelRepresentation, planarConfiguration, frames, pixelData } = image;
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
    pixelDataVr: pixelData.words ? 'OW' : 'OB',
  };
}

function placeFor(bytes: number, destination: Uint8Array): Uint8Array {
  return bytes <= destination.length ? destination.subarray(0, bytes) : new Uint8Array(bytes);
}
