/** Writes one unit in one format below a target folder, each file whole or not at all. */
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { SliceReader } from '../activities/slice-reader.ts';
import { writeFileAtomic } from '../activities/store/atomic.ts';
import { DicomError } from '../dicom/errors.ts';
import { PreprocessError } from '../stages/preprocess/preprocess-volume.ts';
import { tensorPathOf } from '../stages/publish/output-paths.ts';
import { UnitError } from './cohort-error.ts';
import { encodeNiftiHeader, type StackGrid, toHounsfieldRows } from './nifti.ts';
import { evenStepOf, readStack } from './read-stack.ts';
import { loadStackCodecs, readTensor, type TensorSource } from './read-tensor.ts';
import type { CohortUnit } from './select-cohort.ts';

export type CohortFormat = 'dicom' | 'nifti' | 'npy';
export type LinkKind = 'copy' | 'hard' | 'symbolic';

/** What a unit is written from and to. */
export interface WriteContext extends TensorSource {
  target: string;
  link: LinkKind;
}

/** A file of the export. */
export interface WrittenFile {
  /** Relative to the target, with forward slashes. */
  path: string;
  bytes: number;
  /** Null for a link to a DICOM file whose digest the manifest has. */
  sha256: string | null;
}

/** @throws UnitError when the unit cannot be had in that format */
export async function writeUnit(
  context: WriteContext,
  unit: CohortUnit,
  format: CohortFormat,
): Promise<WrittenFile[]> {
  try {
    if (format === 'dicom') return placeInstances(context, unit);
    return [format === 'npy' ? await writeTensor(context, unit) : await writeNifti(context, unit)];
  } catch (error) {
    if (error instanceof DicomError || error instanceof PreprocessError) throw new UnitError('file-damaged');
    throw error;
  }
}

/** All or nothing: what is missing is found before the first file is placed. */
function placeInstances(context: WriteContext, unit: CohortUnit): WrittenFile[] {
  const files = unit.instances.map(({ path: relative, sha256: digest }) => {
    if (relative === null) throw new UnitError('no-dicom-published');
    const bytes = fs.statSync(path.join(context.source, relative), { throwIfNoEntry: false })?.size;
    if (bytes === undefined) throw new UnitError('file-missing');
    return { path: relative, bytes, sha256: digest };
  });
  for (const { path: relative } of files) {
    const from = path.join(context.source, relative);
    const to = path.join(context.target, relative);
    fs.mkdirSync(path.dirname(to), { recursive: true });
    const temporary = temporaryFor(to);
    if (context.link === 'copy') fs.copyFileSync(from, temporary);
    else if (context.link === 'hard') fs.linkSync(from, temporary);
    else fs.symlinkSync(path.resolve(from), temporary);
    fs.renameSync(temporary, to);
  }
  return files;
}

async function writeNifti(context: WriteContext, unit: CohortUnit): Promise<WrittenFile> {
  const stack = readStack(context.source, unit);
  const first = stack.slices[0]!;
  const { rows, columns } = first.image;
  const grid: StackGrid = {
    rows,
    columns,
    slices: stack.slices.length,
    originMm: first.position,
    rowDirection: stack.row,
    columnDirection: stack.column,
    pixelSpacingMm: first.description.pixelSpacingMm ?? [1, 1],
    sliceStepMm: evenStepOf(stack),
  };
  await loadStackCodecs(stack);
  const relative = `nifti/${unit.seriesUnit}.nii.gz`;
  const reader = new SliceReader();
  const buffer = new Uint8Array(rows * columns * 4);
  function* voxels(): Generator<Uint8Array> {
    yield encodeNiftiHeader(grid, `serieswise ${unit.seriesUnit}`);
    for (const slice of stack.slices) {
      const source = reader.read(slice.file, slice, slice.frame, buffer);
      const hu = toHounsfieldRows(source, rows, columns);
      yield new Uint8Array(hu.buffer, hu.byteOffset, hu.byteLength);
    }
  }
  const to = path.join(context.target, relative);
  fs.mkdirSync(path.dirname(to), { recursive: true });
  const temporary = temporaryFor(to);
  try {
    // One slice at a time: a stack of a thousand slices need not fit in memory.
    await pipeline(
      Readable.from(voxels()),
      createGzip({ level: 6 }),
      fs.createWriteStream(temporary, { flush: true }),
    );
    const bytes = fs.readFileSync(temporary);
    fs.renameSync(temporary, to);
    return { path: relative, bytes: bytes.length, sha256: sha256(bytes) };
  } finally {
    reader.close();
    fs.rmSync(temporary, { force: true });
  }
}

async function writeTensor(context: WriteContext, unit: CohortUnit): Promise<WrittenFile> {
  const relative = tensorPathOf(unit.seriesUnit);
  const { npy, sha256: digest } = await readTensor(context, unit);
  const to = path.join(context.target, relative);
  fs.mkdirSync(path.dirname(to), { recursive: true });
  writeFileAtomic(to, npy);
  return { path: relative, bytes: npy.length, sha256: digest };
}

function temporaryFor(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.tmp-${randomBytes(6).toString('hex')}`);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
