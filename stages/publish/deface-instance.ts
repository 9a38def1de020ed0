import { concatBytes, type Encoding, encodeElement, encodeHeader } from '../../dicom/encode.ts';
import { decodeFrame, pixelDataOf, readExtendedOffsets, readPixelFormat } from '../../dicom/pixels.ts';
import { type DicomFile, readDicom } from '../../dicom/read.ts';
import { TAGS, tag } from '../../dicom/tags.ts';
import { isMultiFrameCtImageStorage, TRANSFER_SYNTAXES } from '../../dicom/uids.ts';
import { getStrings } from '../../dicom/values.ts';
import { completeHeader } from '../deidentify/complete-header.ts';
import { encodeMeta } from '../deidentify/deidentify-instance.ts';
import type { ResolvedProfile } from '../deidentify/profile.ts';
import { BONE_HU } from '../preprocess/find-head.ts';
import type { StackGeometry } from '../preprocess/patient-grid.ts';
import type { ImageDescription } from '../records.ts';
import { type FaceRegion, frontAt } from './plan-defacing.ts';

/** What the face is replaced by. */
const AIR_HU = -1000;

interface DefacedInstance {
  bytes: Uint8Array;
  transferSyntaxUid: string;
  /** Pixels that have another value than before. */
  changedPixels: number;
}

/**
 * Takes the face out of one de-identified instance: what lies in front of the region's surface and is no bone becomes
 * air. Every other pixel of a native image stays to the bit; compressed ones are written uncompressed (Explicit VR
 * Little Endian), which changes no value but those. Image Type becomes DERIVED and the instance gets a UID of its own,
 * since it is another image than the one with its face (PS3.3 C.7.6.1.1.2); Recognizable Visual Features is NO, and the
 * method has the code 113102 (PS3.15 E.3.2). `loadCodec` was awaited for its transfer syntax.
 * @param image of the instance's record
 * @param sopInstanceUid of the defaced instance
 * @returns null where the pixels are of a form that this does not write
 * @throws DicomError when the pixels cannot be decoded
 */
export function defaceInstance(
  source: Uint8Array,
  image: ImageDescription,
  region: FaceRegion,
  { sopInstanceUid, profile }: { sopInstanceUid: string; profile: ResolvedProfile },
): DefacedInstance | null {
  const file = readDicom(source);
  const frame = image.frames[0];
  const position = frame?.imagePositionPatient;
  const orientation = frame?.imageOrientationPatient;
  if (image.frames.length !== 1 || image.samplesPerPixel !== 1 || !position || !orientation) return null;
  if (frame.pixelSpacingMm === null || !isWritable(image)) return null;
  const format = readPixelFormat(file);
  const { values } = decodeFrame(pixelDataOf(file), format, 0, { offsets: readExtendedOffsets(file) });
  const isNative = !image.pixelData.encapsulated;
  const encoding: Encoding = isNative
    ? { explicitVr: file.explicitVr, littleEndian: file.littleEndian }
    : { explicitVr: true, littleEndian: true };
  const pixels = isNative ? new Uint8Array(pixelDataOf(file)) : encodeValues(values, image);
  if (pixels === null) return null;
  const slice: StackGeometry = {
    positions: [position],
    rowDirection: [orientation[0], orientation[1], orientation[2]],
    columnDirection: [orientation[3], orientation[4], orientation[5]],
    pixelSpacingMm: frame.pixelSpacingMm,
    rows: image.rows,
    columns: image.columns,
  };
  const [slope, intercept] = [frame.rescaleSlope ?? 1, frame.rescaleIntercept ?? 0];
  const [lowest, highest] = rangeOf(image);
  const air = Math.min(highest, Math.max(lowest, Math.round((AIR_HU - intercept) / slope)));
  const isSwapped = isNative && !encoding.littleEndian && format.pixelDataVr === 'OW';
  const write = pixelWriter(pixels, image.bitsAllocated, encoding.littleEndian, isSwapped);
  let changedPixels = 0;
  forEachInFront(slice, 0, region, (at) => {
    const value = values[at]!;
    if (value === air || value * slope + intercept >= BONE_HU) return;
    write(at, air);
    changedPixels += 1;
  });
  const transferSyntaxUid = isNative ? file.transferSyntaxUid : TRANSFER_SYNTAXES.explicitVrLittleEndian;
  const header = writeHeader(file, encoding, sopInstanceUid, transferSyntaxUid, profile);
  const vr = encoding.explicitVr && isNative ? (format.pixelDataVr ?? 'OW') : 'OW';
  return {
    bytes: concatBytes([...header, encodeHeader(TAGS.PixelData, vr, pixels.length, encoding), pixels]),
    transferSyntaxUid,
    changedPixels,
  };
}

