import type { FrameDescription, InstanceRecord, SeriesUnit } from '../records.ts';
import type { Finding } from '../rules.ts';
import { orientationVectors, type Vector } from './geometry.ts';

/** One frame of one instance whose geometry is complete: what stacks are made of. */
export interface Slice {
  record: InstanceRecord;
  frame: FrameDescription;
  position: Vector;
  row: Vector;
  column: Vector;
  normal: Vector;
}

/** Slices that may lie in one volume, on the way to it. */
export interface StackCandidate {
  /** What tells the stack from others of its series: values of attributes, never an index where one can be had. */
  discriminator: string[];
  normal: Vector;
  slices: Slice[];
  /** Set when the candidate cannot be a volume, whatever its size. */
  problem: Finding | null;
  /** Slices taken out, and why. */
  removed: RemovedSlice[];
  /** Set when the candidate is one of several passes over the same positions. */
  pass: SeriesUnit['pass'];
}

/** A slice that was taken out of a stack. */
export interface RemovedSlice {
  slice: Slice;
  finding: Finding;
}

/** A frame as a slice; the caller has checked that its geometry is complete. */
export function sliceOf(record: InstanceRecord, frame: FrameDescription): Slice {
  const orientation = frame.imageOrientationPatient;
  const position = frame.imagePositionPatient;
  if (orientation === null || position === null)
    throw new TypeError('A slice needs position and orientation.');
  return { record, frame, position, ...orientationVectors(orientation) };
}

/** The order in which one of several equal slices is taken: instance number, then key, then frame. */
export function compareSlices(a: Slice, b: Slice): number {
  return (
    (a.record.instanceNumber ?? Number.POSITIVE_INFINITY) -
      (b.record.instanceNumber ?? Number.POSITIVE_INFINITY) ||
    compareText(a.record.sourceKey, b.record.sourceKey) ||
    a.frame.frame - b.frame.frame ||
    0
  );
}

/** Code-unit order: the same on every machine, unlike a locale's. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Splits a list by a key; groups come in the order of their keys. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups].sort((a, b) => compareText(a[0], b[0]));
}

/** The most frequent value, null among them; on a tie null, since then the sources contradict each other. */
export function majority<T extends string | number>(values: readonly (T | null)[]): T | null {
  const counts = new Map<T | null, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best: T | null = null;
  let bestCount = 0;
  let tied = false;
  for (const [value, count] of counts) {
    if (count > bestCount) [best, bestCount, tied] = [value, count, false];
    else if (count === bestCount) tied = true;
  }
  return tied ? null : best;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
