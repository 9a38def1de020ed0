// @ts-check
// serieswise run examples/sdk/pipeline.mjs --input DICOM --output OUT
import { definePipeline } from 'serieswise';

/** Series units that a training set needs at least. */
const WANTED = { head: 200, chest: 400, abdomen: 400 };

export default definePipeline({
  name: 'enough-of-each',
  group: { min_slices: 20 },
  publish: { tensors: true },
  expect: Object.entries(WANTED).map(([bodyPart, count]) => ({
    name: `enough-${bodyPart}`,
    sql: `SELECT count(*) FROM series WHERE disposition = 'kept' AND body_part = '${bodyPart}'`,
    at_least: count,
  })),
});
