import type { DicomDataset, DicomFile } from '../../dicom/dataset.ts';
import { DicomError, type DicomErrorCode } from '../../dicom/errors.ts';
import {
  decodeFrame,
  loadCodec,
  pixelDataOf,
  readExtendedOffsets,
  readPixelFormat,
} from '../../dicom/pixels.ts';
import { readDicom } from '../../dicom/read.ts';
import { isSupportedTransferSyntax, TRANSFER_SYNTAXES } from '../../dicom/uids.ts';
import { getNumbers, getStrings, getText } from '../../dicom/values.ts';
import { type DeidentifyOptions, deidentifyHeader } from '../../stages/deidentify/deidentify-instance.ts';
import { identifyInstance } from '../../stages/discover/identify-instance.ts';
import { REASONS } from '../../stages/reasons.ts';
import { makeRandom } from '../fixtures/synthetic-dicom.ts';

export interface FuzzReport {
  mutations: number;
  /** How often each error code came out; `read` counts what could be read, `decoded` whose pixels could be decoded. */
  outcomes: Record<string, number>;
  slowestMs: number;
}

const SPECIAL_LENGTHS = [0, 1, 2, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
/** Tags and delimiters, little endian, to be put anywhere. */
const SPECIAL_BYTES = [
  [0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff],
  [0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0],
  [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0],
  [0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff],
  [0x40, 0x00, 0x30, 0xa7, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff],
  [0x13, 0x00, 0x01, 0x10, 0x55, 0x4e, 0, 0, 0xff, 0xff, 0xff, 0xff],
  [0x4d, 0x5a, 0x90, 0x00],
];

/** Stands in the seeds' identifiers, and in no message of ours. */
const SOURCE_TEXT = /ZZTEST|CANARY/;

/** One to four random damages to a copy of `seed`. */
export function mutate(seed: Uint8Array, random: () => number): Uint8Array {
  let bytes = new Uint8Array(seed);
  const pick = (below: number): number => Math.floor(random() * below);
  for (let count = 1 + pick(4); count > 0 && bytes.length > 16; count -= 1) {
    // Half of the damage goes where the structure is: the first kilobytes.
    const at = random() < 0.5 ? pick(Math.min(bytes.length, 2048)) : pick(bytes.length);
    switch (pick(7)) {
      case 0:
        bytes[at] = pick(256);
        break;
      case 1:
        bytes[at]! ^= 1 << pick(8);
        break;
      case 2:
        if (at + 4 <= bytes.length) {
          new DataView(bytes.buffer).setUint32(
            at,
            SPECIAL_LENGTHS[pick(SPECIAL_LENGTHS.length)]!,
            random() < 0.8,
          );
        }
        break;
      case 3:
        if (random() < 0.3) bytes = bytes.slice(0, at);
        break;
      case 4: {
        const special = SPECIAL_BYTES[pick(SPECIAL_BYTES.length)]!;
        bytes.set(special.slice(0, bytes.length - at), at);
        break;
      }
      case 5: {
        const length = pick(Math.min(64, bytes.length - at));
        const rest = bytes.subarray(at + length);
        const shorter = new Uint8Array(at + rest.length);
        shorter.set(bytes.subarray(0, at));
        shorter.set(rest, at);
        bytes = shorter;
        break;
      }
      default: {
        const length = pick(Math.min(64, bytes.length - at));
        const cut = bytes.slice(at, at + length);
        const to = pick(bytes.length);
        bytes.set(cut.subarray(0, bytes.length - to), to);
      }
    }
  }
  return bytes;
}

/**
 * Reads, walks and decodes mutations of the seeds.
 * @throws whatever came out that is no DicomError, or an Error where the parsed form points outside its bytes; the
 * message holds the number of the mutation, which the same seeds and `seed` make again
 */
export async function fuzzDicom(
  seeds: readonly Uint8Array[],
  mutations: number,
  seed: number,
  options: { decode?: boolean } = {},
): Promise<FuzzReport> {
  for (const uid of Object.values(TRANSFER_SYNTAXES)) await loadCodec(uid);
  return mutateAll(seeds, mutations, seed, (bytes) => exercise(bytes, options.decode ?? true));
}

/**
 * What discovery and de-identification make of mutated headers, pixels never looked at.
 * @throws as `fuzzDicom` does, and where a verdict is none of the closed vocabulary
 */
export function fuzzHeaders(
  seeds: readonly Uint8Array[],
  mutations: number,
  seed: number,
  options: DeidentifyOptions,
): FuzzReport {
  return mutateAll(seeds, mutations, seed, (bytes) => {
    identifyInstance(bytes, true);
    const record = deidentifyHeader(bytes, bytes.length, options);
    if (record === null) throw new Error('a whole file without a record');
    const { disposition, reason } = record;
    if (reason === null ? disposition !== 'kept' : !Object.hasOwn(REASONS, reason))
      throw new Error('no reason of the vocabulary');
    return reason ?? disposition;
  });
}

function mutateAll(
  seeds: readonly Uint8Array[],
  mutations: number,
  seed: number,
  work: (bytes: Uint8Array) => string,
): FuzzReport {
  const random = makeRandom(seed);
  const outcomes: Record<string, number> = {};
  let slowestMs = 0;
  for (let index = 0; index < mutations; index += 1) {
    const bytes = mutate(seeds[Math.floor(random() * seeds.length)]!, random);
    const started = performance.now();
    let outcome: string;
    try {
      outcome = work(bytes);
    } catch (error) {
      throw new Error(
        `mutation ${index} of seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`,
      );
    }
    slowestMs = Math.max(slowestMs, performance.now() - started);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return { mutations, outcomes, slowestMs };
}

function exercise(bytes: Uint8Array, decode: boolean): string {
  for (const options of [{ partial: true }, { allowTruncated: true }, { untilPixelData: true }]) {
    attempt(() =>
      walk(readDicom(bytes, options), options.partial === true || options.untilPixelData === true),
    );
  }
  let file: DicomFile | undefined;
  const failure = attempt(() => {
    file = readDicom(bytes);
    walk(file, false);
  });
  if (failure !== undefined || file === undefined) return failure ?? 'read';
  const parsed = file;
  if (!decode || !parsed.reachedPixelData || !isSupportedTransferSyntax(parsed.transferSyntaxUid))
    return 'read';
  return (
    attempt(() => {
      const format = readPixelFormat(parsed);
      const { values } = decodeFrame(pixelDataOf(parsed), format, 0, {
        offsets: readExtendedOffsets(parsed),
      });
      if (values.length !== format.rows * format.columns * format.samplesPerPixel)
        throw new Error('another size');
    }) ?? 'decoded'
  );
}

function attempt(work: () => void): DicomErrorCode | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof DicomError)) throw error;
    if (SOURCE_TEXT.test(error.message)) throw new Error('an error tells text of the source');
    return error.code;
  }
}

/** Looks at every element and value; offsets must lie within the bytes and within each other. */
function walk(file: DicomFile, cutAtPixelData: boolean): void {
  const visit = (dataset: DicomDataset, from: number, to: number): void => {
    for (const element of dataset.elements.values()) {
      const { headerOffset, dataOffset, length, endOffset } = element;
      const isCut = cutAtPixelData && dataset.parent === null && element.tag >>> 16 === 0x7fe0;
      const inside = from <= headerOffset && headerOffset < dataOffset && dataOffset + length <= endOffset;
      if (!inside || (endOffset > to && !isCut)) throw new Error('an element lies outside');
      getText(file, dataset, element.tag);
      getStrings(file, dataset, element.tag);
      if (length < 100_000) getNumbers(file, dataset, element.tag);
      for (const item of element.items ?? []) visit(item.dataset, item.headerOffset, item.endOffset);
    }
  };
  visit(file.meta, 0, file.bytes.length);
  visit(file.dataset, file.bodyOffset, file.bytes.length);
}
