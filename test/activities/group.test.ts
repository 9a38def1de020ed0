import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StageContext } from '../../activities/context.ts';
import { deidentifyBatch } from '../../activities/deidentify.ts';
import { groupBatch, readGroups, readRecords } from '../../activities/group.ts';
import { preprocessUnits } from '../../activities/preprocess.ts';
import { readUnit } from '../../activities/units.ts';
import { type Dataset, encodeDicomFile } from '../../demo/dicom-writer.ts';
import { pipelineSchema } from '../../pipelines/schema.ts';
import { createResampler, resamplerWasmUrl } from '../../stages/preprocess/preprocess-volume.ts';
import type { InstanceVerdict, SeriesUnit } from '../../stages/records.ts';
import { makeFolder } from '../e2e/run-folders.ts';
import { sharedDataDir } from '../fixtures/shared-data.ts';
import { discover, openStages } from '../fixtures/stage-run.ts';
import { describeWithOracle, runOracle } from '../oracles/python.ts';

interface Slice {
  series: number;
  number: number;
  z: number | null;
  pixels: Int16Array;
  acquisitionTime?: string;
}

/** A CT image with obviously synthetic identifiers. */
function encodeSlice({ series, number, z, pixels, acquisitionTime }: Slice): Buffer {
  const size = Math.sqrt(pixels.length);
  const dataset: Dataset = [
    [0x00080008, 'CS', ['DERIVED', 'SECONDARY', 'OTHER']],
    [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.2'],
    [0x00080018, 'UI', `2.25.9.${series}.${number}`],
    [0x00080022, 'DA', '19000101'],
    ...(acquisitionTime === undefined ? [] : ([[0x00080032, 'TM', acquisitionTime]] as const)),
    [0x00080060, 'CS', 'CT'],
    [0x00100010, 'PN', 'ZZTEST^CANARY'],
    [0x00100020, 'LO', 'ZZTEST-ID'],
    [0x00180050, 'DS', '5'],
    [0x0020000d, 'UI', '2.25.9'],
    [0x0020000e, 'UI', `2.25.9.${series}`],
    [0x00200011, 'IS', String(series)],
    [0x00200013, 'IS', String(number)],
    ...(z === null
      ? []
      : ([
          [0x00200032, 'DS', [0, 0, z]],
          [0x00200037, 'DS', [1, 0, 0, 0, 1, 0]],
          [0x00280030, 'DS', [0.8, 0.8]],
        ] as const)),
    [0x00280002, 'US', 1],
    [0x00280004, 'CS', 'MONOCHROME2'],
    [0x00280010, 'US', size],
    [0x00280011, 'US', size],
    [0x00280100, 'US', 16],
    [0x00280101, 'US', 16],
    [0x00280102, 'US', 15],
    [0x00280103, 'US', 1],
    [0x00281052, 'DS', '0'],
    [0x00281053, 'DS', '1'],
    [0x7fe00010, 'OW', new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength)],
  ];
  return encodeDicomFile(dataset);
}

/** Runs the steps up to `group` in this process, as a run does. */
async function group(folder: string): Promise<{
  context: StageContext;
  units: SeriesUnit[];
  verdicts: InstanceVerdict[];
  verdictOf(file: string): InstanceVerdict | undefined;
}> {
  const pipeline = pipelineSchema.parse({
    name: 'pages',
    publish: { dicom: true, tensors: false, thumbnails: false },
  });
  const context = await openStages(folder, path.join(folder, 'input'), pipeline);
  expect(await discover(context)).toBe(1);
  await deidentifyBatch(context, 0, '');
  await groupBatch(context, 0, '');
  const { units, verdicts } = await readGroups(context, 0);
  const verdictOf = (file: string) =>
    verdicts.find(({ sourceKey }) => sourceKey === context.pseudonymizer.sourceKey(file, null));
  return { context, units, verdicts, verdictOf };
}

