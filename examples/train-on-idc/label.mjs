// Step `label`: the weak truth of every series unit of the run, as tables that `serieswise train` and `serieswise
// evaluate` read, and a table of what was dropped and why.
import fs from 'node:fs';
import path from 'node:path';
import { openState } from '../../dist/activities/store/state.js';
import { createPseudonymizer } from '../../dist/stages/deidentify/pseudonyms.js';
import { literal, openDatabase } from './idc-table.mjs';
import { truthFiles } from './settings.mjs';
import { TASKS, weakLabels } from './weak-labels.mjs';

const TRUTH_COLUMNS = ['series_unit', ...TASKS, 'patient', 'study', 'dataset', 'split', 'licence'];

/**
 * Joins the run's units with the selection. The run knows pseudonyms alone, so the selection's UIDs are mapped with the
 * key of this example's own state folder.
 * @param selected rows of selection.json
 */
export async function labelUnits({ work, selected }) {
  const pseudonyms = createPseudonymizer(openState(path.join(work, 'state')).key);
  const byUid = new Map(selected.map((row) => [pseudonyms.uid(row.series), row]));
  const truth = [];
  const dropped = [];
  for (const unit of await keptUnits(path.join(work, 'run'))) {
    const row = byUid.get(unit.series_instance_uid);
    if (row === undefined) continue;
    const table = {
      body_part: { label: row.body_part, source: row.body_part_source },
      contrast: { label: row.contrast, source: row.contrast_source },
    };
    const labels = weakLabels(row.collection_id, table, unit);
    for (const task of TASKS) {
      if (labels[task].drop !== null) {
        dropped.push({
          series_unit: unit.series_unit,
          dataset: row.collection_id,
          task,
          reason: labels[task].drop,
        });
      }
    }
    // The plane alone teaches nothing that geometry does not say.
    if (labels.body_part.label === null && labels.contrast.label === null) continue;
    truth.push({
      series_unit: unit.series_unit,
      ...Object.fromEntries(TASKS.map((task) => [task, labels[task].label ?? ''])),
      patient: unit.patient_id,
      study: unit.study_instance_uid,
      dataset: row.collection_id,
      split: row.split,
      licence: row.licence,
    });
  }
  const files = truthFiles(work);
  const train = truth.filter(({ split }) => split === 'develop');
  const evaluate = truth.filter(({ split }) => split !== 'develop');
  writeCsv(files.train, TRUTH_COLUMNS, train);
  writeCsv(files.evaluate, TRUTH_COLUMNS, evaluate);
  writeCsv(files.dropped, ['series_unit', 'dataset', 'task', 'reason'], dropped);
  return { train: train.length, evaluate: evaluate.length, dropped };
}

async function keptUnits(run) {
  const database = await openDatabase();
  try {
    return await database.rows(
      `SELECT series_unit, patient_id, study_instance_uid, series_instance_uid, axis_geometry, coverage_mm,
         body_part_header, axis_header, contrast_header
       FROM read_parquet(${literal(path.join(run, 'manifest/series/*.parquet'))})
       WHERE disposition = 'kept' ORDER BY series_unit`,
    );
  } finally {
    database.close();
  }
}

function writeCsv(file, columns, rows) {
  const lines = rows.map((row) => columns.map((column) => row[column]).join(','));
  fs.writeFileSync(`${file}.part`, `${[columns.join(','), ...lines].join('\n')}\n`);
  fs.renameSync(`${file}.part`, file);
}
