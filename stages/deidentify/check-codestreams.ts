/** What compressed pixel data says besides the image: comments and application segments can hold names. */
import { listJpeg2000SideData, listJpegSideData, type SideSegment } from '../../dicom/codecs/side-data.ts';
import { concatBytes } from '../../dicom/encode.ts';
import type { DicomElement, DicomFile } from '../../dicom/read.ts';
import { TRANSFER_SYNTAXES as SYNTAX } from '../../dicom/uids.ts';
import type { Reason } from '../reasons.ts';

const JPEG = new Set<string>([
  SYNTAX.jpegBaseline,
  SYNTAX.jpegExtended,
  SYNTAX.jpegLossless,
  SYNTAX.jpegLosslessFirstOrder,
  SYNTAX.jpegLsLossless,
  SYNTAX.jpegLsNearLossless,
]);
const JPEG_2000 = new Set<string>([
  SYNTAX.jpeg2000Lossless,
  SYNTAX.jpeg2000,
  SYNTAX.htj2kLossless,
  SYNTAX.htj2kLosslessRpcl,
  SYNTAX.htj2k,
]);

const VERSION = String.raw`V?\d{1,4}([.,]\d{1,5}){0,4}[a-z]?(\.?(alpha|beta|rc)\d{0,3})?\.?`;
/** Encoders' own words, whole: a name and a version, nothing behind. */
const KNOWN_COMMENTS: readonly RegExp[] = [
  `Kakadu-v?${VERSION}`,
  // Kakadu's table of layers: numbers alone. Its slopes and lengths follow from the image.
  String.raw`Kdu-Layer-Info: log_2\{Delta-D\((squared-error|MSE)\)/Delta-L\(bytes\)\}, L\(bytes\)[\s\d.,eE+-]*`,
  String.raw`Kdu-Layer-Info: log_2\{Delta-D\(MSE\)/\[2\^16\*Delta-L\(bytes\)\]\}, L\(bytes\)[\s\d.,eE+-]*`,
  `Created by (GDCM/)?OpenJPEG version ${VERSION}`,
  `(Creator: )?JasPer Version ${VERSION}`,
  `OpenJPH Ver ${VERSION}`,
  `LEAD Technologies,? Inc\\.? ${VERSION}`,
  `CREATOR: gd-jpeg v${VERSION} \\(using IJG JPEG v\\d{1,3}\\), (default quality|quality = \\d{1,3})`,
  `Intel\\(R\\) JPEG Library, version ${VERSION}`,
  `CharLS ${VERSION}`,
].map((pattern) => new RegExp(`^${pattern}[\\0\\n]?$`));

/**
 * Why compressed pixel data cannot go out as it is, or null. The encapsulation is kept to the byte, so a segment that
 * is not known to be harmless stops the instance.
 */
export function checkCodestreams(file: DicomFile, element: DicomElement): Reason | null {
  const isJpeg = JPEG.has(file.transferSyntaxUid);
  if (!isJpeg && !JPEG_2000.has(file.transferSyntaxUid)) return null;
  const parts = (element.fragments ?? []).map(({ offset, length }) =>
    file.bytes.subarray(offset, offset + length),
  );
  const bytes = parts.length === 1 ? parts[0]! : concatBytes(parts);
  const segments = isJpeg ? listJpegSideData(bytes) : listJpeg2000SideData(bytes);
  // What cannot be walked could hold anything.
  if (segments === null) return 'pixel-data-damaged';
  return segments.every(isHarmless) ? null : 'text-in-codestream';
}

function isHarmless({ kind, bytes }: SideSegment): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  switch (kind) {
    case 'com':
      return KNOWN_COMMENTS.some((pattern) => pattern.test(text));
    case 'app0':
      // Version, unit and two densities; no thumbnail. JFIF 1.02
      return (
        (bytes.length === 14 && text.startsWith('JFIF\0\x01') && bytes[12] === 0 && bytes[13] === 0) ||
        (bytes.length === 13 && text === 'LJIF\0\x01\0\0\0\0\0\0\0')
      );
    case 'app8':
      // The SPIFF header (its fields are numbers) and its end; the colour transform of JPEG-LS. T.84 annex F, T.870
      return (
        (bytes.length === 30 && text.startsWith('SPIFF\0')) ||
        text === '\0\0\0\x01\xff\xd8' ||
        (bytes.length === 5 && text.startsWith('mrfx'))
      );
    case 'app14':
      // Version, two flags and the transform. T.872 6.5.3
      return (bytes.length === 12 || bytes.length === 10) && text.startsWith('Adobe\0');
    default:
      return false;
  }
}
