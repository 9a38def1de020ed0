import fs from 'node:fs';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { deidentifyBatch } from '../../activities/deidentify.ts';
import { groupBatch, readGroups } from '../../activities/group.ts';
import { preprocessUnits } from '../../activities/preprocess.ts';
import { readUnit } from '../../activities/units.ts';
import { encodeElement } from '../../dicom/encode.ts';
import { tag } from '../../dicom/tags.ts';
import { TRANSFER_SYNTAXES } from '../../dicom/uids.ts';
import { pipelineSchema } from '../../pipelines/schema.ts';
import {
  createResampler,
  resamplerWasmUrl,
  sourceSlicesNeeded,
} from '../../stages/preprocess/preprocess-volume.ts';
import { makeFolder } from '../e2e/run-folders.ts';
import { discover, openStages } from '../fixtures/stage-run.ts';
import { makeSyntheticCt } from '../fixtures/synthetic-dicom.ts';

const SIZE = 128;
const SLICES = 12;
const SHAPE: [number, number, number] = [3, 16, 16];
const folder = makeFolder('compressed-text');
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** RLE of literal runs alone: a segment of high bytes, one of low bytes. PS3.5 annex G */
function encodeRle(pixels: Uint16Array): Uint8Array {
  const segments = [8, 0].map((shift) => {
    const bytes = Buffer.from(Uint8Array.from(pixels, (value) => value >> shift));
    const runs: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 128)
      runs.push(Buffer.from([127]), bytes.subarray(at, at + 128));
    return Buffer.concat(runs);
  });
  const header = Buffer.alloc(64);
  header.writeUInt32LE(2, 0);
  header.writeUInt32LE(64, 4);
  header.writeUInt32LE(64 + segments[0]!.length, 8);
  return new Uint8Array(Buffer.concat([header, ...segments]));
}

function makeSlice(series: number, slice: number, hasText: boolean): Buffer {
  const pixels = Uint16Array.from({ length: SIZE * SIZE }, (_, at) => {
    const radius = Math.hypot((at % SIZE) - 64, Math.floor(at / SIZE) - 64);
    return radius < 45 ? 1060 + ((at * 7 + slice) % 13) : 30;
  });
  for (let letter = 0; hasText && letter < 16; letter += 1)
    for (let row = 6; row < 18; row += 1) pixels[row * SIZE + 8 + letter * 6] = 4095;
  const explicit = { explicitVr: true, littleEndian: true };
  const bytes = makeSyntheticCt({
    transferSyntaxUid: TRANSFER_SYNTAXES.rleLossless,
    rows: SIZE,
    columns: SIZE,
    pixelData: [[encodeRle(pixels)]],
    extra: [
      encodeElement(tag('ImagePositionPatient'), 'DS', `0\\0\\${-2 * slice}`, explicit),
      encodeElement(tag('ImageOrientationPatient'), 'DS', '1\\0\\0\\0\\1\\0', explicit),
    ],
  });
  // The fixture's instance and series have fixed UIDs; others of the same length take their place.
  const text = Buffer.from(bytes).toString('latin1');
  const named = text.replaceAll('2.25.42', `2.25.${50 + SLICES * series + slice}`);
  return Buffer.from(named.replaceAll('2.25.41', `2.25.3${series}`), 'latin1');
}

it('finds text in compressed slices, whether the tensor needs them or not', async () => {
  const needed = sourceSlicesNeeded(SLICES, SHAPE[0]);
  const spare = Array.from({ length: SLICES }, (_, slice) => slice).find((slice) => !needed.includes(slice))!;
  fs.mkdirSync(path.join(folder, 'input'));
  const withText = [-1, needed[1]!, spare];
  for (const [series, textAt] of withText.entries())
    for (let slice = 0; slice < SLICES; slice += 1)
      fs.writeFileSync(
        path.join(folder, 'input', `${series}-${slice}.dcm`),
        makeSlice(series, slice, slice === textAt),
      );
  const spec = { name: 'text', preprocess: { shape: SHAPE }, publish: { thumbnails: false } };
  const context = await openStages(folder, path.join(folder, 'input'), pipelineSchema.parse(spec));
  expect(await discover(context)).toBe(1);
  await deidentifyBatch(context, 0, '');
  await groupBatch(context, 0, '');
  const { units, verdicts } = await readGroups(context, 0);
  expect(units.map(({ disposition, reason }) => [disposition, reason])).toEqual(
    Array(3).fill(['kept', null]),
  );
  const resampler = await createResampler(fs.readFileSync(resamplerWasmUrl()));
  await preprocessUnits(context, resampler, 0, 0, 3);
  const reasonOf = async (series: number) => {
    const key = context.pseudonymizer.sourceKey(`${series}-0.dcm`, null);
    const { seriesUnit } = verdicts.find(({ sourceKey }) => sourceKey === key)!;
    return (await readUnit(context, seriesUnit!))!.tensor.reason;
  };
  expect(await Promise.all([0, 1, 2].map(reasonOf))).toEqual([
    null,
    'burned-in-annotation',
    'burned-in-annotation',
  ]);
});
