import { concatBytes } from './encode.ts';
import { DicomError } from './errors.ts';

/** Encapsulated pixel data taken apart, kept for as long as its bytes are. */
interface FragmentIndex {
  basicOffsetTable: number[];
  fragments: { headerOffset: number; offset: number; length: number }[];
  /** Where offsets count from: the first fragment's item header. */
  base: number;
  /** Which fragments make a frame, by the offset table or number of frames that was asked for last. */
  frames?: { key: readonly number[] | number; groups: [first: number, past: number][] };
}

const ITEM = 0xe000;
const DELIMITER = 0xe0dd;
const MAX_FRAGMENTS = 1_000_000;

const indexes = new WeakMap<Uint8Array, FragmentIndex>();

/**
 * The codestream of one frame of encapsulated pixel data. PS3.5 annex A.4
 *
 * Frames are told apart by the extended offset table if given, else by the basic one, else one fragment a frame, else
 * by the codestreams' start markers, which cannot occur within a codestream's coded data.
 * @param pixelData the value field, from the basic offset table's item on; a final delimiter may be there or not
 * @throws DicomError `pixel-data-damaged`, `too-large`
 */
export function frameBytes(
  pixelData: Uint8Array,
  frame: number,
  numberOfFrames: number,
  extendedOffsets?: readonly number[],
): Uint8Array {
  let index = indexes.get(pixelData);
  if (index === undefined) {
    index = indexFragments(pixelData);
    indexes.set(pixelData, index);
  }
  const key = extendedOffsets !== undefined && extendedOffsets.length > 0 ? extendedOffsets : numberOfFrames;
  if (index.frames?.key !== key) {
    index.frames = { key, groups: groupFragments(pixelData, index, numberOfFrames, extendedOffsets) };
  }
  const group = index.frames.groups[frame];
  if (group === undefined) throw new DicomError('pixel-data-damaged', 'fewer frames than stated');
  const parts = index.fragments
    .slice(...group)
    .map(({ offset, length }) => pixelData.subarray(offset, offset + length));
  return parts.length === 1 ? parts[0]! : concatBytes(parts);
}

function indexFragments(pixelData: Uint8Array): FragmentIndex {
  const view = new DataView(pixelData.buffer, pixelData.byteOffset, pixelData.byteLength);
  const fragments: FragmentIndex['fragments'] = [];
  const basicOffsetTable: number[] = [];
  let base = -1;
  let at = 0;
  while (at + 8 <= pixelData.length) {
    const element = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) !== 0xfffe) throw new DicomError('pixel-data-damaged', 'no fragment');
    if (element === DELIMITER) break;
    const length = view.getUint32(at + 4, true);
    if (element !== ITEM || length > pixelData.length - at - 8) {
      throw new DicomError('pixel-data-damaged', 'a fragment is cut off');
    }
    if (base < 0) {
      for (let word = 0; word + 4 <= length; word += 4)
        basicOffsetTable.push(view.getUint32(at + 8 + word, true));
      base = at + 8 + length;
    } else fragments.push({ headerOffset: at, offset: at + 8, length });
    if (fragments.length > MAX_FRAGMENTS) throw new DicomError('too-large', 'too many fragments');
    at += 8 + length;
  }
  if (fragments.length === 0) throw new DicomError('pixel-data-damaged', 'no fragment');
  return { basicOffsetTable, fragments, base };
}

function groupFragments(
  pixelData: Uint8Array,
  { basicOffsetTable, fragments, base }: FragmentIndex,
  numberOfFrames: number,
  extendedOffsets: readonly number[] | undefined,
): [number, number][] {
  const count = fragments.length;
  for (const offsets of [extendedOffsets, basicOffsetTable]) {
    if (offsets === undefined || offsets.length !== numberOfFrames) continue;
    const starts = startsOf(offsets, fragments, base);
    // A table that does not point at fragments is worth nothing: go by the fragments themselves.
    if (starts !== undefined) return toGroups(starts, count);
  }
  if (numberOfFrames === 1) return [[0, count]];
  if (count === numberOfFrames) return fragments.map((_, index) => [index, index + 1]);
  const starts: number[] = [];
  fragments.forEach(({ offset, length }, index) => {
    const isStart =
      length >= 2 &&
      pixelData[offset] === 0xff &&
      (pixelData[offset + 1] === 0xd8 || pixelData[offset + 1] === 0x4f);
    if (isStart) starts.push(index);
  });
  if (starts[0] !== 0 || starts.length !== numberOfFrames) {
    throw new DicomError('pixel-data-damaged', 'fragments cannot be assigned to frames');
  }
  return toGroups(starts, count);
}

function startsOf(
  offsets: readonly number[],
  fragments: FragmentIndex['fragments'],
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

function toGroups(starts: readonly number[], count: number): [number, number][] {
  return starts.map((start, index) => [start, starts[index + 1] ?? count]);
}
