import { DicomError } from '../dicom/errors.ts';
import { readDicom } from '../dicom/read.ts';
import { TAGS } from '../dicom/tags.ts';
import { SOP_CLASSES } from '../dicom/uids.ts';
import { getNumber, getString, getStrings, valueBytes } from '../dicom/values.ts';
import { type EditableDataset, readEditable } from './edit-dataset.ts';

/** A real CT image to plant into: its header, and its pixels as 16-bit numbers where they are not compressed. */
export interface ProofSource {
  dataset: EditableDataset;
  seriesInstanceUid: string;
  /** Implicit VR in the source, and so in what is made of it. */
  explicitVr: boolean;
  rows: number;
  columns: number;
  /** Little endian, two bytes a pixel; null where the source is compressed. */
  pixels: Uint8Array | null;
}

/**
 * Reads a file as a source of the proof.
 * @returns null for what is no plain CT image: other objects, localizers, multi-frame, colour, big endian
 */
export function readProofSource(bytes: Uint8Array): ProofSource | null {
  try {
    const file = readDicom(bytes);
    const { dataset } = file;
    const number = (key: number) => getNumber(file, dataset, key);
    const rows = number(TAGS.Rows) ?? 0;
    const columns = number(TAGS.Columns) ?? 0;
    const pixels = dataset.elements.get(TAGS.PixelData);
    const imageType = getStrings(file, dataset, TAGS.ImageType);
    if (
      getString(file, dataset, TAGS.SOPClassUID) !== SOP_CLASSES.ctImageStorage ||
      imageType.length < 2 ||
      imageType.some((word) => word.toUpperCase() === 'LOCALIZER') ||
      number(TAGS.BitsAllocated) !== 16 ||
      number(TAGS.SamplesPerPixel) !== 1 ||
      (number(TAGS.NumberOfFrames) ?? 1) !== 1 ||
      pixels === undefined ||
      rows < 32 ||
      columns < 32
    ) {
      return null;
    }
    const editable = readEditable(file);
    if (editable === null) return null;
    const isNative = pixels.fragments === undefined && pixels.length >= rows * columns * 2;
    return {
      dataset: editable,
      seriesInstanceUid: getString(file, dataset, TAGS.SeriesInstanceUID) ?? '',
      explicitVr: file.explicitVr,
      rows,
      columns,
      pixels: isNative ? valueBytes(file, pixels).slice(0, rows * columns * 2) : null,
    };
  } catch (error) {
    if (error instanceof DicomError) return null;
    throw error;
  }
}

/** The middle of the image, `side` by `side` pixels, repeated where the source is smaller; a ramp where it is compressed. */
export function cropPixels({ rows, columns, pixels }: ProofSource, side: number, slice: number): Uint8Array {
  const crop = new Uint8Array(side * side * 2);
  const view = new DataView(crop.buffer);
  const source = pixels === null ? null : new DataView(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  const top = Math.max(0, (rows - side) >> 1);
  const left = Math.max(0, (columns - side) >> 1);
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      const at = 2 * (((top + row) % rows) * columns + ((left + column) % columns));
      const value = source === null ? (row + column + slice) % 256 : source.getUint16(at, true);
      view.setUint16(2 * (row * side + column), value, true);
    }
  }
  return crop;
}
