// @ts-check
// node examples/sdk/list-heads.mjs OUT LIST.csv
// The axial heads of a run that nobody needs to look at, with what a training script wants to know of each.
import { openRun, RunError } from 'serieswise';

const [output = '', list = 'heads.csv'] = process.argv.slice(2);
try {
  const run = await openRun(output);
  try {
    const { pipeline, ledger } = run.document;
    console.log(`${pipeline.name}: ${ledger.files_seen} source files`);

    // Whole rows, typed by the table: what a person decided on the review page stands in *_resolved.
    const heads = await run.rows('series', "disposition = 'kept' AND body_part_resolved = 'head'");
    const axial = heads.filter((unit) => unit.axis_resolved === 'axial' && unit.needs_review !== true);
    const patients = new Set(axial.map((unit) => unit.patient_id));
    console.log(`${axial.length} axial heads of ${patients.size} patients, ${heads.length} heads in all`);

    // Any other question is one SELECT of DuckDB's SQL.
    const scanners = await run.query(
      'SELECT manufacturer, count(*) AS units FROM series GROUP BY ALL ORDER BY units DESC, manufacturer',
    );
    for (const { manufacturer, units } of scanners) console.log(`${manufacturer}: ${units}`);

    const columns = 'series_unit, patient_id, instance_count, contrast_resolved, contrast_score';
    const units = axial.map((unit) => `'${unit.series_unit}'`).join(', ') || 'NULL';
    await run.export(
      `SELECT ${columns} FROM series WHERE series_unit IN (${units}) ORDER BY series_unit`,
      list,
      'csv',
    );
  } finally {
    await run.close();
  }
} catch (error) {
  if (!(error instanceof RunError)) throw error;
  console.error(`${error.message} [${error.code}]`);
  process.exitCode = 2;
}
