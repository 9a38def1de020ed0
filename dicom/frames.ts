import { concatBytes } from './encode.ts';
import { DicomError } from './errors.ts';

/** Part of the value field of Pixel Data. */
export interface ByteRange {
  offset: number;
  length: number;
}

/** Where the value field of encapsulated Pixel Data is read from: memory, or a file of which only parts are wanted. */
export interface PixelDataSource {
  /** Bytes of the value field. */
  length: number;
  /** The bytes of a range that lies within; they hold until the next call. */
  read(offset: number, length: number): Uint8Array;
}

/** Encapsulated pixel data taken apart. */
interface FragmentIndex {
  basicOffsetTable: number[];
  fragments: Fragment[];
  /** Where offsets count from: the first fragment's item header. */
  base: number;
}

interface Fragment extends ByteRange {
  headerOffset: number;
  /** Begins with the start marker of a JPEG or JPEG 2000 codestream. */
  isStart: boolean;
}

/** What is known of pixel data in memory, kept for as long as its bytes are. */
interface KnownFrames {
  index: FragmentIndex;
  /** The fragments of each frame, by the offset table or number of frames that was asked for last. */
  key: readonly number[] | number;
  frames: ByteRange[][];
}

const ITEM = 0xe000;
const DELIMITER = 0xe0dd;
const HEADER_BYTES = 8;
const MAX_FRAGMENTS = 1_000_000;

const known = new WeakMap<Uint8Array, KnownFrames>();

/**
 * The codestream of one frame of encapsulated pixel data in memory: see `locateFrames`.
 * @param pixelData the value field, from the basic offset table's item on; a final delimiter may be there or not
 * @throws DicomError `pixel-data-damaged`, `too-large`
 */
export function frameBytes(
  pixelData: Uint8Array,
  frame: number,
  numberOfFrames: number,
  extendedOffsets?: readonly number[],
): Uint8Array {
  const key = extendedOffsets !== undefined && extendedOffsets.length > 0 ? extendedOffsets : numberOfFrames;
  let entry = known.get(pixelData);
  if (entry?.key !== key) {
    const index = entry?.index ?? indexFragments(sourceOf(pixelData));
    entry = { index, key, frames: groupFragments(index, numberOfFrames, extendedOffsets) };
    known.set(pixelData, entry);
  }
  const ranges = entry.frames[frame];
  if (ranges === undefined) throw new DicomError('pixel-data-damaged', 'fewer frames than stated');
  const parts = ranges.map(({ offset, length }) => pixelData.subarray(offset, offset + length));
  return parts.length === 1 ? parts[0]! : concatBytes(parts);
}

/**
 * Where the fragments of each frame lie, found by reading the offset table and the headers of fragments. PS3.5 A.4
 *
 * Frames are told apart by the extended offset table if given, else by the basic one, else one fragment a frame, else
 * by the codestreams' start markers, which cannot occur within a codestream's coded data.
 * @throws DicomError `pixel-data-damaged`, `too-large`
 */
export function locateFrames(
  source: PixelDataSource,
  numberOfFrames: number,
  extendedOffsets?: readonly number[],
): ByteRange[][] {
  return groupFragments(indexFragments(source), numberOfFrames, extendedOffsets);
}

function sourceOf(pixelData: Uint8Array): PixelDataSource {
  return {
    length: pixelData.length,
    read: (offset, length) => pixelData.subarray(offset, offset + length),
  };
}

function indexFragments(source: PixelDataSource): FragmentIndex {
  const fragments: Fragment[] = [];
  let basicOffsetTable: number[] = [];
  let base = -1;
  let at = 0;
  while (at + HEADER_BYTES <= source.length) {
    // With the first two bytes of what is in it.
    const bytes = source.read(at, Math.min(HEADER_BYTES + 2, source.length - at));
    const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const element = header.getUint16(2, true);
    if (header.getUint16(0, true) !== 0xfffe) throw new DicomError('pixel-data-damaged', 'no fragment');
    if (element === DELIMITER) break;
    const length = header.getUint32(4, true);
    if (element !== ITEM || length > source.length - at - HEADER_BYTES) {
      throw new DicomError('pixel-data-damaged', 'a fragment is cut off');
    }
    const offset = at + HEADER_BYTES;
    if (base < 0) {
      if (length > 4 * MAX_FRAGMENTS) throw new DicomError('too-large', 'too many fragments');
      basicOffsetTable = readOffsetTable(source.read(offset, length));
      base = offset + length;
    } else {
      const isStart =
        length >= 2 && bytes[HEADER_BYTES] === 0xff && [0xd8, 0x4f].includes(bytes[HEADER_BYTES + 1]!);
      fragments.push({ headerOffset: at, offset, length, isStart });
    }
    if (fragments.length > MAX_FRAGMENTS) throw new DicomError('too-large', 'too many fragments');
    at = offset + length;
  }
  if (fragments.length === 0) throw new DicomError('pixel-data-damaged', 'no fragment');
  return { basicOffsetTable, fragments, base };
}

function readOffsetTable(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 2 }, (_, index) => view.getUint32(4 * index, true));
}

function groupFragments(
  { basicOffsetTable, fragments, base }: FragmentIndex,
  numberOfFrames: number,
  extendedOffsets: readonly number[] | undefined,
): ByteRange[][] {
  const group = (starts: readonly number[]) =>
    starts.map((start, index) => fragments.slice(start, starts[index + 1] ?? fragments.length));
  for (const offsets of [extendedOffsets, basicOffsetTable]) {
    if (offsets === undefined || offsets.length !== numberOfFrames) continue;
    const starts = startsOf(offsets, fragments, base);
    // A table that does not point at fragments is worth nothing: go by the fragments themselves.
    if (starts !== undefined) return group(starts);
  }
  if (numberOfFrames === 1) return [fragments];
  if (fragments.length === numberOfFrames) return fragments.map((fragment) => [fragment]);
  const starts = fragments.flatMap(({ isStart }, index) => (isStart ? [index] : []));
  if (starts[0] !== 0 || starts.length !== numberOfFrames) {
    throw new DicomError('pixel-data-damaged', 'fragments cannot be assigned to frames');
  }
  return group(starts);
}

function startsOf(
  offsets: readonly number[],
  fragments: readonly Fragment[],
  base: number,
): number[] | undefined {
  const starts: number[] = [];
  let next = 0;
  for (const offset of offsets) {
    while (next < fragments.length && fragments[next]!.headerOffset < base + offset) next += 1;
    if (fragments[next]?.headerOffset !== base + offset) return undefined;
    starts.push(next);
    next += 1;
  }
  return starts[0] === 0 ? starts : undefined;
}
