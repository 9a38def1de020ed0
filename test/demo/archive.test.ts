import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import yauzl from 'yauzl';
import type { ArchiveTruth, ExpectedSeries } from '../../demo/archive.ts';
import { makeArchive } from '../../demo/archive.ts';
import { AXES, CONTRASTS } from '../../models/labels.ts';
import { dispositionOf } from '../../stages/reasons.ts';
import { describeWithOracle, runOracle } from '../oracles/python.ts';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'demo-archive-'));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

/** Every file below a folder: relative path, digest of the bytes, time of change. */
function listContent(folder: string): { name: string; sha256: string; mtimeMs: number; bytes: Buffer }[] {
  const names = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      const bytes = fs.readFileSync(file);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      return { name: path.relative(folder, file), sha256, mtimeMs: fs.statSync(file).mtimeMs, bytes };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const readZip = (bytes: Buffer): Promise<Buffer[]> =>
  new Promise((resolve, reject) => {
    yauzl.fromBuffer(bytes, (error, zip) => {
      if (error) return reject(error);
      const members: Promise<Buffer>[] = [];
      zip.on('entry', (entry: yauzl.Entry) => {
        members.push(
          new Promise((done, fail) => {
            zip.openReadStream(entry, (failure, stream) => (failure ? fail(failure) : done(buffer(stream))));
          }),
        );
      });
      zip.on('end', () => resolve(Promise.all(members)));
    });
  });

/** Names and bytes with nothing hidden by compression: members of ZIP files and deflated datasets stand apart. */
async function listUnpacked(folder: string): Promise<{ name: string; bytes: Buffer }[]> {
  const unpacked: { name: string; bytes: Buffer }[] = [];
  for (const file of listContent(folder)) {
    unpacked.push(file);
    if (file.name.endsWith('.zip')) {
      for (const bytes of await readZip(file.bytes)) unpacked.push({ name: file.name, bytes });
    } else if (file.bytes.subarray(0, 512).includes('1.2.840.10008.1.2.1.99')) {
      const body = 128 + 4 + 12 + file.bytes.readUInt32LE(128 + 4 + 8);
      unpacked.push({ name: file.name, bytes: inflateRawSync(file.bytes.subarray(body)) });
    }
  }
  return unpacked;
}

const fingerprint = (folder: string): string[] =>
  listContent(folder).map(({ name, sha256, mtimeMs }) => `${sha256} ${mtimeMs} ${name}`);

const findSeries = (truth: ArchiveTruth, name: string): ExpectedSeries => {
  const found = truth.series.find((series) => series.name === name);
  if (found === undefined) throw new Error(`no series ${name}`);
  return found;
};

describe('makeArchive without `series`: the demo', () => {
  const folder = path.join(scratch, 'demo');
  let truth: ArchiveTruth;
  beforeAll(async () => {
    truth = await makeArchive(folder, { seed: 1 });
  });

  it('is a small export of four patients and six studies', () => {
    expect(truth.series).toHaveLength(15);
    expect(new Set(truth.series.map((series) => series.patientId)).size).toBe(4);
    expect(new Set(truth.series.map((series) => series.studyInstanceUid)).size).toBe(6);
    for (const { sliceCount } of truth.series) {
      expect(sliceCount).toBeGreaterThanOrEqual(20);
      expect(sliceCount).toBeLessThanOrEqual(60);
    }
    const bytes = listContent(folder).reduce((sum, file) => sum + file.bytes.length, 0);
    expect(bytes).toBeLessThan(60e6);
  });

  it('covers every plane, both contrasts and the main regions', () => {
    const labels = truth.series.map((series) => series.labels);
    expect(new Set(labels.map((label) => label.axis))).toEqual(new Set(AXES));
    expect(new Set(labels.map((label) => label.contrast))).toEqual(new Set(CONTRASTS));
    const regions = ['abdomen', 'abdomen-pelvis', 'c-spine', 'chest', 'chest-abdomen-pelvis', 'head'];
    expect([...new Set(labels.map((label) => label.bodyPart))].sort()).toEqual([
      ...regions,
      'l-spine',
      'pelvis',
    ]);
    expect(truth.series.filter((series) => series.headerLies)).toHaveLength(2);
  });

  it('names every file of the folder once, with a verdict from the vocabulary', () => {
    const plain = truth.files.filter((file) => file.member === null).map((file) => file.path);
    const seen = listContent(folder).map((file) => file.name);
    expect([...plain, ...truth.containers].sort()).toEqual(seen.sort());
    expect(truth.containers).toHaveLength(2);
    const keys = truth.files.map((file) => `${file.path}!${file.member ?? ''}`);
    expect(new Set(keys).size).toBe(truth.files.length);
    for (const file of truth.files) expect(dispositionOf(file.reason)).toBe(file.disposition);
    for (const series of truth.series) {
      const files = truth.files.filter((file) => file.series === series.name && file.disposition === 'kept');
      expect(files).toHaveLength(series.sliceCount);
    }
  });

  it('holds each kind of thing that is not to be kept', () => {
    const count = (kind: string): number => truth.files.filter((file) => file.kind === kind).length;
    const kinds = ['secondary-capture', 'screen-save', 'dose-report', 'radiograph', 'dicomdir', 'truncated'];
    for (const kind of [...kinds, 'text', 'document', 'empty'])
      expect([kind, count(kind)]).toEqual([kind, 1]);
    expect(count('localizer')).toBe(12);
    expect(count('bolus-tracking')).toBe(4);
    expect(count('mip')).toBeGreaterThan(10);
  });

  it('holds copies equal to the byte', () => {
    const copies = truth.files.filter((file) => file.kind === 'duplicate');
    expect(copies).toHaveLength(3);
    for (const copy of copies) {
      const group = truth.files.filter((file) => file.duplicateGroup === copy.duplicateGroup);
      expect(group).toHaveLength(2);
      const [a, b] = group.map((file) => fs.readFileSync(path.join(folder, file.path)));
      expect(a!.equals(b!)).toBe(true);
    }
  });

  it('holds every planted string in a file or a name', async () => {
    const haystack = await listUnpacked(folder);
    const strings = [...truth.plantedStrings, ...truth.plantedDates];
    const missing = strings.filter((text) => {
      const bytes = Buffer.from(text, 'utf8');
      return !haystack.some((file) => file.bytes.includes(bytes) || file.name.includes(text));
    });
    expect(missing).toEqual([]);
    expect(truth.plantedStrings.length).toBeGreaterThan(60);
    for (const text of truth.plantedStrings) expect(text).toMatch(/ZZ|^2\.999\.2099\.$/);
  });

  it('refuses a folder with content', async () => {
    await expect(makeArchive(folder, { seed: 1 })).rejects.toThrow('not empty');
  });

  describeWithOracle('read by pydicom', () => {
    interface Report {
      files: Record<string, { sopClass: string; syntax: string; truncated: boolean }>;
      foreign: string[];
      series: Record<
        string,
        {
          count: number;
          patientId: string;
          patientName: string;
          study: string;
          normal: [number, number, number];
          spacingMm: number;
          gapCount: number;
          tiltDeg: number;
          shape: [number, number];
          descendingNumbers: boolean;
        }
      >;
      agreements: Record<string, { points: number; medianHu: number }>[];
    }
    const pairs = [
      ['chest-axial-soft', 'chest-coronal'],
      ['chest-axial-bone', 'chest-coronal'],
      ['abdomen-pelvis-axial', 'abdomen-pelvis-coronal'],
      ['abdomen-pelvis-axial', 'l-spine-sagittal'],
      ['chest-abdomen-pelvis-axial', 'chest-abdomen-pelvis-coronal'],
      ['abdomen-axial-gap', 'abdomen-sagittal-zip'],
      ['head-axial-tilted', 'c-spine-sagittal'],
    ] as const;
    let cached: Report | null = null;
    /** The judge reads the archive once, for the first test that asks. */
    const readReport = (): Report => {
      const uids = pairs.map((pair) => pair.map((name) => findSeries(truth, name).seriesInstanceUid));
      cached ??= runOracle('demo_archive.py', [folder, JSON.stringify(uids)]) as Report;
      return cached;
    };

    it('is DICOM where it should be', () => {
      const report = readReport();
      const notDicom = truth.files.filter(
        (file) => file.reason === 'not-dicom' || file.reason === 'empty-file',
      );
      expect(report.foreign.sort()).toEqual(notDicom.map((file) => file.path).sort());
      expect(Object.keys(report.files)).toHaveLength(truth.files.length - notDicom.length);
      const truncated = Object.entries(report.files).filter(([, file]) => file.truncated);
      const expected = truth.files.filter((file) => file.reason === 'truncated').map((file) => file.path);
      expect(truncated.map(([name]) => name)).toEqual(expected);
      const syntaxes = new Set(Object.values(report.files).map((file) => file.syntax));
      expect([...syntaxes].sort()).toEqual([
        '1.2.840.10008.1.2',
        '1.2.840.10008.1.2.1',
        '1.2.840.10008.1.2.1.99',
      ]);
    });

    it('has the geometry that the truth states', () => {
      const report = readReport();
      const normals = { axial: [0, 0, 1], coronal: [0, 1, 0], sagittal: [-1, 0, 0] } as const;
      for (const series of truth.series) {
        const seen = report.series[series.seriesInstanceUid]!;
        expect(seen.count).toBe(series.sliceCount);
        expect(seen.patientId).toBe(series.patientId);
        expect(seen.study).toBe(series.studyInstanceUid);
        expect(seen.shape).toEqual([series.rows, series.columns]);
        expect(seen.gapCount).toBe(series.sliceGapCount);
        expect(seen.tiltDeg).toBe(series.gantryTiltDeg);
        expect(seen.spacingMm).toBeCloseTo(series.sliceSpacingMm, 2);
        const tilt = (series.gantryTiltDeg * Math.PI) / 180;
        const [x, y, z] = normals[series.labels.axis];
        expect(seen.normal[0]).toBeCloseTo(x, 3);
        expect(seen.normal[1]).toBeCloseTo(y + z * Math.sin(tilt), 3);
        expect(seen.normal[2]).toBeCloseTo(z * Math.cos(tilt), 3);
      }
      const descending = Object.values(report.series).map((series) => series.descendingNumbers);
      expect(new Set(descending)).toEqual(new Set([true, false]));
      expect(new Set(Object.values(report.series).map((series) => series.patientName))).toContain(
        'ZZTEST^DÉMO03',
      );
    });

    it.each(pairs.map(([a, b], n) => ({ a, b, n })))('shows the same voxels in $a and $b', ({ n }) => {
      const { same, mirroredX, mirroredY } = readReport().agreements[n]!;
      expect(same!.points).toBeGreaterThan(2000);
      // Noise, slabs and nearest neighbours leave some tens of HU; a wrong side or sign leaves much more.
      expect(same!.medianHu).toBeLessThan(45);
      for (const wrong of [mirroredX!, mirroredY!]) {
        if (wrong.points > 2000) expect(wrong.medianHu).toBeGreaterThan(1.3 * same!.medianHu);
      }
    });
  });
});

describe('determinism', () => {
  it('gives the same bytes, names and times for a seed, in every time zone', async () => {
    const zone = process.env.TZ;
    const options = { seed: 5, slices: 3 };
    try {
      process.env.TZ = 'UTC';
      const first = await makeArchive(path.join(scratch, 'first'), options);
      process.env.TZ = 'Pacific/Kiritimati';
      const second = await makeArchive(path.join(scratch, 'second'), options);
      expect(new Date(2024, 0, 2).getTimezoneOffset()).toBe(-14 * 60);
      expect(second).toEqual(first);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
    expect(fingerprint(path.join(scratch, 'second'))).toEqual(fingerprint(path.join(scratch, 'first')));
  });

  it('gives other identifiers and pixels for another seed', async () => {
    const options = { series: 2, slices: 2 };
    const one = await makeArchive(path.join(scratch, 'one'), { ...options, seed: 1 });
    const two = await makeArchive(path.join(scratch, 'two'), { ...options, seed: 2 });
    expect(two.plantedStrings).not.toEqual(one.plantedStrings);
    const digests = (name: string): string[] =>
      listContent(path.join(scratch, name)).map((file) => file.sha256);
    expect(new Set([...digests('one'), ...digests('two')]).size).toBe(8);
  });
});

describe('makeArchive with `series`', () => {
  it('makes that many series of that many slices, no two files equal', async () => {
    const folder = path.join(scratch, 'generated');
    const truth = await makeArchive(folder, { seed: 2, series: 13, slices: 8 });
    expect(truth.series).toHaveLength(13);
    expect(truth.files).toHaveLength(13 * 8);
    expect(new Set(truth.series.map((series) => series.studyInstanceUid)).size).toBe(5);
    expect(new Set(truth.series.map((series) => series.patientId)).size).toBe(3);
    expect(new Set(truth.series.map((series) => series.labels.axis))).toEqual(new Set(AXES));
    const pixels = listContent(folder).map(({ bytes }) => {
      const tail = bytes.subarray(bytes.length - 128 * 128 * 2);
      return createHash('sha256').update(tail).digest('hex');
    });
    expect(new Set(pixels).size).toBe(13 * 8);
  });

  it('enlarges the matrix by `scale`', async () => {
    const truth = await makeArchive(path.join(scratch, 'scaled'), {
      seed: 2,
      series: 1,
      slices: 2,
      scale: 2,
    });
    expect(truth.series[0]).toMatchObject({ rows: 256, columns: 256, sliceCount: 2 });
    expect(truth.files.every((file) => file.bytes > 256 * 256 * 2)).toBe(true);
  });

  it('rejects options out of range', async () => {
    const folder = path.join(scratch, 'rejected');
    await expect(makeArchive(folder, { seed: -1 })).rejects.toThrow(RangeError);
    await expect(makeArchive(folder, { seed: 1, series: 0 })).rejects.toThrow(RangeError);
    await expect(makeArchive(folder, { seed: 1, slices: 1.5 })).rejects.toThrow(RangeError);
    await expect(makeArchive(folder, { seed: 1, scale: 3 })).rejects.toThrow(RangeError);
    expect(fs.existsSync(folder)).toBe(false);
  });
});

describe('the repository', () => {
  it('keeps the volumes below 4.5 MB, from CC BY sources, each attributed', () => {
    const folder = path.resolve(import.meta.dirname, '../../demo/volumes');
    const attribution = fs.readFileSync(path.join(folder, 'ATTRIBUTION.md'), 'utf8');
    const names = fs.readdirSync(folder).filter((name) => name.endsWith('.gz'));
    const bytes = names.reduce((sum, name) => sum + fs.statSync(path.join(folder, name)).size, 0);
    expect(names.length).toBeGreaterThanOrEqual(5);
    expect(bytes).toBeLessThan(4.5e6);
    for (const name of names) expect(attribution).toContain(`\`${name}\``);
    expect(attribution.match(/\| \[CC BY [34]\.0\]/g)).toHaveLength(names.length);
  });
});
