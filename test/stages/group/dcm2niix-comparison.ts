import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import yauzl from 'yauzl';
import { readDicom } from '../../../dicom/read.ts';
import { TAGS } from '../../../dicom/tags.ts';
import { getString } from '../../../dicom/values.ts';
import { deidentifyInstance } from '../../../stages/deidentify/deidentify-instance.ts';
import { type Grouping, type GroupOptions, groupSeries } from '../../../stages/group/group-series.ts';
import type { InstanceRecord, SeriesUnit } from '../../../stages/records.ts';
import { deidentifyOptions } from '../../fixtures/deidentify.ts';
import { listSharedDicom } from '../../fixtures/shared-dicom.ts';

/** The shipped pipeline's, but stacks of any length: what is too short for a volume is no question of geometry. */
const OPTIONS: GroupOptions = {
  splitBy: ['orientation', 'image_type', 'acquisition', 'kernel'],
  exclude: ['localizer', 'dose-report', 'secondary-capture', 'screen-save', 'post-processed', 'not-ct'],
  minSlices: 1,
};

/** One stack, as either program made it. */
export interface Stack {
  slices: number;
  /** Null with one slice. */
  spacingMm: number | null;
  tiltDeg: number;
  /** First voxels of the first and last slice, patient's coordinates (LPS), mm. */
  first: readonly number[];
  last: readonly number[];
}

export type DifferenceKind =
  | 'only-here'
  | 'only-dcm2niix'
  | 'stacks'
  | 'slices'
  | 'spacing'
  | 'tilt'
  | 'extent';

export interface SeriesComparison {
  /** Folder, or archive. */
  group: string;
  /** The first file of the series, in the order of names. */
  series: string;
  ours: Stack[];
  theirs: Stack[];
  /** Why there is no unit of the series here, or not of all of it. */
  reasons: string[];
  /** Of the slices of pairs of stacks: the same way round, or the other; null with single slices. */
  order: 'same' | 'reversed' | null;
  differences: DifferenceKind[];
}

/** Positions that are nearer than this are one. */
const SAME_MM = 0.1;

/** Both programs on every folder and archive of the shared data that holds images. */
export async function compareWithDcm2niix(root: string): Promise<SeriesComparison[]> {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'serieswise-dcm2niix-'));
  try {
    const groups = [
      ...new Set(listSharedDicom(root).map((name) => (name.includes('/') ? name.split('/')[0]! : ''))),
    ];
    const compared: SeriesComparison[] = [];
    for (const group of groups.filter((name) => name !== '' && name !== 'archives').sort()) {
      compared.push(...compareFolder(group, path.join(root, group), work));
    }
    for (const archive of fs.readdirSync(path.join(root, 'archives')).sort()) {
      if (!archive.endsWith('.zip')) continue;
      const folder = path.join(work, 'unpacked');
      await unpack(path.join(root, 'archives', archive), folder);
      compared.push(...compareFolder(`archives/${archive}`, folder, work));
      fs.rmSync(folder, { recursive: true });
    }
    return compared;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

function compareFolder(group: string, folder: string, work: string): SeriesComparison[] {
  const { names, units, verdicts, records } = groupHere(folder);
  const verdictOf = new Map(verdicts.map((verdict) => [verdict.sourceKey, verdict]));
  const theirs = runDcm2niix(folder, path.join(work, 'nifti'));
  const recordOf = new Map(records.map((record) => [record.sopInstanceUid, record]));
  return [...names].flatMap(([seriesUid, { file, pseudonym }]) => {
    const own = units.filter((unit) => unit.seriesInstanceUid === pseudonym);
    const kept = own.filter((unit) => unit.disposition === 'kept');
    const reasons = records
      .filter((record) => record.seriesInstanceUid === pseudonym)
      .flatMap((record) => verdictOf.get(record.sourceKey)?.reason ?? []);
    const ours = kept.map((unit) => stackOf(unit, recordOf)).sort(bySlices);
    const others = (theirs.get(seriesUid) ?? []).sort(bySlices);
    if (ours.length === 0 && others.length === 0) return [];
    const found = [...new Set(reasons)].sort();
    return [{ group, series: file, ours, theirs: others, reasons: found, ...compareStacks(ours, others) }];
  });
}

const bySlices = (a: Stack, b: Stack) => b.slices - a.slices;

function compareStacks(
  ours: readonly Stack[],
  theirs: readonly Stack[],
): Pick<SeriesComparison, 'order' | 'differences'> {
  if (theirs.length === 0) return { order: null, differences: ['only-here'] };
  if (ours.length === 0) return { order: null, differences: ['only-dcm2niix'] };
  if (ours.length !== theirs.length) return { order: null, differences: ['stacks'] };
  const differences = new Set<DifferenceKind>();
  let order: SeriesComparison['order'] = null;
  for (const [index, own] of ours.entries()) {
    const other = theirs[index]!;
    if (own.slices !== other.slices) differences.add('slices');
    else if (own.slices === 1) {
      if (distance(own.first, other.first) > SAME_MM) differences.add('extent');
    } else {
      if (Math.abs((own.spacingMm ?? 0) - (other.spacingMm ?? 0)) > 0.01) differences.add('spacing');
      if (Math.abs(own.tiltDeg - other.tiltDeg) > 0.1) differences.add('tilt');
      const isSame = distance(own.first, other.first) <= SAME_MM;
      order = isSame || distance(own.last, other.last) <= SAME_MM ? 'same' : 'reversed';
      const [first, last] = order === 'same' ? [other.first, other.last] : [other.last, other.first];
      if (distance(own.first, first) > SAME_MM || distance(own.last, last) > SAME_MM)
        differences.add('extent');
    }
  }
  return { order, differences: [...differences] };
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!);
}