/** Takes the face out of a tensor, whose values are those of a window that ends above bone. */
export function defaceTensor(
  tensor: Uint8Array,
  geometry: StackGeometry,
  region: FaceRegion,
  boneValue: number,
): Uint8Array {
  const result = tensor.slice();
  for (let slice = 0; slice < geometry.positions.length; slice += 1) {
    forEachInFront(geometry, slice, region, (at) => {
      if (result[at]! < boneValue) result[at] = 0;
    });
  }
  return result;
}

/** Calls `visit` with the index, in the whole stack, of each pixel of a slice that lies in front of the surface. */
function forEachInFront(
  { positions, rowDirection, columnDirection, pixelSpacingMm, rows, columns }: StackGeometry,
  slice: number,
  region: FaceRegion,
  visit: (at: number) => void,
): void {
  const [x0, y0, z0] = positions[slice]!;
  for (let row = 0; row < rows; row += 1) {
    const down = row * pixelSpacingMm[0];
    const start = (slice * rows + row) * columns;
    for (let column = 0; column < columns; column += 1) {
      const right = column * pixelSpacingMm[1];
      const x = x0 + right * rowDirection[0] + down * columnDirection[0];
      const y = y0 + right * rowDirection[1] + down * columnDirection[1];
      const z = z0 + right * rowDirection[2] + down * columnDirection[2];
      if (y < frontAt(region, x, z)) visit(start + column);
    }
  }
}

/** Whole bytes or words whose low bits hold the value: what every scanner writes. */
function isWritable({ bitsAllocated, bitsStored, highBit }: ImageDescription): boolean {
  return (bitsAllocated === 8 || bitsAllocated === 16) && highBit === bitsStored - 1;
}

function rangeOf({ bitsStored, pixelRepresentation }: ImageDescription): [number, number] {
  return pixelRepresentation === 1
    ? [-(2 ** (bitsStored - 1)), 2 ** (bitsStored - 1) - 1]
    : [0, 2 ** bitsStored - 1];
}

/** Native Pixel Data, little endian; null where a codestream holds what the header's form cannot. */
function encodeValues(values: ArrayLike<number>, image: ImageDescription): Uint8Array | null {
  const [lowest, highest] = rangeOf(image);
  const length = (values.length * image.bitsAllocated) / 8;
  const pixels = new Uint8Array(length + (length % 2));
  const write = pixelWriter(pixels, image.bitsAllocated, true, false);
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at]!;
    if (value < lowest || value > highest) return null;
    write(at, value);
  }
  return pixels;
}

/** Puts a value in place of a pixel's container. In big endian OW, bytes stand in swapped pairs. PS3.5 section 8.1.2 */
function pixelWriter(
  pixels: Uint8Array,
  bitsAllocated: number,
  littleEndian: boolean,
  isSwapped: boolean,
): (at: number, value: number) => void {
  if (bitsAllocated === 8)
    return (at, value) => {
      pixels[isSwapped ? at ^ 1 : at] = value;
    };
  const view = new DataView(pixels.buffer, pixels.byteOffset, pixels.length);
  return (at, value) => view.setUint16(2 * at, value & 0xffff, littleEndian);
}

/** File Meta and all elements before Pixel Data, with what says that the face is gone. */
function writeHeader(
  file: DicomFile,
  encoding: Encoding,
  sopInstanceUid: string,
  transferSyntaxUid: string,
  profile: ResolvedProfile,
): Uint8Array[] {
  const { dataset } = file;
  const left: readonly number[] = [TAGS.PixelData, TAGS.ExtendedOffsetTable, TAGS.ExtendedOffsetTableLengths];
  const elements = new Map<number, Uint8Array>();
  for (const element of dataset.elements.values())
    if (!left.includes(element.tag))
      elements.set(element.tag, file.bytes.subarray(element.headerOffset, element.endOffset));
  const put = (keyword: string, vr: string, value: string): void => {
    elements.set(tag(keyword), encodeElement(tag(keyword), vr, value, encoding));
  };
  put('SOPInstanceUID', 'UI', sopInstanceUid);
  put('ImageType', 'CS', ['DERIVED', ...getStrings(file, dataset, tag('ImageType')).slice(1)].join('\\'));
  const sopClassUid = getStrings(file, dataset, TAGS.SOPClassUID)[0] ?? '';
  completeHeader(elements, {
    file,
    encoding,
    profile,
    isMultiFrame: isMultiFrameCtImageStorage(sopClassUid),
    patientId: getStrings(file, dataset, TAGS.PatientID)[0] ?? '',
    // A de-identified file has one.
    frameOfReferenceUid: '',
    isDefaced: true,
  });
  const sorted = [...elements].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
  return [encodeMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid }), ...sorted];
}
