/** What is remembered of each series unit between stages and between runs. */
import { createHash } from 'node:crypto';
import type { Task } from '../models/labels.ts';
import type { TaskPrediction } from '../models/scores.ts';
import { digestOf } from '../pipelines/digest.ts';
import type { InputReason } from '../stages/classify/judge-input.ts';
import type { StackGeometry } from '../stages/preprocess/patient-grid.ts';
import type { TensorStatistics } from '../stages/preprocess/tensor-statistics.ts';
import { tensorPathOf, thumbnailPathOf } from '../stages/publish/output-paths.ts';
import type { Reason } from '../stages/reasons.ts';
import type { InstanceRecord, SeriesUnit } from '../stages/records.ts';
import type { StageContext } from './context.ts';
import { StageFailure } from './failures.ts';
import { stagedNames } from './store/run-files.ts';
import type { Store } from './store/store.ts';
import { STEP_VERSIONS } from './versions.ts';

/** A tensor that was made, and its picture. */
export interface MadeTensor {
  /** Of the NPY file. */
  sha256: string;
  bytes: number;
  statistics: TensorStatistics;
  thumbnailSha256: string;
  /** Whether the pixels show a head by their geometry; null where the window does not tell. */
  head: boolean | null;
  reason: null;
}

/** A unit's tensor, or why there is none. */
export type TensorResult = MadeTensor | { reason: Reason };

export interface UnitResult {
  /** What the tensor was made from. */
  tensorKey: string;
  tensor: TensorResult;
  /** By the digest of the bundle that made them. */
  labels: Record<string, UnitLabels>;
}

/** What a bundle says of a unit. */
export interface UnitLabels {
  predictions: TaskPrediction[];
  /** Why the series is not one that the bundle was made for. */
  inputReasons: InputReason[];
  /** Scores from which on the bundle itself believes its labels. */
  acceptFrom: Partial<Record<Task, number>>;
}

/** Records of a batch by SOP Instance UID, of those instances that are images. */
export function indexBySopInstance(
  records: ReadonlyMap<string, InstanceRecord>,
): Map<string, InstanceRecord> {
  const index = new Map<string, InstanceRecord>();
  for (const record of records.values()) {
    if (record.sopInstanceUid === null || record.image === null || record.disposition !== 'kept') continue;
    // Equal instances are interchangeable; the first by key is the one that is kept.
    if (!index.has(record.sopInstanceUid)) index.set(record.sopInstanceUid, record);
  }
  return index;
}

/** The record behind a slice. */
export function recordOfSlice(
  index: ReadonlyMap<string, InstanceRecord>,
  sopInstanceUid: string,
): InstanceRecord {
  const record = index.get(sopInstanceUid);
  if (record === undefined)
    throw new StageFailure('batch-missing', 'transient', 'A slice has no record in its batch.');
  return record;
}

/** Where the unit's slices lie; null where a record does not say. */
export function geometryOfUnit(
  unit: SeriesUnit,
  index: ReadonlyMap<string, InstanceRecord>,
): StackGeometry | null {
  const frames = unit.slices.map(
    ({ sopInstanceUid, frame }) => recordOfSlice(index, sopInstanceUid).image!.frames[frame]!,
  );
  const positions = frames.flatMap(({ imagePositionPatient }) => imagePositionPatient ?? []);
  const orientation = frames[0]?.imageOrientationPatient;
  const pixelSpacingMm = frames[0]?.pixelSpacingMm;
  const { rows, columns } = unit;
  if (positions.length !== 3 * frames.length || !orientation || !pixelSpacingMm) return null;
  if (rows === null || columns === null) return null;
  return {
    positions: frames.map(({ imagePositionPatient }) => imagePositionPatient!),
    rowDirection: [orientation[0], orientation[1], orientation[2]],
    columnDirection: [orientation[3], orientation[4], orientation[5]],
    pixelSpacingMm,
    rows,
    columns,
  };
}

/** Follows from the de-identified slices in their order and from the way of preprocessing. */
export function tensorKeyOf(
  context: StageContext,
  unit: SeriesUnit,
  index: ReadonlyMap<string, InstanceRecord>,
): string {
  const slices = unit.slices.map((slice) => [
    recordOfSlice(index, slice.sopInstanceUid).outputSha256,
    slice.frame,
  ]);
  return digestOf({ slices, preprocess: context.pipeline.preprocess, version: STEP_VERSIONS.preprocess });
}

export function readUnit(context: StageContext, seriesUnit: string): Promise<UnitResult | null> {
  return context.files.readJson<UnitResult>(context.files.names.unit(seriesUnit));
}

/** Labels by a bundle; null where there are none, or none of the present form. */
export function labelsOf(result: UnitResult, bundleSha256: string): UnitLabels | null {
  const labels = result.labels[bundleSha256];
  return labels !== undefined && 'acceptFrom' in labels ? labels : null;
}

export async function writeUnit(
  context: StageContext,
  seriesUnit: string,
  result: UnitResult,
): Promise<void> {
  await context.files.writeJson(context.files.names.unit(seriesUnit), result);
}

/** Whether a kept unit has all that publishing needs: tensor, labels of this bundle, and the files to publish. */
export async function isUnitDone(
  context: StageContext,
  unit: SeriesUnit,
  records: ReadonlyMap<string, InstanceRecord>,
  bundleSha256: string,
): Promise<boolean> {
  const result = await readUnit(context, unit.seriesUnit);
  if (result === null || result.tensorKey !== tensorKeyOf(context, unit, indexBySopInstance(records)))
    return false;
  if (result.tensor.reason !== null) return true;
  if (labelsOf(result, bundleSha256) === null) return false;
  return hasWantedFiles(context, unit.seriesUnit, result.tensor);
}

/** Whether the files that the pipeline wants of a unit are there, staged or published. */
export async function hasWantedFiles(
  context: StageContext,
  seriesUnit: string,
  tensor: MadeTensor,
): Promise<boolean> {
  const { publish, deidentify } = context.pipeline;
  // A face is looked for in the tensor.
  const needsTensor = publish.tensors || deidentify.faces === 'deface';
  return (
    (!publish.thumbnails || (await locateThumbnail(context, seriesUnit, tensor)) !== null) &&
    (!needsTensor || (await locateTensor(context, seriesUnit, tensor)) !== null)
  );
}

/** A file of a unit in the output, and what is in it. */
export interface LocatedFile {
  name: string;
  bytes: Buffer;
}

/** The unit's tensor, staged or published; null when neither has the bytes that the unit remembers. */
export function locateTensor(
  { output }: StageContext,
  seriesUnit: string,
  tensor: MadeTensor,
): Promise<LocatedFile | null> {
  return findByDigest(output, [stagedNames.tensor(seriesUnit), tensorPathOf(seriesUnit)], tensor.sha256);
}

/** The unit's picture, likewise. */
export function locateThumbnail(
  { output }: StageContext,
  seriesUnit: string,
  tensor: MadeTensor,
): Promise<LocatedFile | null> {
  const names = [stagedNames.thumbnail(seriesUnit), thumbnailPathOf(seriesUnit)];
  return findByDigest(output, names, tensor.thumbnailSha256);
}

/** By content, since a kill may leave a file of another spec under the same name. */
async function findByDigest(
  store: Store,
  names: readonly string[],
  sha256: string,
): Promise<LocatedFile | null> {
  for (const name of names) {
    const bytes = await store.read(name);
    if (bytes !== null && createHash('sha256').update(bytes).digest('hex') === sha256) return { name, bytes };
  }
  return null;
}