interface GroupedHere extends Grouping {
  /** By Series Instance UID of the source. */
  names: Map<string, { file: string; pseudonym: string }>;
  records: InstanceRecord[];
}

function groupHere(folder: string): GroupedHere {
  const options = deidentifyOptions();
  const names: GroupedHere['names'] = new Map();
  const records: InstanceRecord[] = [];
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = files
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  for (const file of paths.sort()) {
    const bytes = new Uint8Array(fs.readFileSync(file));
    const sourceKey = createHash('sha256').update(file).digest('hex').slice(0, 32);
    const { record } = deidentifyInstance(bytes, { ...options, sourceKey });
    records.push(record);
    const uid = seriesUidOf(bytes);
    if (uid === null || record.seriesInstanceUid === null || names.has(uid)) continue;
    names.set(uid, { file: path.relative(folder, file), pseudonym: record.seriesInstanceUid });
  }
  return { names, records, ...groupSeries(records, OPTIONS) };
}

function seriesUidOf(bytes: Uint8Array): string | null {
  try {
    const parsed = readDicom(bytes, { untilPixelData: true, allowTruncated: true });
    return getString(parsed, parsed.dataset, TAGS.SeriesInstanceUID) ?? null;
  } catch {
    return null;
  }
}

function stackOf(unit: SeriesUnit, records: ReadonlyMap<string | null, InstanceRecord>): Stack {
  const positionOf = (slice: SeriesUnit['slices'][number]) =>
    records.get(slice.sopInstanceUid)!.image!.frames[slice.frame]!.imagePositionPatient!;
  return {
    slices: unit.slices.length,
    spacingMm: unit.slices.length > 1 ? unit.sliceSpacingMm : null,
    tiltDeg: unit.gantryTiltDeg ?? 0,
    first: positionOf(unit.slices[0]!),
    last: positionOf(unit.slices.at(-1)!),
  };
}

/** Stacks by Series Instance UID. What dcm2niix makes of a stack besides (tilt and spacing mended) does not count. */
function runDcm2niix(folder: string, output: string): Map<string, Stack[]> {
  fs.mkdirSync(output, { recursive: true });
  const args = ['-b', 'y', '-ba', 'n', '-z', 'n', '-i', 'n', '-f', 'stack%r', '-o', output, folder];
  const { stdout, error } = spawnSync('dcm2niix', args, { encoding: 'latin1', maxBuffer: 1 << 26 });
  if (error !== undefined) throw new Error('dcm2niix is not installed');
  const tiltOf = new Map<string, number>();
  let tilt = 0;
  for (const line of stdout.split('\n')) {
    const told = /^Gantry Tilt based on 0018,1120 .*, estimated from slice vector (-?[0-9.]+)/.exec(line);
    if (told !== null) tilt = Number(told[1]);
    const converted = /^Convert \d+ DICOM as (.*) \(\d+x/.exec(line);
    if (converted === null) continue;
    tiltOf.set(path.basename(converted[1]!), tilt);
    tilt = 0;
  }
  const stacks = new Map<string, Stack[]>();
  for (const name of fs.readdirSync(output).filter((file) => file.endsWith('.json'))) {
    const stem = name.slice(0, -'.json'.length);
    const { SeriesInstanceUID: uid } = JSON.parse(fs.readFileSync(path.join(output, name), 'latin1'));
    const nifti = path.join(output, `${stem}.nii`);
    if (typeof uid !== 'string' || !fs.existsSync(nifti)) continue;
    stacks.set(uid, [...(stacks.get(uid) ?? []), readNifti(nifti, tiltOf.get(stem) ?? 0)]);
  }
  fs.rmSync(output, { recursive: true });
  return stacks;
}

/** The header of NIfTI-1: dim at byte 40, pixdim at 76, srow_x, _y, _z at 280; coordinates to the right, front, head. */
function readNifti(file: string, tiltDeg: number): Stack {
  const header = Buffer.alloc(348);
  const descriptor = fs.openSync(file, 'r');
  fs.readSync(descriptor, header, 0, header.length, 0);
  fs.closeSync(descriptor);
  const size = (axis: number) => header.readInt16LE(40 + 2 * axis);
  const row = (axis: number, column: number) => header.readFloatLE(280 + 16 * axis + 4 * column);
  // Rows are stored from the last to the first, so DICOM's first voxel is at the end of the second axis.
  const place = (slice: number) => {
    const [x, y, z] = [0, 1, 2].map(
      (axis) => row(axis, 1) * (size(2) - 1) + row(axis, 2) * slice + row(axis, 3),
    ) as [number, number, number];
    return [-x, -y, z];
  };
  const slices = size(3) * Math.max(1, size(4));
  return {
    slices,
    spacingMm: slices > 1 ? header.readFloatLE(76 + 12) : null,
    tiltDeg,
    first: place(0),
    last: place(size(3) - 1),
  };
}

async function unpack(archive: string, folder: string): Promise<void> {
  const zip = await yauzl.openPromise(archive);
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName.endsWith('/')) continue;
    const pieces: Buffer[] = [];
    for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
    const file = path.join(folder, entry.fileName);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, Buffer.concat(pieces));
  }
}
