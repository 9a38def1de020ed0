import { DicomError } from './errors.ts';

/** Stored values of one frame: before rescale, padding and photometric interpretation. */
export interface StoredPixels {
  /**
   * `rows * columns * samplesPerPixel` values, row by row, the samples of a pixel together. Signed arrays where Pixel
   * Representation is 1, sign-extended from Bits Stored. Where that needs no work it is a view into the pixel data:
   * copy before you write.
   */
  values: StoredValues;
  /** Bits above Bits Stored are set and are no copies of the sign (an embedded overlay of old). */
  bitsUsedAbove: boolean;
}

export type StoredValues = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

/** Bits of the values within their container. */
export interface BitLayout {
  bitsStored: number;
  highBit: number;
  signed: boolean;
}

/** A view of `bytes` as integers of the container's size; a copy where they do not lie on a boundary. */
export function viewAs(bytes: Uint8Array, bitsAllocated: number, signed: boolean): StoredValues {
  const size = bitsAllocated / 8;
  // Not `bytes.slice()`: of a Buffer that is no copy.
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  const { buffer, byteOffset } = aligned;
  const length = Math.floor(bytes.length / size);
  if (size === 1)
    return signed ? new Int8Array(buffer, byteOffset, length) : new Uint8Array(buffer, byteOffset, length);
  if (size === 2) {
    return signed ? new Int16Array(buffer, byteOffset, length) : new Uint16Array(buffer, byteOffset, length);
  }
  return signed ? new Int32Array(buffer, byteOffset, length) : new Uint32Array(buffer, byteOffset, length);
}

/** Copies `bytes` with the bytes of each number reversed. */
export function swapBytes(bytes: Uint8Array, size: number): Uint8Array {
  // `Buffer.from` copies; its swaps are native code.
  const copy = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % size)));
  if (size === 2) copy.swap16();
  else if (size === 4) copy.swap32();
  return copy;
}

/**
 * Values as Bits Stored, High Bit and Pixel Representation define them (PS3.5 section 8.1.1), with what stands above
 * cut off. Unchanged, without a copy, where the container holds nothing else: the usual case.
 */
export function toStoredPixels(container: StoredValues, layout: BitLayout): StoredPixels {
  const { bitsStored, signed } = layout;
  const bits = container.BYTES_PER_ELEMENT * 8;
  // High Bit must be Bits Stored - 1 since 2014; older images may stand higher. An impossible one is ignored.
  const shift = layout.highBit >= bitsStored && layout.highBit < bits ? layout.highBit + 1 - bitsStored : 0;
  if (bitsStored >= bits) return { values: container, bitsUsedAbove: false };
  const outside = shift > 0 || isOutside(container, bitsStored, signed);
  if (!outside) return { values: container, bitsUsedAbove: false };

  const values = container.slice();
  const up = 32 - bitsStored - shift;
  const down = 32 - bitsStored;
  // What stands above a negative value where the sign was extended.
  const fill = mask(bits - shift - bitsStored);
  let bitsUsedAbove = false;
  for (let index = 0; index < container.length; index += 1) {
    const raw = container[index]!;
    const value = signed ? (raw << up) >> down : (raw << up) >>> down;
    values[index] = value;
    const above = (raw >>> (shift + bitsStored)) & fill;
    if (above !== 0 && !(signed && value < 0 && above === fill)) bitsUsedAbove = true;
  }
  return { values, bitsUsedAbove };
}

/**
 * Of lossy codecs, whose error may overshoot the range of Bits Stored by a little (a container of 16 bits around 12):
 * values stay as decoded, since cutting bits off would turn the brightest into the darkest. What lies further outside
 * than a sixteenth of the range is no such error.
 */
export function toLossyPixels(values: StoredValues, layout: BitLayout): StoredPixels {
  const range = 2 ** layout.bitsStored;
  const lowest = (layout.signed ? -range / 2 : 0) - range / 16;
  const highest = (layout.signed ? range / 2 : range) + range / 16;
  let bitsUsedAbove = false;
  for (let index = 0; index < values.length && !bitsUsedAbove; index += 1) {
    bitsUsedAbove = values[index]! < lowest || values[index]! > highest;
  }
  return { values, bitsUsedAbove };
}

