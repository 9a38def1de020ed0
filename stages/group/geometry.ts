import type { Axis } from '../../models/labels.ts';

/** A vector in the patient's coordinates (LPS, mm): x to the left, y to the back, z to the head. PS3.3 C.7.6.2.1.1 */
export type Vector = readonly [number, number, number];

/** Two orientations are one when their rows, and their columns, enclose no more than this angle. */
export const ORIENTATION_TOLERANCE_DEG = 0.5;

/** Two positions along the normal closer than this are one position. */
export const SAME_POSITION_MM = 0.02;

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function subtract(a: Vector, b: Vector): Vector {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function scale(a: Vector, factor: number): Vector {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

export function norm(a: Vector): number {
  return Math.sqrt(dot(a, a));
}

/** Angle between two vectors in degrees; precise for small angles, where the arc cosine is not. */
export function angleDeg(a: Vector, b: Vector): number {
  return (Math.atan2(norm(cross(a, b)), dot(a, b)) * 180) / Math.PI;
}

/** Rounds to `digits` decimals and never gives a negative zero, so that equal geometry gives equal bytes. */
export function roundTo(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor + 0;
}

/** Row and column directions of an Image Orientation (Patient), made unit vectors. */
export function orientationVectors(orientation: readonly number[]): {
  row: Vector;
  column: Vector;
  normal: Vector;
} {
  const [a, b, c, d, e, f] = orientation as [number, number, number, number, number, number];
  const row = unit([a, b, c]);
  const column = unit([d, e, f]);
  return { row, column, normal: unit(cross(row, column)) };
}

function unit(a: Vector): Vector {
  const length = norm(a);
  return length === 0 ? a : scale(a, 1 / length);
}

/**
 * Whether six direction cosines describe a plane: finite, of unit length and perpendicular, each within 0.02
 * (headers round to two decimals at worst).
 */
export function isValidOrientation(
  orientation: readonly number[] | null,
): orientation is [number, number, number, number, number, number] {
  if (orientation === null || orientation.length !== 6 || !orientation.every(Number.isFinite)) return false;
  const [a, b, c, d, e, f] = orientation as [number, number, number, number, number, number];
  const row: Vector = [a, b, c];
  const column: Vector = [d, e, f];
  return (
    Math.abs(norm(row) - 1) <= 0.02 &&
    Math.abs(norm(column) - 1) <= 0.02 &&
    Math.abs(dot(row, column)) <= 0.02
  );
}

/**
 * The patient plane in which slices lie, from their orientation alone: the patient axis to which the normal is
 * nearest. An oblique plane gets the nearest one too, however oblique; ties go to axial, then coronal.
 */
export function axisOfNormal(normal: Vector): Axis {
  const [x, y, z] = [Math.abs(normal[0]), Math.abs(normal[1]), Math.abs(normal[2])];
  // The small margin keeps a plane at exactly 45 degrees from changing sides with the last digit.
  if (z >= y - 1e-6 && z >= x - 1e-6) return 'axial';
  return y >= x - 1e-6 ? 'coronal' : 'sagittal';
}

/** {@link axisOfNormal} of an Image Orientation (Patient); null when it is missing or invalid. */
export function axisOfOrientation(orientation: readonly number[] | null): Axis | null {
  return isValidOrientation(orientation) ? axisOfNormal(orientationVectors(orientation).normal) : null;
}

/**
 * The normal turned the way in which slices are ordered: axial head to foot (z falls), coronal front to back
 * (y rises), sagittal from the patient's right to the left (x rises). The coordinates are the patient's, so this
 * holds for feet-first and prone scans too.
 */
export function stackDirection(normal: Vector): Vector {
  const axis = axisOfNormal(normal);
  const forward = axis === 'axial' ? -normal[2] : axis === 'coronal' ? normal[1] : normal[0];
  return forward < 0 ? scale(normal, -1) : normal;
}
