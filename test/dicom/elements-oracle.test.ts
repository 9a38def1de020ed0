import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { DicomDataset, DicomFile } from '../../dicom/dataset.ts';
import { DicomError } from '../../dicom/errors.ts';
import { readDicom } from '../../dicom/read.ts';
import { formatTag, isPrivateTag, lookUpTag } from '../../dicom/tags.ts';
import { effectiveVr, getNumbers, getText, valueBytes } from '../../dicom/values.ts';
import { listSharedDicom, sharedDicomDir } from '../fixtures/shared-dicom.ts';
import { describeWithOracle, runOracle } from '../oracles/python.ts';

type OracleElement = [vr: string | null, digest: string | null, length: number] | ['SQ', OracleDataset[]];
type OracleDataset = Record<string, OracleElement>;
type OracleFile =
  | { error: string }
  | { elements: OracleDataset; texts: Record<string, string | number[]>; error?: never };

/** Files that are read differently on purpose, and why. */
const REFUSED: Record<string, string> = {
  'pydicom_test_files/MR_truncated.dcm':
    'truncated: pixel data ends before its stated length; pydicom takes what is there',
  'pydicom_test_files/rtplan_truncated.dcm': 'truncated: cut off within a sequence',
  'pydicom_dicomdirtests/DICOMDIR-nooffset.dcm': 'truncated: its only sequence is longer than the file',
  'fodicom_ct/GH179A.dcm': 'truncated: the last element states 718 bytes where 44 are left',
  'fodicom_ct/GH179B.dcm': 'truncated: the last element states more than is left',
};

const root = sharedDicomDir();
const suite = root === null ? describeWithOracle.skip : describeWithOracle;

suite('elements and values agree with pydicom on every file of the shared data', () => {
  const names = root === null ? [] : listSharedDicom(root);
  const oracle =
    root === null
      ? {}
      : (runOracle('dicom_elements.py', [root], names.join('\n')) as Record<string, OracleFile>);

  it('reads whatever pydicom reads, but for the listed files', () => {
    const refused: string[] = [];
    for (const name of names) {
      try {
        readDicom(fs.readFileSync(path.join(root!, name)));
      } catch (error) {
        expect(error, name).toBeInstanceOf(DicomError);
        expect((error as DicomError).code, name).toBe(REFUSED[name]?.split(':')[0] ?? 'readable');
        refused.push(name);
      }
    }
    expect(refused.sort()).toEqual(Object.keys(REFUSED).sort());
  });

  it('finds the same elements with the same bytes', () => {
    const differences: string[] = [];
    let compared = 0;
    for (const name of names) {
      const expected = oracle[name]!;
      if (expected.error !== undefined || REFUSED[name] !== undefined) continue;
      const file = readDicom(fs.readFileSync(path.join(root!, name)));
      compared += compare(file, file.dataset, expected.elements, name, differences);
    }
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(20_000);
  });

  it('decodes the same text and numbers', () => {
    const differences: string[] = [];
    let compared = 0;
    for (const name of names) {
      const expected = oracle[name]!;
      if (expected.error !== undefined || REFUSED[name] !== undefined) continue;
      const file = readDicom(fs.readFileSync(path.join(root!, name)));
      for (const [key, value] of Object.entries(expected.texts)) {
        const tagNumber = Number.parseInt(key, 16);
        const element = file.dataset.elements.get(tagNumber)!;
        // pydicom knows some vendors' private dictionaries.
        if (isPrivateTag(tagNumber) && effectiveVr(element) === 'UN') continue;
        compared += 1;
        const same =
          typeof value === 'string'
            ? normalise(getText(file, file.dataset, tagNumber) ?? '') === normalise(value)
            : equalNumbers(getNumbers(file, file.dataset, tagNumber) ?? [], value);
        if (!same) differences.push(`${name} ${formatTag(tagNumber)}`);
      }
    }
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(5_000);
  });
});

/** pydicom strips each value's trailing padding; PN components lose trailing carets in neither. */
function normalise(text: string): string {
  return text
    .split('\\')
    .map((value) => value.replace(/^ +|[ \0]+$/g, ''))
    .join('\\');
}

function equalNumbers(actual: number[], expected: number[]): boolean {
  return actual.length === expected.length && actual.every((value, index) => value === expected[index]);
}

function compare(
  file: DicomFile,
  dataset: DicomDataset,
  expected: OracleDataset,
  place: string,
  differences: string[],
): number {
  let compared = 0;
  const keys = new Set(
    [...dataset.elements.keys()].map((number) => number.toString(16).toUpperCase().padStart(8, '0')),
  );
  for (const key of new Set([...keys, ...Object.keys(expected)])) {
    const tagNumber = Number.parseInt(key, 16);
    const element = dataset.elements.get(tagNumber);
    const other = expected[key];
    const where = `${place} ${formatTag(tagNumber)}`;
    if (element === undefined || other === undefined) {
      differences.push(`${where} only ${element === undefined ? 'pydicom' : 'here'}`);
      continue;
    }
    compared += 1;
    if (Array.isArray(other[1])) {
      if (isPrivateTag(tagNumber) && element.items === undefined) continue;
      const items = element.items ?? [];
      if (items.length !== other[1].length) differences.push(`${where} items`);
      items.forEach((item, index) => {
        const items = other[1] as OracleDataset[];
        compared += compare(file, item.dataset, items[index] ?? {}, `${where}[${index}]`, differences);
      });
      continue;
    }
    const bytes = valueBytes(file, element);
    const digest = createHash('sha1').update(bytes).digest('hex').slice(0, 16);
    if (other[1] !== null && digest !== other[1])
      differences.push(`${where} bytes ${element.length} ${other[2]}`);
    const vr = effectiveVr(element);
    const known = lookUpTag(tagNumber)?.vrs ?? [];
    // Group lengths of private groups: UL by PS3.5 section 7.2, unknown to pydicom.
    if ((tagNumber & 0xffff) === 0) continue;
    if (other[0] !== null && vr !== other[0] && vr !== 'UN' && !known.includes(vr))
      differences.push(`${where} VR ${vr}`);
  }
  return compared;
}