/** Some value is not what Bits Stored can hold. */
function isOutside(container: StoredValues, bitsStored: number, signed: boolean): boolean {
  let seen = 0;
  if (signed) {
    // Moved up by half the range, what fits has no bits above.
    const offset = 2 ** (bitsStored - 1);
    for (let index = 0; index < container.length; index += 1) seen |= container[index]! + offset;
    return (seen & ~mask(bitsStored)) !== 0;
  }
  if (container instanceof Uint16Array) {
    // Two at a time, from the first boundary of four bytes on.
    const first = container.byteOffset % 4 === 0 ? 0 : 1;
    const count = Math.max(0, container.length - first) >> 1;
    const pairs = new Uint32Array(container.buffer, container.byteOffset + 2 * first, count);
    for (let index = 0; index < count; index += 1) seen |= pairs[index]!;
    seen |= (seen >>> 16) | container[0]! | container[container.length - 1]!;
    return (seen & 0xffff & ~mask(bitsStored)) !== 0;
  }
  for (let index = 0; index < container.length; index += 1) seen |= container[index]!;
  return (seen & ~mask(bitsStored)) !== 0;
}

/** The lowest `bits` bits. */
function mask(bits: number): number {
  return bits >= 32 ? -1 : 2 ** bits - 1;
}

/**
 * Reads what a codec gave: the low `precision` bits count, signed by Pixel Representation and not by the codestream,
 * which cannot say so (JPEG, JPEG-LS) or differs from it (JPEG 2000). Writes in place.
 */
export function extendSign(values: StoredValues, precision: number, signed: boolean): void {
  const bits = values.BYTES_PER_ELEMENT * 8;
  if (precision >= bits) return;
  const up = 32 - precision;
  if (signed)
    for (let index = 0; index < values.length; index += 1) values[index] = (values[index]! << up) >> up;
  else for (let index = 0; index < values.length; index += 1) values[index] = (values[index]! << up) >>> up;
}

/** Widens or narrows to the container of Bits Allocated, so that the type of `values` follows from the header. */
export function toContainer(values: StoredValues, bitsAllocated: number, signed: boolean): StoredValues {
  const bits = values.BYTES_PER_ELEMENT * 8;
  if (bits >= bitsAllocated) return values;
  if (bitsAllocated <= 16) return signed ? Int16Array.from(values) : Uint16Array.from(values);
  return signed ? Int32Array.from(values) : Uint32Array.from(values);
}

/**
 * Unpacks samples that are not whole bytes: 12 bits, two samples in three bytes; also 1 bit. PS3.5 section 8.1.1 and
 * annex D: samples follow each other from the low bit up, also across frames.
 */
export function unpackBits(
  bytes: Uint8Array,
  firstSample: number,
  count: number,
  bitsAllocated: number,
  signed: boolean,
): StoredValues {
  if (Math.ceil(((firstSample + count) * bitsAllocated) / 8) > bytes.length) {
    throw new DicomError('pixel-data-damaged', 'pixel data is too short');
  }
  const values = containerFor(bitsAllocated, signed, count);
  let bit = firstSample * bitsAllocated;
  for (let index = 0; index < count; index += 1) {
    let value = 0;
    for (let got = 0; got < bitsAllocated; ) {
      const take = Math.min(8 - (bit & 7), bitsAllocated - got);
      value |= ((bytes[Math.floor(bit / 8)]! >> (bit & 7)) & mask(take)) << got;
      got += take;
      bit += take;
    }
    values[index] = value;
  }
  if (signed) extendSign(values, bitsAllocated, true);
  return values;
}

function containerFor(bits: number, signed: boolean, length: number): StoredValues {
  if (bits <= 8) return signed ? new Int8Array(length) : new Uint8Array(length);
  if (bits <= 16) return signed ? new Int16Array(length) : new Uint16Array(length);
  return signed ? new Int32Array(length) : new Uint32Array(length);
}
