/** What a codestream carries besides the image: comments, application segments, boxes, and bytes behind its end. */

/** Markers that stand alone, without a length. ITU-T T.81 table B.1 */
const TEM = 0x01;
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const COM = 0xfe;

/** A segment that no decoder needs. */
export interface SideSegment {
  /** `com`, `app0` to `app15`, `box`, or `trailing`: bytes behind the end that are no padding. */
  kind: string;
  bytes: Uint8Array;
}

/**
 * Side segments of JPEG and JPEG-LS codestreams that follow each other. ITU-T T.81 annex B, T.87 annex C
 * @returns null where the bytes cannot be walked as such
 */
export function listJpegSideData(bytes: Uint8Array): SideSegment[] | null {
  const found: SideSegment[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] !== 0xff || bytes[at + 1] !== SOI) return null;
    const end = walkJpegImage(bytes, at + 2, found);
    if (end === null) return null;
    at = skipPadding(bytes, end, found, (next) => bytes[next] === 0xff && bytes[next + 1] === SOI);
  }
  return found;
}

/** @returns where the image ends, behind its EOI */
function walkJpegImage(bytes: Uint8Array, from: number, found: SideSegment[]): number | null {
  let at = from;
  while (at + 1 < bytes.length) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1]!;
    // Fill bytes. T.81 B.1.1.2
    if (marker === 0xff) at += 1;
    else if (marker === EOI) return at + 2;
    else if (marker === TEM || (marker >= 0xd0 && marker <= 0xd7)) at += 2;
    else {
      const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
      if (length < 2 || at + 2 + length > bytes.length) return null;
      const content = bytes.subarray(at + 4, at + 2 + length);
      if (marker === COM) found.push({ kind: 'com', bytes: content });
      else if (marker >= 0xe0 && marker <= 0xef) found.push({ kind: `app${marker - 0xe0}`, bytes: content });
      at += 2 + length;
      if (marker === SOS) at = skipCodedData(bytes, at);
    }
  }
  return null;
}

/** Behind FF, coded data has 0 (JPEG) or a byte with a clear high bit (JPEG-LS); restart markers belong to it. */
function skipCodedData(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(0xff, from);
  while (at >= 0 && at + 1 < bytes.length) {
    const next = bytes[at + 1]!;
    if (next >= 0x80 && !(next >= 0xd0 && next <= 0xd7) && next !== 0xff) return at;
    at = bytes.indexOf(0xff, at + 1);
  }
  return bytes.length;
}

const SOC = 0xff4f;
const J2K_COM = 0xff64;
const SOT = 0xff90;
const SOD = 0xff93;
const EOC = 0xffd9;
/** Bytes of a segment from its length on, where fields of it are read. ISO/IEC 15444-1 A.4.2, A.9.2 */
const LEAST_LENGTHS = new Map([
  [SOT, 10],
  [J2K_COM, 4],
]);
/** Signature, file type, header and codestream of a JP2 file: what an image needs. ISO/IEC 15444-1 annex I */
const PLAIN_BOXES = new Set([0x6a502020, 0x66747970, 0x6a703268, 0x6a703263]);
const CODESTREAM_BOX = 0x6a703263;

/**
 * Side segments of JPEG 2000 and HTJ2K codestreams, bare or in JP2, that follow each other. ISO/IEC 15444-1 annex A
 * @returns null where the bytes cannot be walked as such
 */
export function listJpeg2000SideData(bytes: Uint8Array): SideSegment[] | null {
  const found: SideSegment[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const startsAt = (at: number): boolean =>
    at + 12 <= bytes.length && (view.getUint16(at) === SOC || view.getUint32(at + 4) === 0x6a502020);
  let at = 0;
  while (at < bytes.length) {
    if (!startsAt(at)) return null;
    const end = view.getUint16(at) === SOC ? walkCodestream(view, at, found) : walkBoxes(view, at, found);
    if (end === null) return null;
    at = skipPadding(bytes, end, found, startsAt);
  }
  return found;
}

function walkBoxes(view: DataView, from: number, found: SideSegment[]): number | null {
  let at = from;
  while (at + 8 <= view.byteLength) {
    const stated = view.getUint32(at);
    const type = view.getUint32(at + 4);
    if (type === CODESTREAM_BOX) return walkCodestream(view, at + (stated === 1 ? 16 : 8), found);
    if (stated < 8 || at + stated > view.byteLength) return null;
    if (!PLAIN_BOXES.has(type)) found.push({ kind: 'box', bytes: slice(view, at + 8, at + stated) });
    at += stated;
  }
  return null;
}

/** Goes on at every step, whatever lengths the bytes state: a tile-part ends behind its own header. */
function walkCodestream(view: DataView, from: number, found: SideSegment[]): number | null {
  if (from + 2 > view.byteLength || view.getUint16(from) !== SOC) return null;
  let at = from + 2;
  /** End of the tile-part whose header is read; 0: in the main header. */
  let tilePartEnd = 0;
  while (at + 2 <= view.byteLength) {
    const marker = view.getUint16(at);
    if (marker === EOC) return at + 2;
    if (marker === SOD) {
      if (tilePartEnd < at + 2) return null;
      at = tilePartEnd;
      continue;
    }
    if (marker >> 8 !== 0xff || at + 4 > view.byteLength) return null;
    const length = view.getUint16(at + 2);
    if (length < (LEAST_LENGTHS.get(marker) ?? 2) || at + 2 + length > view.byteLength) return null;
    if (marker === J2K_COM) found.push({ kind: 'com', bytes: slice(view, at + 6, at + 2 + length) });
    if (marker === SOT) {
      const tilePartLength = view.getUint32(at + 6);
      // 0: up to the end of the codestream, which then is the last thing there. A.4.2
      tilePartEnd = tilePartLength === 0 ? findLastEoc(view) : at + tilePartLength;
      if (tilePartEnd <= at || tilePartEnd > view.byteLength) return null;
    }
    at += 2 + length;
  }
  // An end marker that is missing hides nothing.
  return at === view.byteLength && tilePartEnd > 0 ? at : null;
}

function findLastEoc(view: DataView): number {
  for (let at = view.byteLength - 2; at >= 0; at -= 1) if (view.getUint16(at) === EOC) return at;
  return view.byteLength;
}

function slice(view: DataView, from: number, past: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + from, Math.max(0, past - from));
}

/** Zeros (and FF, as some encoders pad) up to the next image; anything else is a `trailing` segment. */
function skipPadding(
  bytes: Uint8Array,
  from: number,
  found: SideSegment[],
  startsAt: (at: number) => boolean,
): number {
  let at = from;
  let isPadding = true;
  while (at < bytes.length && !startsAt(at)) {
    if (bytes[at] !== 0 && bytes[at] !== 0xff) isPadding = false;
    at += 1;
  }
  if (!isPadding) found.push({ kind: 'trailing', bytes: bytes.subarray(from, at) });
  return at;
}