describe('passes that only times tell apart', () => {
  const folder = makeFolder('passes');
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('become units of their own, and no time leaves the sealed file', async () => {
    fs.mkdirSync(path.join(folder, 'input'));
    // Two passes head to foot; instance numbers go position by position and say nothing of them.
    const clock = ['131701.125', '131923.875'];
    for (let position = 0; position < 6; position += 1) {
      for (const pass of [0, 1]) {
        // At every other position the second pass comes first by number.
        const number = 2 * position + (position % 2 === 0 ? pass : 1 - pass) + 1;
        const pixels = new Int16Array(64 * 64).fill(position * 10 + pass);
        const time = `${clock[pass]?.slice(0, 6)}.${100 + position}`;
        const bytes = encodeSlice({ series: 1, number, z: position * 5, pixels, acquisitionTime: time });
        fs.writeFileSync(path.join(folder, 'input', `p${pass}-${position}`), bytes);
      }
    }
    const { context, units, verdictOf } = await group(folder);
    expect(units.map(({ disposition, pass, instanceCount }) => [disposition, pass, instanceCount])).toEqual(
      expect.arrayContaining([
        ['kept', { number: 1, count: 2, by: 'acquisition-time' }, 6],
        ['kept', { number: 2, count: 2, by: 'acquisition-time' }, 6],
      ]),
    );
    for (const pass of [0, 1]) {
      const keys = range(6).map((position) => verdictOf(`p${pass}-${position}`)?.seriesUnit);
      expect(new Set(keys).size).toBe(1);
      expect(units.find(({ seriesUnit }) => seriesUnit === keys[0])?.pass?.number).toBe(pass + 1);
    }
    const records = [...(await readRecords(context, 0)).values()];
    expect(
      records.map(({ image }) => image?.frames[0]?.acquisitionRank).sort((a, b) => Number(a) - Number(b)),
    ).toEqual(range(12));
    const said = JSON.stringify([records, units]);
    // As written, as seconds of the day, and the date; a pseudonym has no dot among its digits.
    for (const time of [/131[79]\d\d\.1/, /4[78]\d{3}\.1/, /"19000101/]) expect(time.test(said)).toBe(false);
    // A second look takes the records over, and the ranks with them.
    const before = fs.readFileSync(context.files.localPath(context.files.names.instances(0)));
    await deidentifyBatch(context, 0, '');
    expect(fs.readFileSync(context.files.localPath(context.files.names.instances(0)))).toEqual(before);
  });
});

interface Drawn {
  file: string;
  kind: string;
  name: string;
  type: string;
}

describeWithOracle('pages of text under the name of a CT image', () => {
  const folder = makeFolder('pages');
  const input = path.join(folder, 'input');
  const drawn = new Map<string, Int16Array>();

  beforeAll(() => {
    fs.mkdirSync(input);
    const shared = sharedDataDir();
    for (const { file, name } of runOracle('render_text.py', [folder]) as Drawn[]) {
      const bytes = new Uint8Array(fs.readFileSync(file));
      drawn.set(name, name.endsWith('-hu') ? new Int16Array(bytes.buffer) : Int16Array.from(bytes));
    }
    const write = (file: string, slice: Slice) =>
      fs.writeFileSync(path.join(input, file), encodeSlice(slice));
    const names = ['page-freetype-13', 'page-dark-16', 'page-freetype-20-hu', 'scan-1'];
    names.forEach((name, index) => {
      // Without a geometry, and with one: neither header says what it is.
      write(`loose-${index}`, { series: 1, number: index + 1, z: null, pixels: pageOf(name) });
      write(`short-${index}`, { series: 2, number: index + 1, z: index * 5, pixels: pageOf(name) });
    });
    for (let index = 0; index < 6; index += 1) {
      write(`long-${index}`, { series: 3, number: index + 1, z: index * 5, pixels: pageOf('page-dark-13') });
    }
    ['smooth-noise', 'grid', 'ruler', 'steps'].forEach((name, index) => {
      write(`clean-${index}`, { series: 4, number: index + 1, z: null, pixels: pageOf(name) });
    });
    if (shared === null) return;
    const slices = path.join(shared, 'ct-dicom/sbu_single_slices_3planes');
    for (const name of fs.readdirSync(slices))
      fs.copyFileSync(path.join(slices, name), path.join(input, `real-${name}`));
  });
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  function pageOf(name: string): Int16Array {
    const pixels = drawn.get(name);
    if (pixels === undefined) throw new Error(`Nothing was drawn as ${name}.`);
    // Of its own, since equal pixels at one position are one slice.
    return pixels.slice();
  }

  it('are found where the header says nothing, and clean images are left alone', async () => {
    const { context, units, verdicts, verdictOf } = await group(folder);
    for (let index = 0; index < 4; index += 1) {
      for (const name of ['loose', 'short']) {
        expect(verdictOf(`${name}-${index}`), `${name}-${index}`).toMatchObject({
          disposition: 'excluded',
          reason: 'text-page',
          rule: 'text-page',
          ruleEvidence: ['pixels=text-page'],
        });
      }
      expect(verdictOf(`clean-${index}`)).toMatchObject({ disposition: 'quarantined' });
    }
    expect(verdictOf('clean-0')?.reason).toBe('geometry-missing');
    const pages = verdicts.filter(({ reason }) => reason === 'text-page');
    expect(pages).toHaveLength(8);
    const real = fs.readdirSync(input).filter((name) => name.startsWith('real-'));
    for (const name of real) expect(verdictOf(name)?.reason, name).not.toBe('text-page');

    // A volume of pages is kept by its header; its pixels tell in preprocess.
    const unit = units.find(({ disposition }) => disposition === 'kept');
    expect(unit?.instanceCount).toBe(6);
    const resampler = await createResampler(fs.readFileSync(resamplerWasmUrl()));
    await preprocessUnits(context, resampler, 0, 0, (await readGroups(context, 0)).pending.length);
    expect((await readUnit(context, unit?.seriesUnit ?? ''))?.tensor.reason).toBe('text-page');
  });

  it('are not looked at twice', async () => {
    const { context } = await group(folder);
    const known = (await readGroups(context, 0)).pages;
    expect(Object.values(known).filter((isPage) => isPage)).toHaveLength(8);
    fs.rmSync(path.join(folder, 'output', '.serieswise'), { recursive: true, force: true });
    fs.renameSync(input, `${input}-away`);
    // With neither the sources nor their copies at hand, what is known must do.
    await groupBatch(context, 0, '');
    expect((await readGroups(context, 0)).pages).toEqual(known);
  });
});

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
