/**
 * The table `files` of an exported cohort: a row for each file of each unit, and for each unit that could not be
 * written. A shard stands in the row of each unit that it holds.
 */
export const FILES_COLUMNS = [
  { name: 'series_unit', type: 'STRING', doc: 'Key of the series unit.' },
  { name: 'patient_id', type: 'STRING', doc: 'Pseudonym of the patient.' },
  { name: 'split', type: 'STRING', doc: 'Part that the patient belongs to; null where there are none.' },
  { name: 'path', type: 'STRING', doc: 'File that holds the unit, relative to the folder of the cohort.' },
  { name: 'bytes', type: 'INT64', doc: 'Size of the file.' },
  { name: 'sha256', type: 'STRING', doc: 'SHA-256 of the file.' },
  { name: 'problem', type: 'STRING', doc: 'Why the unit could not be written; null where it was.' },
] as const;
