import { createHash } from 'node:crypto';
import { isPrivateTag, lookUpTag, tag } from '../dicom/tags.ts';
import type { Check } from './answer-key.ts';
import { type EditableDataset, textOf } from './edit-dataset.ts';
import { isListed } from './listed-attributes.ts';
import { NAMED_ATTRIBUTES, TYPE_1, TYPE_2 } from './places.ts';
import { comparableValue } from './values.ts';

/** VRs whose values are described by something else than text or a number: judged elsewhere, or not at all. */
const NOT_COMPARED = new Set(['SQ', 'UI', 'PN', 'DA', 'DT', 'TM', 'UN', 'OB', 'OW', 'OF', 'OD', 'OL', 'UR']);

/**
 * What must still be there: the CT Image IOD's required attributes (DICOM), the pixels (DICOM), and every attribute of
 * the real header that PS3.15 table E.1-1 does not list, numbers, codes and texts (best practice): not what this program
 * happens to keep. Left out is what names the patient or the place of that header: a converter was seen to write one
 * word into Patient's Name and Sequence Name.
 */
export function listRetention(
  source: EditableDataset,
  planted: EditableDataset,
  touched: ReadonlySet<number>,
  pixels: Uint8Array,
): Check[] {
  const checks: Check[] = [];
  const base = { place: 'attribute', kind: null } as const;
  for (const keyword of TYPE_2)
    checks.push({
      ...base,
      action: 'tag_retained',
      category: 'dicom',
      rule: 'Type 2',
      where: keyword,
      value: '',
    });
  for (const keyword of TYPE_1) {
    if (textOf(planted, keyword) === undefined) continue;
    const check = { ...base, category: 'dicom', rule: 'Type 1', where: keyword, value: '' } as const;
    checks.push({ ...check, action: 'tag_retained' }, { ...check, action: 'text_notnull' });
  }
  const names = new Set(
    ['PatientName', 'PatientID', ...Object.keys(NAMED_ATTRIBUTES)].flatMap(
      (keyword) => textOf(source, keyword)?.trim().toUpperCase() ?? [],
    ),
  );
  for (const [number, { vr }] of source) {
    const entry = lookUpTag(number);
    const kept = planted.get(number);
    if (entry === undefined || kept === undefined || Array.isArray(kept.value) || kept.value.length === 0)
      continue;
    if (isListed(number) || isPrivateTag(number) || touched.has(number) || NOT_COMPARED.has(vr)) continue;
    if (number >>> 16 <= 0x0002 || TYPE_1.includes(entry.keyword)) continue;
    const value = comparableValue(vr, kept.value);
    if (value === '' || names.has(value)) continue;
    const check = {
      ...base,
      category: 'best-practice',
      rule: 'not in E.1-1',
      where: entry.keyword,
      value,
    } as const;
    checks.push({ ...check, action: 'tag_retained' }, { ...check, action: 'text_retained' });
  }
  for (const keyword of [
    'Rows',
    'Columns',
    'ImagePositionPatient',
    'PixelSpacing',
    'RescaleSlope',
    'RescaleIntercept',
  ]) {
    const element = planted.get(tag(keyword));
    if (element === undefined || Array.isArray(element.value)) continue;
    const value = comparableValue(element.vr, element.value);
    checks.push({
      ...base,
      action: 'text_retained',
      category: 'dicom',
      rule: 'Type 1',
      where: keyword,
      value,
    });
  }
  checks.push({
    action: 'pixels_retained',
    category: 'dicom',
    rule: 'pixels',
    place: 'pixels',
    where: 'PixelData',
    value: createHash('sha256').update(pixels).digest('hex'),
    kind: null,
  });
  return checks;
}
