import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeArchive } from '../../demo/archive.ts';
import { concatBytes, encodeElement, encodeSequence } from '../../dicom/encode.ts';
import { readDicom } from '../../dicom/read.ts';
import { TAGS, tag } from '../../dicom/tags.ts';
import { runMain } from '../cli/main.ts';
import { type ProgramResult, runProgram } from '../cli/program.ts';
import { listTree, makeFolder, RUN_TIMEOUT_MS, SHIPPED_PIPELINE } from './run-folders.ts';

const EXPLICIT = { explicitVr: true, littleEndian: true };
const name = (keyword: string, vr: string, text: string) => encodeElement(tag(keyword), vr, text, EXPLICIT);

/** Puts an element before Pixel Data, or in place of one that is there. */
function insert(bytes: Buffer, element: Uint8Array, keyword?: string): Uint8Array {
  const { dataset } = readDicom(new Uint8Array(bytes));
  const at = dataset.elements.get(keyword === undefined ? TAGS.PixelData : tag(keyword))!;
  const rest = keyword === undefined ? at.headerOffset : at.endOffset;
  return concatBytes([bytes.subarray(0, at.headerOffset), element, bytes.subarray(rest)]);
}

function withPngText(bytes: Buffer): Uint8Array {
  const text = Buffer.from('Comment\0Zztest^Canary');
  const chunk = Buffer.alloc(12 + text.length);
  chunk.writeUInt32BE(text.length);
  chunk.write('tEXt', 4);
  text.copy(chunk, 8);
  return concatBytes([bytes.subarray(0, 33), chunk, bytes.subarray(33)]);
}

const nested = encodeSequence(
  tag('RequestAttributesSequence'),
  [name('AccessionNumber', 'SH', 'ACC0001')],
  EXPLICIT,
);

/** A plant of each kind in the instance `dicom/…`, the picture, run.json, or a file of its own. */
const PLANTS: [kind: string, where: RegExp, change: (bytes: Buffer) => Uint8Array][] = [
  [
    'a name in place of the pseudonym',
    /\.dcm$/,
    (b) => insert(b, name('PatientName', 'PN', 'Zztest^Canary'), 'PatientName'),
  ],
  [
    'a record number in place of the pseudonym',
    /\.dcm$/,
    (b) => insert(b, name('PatientID', 'LO', '9900017391'), 'PatientID'),
  ],
  ['an address', /\.dcm$/, (b) => insert(b, name('PatientAddress', 'LO', '12 Nowhere Lane'))],
  ['a phone number', /\.dcm$/, (b) => insert(b, name('PatientTelephoneNumbers', 'SH', '555-0142'))],
  ['a date', /\.dcm$/, (b) => insert(b, name('StudyDate', 'DA', '20200314'), 'StudyDate')],
  [
    'a birth date',
    /\.dcm$/,
    (b) => insert(b, name('PatientBirthDate', 'DA', '19560314'), 'PatientBirthDate'),
  ],
  [
    'an accession number',
    /\.dcm$/,
    (b) => insert(b, name('AccessionNumber', 'SH', 'ACC0001'), 'AccessionNumber'),
  ],
  ['an institution', /\.dcm$/, (b) => insert(b, name('InstitutionName', 'LO', 'Zztest General'))],
  [
    'a physician',
    /\.dcm$/,
    (b) => insert(b, name('ReferringPhysicianName', 'PN', 'Zzdoc'), 'ReferringPhysicianName'),
  ],
  ['a device serial', /\.dcm$/, (b) => insert(b, name('DeviceSerialNumber', 'LO', 'SN000142'))],
  [
    'an e-mail address in a comment',
    /\.dcm$/,
    (b) => insert(b, name('ImageComments', 'LT', 'zz@example.org')),
  ],
  ['a URL', /\.dcm$/, (b) => insert(b, name('RetrieveURL', 'UR', 'https://example.org/p/1'))],
  [
    'a UID of the source',
    /\.dcm$/,
    (b) => insert(b, name('SOPInstanceUID', 'UI', '2.999.1.2'), 'SOPInstanceUID'),
  ],
  ['a nested accession number', /\.dcm$/, (b) => insert(b, nested)],
  ['a private attribute', /\.dcm$/, (b) => insert(b, encodeElement(0x00091001, 'LO', 'Zztest', EXPLICIT))],
  ['a name in the preamble', /\.dcm$/, (b) => concatBytes([Buffer.from('Zztest'), b.subarray(6)])],
  [
    'a name behind the pixels',
    /\.dcm$/,
    (b) =>
      concatBytes([b, encodeElement(TAGS.DataSetTrailingPadding, 'OB', Buffer.from('Zztest'), EXPLICIT)]),
  ],
  ['text in a picture', /\.png$/, withPngText],
  [
    'a name in run.json',
    /^run\.json$/,
    (b) => Buffer.from(JSON.stringify({ ...JSON.parse(b.toString()), patient: 'Zztest' })),
  ],
];
const NAMES = [
  'dicom/ZZTEST_CANARY.dcm',
  'ZZTEST_CANARY.txt',
  'thumbnails/ZZTEST.png',
  'manifest/instances/ZZTEST.parquet',
];

describe('verify on an output with something planted in it', () => {
  const folder = makeFolder('verify-scan');
  const output = path.join(folder, 'output');
  /** What verify finds wrong. Digests are left out: they tell that a file was changed, not what is in it. */
  const readFindings = ({ exitCode, stdout }: ProgramResult): string[] => {
    const { checks } = JSON.parse(stdout) as { checks: { check: string; passed: boolean }[] };
    const failed = checks.filter(({ passed }) => !passed).map(({ check }) => check);
    expect(exitCode).toBe(failed.length === 0 ? 0 : 1);
    return failed.filter((check) => !/digests|match run\.json/.test(check));
  };
  const verify = ['verify', output, '--json'];
  const findings = async () => readFindings(await runMain(verify));

  beforeAll(async () => {
    const input = path.join(folder, 'input');
    await makeArchive(input, { seed: 5, series: 1, slices: 5 });
    const run = ['run', SHIPPED_PIPELINE, '--input', input, '--output', output];
    const { exitCode, stderr } = runProgram(
      [...run, '--state', path.join(folder, 'state')],
      {},
      RUN_TIMEOUT_MS,
    );
    expect(exitCode, stderr).toBe(0);
  }, RUN_TIMEOUT_MS);
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('passes as it was made', async () => {
    expect(readFindings(runProgram(verify, {}, RUN_TIMEOUT_MS))).toEqual([]);
    expect(await findings()).toEqual([]);
  });

  it.each(PLANTS)('finds %s', async (_, where, change) => {
    const file = path.join(output, listTree(output).find((each) => where.test(each))!);
    const before = fs.readFileSync(file);
    fs.writeFileSync(file, change(before));
    const found = await findings();
    fs.writeFileSync(file, before);
    expect(found.length).toBeGreaterThan(0);
  });

  it.each(NAMES)('finds the name %s', async (relative) => {
    const file = path.join(output, relative);
    fs.writeFileSync(file, 'x');
    const found = await findings();
    fs.rmSync(file);
    expect(found.length).toBeGreaterThan(0);
  });
});
