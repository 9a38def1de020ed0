/** The slices of a published unit, from its de-identified files alone: what an analyst has. */
import fs from 'node:fs';
import path from 'node:path';
import { DicomError } from '../dicom/errors.ts';
import { readDicom } from '../dicom/read.ts';
import { TAGS } from '../dicom/tags.ts';
import { describeImage } from '../stages/deidentify/describe-image.ts';
import { dot, orientationVectors, type Vector } from '../stages/group/geometry.ts';
import type { FrameDescription, ImageDescription } from '../stages/records.ts';
import { UnitError } from './cohort-error.ts';
import type { CohortUnit } from './select-cohort.ts';

/** One slice: a file's frame, and where it is. */
export interface StackSlice {
  file: string;
  transferSyntaxUid: string;
  image: ImageDescription;
  frame: number;
  position: Vector;
  description: FrameDescription;
}

/** Slices in the order of the cross product of their row and column directions. */
export interface Stack {
  slices: StackSlice[];
  row: Vector;
  column: Vector;
  normal: Vector;
}

/**
 * Reads the headers of a unit's files.
 * @throws UnitError when files are missing or damaged, or frames of one file are in several units
 */
export function readStack(outputFolder: string, unit: CohortUnit): Stack {
  const slices = unit.instances.flatMap((instance) => {
    if (instance.path === null) throw new UnitError('no-dicom-published');
    return readSlices(path.join(outputFolder, instance.path), instance.transferSyntaxUid);
  });
  if (slices.length !== unit.sliceCount) throw new UnitError('frames-of-several-units');
  const orientation = slices[0]?.description.imageOrientationPatient;
  if (orientation === undefined || orientation === null) throw new UnitError('file-damaged');
  const { row, column, normal } = orientationVectors(orientation);
  slices.sort((a, b) => dot(a.position, normal) - dot(b.position, normal));
  return { slices, row, column, normal };
}

function readSlices(file: string, transferSyntaxUid: string): StackSlice[] {
  const image = describeFile(file);
  return image.frames.map((description, frame) => {
    const position = description.imagePositionPatient;
    if (position === null) throw new UnitError('file-damaged');
    return { file, transferSyntaxUid, image, frame, position, description };
  });
}

function describeFile(file: string): ImageDescription {
  if (!fs.existsSync(file)) throw new UnitError('file-missing');
  try {
    const parsed = readDicom(fs.readFileSync(file));
    const pixels = parsed.dataset.elements.get(TAGS.PixelData);
    const isMultiFrame = parsed.dataset.elements.has(TAGS.PerFrameFunctionalGroupsSequence);
    const image =
      pixels === undefined
        ? null
        : describeImage(parsed, isMultiFrame, {
            pixelData: {
              offset: pixels.dataOffset,
              length: pixels.length,
              encapsulated: pixels.fragments !== undefined,
              words: pixels.vr === 'OW',
            },
            pixelDigest: '',
          });
    if (image === null) throw new UnitError('file-damaged');
    return image;
  } catch (error) {
    if (error instanceof DicomError) throw new UnitError('file-damaged');
    throw error;
  }
}

/**
 * The step from slice to slice of an even stack, mm; along the line of the positions, which a tilted gantry leans
 * against the normal.
 * @throws UnitError `spacing-irregular` when a slice lies off the even grid by more than 0.1 mm and 5 % of a step
 */
export function evenStepOf(stack: Stack): Vector {
  const { slices } = stack;
  const first = slices[0]!.position;
  const last = slices.at(-1)!.position;
  const steps = Math.max(1, slices.length - 1);
  const step: Vector = [
    (last[0] - first[0]) / steps,
    (last[1] - first[1]) / steps,
    (last[2] - first[2]) / steps,
  ];
  const allowed = Math.max(0.1, 0.05 * Math.hypot(...step));
  const even = slices.every(({ position }, index) =>
    position.every((at, axis) => Math.abs(at - (first[axis]! + index * step[axis]!)) <= allowed),
  );
  if (!even) throw new UnitError('spacing-irregular');
  return step;
}
