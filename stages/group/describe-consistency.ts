import type { Axis } from '../../models/labels.ts';
import type { StackConsistency } from '../records.ts';
import { dot, roundTo, type Vector } from './geometry.ts';
import type { StackMeasures } from './measure-stack.ts';
import { median, type Slice } from './slices.ts';

/**
 * Directions of a row and a column in the usual view of each plane (LPS): axial and coronal rows run to the patient's
 * left, axial columns to the back, coronal and sagittal ones to the feet, sagittal rows to the back.
 */
const USUAL_VIEW: Readonly<Record<Axis, { row: Vector; column: Vector }>> = {
  axial: { row: [1, 0, 0], column: [0, 1, 0] },
  coronal: { row: [1, 0, 0], column: [0, 0, -1] },
  sagittal: { row: [0, 1, 0], column: [0, 0, -1] },
};

/**
 * Measures what may be uneven in a stack, so that nothing of it is hidden by the one number of a column.
 * @param ordered the slices in their order
 */
export function describeConsistency(
  ordered: readonly { slice: Slice; at: number }[],
  measures: StackMeasures,
): StackConsistency {
  const slices = ordered.map(({ slice }) => slice);
  const steps = ordered.slice(1).map(({ at }, index) => at - (ordered[index]?.at ?? 0));
  const thicknesses = slices.flatMap(({ frame }) => frame.sliceThicknessMm ?? []).filter((mm) => mm > 0);
  const sliceThicknessMm = thicknesses.length === 0 ? null : roundTo(median(thicknesses), 4);
  const { spacingMm } = measures;
  const rescales = new Set(slices.map(({ frame }) => `${frame.rescaleSlope}|${frame.rescaleIntercept}`));
  const first = slices[0];
  return {
    spacingRuns: measures.runs,
    spacingMinMm:
      steps.length === 0
        ? null
        : roundTo(
            steps.reduce((a, b) => Math.min(a, b)),
            4,
          ),
    spacingMaxMm:
      steps.length === 0
        ? null
        : roundTo(
            steps.reduce((a, b) => Math.max(a, b)),
            4,
          ),
    gapPositionsMm: measures.gapPositionsMm,
    sliceThicknessMm,
    sliceOverlapMm:
      sliceThicknessMm === null || spacingMm === null ? null : roundTo(sliceThicknessMm - spacingMm, 4),
    rescaleMixed: rescales.size > 1,
    frameOfReferenceCount: new Set(slices.map(({ record }) => record.frameOfReferenceUid)).size,
    ...(first === undefined
      ? { inPlaneRotationDeg: 0, matrixMirrored: false }
      : describeMatrix(first.row, first.column, measures.axis)),
  };
}

/**
 * How a matrix lies in its plane against the usual view. A feet-first or prone scan is turned by 180 degrees; no scan
 * is mirrored, but exports are.
 */
function describeMatrix(
  row: Vector,
  column: Vector,
  axis: Axis,
): Pick<StackConsistency, 'inPlaneRotationDeg' | 'matrixMirrored'> {
  const usual = USUAL_VIEW[axis];
  const [x, y] = [dot(row, usual.row), dot(row, usual.column)];
  const matrixMirrored = x * dot(column, usual.column) - y * dot(column, usual.row) < 0;
  // A mirrored matrix is put right by reversing its rows.
  const angle = matrixMirrored ? Math.atan2(-y, -x) : Math.atan2(y, x);
  const degrees = roundTo((angle * 180) / Math.PI, 1);
  return { inPlaneRotationDeg: degrees === -180 ? 180 : degrees, matrixMirrored };
}
