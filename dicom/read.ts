import { inflateRawSync, constants as zlib } from 'node:zlib';
import type { DicomDataset, DicomFile } from './dataset.ts';
import { DicomError } from './errors.ts';
import { guessEncoding, peekEncoding } from './guess-encoding.ts';
import { type ParseResult, parseDataset, type ReadLimits } from './parse-dataset.ts';
import { TAGS } from './tags.ts';
import { TRANSFER_SYNTAXES } from './uids.ts';

export type { DicomDataset, DicomElement, DicomFile, DicomItem } from './dataset.ts';

export interface ReadOptions {
  /** Stop at Pixel Data of the top level; see `DicomFile.reachedPixelData` for what is then there. */
  untilPixelData?: boolean;
  /**
   * `bytes` is only a prefix of the file: read what is complete, up to Pixel Data. Implies `untilPixelData`. Where
   * `reachedPixelData` is false, `truncated` is true: read on (16 KB, 64 KB, 1 MB …) and try again, in the end with
   * the whole file and without `partial`, since a file without pixel data never gets there.
   */
  partial?: boolean;
  /** Of a file that is cut off, return the complete elements and `truncated: true` instead of an error. */
  allowTruncated?: boolean;
  /** Other limits than those of `DEFAULT_LIMITS`. */
  limits?: Partial<ReadLimits & InflateLimits>;
}

export interface InflateLimits {
  /** A deflated data set may inflate to this many bytes. */
  maxInflatedBytes: number;
  /** … and to this many times its own size, where that is more than 64 MiB. */
  maxInflateRatio: number;
}

/** What a hostile file is held to. The depth is PS3-conformant by far: real files nest less than ten deep. */
const DEFAULT_LIMITS: ReadLimits & InflateLimits = {
  maxDepth: 64,
  maxElements: 1_000_000,
  maxInflatedBytes: 512 * 1024 * 1024,
  maxInflateRatio: 200,
};

const PREAMBLE_BYTES = 128;
const INFLATE_ALWAYS_ALLOWED = 64 * 1024 * 1024;
const ENCODED_EXPLICIT_LITTLE_ENDIAN = { explicitVr: true, littleEndian: true };

/**
 * Parses a DICOM file (PS3.10) without copying values: elements are offsets into `DicomFile.bytes`. Reads files
 * without preamble or File Meta where their beginning looks like a data set; guesses the encoding there.
 *
 * With `untilPixelData` or `partial` the map holds Pixel Data's element with its declared length, which may lie
 * beyond the bytes given; where that length is undefined, `length` is 0 and there are no fragments.
 *
 * @throws DicomError and nothing else: `not-dicom`, `empty-file`, `truncated`, `damaged`, `too-deep`, `too-large`
 */
export function readDicom(bytes: Uint8Array, options: ReadOptions = {}): DicomFile {
  try {
    return readWithin(bytes, options, { ...DEFAULT_LIMITS, ...options.limits });
  } catch (error) {
    if (error instanceof DicomError) throw error;
    // Whatever else is thrown is a fault of this reader; a file must not stop a run for it.
    throw new DicomError('damaged', 'the reader failed');
  }
}

function readWithin(given: Uint8Array, options: ReadOptions, limits: ReadLimits & InflateLimits): DicomFile {
  if (given.length === 0) throw new DicomError('empty-file');
  const bytes = asBuffer(given);
  const partial = options.partial === true;
  const lenient = partial || options.allowTruncated === true;
  const hasPreamble = isMagicAt(bytes, PREAMBLE_BYTES);
  const metaOffset = hasPreamble ? PREAMBLE_BYTES + 4 : isMagicAt(bytes, 0) ? 4 : 0;
  const hasMeta =
    metaOffset > 0 || (bytes.length >= 8 && bytes[0] === 2 && bytes[1] === 0 && isVrLetter(bytes[4]));
  if (!hasMeta) return readHeaderless(bytes, options, limits, lenient);

  const meta = parseDataset(bytes, metaOffset, ENCODED_EXPLICIT_LITTLE_ENDIAN, limits, { onlyGroup: 0x0002 });
  if (meta.truncated && !lenient) throw new DicomError('truncated', 'in the File Meta');
  const bodyOffset = meta.endOffset;
  const stated = readUid(bytes, meta.dataset);
  if (meta.truncated || bodyOffset >= bytes.length) {
    return fileOf(bytes, stated, meta.dataset, bodyOffset, hasPreamble, emptyBody(stated, lenient), false);
  }
  const deflated = stated === TRANSFER_SYNTAXES.deflatedExplicitVrLittleEndian;
  const whole = deflated ? inflateBody(bytes, bodyOffset, partial, limits) : bytes;
  // Behind a File Meta there is no doubt that it is DICOM, so the first element is enough of a sign.
  const guessed =
    stated === '' ? (guessEncoding(whole, bodyOffset) ?? peekEncoding(whole, bodyOffset)) : undefined;
  const encoding = guessed ?? encodingOf(stated);
  const body = parseDataset(whole, bodyOffset, encoding, limits, {
    stopAtPixelData: partial || options.untilPixelData === true,
  });
  if (body.truncated && !lenient) throw new DicomError('truncated');
  if (partial) body.truncated = !body.reachedPixelData;
  const uid = guessed === undefined ? stated : uidOf(body.dataset);
  return fileOf(whole, uid, meta.dataset, bodyOffset, hasPreamble, body, deflated);
}

