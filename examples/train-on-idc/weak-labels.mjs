// Weak truth: what headers, geometry and known collections say together. Where they contradict each other nothing is
// claimed, and the reason is kept. The words are read by Serieswise's own normaliser (docs/header-evidence.md).
import fs from 'node:fs';
import path from 'node:path';
import { describeHeaders, NO_HEADER_WORDS } from '../../dist/stages/evidence/header-evidence.js';
import { here } from './settings.mjs';

export const TASKS = ['body_part', 'axis', 'contrast'];

/** Why a label was dropped. Closed: tests and the README list the same words. */
export const DROP_REASONS = {
  'whole-body-study': 'PET/CT or whole-body study, and the series itself names no region',
  'contradicts-collection': 'not a region that the collection can hold (known-collections.csv)',
  'coverage-does-not-fit': 'longer or shorter than the region can be (coverage.csv)',
  'header-and-table-differ': 'the files say another label than the strings of the table',
  'axis-header-conflicts': 'the header names another plane than the image orientation',
};

/** Rows of a CSV with a header line; fields may stand in double quotes. */
export function readCsv(file) {
  const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
  const cells = (line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
      quoted === undefined ? plain : quoted.replaceAll('""', '"'),
    );
  const names = cells(lines[0]);
  return lines.slice(1).map((line) => Object.fromEntries(cells(line).map((cell, i) => [names[i], cell])));
}

const known = new Map();
for (const row of readCsv(path.join(here, 'known-collections.csv'))) {
  known.set(`${row.collection_id}/${row.task}/${row.applies}`, row.label.split('|'));
}
const coverage = new Map(
  readCsv(path.join(here, 'coverage.csv')).map((row) => [
    row.body_part,
    { minMm: Number(row.min_mm), maxMm: Number(row.max_mm) },
  ]),
);

const WHOLE_BODY = /\bpet|petct|skull|sk-?th|whole ?body|ganzk|\bwb\b|\btorso\b/;

function claimOf(words) {
  return describeHeaders({ ...NO_HEADER_WORDS, ...words });
}

/** Fills the silence from the known collection and holds the answer to what the collection can be. */
function withCollection(collection, task, label, source) {
  const [fill] = label === null ? (known.get(`${collection}/${task}/silent`) ?? []) : [];
  const value = fill ?? label;
  const only = known.get(`${collection}/${task}/only`);
  if (value !== null && only !== undefined && !only.includes(value)) {
    return { label: null, source: null, drop: 'contradicts-collection' };
  }
  return {
    label: value,
    source: value === null ? null : fill === undefined ? source : 'collection',
    drop: null,
  };
}

/**
 * What the table's three strings and the collection say of a series.
 * @returns {{hints: string[], body_part: Claim, axis: Claim, contrast: Claim}} Claim = {label, source, drop}
 */
export function claimFromTable(collection, { bodyPartExamined, studyDescription, seriesDescription }) {
  const header = claimOf({ bodyPartExamined, studyDescription, seriesDescription });
  const wholeBody = WHOLE_BODY.test(
    `${studyDescription} ${seriesDescription}`.toLowerCase().replaceAll('_', ' '),
  );
  const untrusted = wholeBody && header.bodyPart !== null && claimOf({ seriesDescription }).bodyPart === null;
  return {
    hints: header.hints,
    body_part: untrusted
      ? { label: null, source: null, drop: 'whole-body-study' }
      : withCollection(collection, 'body_part', header.bodyPart, 'header'),
    axis: { label: header.axis, source: header.axis === null ? null : 'header', drop: null },
    contrast: withCollection(collection, 'contrast', header.contrast, 'header'),
  };
}

/** The files' headers are fuller than the table: they settle what the collection filled, and may contradict the rest. */
function settle(collection, task, fromTable, header) {
  if (header === null || header === fromTable.label) return { ...fromTable, drop: null };
  if (fromTable.label === null || fromTable.source === 'collection') {
    return withCollection(collection, task, header, 'header');
  }
  return { label: null, source: null, drop: 'header-and-table-differ' };
}

/**
 * The weak truth of one series unit of a run.
 * @param collection the collection's name
 * @param table what `claimFromTable` said: {body_part: {label, source}, contrast: {label, source}}
 * @param unit columns of the run's `series` table: body_part_header, axis_header, contrast_header, axis_geometry,
 *   coverage_mm
 * @returns {Record<string, {label: string|null, source: string|null, drop: string|null}>} by task
 */
export function weakLabels(collection, table, unit) {
  const axis =
    unit.axis_header !== null && unit.axis_geometry !== null && unit.axis_header !== unit.axis_geometry
      ? { label: null, source: null, drop: 'axis-header-conflicts' }
      : { label: unit.axis_geometry, source: unit.axis_geometry === null ? null : 'geometry', drop: null };
  let bodyPart = settle(collection, 'body_part', table.body_part, unit.body_part_header);
  const range = coverage.get(bodyPart.label);
  // Of reformats the coverage is a depth, which says nothing of the region.
  if (range !== undefined && unit.axis_geometry === 'axial' && unit.coverage_mm !== null) {
    if (unit.coverage_mm < range.minMm || unit.coverage_mm > range.maxMm) {
      bodyPart = { label: null, source: null, drop: 'coverage-does-not-fit' };
    }
  }
  return {
    body_part: bodyPart,
    axis,
    contrast: settle(collection, 'contrast', table.contrast, unit.contrast_header),
  };
}
