import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DicomElement, readDicom } from '../../../dicom/read.ts';
import { lookUpTag, TAGS } from '../../../dicom/tags.ts';
import { getStrings, getUid } from '../../../dicom/values.ts';
import { deidentifyHeader } from '../../../stages/deidentify/deidentify-instance.ts';
import { DESCRIPTOR_WORDS } from '../../../stages/deidentify/descriptors.ts';
import { VENDORS } from '../../../stages/deidentify/profiles/vendors.ts';
import type { InstanceRecord } from '../../../stages/records.ts';
import { deidentifyFileAt, deidentifyOptions, joinOutput } from '../../fixtures/deidentify.ts';
import { listSharedDicom, sharedDicomDir } from '../../fixtures/shared-dicom.ts';
import { describeWithOracle, runOracle } from '../../oracles/python.ts';

const root = sharedDicomDir();
const options = deidentifyOptions();

interface Result {
  name: string;
  record: InstanceRecord;
  /** Where the output was written; null when there is none. */
  output: string | null;
}

describe.skipIf(root === null)('every file of the shared data', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'deidentify-'));
  const results: Result[] = [];
  const accepted = (): (Result & { output: string })[] =>
    results.filter((result): result is Result & { output: string } => result.output !== null);

  beforeAll(() => {
    for (const [index, name] of listSharedDicom(root!).entries()) {
      const { record, output } = deidentifyFileAt(root!, name, options);
      const target = output === null ? null : path.join(folder, `${index}.dcm`);
      if (target !== null) fs.writeFileSync(target, joinOutput(output!));
      results.push({ name, record, output: target });
    }
  });
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('has a record that agrees with its output', () => {
    expect(accepted().length).toBeGreaterThan(130);
    for (const { record, output } of accepted()) {
      const bytes = fs.readFileSync(output);
      expect(record.outputBytes).toBe(bytes.length);
      expect(record.outputSha256).toBe(createHash('sha256').update(bytes).digest('hex'));
      const { offset, length } = record.image!.pixelData;
      const pixels = bytes.subarray(offset, offset + length);
      expect(options.pseudonymizer.fingerprint(pixels).toString('hex')).toBe(record.image!.pixelDigest);
      const file = readDicom(new Uint8Array(bytes));
      expect(file.transferSyntaxUid).toBe(record.transferSyntaxUid);
      expect(getUid(file, file.dataset, TAGS.SOPInstanceUID)).toBe(record.sopInstanceUid);
      expect(getUid(file, file.meta, TAGS.MediaStorageSOPInstanceUID)).toBe(record.sopInstanceUid);
    }
  });

  it.each([
    ['dicomdir/DICOMDIR.dcm', 'dicomdir'],
    ['pydicom_dicomdirtests/DICOMDIR-bigEnd.dcm', 'dicomdir'],
    ['dose_rdsr/CT-RDSR-Siemens-Multi-1.dcm', 'dose-report'],
    ['dose_rdsr/CT-ESR-GE_Optima.dcm', 'dose-report'],
    ['dose_rdsr/CT-SC-Philips_Brilliance16P.dcm', 'dose-report'],
    ['burned_in_text_presidio/RGB_ORIGINAL.dcm', 'secondary-capture'],
    ['fodicom_ct/GH178.dcm', 'dose-report'],
    ['fodicom_ct/GH179A.dcm', 'truncated'],
    ['pydicom_test_files/MR_small.dcm', 'not-ct'],
    ['pydicom_test_files/rtplan_truncated.dcm', 'truncated'],
    ['pydicom_test_files/rtdose.dcm', 'not-ct'],
    ['head_ge_tilt18_varspacing/01.dcm', null],
    ['derived_coronal_acrin/IMG0026.dcm', null],
    ['enhanced_ct_multiframe/CT0012.explicit_little_endian.dcm', null],
    ['htj2k_202/CT1_JPH.dcm', null],
  ])('%s: %s', (name, reason) => {
    expect(results.find((result) => result.name === name)?.record.reason).toBe(reason);
  });

  it('repeats no text and no UID of its source', () => {
    for (const { name, output, record } of accepted()) {
      const source = readDicom(new Uint8Array(fs.readFileSync(path.join(root!, name))), {
        untilPixelData: true,
      });
      const header = fs.readFileSync(output).subarray(0, record.image!.pixelData.offset).toString('latin1');
      // Evidence says `arterial` by itself, whatever a description says.
      const written = `${header}${JSON.stringify({ ...record, evidence: null })}`;
      for (const element of source.dataset.elements.values()) {
        const keyword = lookUpTag(element.tag)?.keyword ?? 'private';
        if (!['PN', 'LT', 'ST', 'UT', 'UI'].includes(element.vr) && !IDENTIFIERS.has(keyword)) continue;
        for (const value of getStrings(source, source.dataset, element.tag)) {
          if (value.length < 5 || isPublicWord(value)) continue;
          expect(written.includes(value), `${name}: ${keyword}`).toBe(false);
        }
      }
    }
  });

  it('keeps technical attributes to the byte: 59 of the richest file, 90 of all', () => {
    const kept = accepted().map(({ name, output }) => {
      const source = readDicom(new Uint8Array(fs.readFileSync(path.join(root!, name))));
      const written = readDicom(new Uint8Array(fs.readFileSync(output)));
      const bytes = (file: typeof source, { headerOffset, endOffset }: DicomElement) =>
        Buffer.from(file.bytes.subarray(headerOffset, endOffset));
      return [...written.dataset.elements.values()]
        .filter((element) => {
          const original = source.dataset.elements.get(element.tag);
          return (
            original !== undefined &&
            element.length > 0 &&
            bytes(source, original).equals(bytes(written, element))
          );
        })
        .map((element) => element.tag);
    });
    // The richest file was stripped by its publisher: these are all technical attributes that it has.
    expect(Math.max(...kept.map((tags) => tags.length))).toBeGreaterThanOrEqual(59);
    expect(new Set(kept.flat()).size).toBeGreaterThanOrEqual(90);
  });

  it('gives the same output again, and the same record from its header alone', () => {
    for (const { name, record } of results) {
      const again = deidentifyFileAt(root!, name, deidentifyOptions());
      expect(again.record, name).toEqual(record);
      if (record.disposition === 'unreadable') continue;
      let header: InstanceRecord | null = null;
      for (let bytes = 16_384; header === null; bytes *= 4) {
        header = deidentifyHeader(again.source.subarray(0, bytes), again.source.length, options);
      }
      // Writing is in the pixels, which a header does not show.
      if (record.reason === 'burned-in-annotation' && header.disposition === 'kept') continue;
      const { image } = record;
      expect(header, name).toEqual({
        ...record,
        sourceDigest: null,
        outputSha256: null,
        outputBytes: null,
        image: image === null ? null : { ...image, pixelDigest: '', pixelData: header.image?.pixelData },
      });
    }
  });

  describeWithOracle('as pydicom sees it', () => {
    it('reads strictly, keeps its pixels, and has nothing private', () => {
      const pairs = accepted().map(({ name, output }) => [path.join(root!, name), output]);
      const judged = runOracle('deidentified.py', [], JSON.stringify({ pairs })) as JudgedOutput[];
      expect(judged).toHaveLength(pairs.length);
      judged.forEach((output, index) => {
        const name = pairs[index]![0]!;
        expect(output.problems, name).toEqual([]);
        expect(output.pixelsEqual, name).toBe(true);
        expect([...output.private, ...output.groupLengths], name).toEqual([]);
        expect(output.patientName, name).toMatch(/^SW[A-Z2-7]{16}\^?$/);
        expect(output.identityRemoved).toBe('YES');
        expect(output.methods).toEqual(['113100', '113105', '113108']);
        expect(output.preambleEmpty).toBe(true);
      });
    });
  });
});

/** Words that outputs have anyway: of the standard, of makers, and of this program. */
function isPublicWord(value: string): boolean {
  return (
    value === 'REMOVED' ||
    value.startsWith('1.2.840.10008.') ||
    // A description that says no more than a cleaned one.
    value.split(' ').every((word) => DESCRIPTOR_WORDS.has(word)) ||
    VENDORS.manufacturer.exact.has(value.toUpperCase())
  );
}

const IDENTIFIERS = new Set([
  'AccessionNumber',
  'PatientID',
  'StudyDescription',
  'SeriesDescription',
  'ProtocolName',
  'InstitutionName',
  'StationName',
  'DeviceSerialNumber',
  'StudyDate',
  'AcquisitionDate',
  'ContentDate',
]);

interface JudgedOutput {
  problems: string[];
  pixelsEqual: boolean;
  private: string[];
  groupLengths: string[];
  patientName: string;
  identityRemoved: string;
  methods: string[];
  preambleEmpty: boolean;
}