function readHeaderless(
  bytes: Buffer,
  options: ReadOptions,
  limits: ReadLimits,
  lenient: boolean,
): DicomFile {
  const encoding = guessEncoding(bytes, 0);
  if (encoding === undefined) throw new DicomError('not-dicom');
  const body = parseDataset(bytes, 0, encoding, limits, {
    stopAtPixelData: options.partial === true || options.untilPixelData === true,
  });
  if (body.truncated && !lenient) throw new DicomError('truncated');
  if (options.partial === true) body.truncated = !body.reachedPixelData;
  const meta: DicomDataset = { elements: new Map(), ...ENCODED_EXPLICIT_LITTLE_ENDIAN, parent: null };
  return fileOf(bytes, uidOf(body.dataset), meta, 0, false, body, false);
}

function fileOf(
  bytes: Buffer,
  transferSyntaxUid: string,
  meta: DicomDataset,
  bodyOffset: number,
  hasPreamble: boolean,
  body: ParseResult,
  deflated: boolean,
): DicomFile {
  const { dataset, truncated, reachedPixelData } = body;
  const { littleEndian, explicitVr } = dataset;
  return {
    bytes,
    transferSyntaxUid,
    littleEndian,
    explicitVr,
    deflated,
    hasPreamble,
    meta,
    dataset,
    bodyOffset,
    truncated,
    reachedPixelData,
  };
}

function emptyBody(transferSyntaxUid: string, truncated: boolean): ParseResult {
  const dataset = { elements: new Map(), ...encodingOf(transferSyntaxUid), parent: null };
  return { dataset, endOffset: 0, truncated, reachedPixelData: false };
}

/** PS3.5 annex A: everything but these two, private syntaxes included, is explicit little endian. */
function encodingOf(transferSyntaxUid: string): { explicitVr: boolean; littleEndian: boolean } {
  return {
    explicitVr: transferSyntaxUid !== TRANSFER_SYNTAXES.implicitVrLittleEndian,
    littleEndian: transferSyntaxUid !== TRANSFER_SYNTAXES.explicitVrBigEndian,
  };
}

/** The syntax of a data set that does not state it. Encapsulated pixels cannot be named and stay unreadable. */
function uidOf(dataset: DicomDataset): string {
  if (!dataset.littleEndian) return TRANSFER_SYNTAXES.explicitVrBigEndian;
  return dataset.explicitVr
    ? TRANSFER_SYNTAXES.explicitVrLittleEndian
    : TRANSFER_SYNTAXES.implicitVrLittleEndian;
}

/** The same bytes; a Buffer reads text and numbers without further views. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isMagicAt(bytes: Uint8Array, offset: number): boolean {
  return (
    bytes[offset] === 0x44 &&
    bytes[offset + 1] === 0x49 &&
    bytes[offset + 2] === 0x43 &&
    bytes[offset + 3] === 0x4d
  );
}

function isVrLetter(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x41 && byte <= 0x5a;
}

function readUid(bytes: Buffer, meta: DicomDataset): string {
  const element = meta.elements.get(TAGS.TransferSyntaxUID);
  if (element === undefined || element.length > 66) return '';
  const text = bytes.toString('latin1', element.dataOffset, element.dataOffset + element.length);
  return text.replace(/[\0 ]+$/, '').trim();
}

/** Inflates the data set (PS3.5 annex A.5) and puts it behind a copy of what stands before it. */
function inflateBody(bytes: Uint8Array, bodyOffset: number, partial: boolean, limits: InflateLimits): Buffer {
  const compressed = bytes.subarray(bodyOffset);
  const cap = Math.min(
    limits.maxInflatedBytes,
    Math.max(INFLATE_ALWAYS_ALLOWED, compressed.length * limits.maxInflateRatio),
  );
  let inflated: Uint8Array;
  try {
    inflated = inflateRawSync(compressed, {
      maxOutputLength: cap,
      chunkSize: 256 * 1024,
      // A prefix ends in the middle of the stream: take what there is.
      ...(partial ? { finishFlush: zlib.Z_SYNC_FLUSH } : {}),
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new DicomError('too-large', 'the deflated data set');
    if (code === 'Z_BUF_ERROR') throw new DicomError('truncated', 'in the deflated data set');
    throw new DicomError('damaged', 'the deflated data set');
  }
  return Buffer.concat([bytes.subarray(0, bodyOffset), inflated]);
}
