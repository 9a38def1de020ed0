// Step `select`: runs select.sql over the table of idc-index-data and writes which series to fetch.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { literal, openDatabase } from './idc-table.mjs';
import { here, SELECTION_DEFAULTS } from './settings.mjs';
import { claimFromTable } from './weak-labels.mjs';

/** Columns of the selection, in the order of select.sql. */
export const COLUMNS = [
  ...['crdc_series_uuid', 'aws_bucket', 'collection_id', 'patient', 'study', 'series', 'split', 'body_part'],
  ...['body_part_source', 'axis', 'contrast', 'contrast_source', 'vendor', 'model', 'licence', 'source_doi'],
  ...['instances', 'bytes'],
];

/**
 * Opens the table with its evidence and runs the selection.
 * @param table Parquet file of idc-index-data
 * @returns the database with the tables `series`, `evidence`, `candidates` and `selection`; the caller closes it
 */
export async function openSelection(table, options = {}) {
  const database = await openDatabase();
  const { connection } = database;
  await connection.run(
    `CREATE VIEW series AS SELECT * FROM read_parquet(${literal(table)}) WHERE Modality = 'CT'`,
  );
  await connection.run(
    `CREATE TABLE collections AS FROM read_csv(${literal(path.join(here, 'collections.csv'))}, header = true, all_varchar = true)`,
  );
  // md5 of the text, not DuckDB's own hash, which may change with its version. In [0, 1).
  await connection.run(
    `CREATE MACRO draw(purpose, key) AS
       ('0x' || substr(md5(concat_ws('/', getvariable('seed'), purpose, key)), 1, 12))::UBIGINT / 281474976710656.0`,
  );
  await addEvidence(database);
  await runSelection(database, options);
  return database;
}

/** Runs select.sql, anew with other options where it ran before. */
export async function runSelection({ connection }, options = {}) {
  const settings = { ...SELECTION_DEFAULTS, ...options };
  const variables = {
    seed: settings.seed,
    limit_bytes: `${Math.round(settings.limitGb * 1e9)}::BIGINT`,
    per_label: settings.perLabel,
    per_patient: settings.perPatient,
    held_out_share: `${settings.heldOutShare}::DOUBLE`,
    external_share: `${settings.externalShare}::DOUBLE`,
  };
  for (const [name, value] of Object.entries(variables))
    await connection.run(`SET VARIABLE ${name} = ${value}`);
  await connection.run(fs.readFileSync(path.join(here, 'select.sql'), 'utf8'));
}

/** The normaliser's claims for every distinct triple of strings in every collection. */
async function addEvidence({ connection, rows }) {
  await connection.run(
    `CREATE TABLE evidence (collection_id VARCHAR, BodyPartExamined VARCHAR, StudyDescription VARCHAR,
       SeriesDescription VARCHAR, hints VARCHAR, body_part VARCHAR, body_part_source VARCHAR, body_part_drop VARCHAR,
       axis VARCHAR, contrast VARCHAR, contrast_source VARCHAR)`,
  );
  const triples = await rows(
    `SELECT DISTINCT collection_id, BodyPartExamined, StudyDescription, SeriesDescription FROM series
     WHERE collection_id NOT IN (SELECT collection_id FROM collections WHERE "use" = 'exclude')
     ORDER BY ALL`,
  );
  const appender = await connection.createAppender('evidence');
  const append = (value) => (value === null ? appender.appendNull() : appender.appendVarchar(value));
  for (const row of triples) {
    const claim = claimFromTable(row.collection_id, {
      bodyPartExamined: row.BodyPartExamined,
      studyDescription: row.StudyDescription,
      seriesDescription: row.SeriesDescription,
    });
    append(row.collection_id);
    append(row.BodyPartExamined);
    append(row.StudyDescription);
    append(row.SeriesDescription);
    append(claim.hints.length === 0 ? null : claim.hints.join('|'));
    append(claim.body_part.label);
    append(claim.body_part.source);
    append(claim.body_part.drop);
    append(claim.axis.label);
    append(claim.contrast.label);
    append(claim.contrast.source);
    appender.endRow();
  }
  appender.closeSync();
}

/** The selection's rows as CSV text, and a digest of them: same table and settings, same digest. */
export async function readSelection(database) {
  const rows = await database.rows(`SELECT ${COLUMNS.join(', ')} FROM selection`);
  const series = rows.map((row) => ({ ...row, instances: Number(row.instances), bytes: Number(row.bytes) }));
  const text = series.map((row) => JSON.stringify(row)).join('\n');
  return { series, digest: createHash('sha256').update(text).digest('hex') };
}

/** Writes WORK/selection.json. */
export async function selectSeries({ work, table, options }) {
  const database = await openSelection(table, options);
  try {
    const { series, digest } = await readSelection(database);
    fs.writeFileSync(
      path.join(work, 'selection.json.part'),
      JSON.stringify({ digest, settings: { ...SELECTION_DEFAULTS, ...options }, series }, null, 1),
    );
    fs.renameSync(path.join(work, 'selection.json.part'), path.join(work, 'selection.json'));
    return series;
  } finally {
    database.close();
  }
}
