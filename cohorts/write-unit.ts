/** Writes one unit in one format below a target folder, each file whole or not at all. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { SliceReader } from '../activities/slice-reader.ts';
import { temporaryNameFor, writeFileAtomic } from '../activities/store/atomic.ts';
import { decodeNpy } from '../stages/preprocess/npy.ts';
import { tensorPathOf } from '../stages/publish/output-paths.ts';
import { UnitError } from './cohort-error.ts';
import { encodeNiftiHeader, type StackGrid, toHounsfieldRows } from './nifti.ts';
import { evenStepOf, readStack } from './read-stack.ts';
import { loadStackCodecs, readTensor, type TensorSource } from './read-tensor.ts';
import type { CohortUnit } from './select-cohort.ts';
import { encodeZarrArray } from './zarr.ts';

/** Holds an array for each unit. */
export const ZARR_GROUP = 'tensors.zarr';

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

/** Writes the files of one unit. @throws UnitError, DicomError, PreprocessError when it cannot be had in that format */
export async function writeUnit(
  context: WriteContext,
  unit: CohortUnit,
  format: 'dicom' | 'nifti' | 'npy' | 'zarr',
): Promise<WrittenFile[]> {
  switch (format) {
    case 'dicom':
      return placeInstances(context, unit);
    case 'nifti':
      return [await writeNifti(context, unit)];
    case 'npy':
      return [await writeNpy(context, unit)];
    case 'zarr':
      return writeZarr(context, unit);
  }
}

/** All or nothing: what is missing is found before the first file is placed. */
function placeInstances(context: WriteContext, unit: CohortUnit): WrittenFile[] {
  const files = unit.instances.map(({ path: relative, sha256: digest }) => {
    if (relative === null) throw new UnitError('no-dicom-published');
    const size = fs.statSync(path.join(context.source, relative), { throwIfNoEntry: false })?.size;
    if (size === undefined) throw new UnitError('file-missing');
    return { path: relative, bytes: size, sha256: digest };
  });
  for (const { path: relative } of files) {
    const from = path.join(context.source, relative);
    const to = path.join(context.target, relative);
    fs.mkdirSync(path.dirname(to), { recursive: true });
    const temporary = temporaryNameFor(to);
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
  const temporary = temporaryNameFor(to);
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

async function writeNpy(context: WriteContext, unit: CohortUnit): Promise<WrittenFile> {
  const relative = tensorPathOf(unit.seriesUnit);
  const { npy, sha256: digest } = await readTensor(context, unit);
  const to = path.join(context.target, relative);
  fs.mkdirSync(path.dirname(to), { recursive: true });
  writeFileAtomic(to, npy);
  return { path: relative, bytes: npy.length, sha256: digest };
}

/** The array's folder appears whole: a reader never sees a part of its chunks. */
async function writeZarr(context: WriteContext, unit: CohortUnit): Promise<WrittenFile[]> {
  const relative = `${ZARR_GROUP}/${unit.seriesUnit}`;
  const { data, shape } = decodeNpy((await readTensor(context, unit)).npy);
  const to = path.join(context.target, relative);
  const temporary = temporaryNameFor(to);
  const files = [...encodeZarrArray(data, shape)].map(([name, bytes]) => {
    const file = path.join(temporary, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    writeFileAtomic(file, bytes);
    return { path: `${relative}/${name}`, bytes: bytes.length, sha256: sha256(bytes) };
  });
  fs.rmSync(to, { recursive: true, force: true });
  fs.renameSync(temporary, to);
  return files;
}

/** SHA-256 in hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
