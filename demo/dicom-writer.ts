/**
 * A small DICOM encoder for fixtures. It is meant as an independent witness of the reader in dicom/ and of the
 * de-identification filter, so it shares no code and no table with them: every element is given with its VR.
 */
import { deflateRawSync } from 'node:zlib';

/** The transfer syntaxes that this encoder writes. PS3.5 A.1, A.2, A.3, A.5 */
export const TRANSFER_SYNTAXES = {
  implicit: '1.2.840.10008.1.2',
  explicit: '1.2.840.10008.1.2.1',
  deflated: '1.2.840.10008.1.2.1.99',
  'big-endian': '1.2.840.10008.1.2.2',
} as const;

export type TransferSyntaxName = keyof typeof TRANSFER_SYNTAXES;

/** Text, or several values (joined by a backslash); numbers are written as the VR asks; items of a sequence. */
type ElementValue = string | number | readonly (string | number)[] | Uint8Array | readonly Dataset[];

/** [tag as 0xGGGGEEEE, VR, value]. A `Uint8Array` is written as it is (in the byte order of the transfer syntax). */
export type DicomElement = readonly [tag: number, vr: string, value: ElementValue | null];

/** Elements in any order; they are written sorted by tag. A tag may stand once. */
export type Dataset = readonly DicomElement[];

export interface EncodeOptions {
  transferSyntax?: TransferSyntaxName;
  /** Overrides the UID written into File Meta, for files that lie about their encoding. */
  transferSyntaxUid?: string;
  /** Write sequences and items with undefined length and delimiters (PS3.5 7.5.2). Default false. */
  undefinedLengths?: boolean;
  /** Source Application Entity Title (0002,0016) of File Meta. */
  sourceApplicationEntityTitle?: string;
  /** First bytes of the preamble; the rest of its 128 bytes are zero. */
  preamble?: string;
  /** Encoding of text; `Specific Character Set` is up to the caller. Default UTF-8. */
  textEncoding?: 'utf8' | 'latin1';
}

const LONG_LENGTH_VRS = new Set([
  'OB',
  'OD',
  'OF',
  'OL',
  'OV',
  'OW',
  'SQ',
  'SV',
  'UC',
  'UN',
  'UR',
  'UT',
  'UV',
]);
const BINARY_BYTES: Record<string, number> = { US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8, AT: 4 };
const UNDEFINED_LENGTH = 0xffffffff;
const MEDIA_STORAGE_IMPLEMENTATION = '2.999.2099.1';

interface Layout {
  explicit: boolean;
  littleEndian: boolean;
  undefinedLengths: boolean;
  textEncoding: 'utf8' | 'latin1';
}

/** A number as Decimal String: at most 16 characters. PS3.5 6.2 */
export function formatDecimalString(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError('A Decimal String holds finite numbers alone.');
  const plain = String(value);
  if (plain.length <= 16) return plain;
  for (let digits = 15; digits > 0; digits--) {
    const shorter = String(Number(value.toPrecision(digits)));
    if (shorter.length <= 16) return shorter;
  }
  return value.toExponential(8);
}

function isItems(value: ElementValue): value is readonly Dataset[] {
  return Array.isArray(value) && (value.length === 0 || Array.isArray(value[0]));
}

function encodeValue(vr: string, value: ElementValue | null, layout: Layout): Buffer {
  if (value === null) return Buffer.alloc(0);
  if (value instanceof Uint8Array) {
    const padded = Buffer.alloc(value.length + (value.length % 2));
    padded.set(value);
    return padded;
  }
  const values = (Array.isArray(value) ? value : [value]) as readonly (string | number)[];
  const size = BINARY_BYTES[vr];
  if (size !== undefined) {
    const bytes = Buffer.alloc(size * values.length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (const [i, entry] of values.entries()) {
      const number = Number(entry);
      const little = layout.littleEndian;
      if (vr === 'US') view.setUint16(i * 2, number, little);
      else if (vr === 'SS') view.setInt16(i * 2, number, little);
      else if (vr === 'UL') view.setUint32(i * 4, number, little);
      else if (vr === 'SL') view.setInt32(i * 4, number, little);
      else if (vr === 'FL') view.setFloat32(i * 4, number, little);
      else if (vr === 'FD') view.setFloat64(i * 8, number, little);
      else {
        view.setUint16(i * 4, number >>> 16, little);
        view.setUint16(i * 4 + 2, number & 0xffff, little);
      }
    }
    return bytes;
  }
  const text = values
    .map((entry) => (typeof entry === 'number' && vr === 'DS' ? formatDecimalString(entry) : String(entry)))
    .join('\\');
  const bytes = Buffer.from(text, layout.textEncoding);
  // PS3.5 6.2: text is padded with a space, UIDs with a null byte.
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from(vr === 'UI' ? '\0' : ' ')]);
}

