import fs from 'node:fs';
import path from 'node:path';
import type { RunSummary } from '../activities/publish-manifest.ts';
import { openManifest } from '../manifest/query.ts';
import { dispositionOf, type Reason } from '../stages/reasons.ts';
import { REPORT_PATH } from '../web/report/report-file.ts';
import { renderTable } from './table.ts';

const MAX_ROWS = 25;

/** Prints what a run came to: the ledger, the series units and where everything lies. */
export async function printRunSummary(
  summary: RunSummary,
  outputFolder: string,
  unchanged: boolean,
): Promise<void> {
  const out = (text: string) => process.stdout.write(`${text}\n`);
  if (unchanged) out('Nothing is new: the output is up to date.\n');
  const order = ['kept', 'excluded', 'duplicate', 'quarantined', 'unreadable'];
  out(`${summary.filesSeen} source files, each with one disposition:`);
  out(
    renderTable(
      ['disposition', 'files', 'why'],
      order
        .filter((name) => summary.instances[name] !== undefined)
        .map((name) => [name, summary.instances[name] ?? 0, reasonsOf(name, summary)]),
    ),
  );
  if (summary.retrievals !== undefined) {
    const { studies, reasons } = summary.retrievals;
    const list = (counts: Record<string, number>) =>
      Object.entries(counts)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ');
    const why = Object.keys(reasons).length === 0 ? '' : ` (${list(reasons)}; table retrievals)`;
    out(`\nStudies asked for: ${list(studies)}${why}`);
  }
  const manifest = await openManifest(outputFolder);
  try {
    const { rows } = await manifest.query(
      `SELECT series_unit, instance_count, axis_geometry, body_part, round(body_part_score, 2) AS body_part_score,
              axis, contrast, needs_review
       FROM series WHERE disposition = 'kept' ORDER BY patient_id, study_instance_uid, series_unit LIMIT ${MAX_ROWS}`,
    );
    const kept = summary.series.kept ?? 0;
    out(
      `\n${kept} series units kept, ${summary.needsReview} of them to be reviewed${kept > MAX_ROWS ? `; the first ${MAX_ROWS}` : ''}:`,
    );
    out(
      renderTable(
        ['series unit', 'slices', 'geometry', 'body part', 'score', 'axis', 'contrast', 'review'],
        rows.map((row) => [
          String(row.series_unit).slice(0, 10),
          String(row.instance_count),
          String(row.axis_geometry),
          String(row.body_part),
          Number(row.body_part_score).toFixed(2),
          String(row.axis),
          String(row.contrast),
          row.needs_review === true ? 'yes' : '',
        ]),
      ),
    );
  } finally {
    await manifest.close();
  }
  out(`\nmanifest    ${path.join(outputFolder, 'manifest')}`);
  out(`instances   ${path.join(outputFolder, 'dicom')}`);
  out(`thumbnails  ${path.join(outputFolder, 'thumbnails')}`);
  if (fs.existsSync(path.join(outputFolder, REPORT_PATH)))
    out(`report      ${path.join(outputFolder, REPORT_PATH)}`);
  out(`provenance  ${path.join(outputFolder, 'run.json')}`);
  out(
    `\nAsk it:     serieswise query ${outputFolder} "SELECT body_part, axis, count(*) FROM series GROUP BY ALL"`,
  );
}

function reasonsOf(disposition: string, summary: RunSummary): string {
  return Object.entries(summary.instanceReasons)
    .filter(([reason]) => dispositionOf(reason as Reason) === disposition)
    .sort((a, b) => b[1] - a[1])
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ');
}
