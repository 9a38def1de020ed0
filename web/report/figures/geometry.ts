import type { ReportSection } from './figure.ts';

const FINDINGS = [
  ['slices are missing', 'slice_gap_count > 0'],
  ['slices are not evenly spaced', 'NOT slice_spacing_regular'],
  ['gantry tilted by more than 0.5°', 'abs(gantry_tilt_deg) > 0.5'],
  ['orientation is of no main plane', 'axis_geometry IS NULL'],
  ['slices lie more than 5 mm apart', 'slice_spacing_mm > 5'],
  ['pixels are not square', 'abs(pixel_spacing_mm[1] - pixel_spacing_mm[2]) > 0.001'],
  ['neighbouring slices overlap', 'slice_overlap_mm > 0.01'],
  ['something lies between neighbouring slices', 'slice_overlap_mm < -0.01'],
  ['slices were taken out of the stack', 'removed_slice_count > 0'],
  ['one of several passes over the same positions', 'pass_count > 1'],
  ['rows and columns are mirrored', 'matrix_mirrored'],
  ['rows and columns are turned', 'abs(in_plane_rotation_deg) > 0.5'],
  ['several frames of reference', 'frame_of_reference_count > 1'],
  ['rescale differs between slices', 'rescale_mixed'],
  ['fewer than 20 slices', 'instance_count < 20'],
  ['covers less than 50 mm', 'coverage_mm < 50'],
] as const;

/** Spacing, gaps, tilt and coverage. */
export function listGeometry(): ReportSection {
  const findings = FINDINGS.map(
    ([finding, condition]) => `SELECT '${finding}' AS finding, * FROM kept WHERE ${condition}`,
  );
  return {
    id: 'geometry',
    title: 'Geometry',
    figures: [
      {
        id: 'geometry-findings',
        title: 'Findings in kept units',
        sql: `WITH kept AS (SELECT * FROM series WHERE disposition = 'kept')
SELECT finding, count(*) AS units, round(100 * count(*) / (SELECT count(*) FROM kept), 1) AS percent,
  min(series_unit, 3) AS examples
FROM (
  ${findings.join('\n  UNION ALL ')}
) GROUP BY finding ORDER BY units DESC, finding`,
        view: {
          kind: 'table',
          columns: [
            { name: 'finding', title: 'Finding' },
            { name: 'units', title: 'Units', as: 'count' },
            { name: 'percent', title: '% of kept' },
            { name: 'examples', title: 'Examples', as: 'keys' },
          ],
        },
        note: `Looked for: ${FINDINGS.map(([finding]) => finding).join('; ')}. What is not in the table was not found.`,
      },
      {
        id: 'slice-spacing',
        title: 'Distance between slices',
        sql: `SELECT CASE WHEN slice_spacing_mm IS NULL THEN 'unknown' WHEN slice_spacing_mm <= 0.75 THEN 'up to 0.75 mm'
    WHEN slice_spacing_mm <= 1.25 THEN '0.75 to 1.25 mm' WHEN slice_spacing_mm <= 2.5 THEN '1.25 to 2.5 mm'
    WHEN slice_spacing_mm <= 5 THEN '2.5 to 5 mm' ELSE 'over 5 mm' END AS spacing,
  count(*) FILTER (WHERE slice_spacing_regular AND slice_gap_count = 0) AS even,
  count(*) - even AS uneven, count(*) AS units
FROM series WHERE disposition = 'kept' GROUP BY spacing ORDER BY min(slice_spacing_mm) NULLS LAST`,
        view: {
          kind: 'bars',
          label: 'spacing',
          parts: [
            { name: 'even', title: 'evenly spaced' },
            { name: 'uneven', title: 'uneven or with gaps' },
          ],
          total: 'units',
        },
      },
      {
        id: 'coverage',
        title: 'Extent along the stack, by body part and plane',
        sql: `SELECT body_part, axis_geometry, count(*) AS units, median(instance_count) AS slices,
  round(min(coverage_mm), 0) AS least, round(median(coverage_mm), 0) AS middle, round(max(coverage_mm), 0) AS most
FROM series WHERE disposition = 'kept' GROUP BY body_part, axis_geometry ORDER BY body_part, axis_geometry`,
        view: {
          kind: 'table',
          columns: [
            { name: 'body_part', title: 'Body part' },
            { name: 'axis_geometry', title: 'Image orientation' },
            { name: 'units', title: 'Units', as: 'count' },
            { name: 'slices', title: 'Slices, median' },
            { name: 'least', title: 'Least, mm' },
            { name: 'middle', title: 'Median, mm' },
            { name: 'most', title: 'Most, mm' },
          ],
        },
        note: 'An extent that no such body part has points to a wrong label.',
      },
    ],
  };
}
