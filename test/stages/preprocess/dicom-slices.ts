import {
  decodeFrame,
  loadCodec,
  type PixelFormat,
  pixelDataOf,
  readPixelFormat,
  type StoredValues,
} from '../../../dicom/pixels.ts';
import { readDicom } from '../../../dicom/read.ts';
import { tag } from '../../../dicom/tags.ts';
import { getNumber } from '../../../dicom/values.ts';

/** One decoded image of a test file. */
export interface DecodedSlice {
  format: PixelFormat;
  values: StoredValues;
  rescaleSlope: number;
  rescaleIntercept: number;
}

export async function decodeSlice(bytes: Uint8Array): Promise<DecodedSlice> {
  const file = readDicom(bytes);
  const format = readPixelFormat(file);
  await loadCodec(format.transferSyntaxUid);
  return {
    format,
    values: decodeFrame(pixelDataOf(file), format, 0).values,
    rescaleSlope: getNumber(file, file.dataset, tag('RescaleSlope')) ?? 1,
    rescaleIntercept: getNumber(file, file.dataset, tag('RescaleIntercept')) ?? 0,
  };
}
