#!/usr/bin/env node
// Writes docs/training-on-idc.md from the real table: what the selection takes and what IDC has at all.
// `node examples/train-on-idc/count.mjs` writes; `--check` compares. Needs pip once, for the table.
import fs from 'node:fs';
import path from 'node:path';
import { BODY_PARTS } from '../../dist/models/labels.js';
import { provideTable } from './idc-table.mjs';
import { openSelection, readSelection } from './select.mjs';
import { root, SELECTION_DEFAULTS, TABLE_VERSION } from './settings.mjs';

const PAGE = path.join(root, 'docs/training-on-idc.md');

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    `|${head.map((_, i) => (i === 0 ? '---' : '---:')).join('|')}|`,
    ...rows.map(line),
  ].join('\n');
}

const gb = (bytes) => (Number(bytes) / 1e9).toFixed(1);

/** Rows of the selection grouped by `column`, with columns for the three splits. */
async function bySplit(database, column) {
  const rows = await database.rows(
    `SELECT coalesce(${column}, '(silent)') AS name, count(*) FILTER (split = 'develop') AS develop,
       count(*) FILTER (split = 'held-out') AS held_out, count(*) FILTER (split = 'external') AS external,
       count(DISTINCT patient) AS patients, sum(bytes) AS bytes
     FROM selection GROUP BY ALL ORDER BY count(*) DESC, name`,
  );
  const head = [
    column.replaceAll('_', ' '),
    'training',
    'held-out patients',
    'external collections',
    'patients',
    'GB',
  ];
  return table(
    head,
    rows.map((row) => [row.name, row.develop, row.held_out, row.external, row.patients, gb(row.bytes)]),
  );
}

async function byLabel(database) {
  const rows = await database.rows(
    `SELECT c.body_part, count(*) AS offered, count(DISTINCT c.patient) AS patients,
       count(s.crdc_series_uuid) FILTER (s.split = 'develop') AS develop,
       count(DISTINCT s.patient) FILTER (s.split = 'develop') AS develop_patients,
       count(DISTINCT s.vendor || s.model) FILTER (s.split = 'develop') AS models,
       count(*) FILTER (s.split = 'develop' AND s.contrast = 'yes') AS yes,
       count(*) FILTER (s.split = 'develop' AND s.contrast = 'no') AS no,
       count(*) FILTER (s.split = 'develop' AND s.axis = 'coronal') AS coronal,
       count(*) FILTER (s.split = 'develop' AND s.axis = 'sagittal') AS sagittal,
       count(s.crdc_series_uuid) FILTER (s.split = 'held-out') AS held_out,
       count(s.crdc_series_uuid) FILTER (s.split = 'external') AS external
     FROM candidates c LEFT JOIN selection s USING (crdc_series_uuid) GROUP BY c.body_part`,
  );
  const found = new Map(rows.map((row) => [row.body_part, row]));
  const head = [
    'body part',
    'usable in IDC (patients)',
    'training (patients)',
    'scanner models',
    'contrast yes / no',
  ];
  return table(
    [...head, 'said coronal / sagittal', 'held-out', 'external'],
    BODY_PARTS.map((label) => {
      const row = found.get(label);
      if (row === undefined) return [label, ...Array(7).fill('0')];
      return [
        ...[
          label,
          `${row.offered} (${row.patients})`,
          `${row.develop} (${row.develop_patients})`,
          row.models,
        ],
        ...[`${row.yes} / ${row.no}`, `${row.coronal} / ${row.sagittal}`, row.held_out, row.external],
      ];
    }),
  );
}

async function page(database) {
  const { series, digest } = await readSelection(database);
  const [ct] = await database.rows('SELECT count(*) AS n, count(DISTINCT PatientID) AS patients FROM series');
  const [usable] = await database.rows(
    'SELECT count(*) AS n, count(DISTINCT patient) AS patients FROM candidates',
  );
  const patients = new Set(series.map(({ patient }) => patient)).size;
  const bytes = series.reduce((sum, row) => sum + row.bytes, 0);
  const dois = await database.rows(
    `SELECT collection_id, string_agg(DISTINCT source_doi, ', ' ORDER BY source_doi) AS doi,
       string_agg(DISTINCT licence, ', ' ORDER BY licence) AS licence, count(*) AS n,
       count(DISTINCT patient) AS patients FROM selection GROUP BY ALL ORDER BY n DESC, collection_id`,
  );
  const { seed, limitGb, perLabel, perPatient } = SELECTION_DEFAULTS;
  return `<!-- Made by examples/train-on-idc/count.mjs. Do not edit. -->

# What training on IDC has to learn from

The selection of [examples/train-on-idc](../examples/train-on-idc/README.md) on the table of idc-index-data ${TABLE_VERSION},
with the defaults (seed ${seed}, ${limitGb} GB, at most ${perLabel} series a body part and ${perPatient} of a patient in one).
\`node examples/train-on-idc/count.mjs\` makes this page again from the table that pip installs.

${ct.n} CT series of ${ct.patients} patients are in the table; ${usable.n} of ${usable.patients} patients are usable (licence, class, slices,
adults, a region that header or collection say and nothing contradicts); **${series.length} of ${patients} patients, ${gb(bytes)} GB, are
selected**. Digest of the selection: \`${digest.slice(0, 16)}\`.

## By body part

${await byLabel(database)}

Labels are weak here: what strings and collections say. The files are read before a label is believed, and some are dropped then.

## By licence

${await bySplit(database, 'licence')}

## By manufacturer

${await bySplit(database, 'vendor')}

## By contrast

${await bySplit(database, 'contrast')}

## By axis, as the strings say

The axis that is learned comes from the image orientation of the files; most axial series do not say so.

${await bySplit(database, 'axis')}

## By where the body part comes from

${await bySplit(database, 'body_part_source')}

## By collection

A bundle trained on these must name them in its card.

${table(
  ['collection', 'series', 'patients', 'licence', 'DOI'],
  dois.map((row) => [row.collection_id, row.n, row.patients, row.licence, row.doi]),
)}
`;
}

const file = provideTable();
if (file === null) {
  console.error('The table of idc-index-data is not there and cannot be installed.');
  process.exit(3);
}
const database = await openSelection(file);
const text = await page(database);
database.close();
const before = fs.existsSync(PAGE) ? fs.readFileSync(PAGE, 'utf8') : null;
if (process.argv.includes('--check')) {
  if (before !== text)
    console.error('docs/training-on-idc.md is out of date: run node examples/train-on-idc/count.mjs');
  process.exitCode = before === text ? 0 : 1;
} else if (before !== text) {
  fs.writeFileSync(PAGE, text);
  console.error('docs/training-on-idc.md written');
}
