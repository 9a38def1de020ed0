import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SliceReader } from '../../activities/slice-reader.ts';
import { loadCodec } from '../../dicom/pixels.ts';
import { TRANSFER_SYNTAXES } from '../../dicom/uids.ts';
import { deidentifyInstance } from '../../stages/deidentify/deidentify-instance.ts';
import type { InstanceRecord } from '../../stages/records.ts';
import { deidentifyOptions, joinOutput } from '../fixtures/deidentify.ts';
import { encodeFrames } from '../fixtures/encoded-frames.ts';
import { makeSyntheticCt } from '../fixtures/synthetic-dicom.ts';
import { describeWithOracle, runOracle } from '../oracles/python.ts';

let folder = '';
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-slices-'));
});
afterAll(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

/** De-identifies a file into the folder. */
function stage(source: Uint8Array, name: string): { file: string; record: InstanceRecord } {
  const { record, output } = deidentifyInstance(source, deidentifyOptions());
  expect(record.reason, name).toBeNull();
  const file = path.join(folder, `${name}.deidentified`);
  fs.writeFileSync(file, joinOutput(output!));
  return { file, record };
}

async function readAll({ file, record }: { file: string; record: InstanceRecord }) {
  await loadCodec(record.transferSyntaxUid!);
  const reader = new SliceReader();
  const image = record.image!;
  const slices = image.frames.map(({ frame }) => {
    const destination = new Uint8Array(4 * image.rows * image.columns);
    const { values, ...rescale } = reader.read(file, record, frame, destination);
    return { values: [...values], ...rescale };
  });
  reader.close();
  return { slices, bytesRead: reader.bytesRead };
}

describeWithOracle('slices of de-identified files beside pydicom and gdcm', () => {
  let cases: { name: string; judge: string }[] = [];
  beforeAll(() => {
    cases = runOracle('pixel_matrix.py', [folder]) as typeof cases;
  }, 60_000);

  it('are equal for every bit depth, sign, byte order, packing, encapsulation and offset table', async () => {
    expect(cases.length).toBeGreaterThan(90);
    const wrong: string[] = [];
    for (const { name, judge } of cases) {
      const source = new Uint8Array(fs.readFileSync(path.join(folder, `${name}.dcm`)));
      const bytes = fs.readFileSync(path.join(folder, `${name}.i32`));
      const expected = [...new Int32Array(new Uint8Array(bytes).buffer)];
      const { slices } = await readAll(stage(source, name));
      const found = slices.flatMap(({ values }) => values);
      const isEqual = found.length === expected.length && found.every((value, at) => value === expected[at]);
      if (!isEqual) wrong.push(`${name}, judged by ${judge}`);
      if (slices.length > 1) {
        // Of each frame's functional group.
        expect(slices.map(({ rescaleSlope, rescaleIntercept }) => [rescaleSlope, rescaleIntercept])).toEqual(
          slices.map((_, frame) => [frame + 1, frame === 0 ? 0 : -10 * frame]),
        );
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('a multi-frame file', () => {
  const FRAMES = 40;

  /** Four bytes of header for each fragment would be enough to tell frames; ten are read. */
  const HEADERS = (fragments: number) => 10 * (fragments + 1);

  it.each(['basic table', 'no table', 'three fragments a frame'])(
    'is not read again for each frame: %s',
    async (kind) => {
      const frame = (await encodeFrames()).find(
        (candidate) =>
          candidate.transferSyntaxUid === TRANSFER_SYNTAXES.htj2kLossless && candidate.bitsStored === 12,
      )!;
      const whole = frame.fragments[0]!;
      const even = whole.length + (whole.length % 2);
      const third = Math.floor(whole.length / 6) * 2;
      const cut =
        kind === 'three fragments a frame'
          ? [whole.subarray(0, third), whole.subarray(third, 2 * third), whole.subarray(2 * third)]
          : [whole];
      const source = makeSyntheticCt({
        transferSyntaxUid: frame.transferSyntaxUid,
        rows: frame.rows,
        columns: frame.columns,
        bitsStored: 12,
        numberOfFrames: FRAMES,
        pixelData: Array.from({ length: FRAMES }, () => cut),
        ...(kind === 'basic table'
          ? { basicOffsetTable: Array.from({ length: FRAMES }, (_, index) => index * (even + 8)) }
          : {}),
      });
      const staged = stage(source, kind);
      const { slices, bytesRead } = await readAll(staged);
      expect(slices).toHaveLength(FRAMES);
      for (const { values } of slices) expect(values).toEqual([...frame.values]);
      const fragments = FRAMES * cut.length;
      const encoded = FRAMES * cut.reduce((sum, part) => sum + part.length + (part.length % 2), 0);
      const table = kind === 'basic table' ? 4 * FRAMES : 0;
      expect(bytesRead).toBeLessThanOrEqual(encoded + table + HEADERS(fragments));
      expect(bytesRead).toBeGreaterThanOrEqual(encoded);
    },
  );

  it('of native pixels is read frame by frame, of packed ones from the byte where a frame begins', async () => {
    const packed = makeSyntheticCt({
      rows: 3,
      columns: 3,
      bitsAllocated: 12,
      bitsStored: 12,
      numberOfFrames: 4,
      pixelData: Uint8Array.from({ length: 54 }, (_, index) => index),
    });
    const { bytesRead } = await readAll(stage(packed, 'packed'));
    // 13.5 bytes a frame: frames 1 and 3 are read with the one before them.
    expect(bytesRead).toBe(14 + 27 + 14 + 27);
    const native = makeSyntheticCt({ numberOfFrames: 4, pixelData: new Uint8Array(4 * 128) });
    expect((await readAll(stage(native, 'native'))).bytesRead).toBe(4 * 128);
  });

  it('that was cut off after it was described is an error, not a short slice', async () => {
    const staged = stage(makeSyntheticCt({ numberOfFrames: 2, pixelData: new Uint8Array(256) }), 'cut');
    fs.truncateSync(staged.file, staged.record.image!.pixelData.offset + 200);
    await expect(readAll(staged)).rejects.toMatchObject({ code: 'truncated' });
  });
});
