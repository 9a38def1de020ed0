/** What is planted around the header: pixels, geometry, preamble, File Meta, padding, file names. */
import { drawText } from '../demo/text-raster.ts';
import { TAGS } from '../dicom/tags.ts';
import { setValue, textOf } from './edit-dataset.ts';
import type { FileDraft } from './file-draft.ts';
import { IDENTIFIER_KINDS } from './identifiers.ts';
import { cropPixels } from './proof-source.ts';

const IMAGE_SIDE = 64;
const BURNED_SIDE = 256;

export function plantGeometry(draft: FileDraft): void {
  const { slice, slices, burned } = draft.place;
  // An image with text in it lies where it belongs, so that nothing but the text speaks against it.
  const step = burned === null ? slice : slices;
  const position = (textOf(draft.dataset, 'ImagePositionPatient') ?? '0\\0\\0').split('\\').map(Number);
  const direction = (textOf(draft.dataset, 'ImageOrientationPatient') ?? '1\\0\\0\\0\\1\\0')
    .split('\\')
    .map(Number) as [number, number, number, number, number, number];
  const [a, b, c, d, e, f] = direction;
  const normal = [b * f - c * e, c * d - a * f, a * e - b * d];
  const along = position.map((value, axis) => (value + normal[axis]! * step * 5).toFixed(4));
  setValue(draft.dataset, 'ImagePositionPatient', along.join('\\'));
  setValue(draft.dataset, 'InstanceNumber', String(slice + 1));
  const side = burned === null ? IMAGE_SIDE : BURNED_SIDE;
  setValue(draft.dataset, 'Rows', side);
  setValue(draft.dataset, 'Columns', side);
}

export function plantPixels(draft: FileDraft): Uint8Array {
  const { burned, slice } = draft.place;
  const side = burned === null ? IMAGE_SIDE : BURNED_SIDE;
  const pixels = cropPixels(draft.source, side, slice);
  if (burned === null) return pixels;
  const grid = new Uint16Array(pixels.buffer, pixels.byteOffset, pixels.length / 2);
  const name = draft.identifier('patient-name');
  const number = draft.identifier('record-number');
  const lines = [name.text, number.text, draft.patient.birthDate];
  const stored = Number(draft.dataset.get(TAGS.BitsStored)?.value[0] ?? 12);
  const white = 2 ** (Math.min(stored, 12) - 1) - 1;
  for (const [index, line] of lines.entries())
    drawText(grid, side, { row: 8 + index * 20, column: 8 }, line, 2, white);
  if (burned === 'header-says-so') draft.set('BurnedInAnnotation', 'YES');
  if (burned === 'secondary-capture') draft.set('SOPClassUID', '1.2.840.10008.5.1.4.1.1.7');
  if (burned === 'screen-save') draft.set('ImageType', 'DERIVED\\SECONDARY\\SCREEN SAVE');
  for (const identifier of [name, number]) {
    draft.checks.push({
      action: 'pixels_hidden',
      category: 'hipaa',
      rule: IDENTIFIER_KINDS[identifier.kind],
      place: 'pixels',
      where: `text in the image, ${burned}`,
      value: identifier.token,
      kind: identifier.kind,
    });
  }
  return pixels;
}

/** Around the data set: preamble, File Meta, padding behind it. */
export function plantAround(draft: FileDraft) {
  const station = draft.identifier('station');
  const meta = [
    [0x00020013, 'SH', draft.identifier('device-serial').token],
    [0x00020016, 'AE', station.token],
    [0x00020017, 'AE', station.token],
    [0x00020018, 'AE', station.token],
    [0x00020100, 'UI', '2.999.5'],
    [0x00020102, 'OB', draft.identifier('record-number').text],
  ] as const;
  draft.expectRemoved('file-meta', 'ImplementationVersionName', draft.identifier('device-serial'));
  for (const where of ['Source', 'Sending', 'Receiving'])
    draft.expectRemoved('file-meta', `${where}ApplicationEntityTitle`, station);
  draft.expectRemoved('file-meta', 'PrivateInformation', draft.identifier('record-number'));
  const before = draft.any();
  const behind = draft.any();
  draft.expectRemoved('preamble', 'preamble', before);
  draft.expectRemoved('trailing-padding', 'DataSetTrailingPadding', behind);
  return { meta, preamble: before.text, trailingPadding: behind.text };
}

/** Folders and file names as archives have them. */
export function plantPath(draft: FileDraft): string {
  const { study, slice } = draft.place;
  const name = draft.identifier('patient-name');
  const accession = draft.identifier('accession-number');
  const number = draft.identifier('record-number');
  for (const identifier of [name, accession, number]) draft.expectRemoved('file-name', 'path', identifier);
  const file = `IM${String(slice + 1).padStart(4, '0')}_${name.token}.dcm`;
  return `${name.text.replace('^', '_')}_${number.token}/${accession.token}-${study + 1}/${file}`;
}