function encodeHead(tag: number, vr: string | null, length: number, layout: Layout): Buffer {
  const long = vr === null || !layout.explicit || LONG_LENGTH_VRS.has(vr);
  const withVr = vr !== null && layout.explicit;
  const head = Buffer.alloc(withVr && long ? 12 : 8);
  const little = layout.littleEndian;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  view.setUint16(0, tag >>> 16, little);
  view.setUint16(2, tag & 0xffff, little);
  if (withVr) head.write(vr, 4, 'latin1');
  if (!withVr) view.setUint32(4, length, little);
  else if (long) view.setUint32(8, length, little);
  else {
    if (length > 0xffff) throw new RangeError(`A value of VR ${vr} is too long for its length field.`);
    view.setUint16(6, length, little);
  }
  return head;
}

function encodeSequence(items: readonly Dataset[], layout: Layout): Buffer {
  const parts: Buffer[] = [];
  for (const item of items) {
    const body = encodeElements(item, layout);
    if (layout.undefinedLengths) {
      parts.push(encodeHead(0xfffee000, null, UNDEFINED_LENGTH, layout), body);
      parts.push(encodeHead(0xfffee00d, null, 0, layout));
    } else {
      parts.push(encodeHead(0xfffee000, null, body.length, layout), body);
    }
  }
  if (layout.undefinedLengths) parts.push(encodeHead(0xfffee0dd, null, 0, layout));
  return Buffer.concat(parts);
}

function encodeElements(dataset: Dataset, layout: Layout): Buffer {
  const sorted = [...dataset].sort((a, b) => a[0] - b[0]);
  const parts: Buffer[] = [];
  let previous = -1;
  for (const [tag, vr, value] of sorted) {
    if (tag === previous) throw new RangeError(`Tag ${tag.toString(16).padStart(8, '0')} stands twice.`);
    previous = tag;
    if (vr === 'SQ') {
      if (value !== null && !isItems(value)) throw new TypeError('A sequence needs a list of items.');
      const body = encodeSequence(value ?? [], layout);
      parts.push(encodeHead(tag, vr, layout.undefinedLengths ? UNDEFINED_LENGTH : body.length, layout), body);
    } else {
      const body = encodeValue(vr, value, layout);
      parts.push(encodeHead(tag, vr, body.length, layout), body);
    }
  }
  return Buffer.concat(parts);
}

function layoutOf(options: EncodeOptions): Layout {
  const syntax = options.transferSyntax ?? 'explicit';
  return {
    explicit: syntax !== 'implicit',
    littleEndian: syntax !== 'big-endian',
    undefinedLengths: options.undefinedLengths ?? false,
    textEncoding: options.textEncoding ?? 'utf8',
  };
}

/** The bytes of a dataset without File Meta (and, for the deflated syntax, not deflated). */
export function encodeDataset(dataset: Dataset, options: EncodeOptions = {}): Buffer {
  return encodeElements(dataset, layoutOf(options));
}

/**
 * A whole DICOM file: preamble, File Meta Information (PS3.10 7.1), dataset. SOP Class UID and SOP Instance UID of
 * the dataset are repeated in File Meta.
 * @throws RangeError when a tag stands twice or a value is too long for its VR.
 */
export function encodeDicomFile(dataset: Dataset, options: EncodeOptions = {}): Buffer {
  const syntax = options.transferSyntax ?? 'explicit';
  const find = (tag: number): ElementValue | null =>
    dataset.find((element) => element[0] === tag)?.[2] ?? null;
  const metaLayout: Layout = {
    explicit: true,
    littleEndian: true,
    undefinedLengths: false,
    textEncoding: 'latin1',
  };
  const meta: DicomElement[] = [
    [0x00020001, 'OB', Uint8Array.of(0, 1)],
    [0x00020002, 'UI', find(0x00080016)],
    [0x00020003, 'UI', find(0x00080018)],
    [0x00020010, 'UI', options.transferSyntaxUid ?? TRANSFER_SYNTAXES[syntax]],
    [0x00020012, 'UI', MEDIA_STORAGE_IMPLEMENTATION],
    [0x00020013, 'SH', 'DEMO_WRITER_1'],
  ];
  if (options.sourceApplicationEntityTitle !== undefined) {
    meta.push([0x00020016, 'AE', options.sourceApplicationEntityTitle]);
  }
  const metaBody = encodeElements(meta, metaLayout);
  const preamble = Buffer.alloc(128);
  preamble.write(options.preamble ?? '', 'latin1');
  let body = encodeDataset(dataset, options);
  if (syntax === 'deflated') {
    body = deflateRawSync(body, { level: 6 });
    if (body.length % 2 === 1) body = Buffer.concat([body, Buffer.alloc(1)]);
  }
  const groupLength = encodeElements([[0x00020000, 'UL', metaBody.length]], metaLayout);
  return Buffer.concat([preamble, Buffer.from('DICM', 'latin1'), groupLength, metaBody, body]);
}

/** Pixel values as the bytes of OW in the byte order of a transfer syntax. */
export function encodePixels(pixels: Int16Array | Uint16Array, transferSyntax: TransferSyntaxName): Buffer {
  const bytes = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  return transferSyntax === 'big-endian' ? Buffer.from(bytes).swap16() : Buffer.from(bytes);
}
