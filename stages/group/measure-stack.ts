import type { Axis } from '../../models/labels.ts';
import {
  angleDeg,
  axisOfNormal,
  dot,
  norm,
  roundTo,
  stackDirection,
  subtract,
  type Vector,
} from './geometry.ts';
import { compareSlices, median, type Slice } from './slices.ts';

/** A step that differs from the spacing by no more than 5% or 0.1 mm, whichever is more, counts as regular. */
const SPACING_TOLERANCE = { fraction: 0.05, mm: 0.1 } as const;

/** Numbers of one stack. Lengths in mm along its normal, angles in degrees. */
export interface StackMeasures {
  axis: Axis;
  /** Distance of each slice from the first, in the order of the slices. */
  positionsMm: number[];
  spacingMm: number | null;
  regular: boolean | null;
  /** Missing slices; null where the spacing is irregular otherwise too, or there is none. */
  gapCount: number | null;
  /** Where they would lie, as distances from the first slice; null likewise. */
  gapPositionsMm: number[] | null;
  /** Equal steps in a row counted together; one run where the spacing is regular. */
  runs: { spacingMm: number; steps: number }[];
  /** Between the normal and the line of the positions; positive when the upper edge of the normal leans to the back. */
  tiltDeg: number | null;
  /** From the first slice's centre to the last one's. */
  coverageMm: number;
}

/** Slices in the order that bundles expect, with their coordinate along the stack's direction. */
export function orderSlices(slices: readonly Slice[], normal: Vector): { slice: Slice; at: number }[] {
  const direction = stackDirection(normal);
  return slices
    .map((slice) => ({ slice, at: roundTo(dot(slice.position, direction), 6) }))
    .sort((a, b) => a.at - b.at || compareSlices(a.slice, b.slice));
}

/** The tolerance for a step in a stack of this spacing, mm. */
function spacingToleranceMm(spacingMm: number): number {
  return Math.max(SPACING_TOLERANCE.fraction * spacingMm, SPACING_TOLERANCE.mm);
}

/**
 * Measures an ordered stack.
 * @param ordered slices with rising coordinate along the stack's direction, no two at one position
 */
export function measureStack(
  ordered: readonly { slice: Slice; at: number }[],
  normal: Vector,
): StackMeasures {
  const first = ordered[0];
  const last = ordered.at(-1);
  if (first === undefined || last === undefined) throw new TypeError('A stack has slices.');
  const positionsMm = ordered.map(({ at }) => roundTo(at - first.at, 4));
  const steps = ordered.slice(1).map(({ at }, index) => at - (ordered[index]?.at ?? 0));
  const spacing = describeSteps(steps);
  return {
    axis: axisOfNormal(normal),
    positionsMm,
    ...spacing,
    tiltDeg: ordered.length < 2 ? null : tiltOf(first.slice.position, last.slice.position, normal),
    coverageMm: roundTo(last.at - first.at, 4),
  };
}

/**
 * Spacing, regularity and gaps of a list of steps, mm. A gap is a step of a whole number of spacings greater than
 * one; gaps are counted only when every other step is regular.
 */
export function describeSteps(
  steps: readonly number[],
): Pick<StackMeasures, 'spacingMm' | 'regular' | 'gapCount' | 'gapPositionsMm' | 'runs'> {
  if (steps.length === 0)
    return { spacingMm: null, regular: null, gapCount: null, gapPositionsMm: null, runs: [] };
  const spacingMm = roundTo(median(steps), 4);
  const tolerance = spacingToleranceMm(spacingMm);
  const missing: number[] = [];
  let at = 0;
  let regular = true;
  let explained = true;
  for (const step of steps) {
    const from = at;
    at += step;
    if (Math.abs(step - spacingMm) <= tolerance) continue;
    regular = false;
    const spacings = spacingMm > 0 ? Math.round(step / spacingMm) : 0;
    // Errors of the spacing add up over a gap, but never so far that the number of missing slices is in doubt.
    const allowed = Math.min(tolerance * spacings, spacingMm / 4);
    if (spacings >= 2 && Math.abs(step - spacings * spacingMm) <= allowed) {
      for (let each = 1; each < spacings; each += 1) {
        missing.push(roundTo(from + (each * step) / spacings, 4));
      }
    } else explained = false;
  }
  return {
    spacingMm,
    regular,
    gapCount: explained ? missing.length : null,
    gapPositionsMm: explained ? missing : null,
    runs: regular ? [{ spacingMm, steps: steps.length }] : runsOf(steps),
  };
}

/** Steps in a row that equal the first of their row within the tolerance, with their mean. */
function runsOf(steps: readonly number[]): { spacingMm: number; steps: number }[] {
  const runs: { first: number; sum: number; steps: number }[] = [];
  for (const step of steps) {
    const run = runs.at(-1);
    if (run !== undefined && Math.abs(step - run.first) <= spacingToleranceMm(run.first)) {
      run.sum += step;
      run.steps += 1;
    } else runs.push({ first: step, sum: step, steps: 1 });
  }
  return runs.map(({ sum, steps: count }) => ({ spacingMm: roundTo(sum / count, 4), steps: count }));
}

/**
 * Gantry tilt: the angle by which the line of the positions is sheared against the normal. A reformat of any
 * obliquity has none, its positions follow its normal. The sign is the patient's: positive when the part of the
 * normal that points to the head leans to the back.
 */
function tiltOf(first: Vector, last: Vector, normal: Vector): number {
  const line = subtract(last, first);
  if (norm(line) === 0) return 0;
  const along = dot(line, normal) < 0 ? ([-normal[0], -normal[1], -normal[2]] as const) : normal;
  const angle = roundTo(angleDeg(along, line), 2);
  // Header coordinates are rounded: a short stack shows a tenth of a degree that is not there.
  if (angle < 0.1) return 0;
  const leansBack = normal[2] < 0 ? -normal[1] : normal[1];
  return leansBack < 0 ? -angle : angle;
}
