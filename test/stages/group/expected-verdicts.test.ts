import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import yauzl from 'yauzl';
import { deidentifyInstance } from '../../../stages/deidentify/deidentify-instance.ts';
import { type Grouping, type GroupOptions, groupSeries } from '../../../stages/group/group-series.ts';
import type { InstanceRecord, InstanceVerdict, SeriesUnit } from '../../../stages/records.ts';
import { readFixtureCsv } from '../../fixtures/csv.ts';
import { deidentifyOptions } from '../../fixtures/deidentify.ts';
import { sharedDicomDir } from '../../fixtures/shared-dicom.ts';

/** The shipped pipeline's. */
const OPTIONS: GroupOptions = {
  splitBy: ['orientation', 'image_type', 'acquisition', 'kernel'],
  exclude: ['localizer', 'dose-report', 'secondary-capture', 'screen-save', 'post-processed', 'not-ct'],
  minSlices: 5,
};

const ALL_RULES: GroupOptions = {
  ...OPTIONS,
  exclude: [...OPTIONS.exclude, 'ct-fluoroscopy', 'bolus-tracking', 'phantom', 'scanned-document'],
};

const root = sharedDicomDir();
const expected = readFixtureCsv('expected-verdicts.csv');

/** What each file is: written by looking at the files with pydicom, not from what the program says. */
describe.skipIf(root === null)('verdicts on the shared archive', () => {
  const fileOfKey = new Map<string, string>();
  const records: InstanceRecord[] = [];
  let grouping: Grouping;
  let verdictOf: Map<string, InstanceVerdict>;

  beforeAll(async () => {
    const options = deidentifyOptions();
    await eachFile(root ?? '', (name, bytes) => {
      const sourceKey = createHash('sha256').update(name).digest('hex').slice(0, 32);
      fileOfKey.set(sourceKey, name);
      records.push(deidentifyInstance(bytes, { ...options, sourceKey }).record);
    });
    grouping = groupSeries(records, ALL_RULES);
    verdictOf = new Map(
      grouping.verdicts.map((verdict) => [fileOfKey.get(verdict.sourceKey) ?? '', verdict]),
    );
  });

  it('covers every file and member', () => {
    expect([...verdictOf.keys()].sort()).toEqual(expected.map((row) => row.file).sort());
  });

  it('are what the files are', () => {
    const wrong = expected.flatMap((row) => {
      const verdict = verdictOf.get(row.file ?? '');
      const isCopy = row.copies !== '' && verdict?.reason === 'duplicate-instance';
      const right = verdict?.disposition === row.disposition && (verdict?.reason ?? '') === row.reason;
      return isCopy || right
        ? []
        : [`${row.file}: ${verdict?.disposition} ${verdict?.reason} for ${row.reason}`];
    });
    expect(wrong).toEqual([]);
  });

  it('leave one of every set of copies', () => {
    const copies = new Map<string, string[]>();
    for (const row of expected.filter((entry) => entry.copies !== '')) {
      copies.set(row.copies ?? '', [...(copies.get(row.copies ?? '') ?? []), row.file ?? '']);
    }
    expect(copies.size).toBeGreaterThan(10);
    for (const [, files] of copies) {
      expect(files.filter((file) => verdictOf.get(file)?.reason !== 'duplicate-instance')).toHaveLength(1);
    }
  });

  it('make one kept unit of each kept series, and no other', () => {
    const names = new Map<string, Set<string>>();
    for (const row of expected.filter(({ unit }) => unit !== '')) {
      const key = verdictOf.get(row.file ?? '')?.seriesUnit;
      if (key != null) names.set(row.unit ?? '', (names.get(row.unit ?? '') ?? new Set()).add(key));
    }
    expect([...names].map(([name, keys]) => [name, keys.size]).sort()).toEqual(
      ['acrin-coronal', 'crlm-abdomen', 'ge-head', 'kits-abdomen', 'lidc-chest', 'smartscore'].map((name) => [
        name,
        1,
      ]),
    );
    expect(grouping.units.filter(({ disposition }) => disposition === 'kept')).toHaveLength(6);
  });

  it('measure the kept units', () => {
    const summary = (name: string) => {
      const unit = unitNamed(name);
      return {
        slices: unit.slices.length,
        axis: unit.axisGeometry,
        spacing: unit.sliceSpacingMm,
        regular: unit.sliceSpacingRegular,
        gaps: unit.sliceGapCount,
        tilt: unit.gantryTiltDeg,
      };
    };
    // 13 steps of 4.22 mm along z, then one of 1.14 mm, then 13 of 7.38 mm; the normal leans by 18.5 degrees.
    expect(summary('ge-head')).toEqual({
      slices: 28,
      axis: 'axial',
      spacing: 4.0019,
      regular: false,
      gaps: null,
      tilt: 18.5,
    });
    // From the head down, along the normal: 7.38 mm, 1.14 mm and 4.22 mm along z, by the cosine of the tilt.
    expect(unitNamed('ge-head').consistency).toMatchObject({
      spacingRuns: [
        { spacingMm: 6.9986, steps: 13 },
        { spacingMm: 1.0811, steps: 1 },
        { spacingMm: 4.0019, steps: 13 },
      ],
      gapPositionsMm: null,
      rescaleMixed: false,
      frameOfReferenceCount: 1,
      inPlaneRotationDeg: 0,
      matrixMirrored: false,
    });
    // LIDC-IDRI as published: each slice in a frame of reference of its own.
    expect(unitNamed('lidc-chest').consistency).toMatchObject({ frameOfReferenceCount: 133 });
    expect(summary('lidc-chest')).toEqual({
      slices: 133,
      axis: 'axial',
      spacing: 2.5,
      regular: true,
      gaps: 0,
      tilt: 0,
    });
    expect(summary('crlm-abdomen')).toEqual({
      slices: 41,
      axis: 'axial',
      spacing: 5,
      regular: true,
      gaps: 0,
      tilt: 0,
    });
    expect(summary('acrin-coronal')).toMatchObject({
      slices: 40,
      axis: 'coronal',
      regular: true,
      gaps: 0,
      tilt: 0,
    });
    expect(summary('kits-abdomen')).toMatchObject({ slices: 8, axis: 'axial', spacing: 2.5, regular: true });
  });

  it('find the slices that are missing of the LIDC chest alone, at their positions', () => {
    const part = records.filter(({ sourceKey }) =>
      fileOfKey.get(sourceKey)?.startsWith('chest_lidc0001_missing'),
    );
    const [unit] = groupSeries(part, OPTIONS).units;
    expect(unit).toMatchObject({
      disposition: 'kept',
      sliceGapCount: 3,
      sliceSpacingMm: 2.5,
      sliceSpacingRegular: false,
    });
    expect(unit?.slices.map(({ positionMm }) => positionMm)).toEqual([
      0, 2.5, 5, 7.5, 17.5, 20, 22.5, 25, 27.5,
    ]);
    expect(unit?.consistency).toMatchObject({
      gapPositionsMm: [10, 12.5, 15],
      spacingRuns: [
        { spacingMm: 2.5, steps: 3 },
        { spacingMm: 10, steps: 1 },
        { spacingMm: 2.5, steps: 4 },
      ],
    });
  });

  it('give single slices in three planes the right plane', () => {
    const single = groupSeries(
      records.filter(({ sourceKey }) => fileOfKey.get(sourceKey)?.startsWith('sbu_single_slices')),
      { ...OPTIONS, minSlices: 1 },
    );
    const planes = single.units.map(({ axisGeometry }) => axisGeometry).sort();
    expect(planes).toEqual([...Array(8).fill('axial'), 'coronal']);
    // The folder that the publisher kept each in says the same.
    for (const unit of single.units) {
      const verdict = single.verdicts.find(({ seriesUnit }) => seriesUnit === unit.seriesUnit);
      const file = fileOfKey.get(verdict?.sourceKey ?? '') ?? '';
      const line = manifestOf(root ?? '').find((entry) => entry.startsWith(`${file},`)) ?? '';
      expect(/\/(axial|coronal|sagittal)\//.exec(line)?.[1], file).toBe(unit.axisGeometry);
    }
  });

  it('do not depend on the order of the records', () => {
    expect(groupSeries([...records].reverse(), ALL_RULES)).toEqual(grouping);
  });

  function unitNamed(name: string): SeriesUnit {
    const row = expected.find(
      (entry) => entry.unit === name && verdictOf.get(entry.file ?? '')?.seriesUnit != null,
    );
    const unit = grouping.units.find(
      ({ seriesUnit }) => seriesUnit === verdictOf.get(row?.file ?? '')?.seriesUnit,
    );
    if (unit === undefined) throw new Error(`No unit ${name}`);
    return unit;
  }
});

function manifestOf(folder: string): string[] {
  return fs.readFileSync(path.join(folder, 'MANIFEST.csv'), 'utf8').split('\n').slice(1);
}

/** Files of the archive's manifest, ZIP archives opened. */
async function eachFile(folder: string, use: (name: string, bytes: Uint8Array) => void): Promise<void> {
  const manifest = manifestOf(folder);
  for (const name of manifest.map((line) => line.split(',')[0] ?? '').filter((entry) => entry !== '')) {
    const file = path.join(folder, name);
    if (name.endsWith('.zip')) await eachMember(file, (member, bytes) => use(`${name}!${member}`, bytes));
    else use(name, new Uint8Array(fs.readFileSync(file)));
  }
}

async function eachMember(file: string, use: (member: string, bytes: Uint8Array) => void): Promise<void> {
  const zip = await yauzl.openPromise(file);
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName.endsWith('/')) continue;
    const pieces: Buffer[] = [];
    for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
    use(entry.fileName, new Uint8Array(Buffer.concat(pieces)));
  }
}
