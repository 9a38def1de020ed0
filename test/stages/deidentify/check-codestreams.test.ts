import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../dicom/encode.ts';
import { readDicom } from '../../../dicom/read.ts';
import { TAGS } from '../../../dicom/tags.ts';
import { deidentifyInstance } from '../../../stages/deidentify/deidentify-instance.ts';
import { deidentifyOptions } from '../../fixtures/deidentify.ts';
import { sharedDicomDir } from '../../fixtures/shared-dicom.ts';

const root = sharedDicomDir();
const options = deidentifyOptions();

/** The file with `insert` at `at` bytes into its first fragment, whose length is mended. */
function insertIntoFragment(name: string, at: number, insert: Uint8Array): Uint8Array {
  const file = readDicom(new Uint8Array(fs.readFileSync(path.join(root!, name))));
  const { offset, length } = file.dataset.elements.get(TAGS.PixelData)!.fragments![0]!;
  const place = at < 0 ? length : at;
  const bytes = concatBytes([
    file.bytes.subarray(0, offset + place),
    insert,
    file.bytes.subarray(offset + place),
  ]);
  new DataView(bytes.buffer).setUint32(offset - 4, length + insert.length, true);
  return bytes;
}

function segment(marker: number, content: string): Uint8Array {
  const length = content.length + 2;
  return new Uint8Array([0xff, marker, length >> 8, length & 255, ...Buffer.from(content, 'latin1')]);
}

/** Behind SOC and the SIZ segment of one component. */
const BEHIND_SIZ = 2 + 2 + 41;
const JPEG =
  'transfer_syntaxes_cornerstone/CTImage.dcm_JPEGProcess14SV1TransferSyntax_1.2.840.10008.1.2.4.70.dcm';
const JPEG_LS = 'nema_wg04/CT2_JLSN.dcm';
const JPEG_2000 = 'fodicom_ct/CT1_J2KI.dcm';
const HTJ2K = 'htj2k_202/CT1_JPH.dcm';

describe.skipIf(root === null)('comments in compressed pixel data', () => {
  const reasonOf = (bytes: Uint8Array) => deidentifyInstance(bytes, options).record.reason;

  it.each([JPEG, JPEG_LS, JPEG_2000, HTJ2K])('leaves %s alone', (name) => {
    expect(reasonOf(new Uint8Array(fs.readFileSync(path.join(root!, name))))).toBeNull();
  });

  it.each([
    ['a comment in JPEG', JPEG, 2, segment(0xfe, 'ZZTEST^CANARY!')],
    ['a comment that begins like an encoder', JPEG, 2, segment(0xfe, 'Kakadu-2.2 ZZTEST CANARY')],
    ['a JFIF segment with a thumbnail', JPEG, 2, segment(0xe0, 'JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01ABC!')],
    ['Exif', JPEG, 2, segment(0xe1, 'Exif\0\0ZZTEST CANARY')],
    ['an application segment in JPEG-LS', JPEG_LS, 2, segment(0xe9, 'ZZTEST^CANARY!')],
    ['a comment in JPEG 2000', JPEG_2000, BEHIND_SIZ, segment(0x64, '\0\x01ZZTEST CANARY!')],
    ['a comment in HTJ2K', HTJ2K, BEHIND_SIZ, segment(0x64, '\0\x01ZZTEST CANARY!')],
    ['text behind the end of JPEG', JPEG, -1, new Uint8Array(Buffer.from('ZZTEST^CANARY!'))],
    ['text behind the end of JPEG-LS', JPEG_LS, -1, new Uint8Array(Buffer.from('ZZTEST^CANARY!'))],
  ])('stops %s', (_, name, at, insert) => {
    expect(reasonOf(insertIntoFragment(name, at, insert))).toBe('text-in-codestream');
  });

  it.each([
    ['JPEG', JPEG, 2, segment(0xfe, 'LEAD Technologies Inc. V1.01\0')],
    ['JPEG 2000', JPEG_2000, BEHIND_SIZ, segment(0x64, '\0\x01Created by OpenJPEG version 2.5.0')],
  ])("lets an encoder's name pass in %s", (_, name, at, insert) => {
    const even = insert.length % 2 === 0 ? insert : concatBytes([insert, new Uint8Array(0)]);
    expect(reasonOf(insertIntoFragment(name, at, even))).toBeNull();
  });
});

describe.skipIf(root === null)('text in native pixels', () => {
  it('quarantines the instance, and nothing is written', () => {
    const bytes = new Uint8Array(fs.readFileSync(path.join(root!, 'head_ge_tilt18_varspacing/10.dcm')));
    const { dataOffset } = readDicom(bytes).dataset.elements.get(TAGS.PixelData)!;
    const pixels = new DataView(bytes.buffer, bytes.byteOffset + dataOffset, 512 * 512 * 2);
    expect(reasonOfFile(bytes)).toBeNull();
    for (let letter = 0; letter < 16; letter += 1)
      for (let row = 8; row < 20; row += 1) pixels.setInt16(2 * (row * 512 + 10 + letter * 6), 3071, true);
    expect(reasonOfFile(bytes)).toBe('burned-in-annotation');
    expect(deidentifyInstance(bytes, options).output).toBeNull();
  });

  function reasonOfFile(bytes: Uint8Array): string | null {
    return deidentifyInstance(bytes, options).record.reason;
  }
});
