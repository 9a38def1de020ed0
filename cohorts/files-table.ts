/** The table `files` of an exported cohort: a row for each file, and for each unit that could not be written. */
export const FILES_COLUMNS = [
  { name: 'series_unit', type: 'STRING' },
  { name: 'patient_id', type: 'STRING' },
  { name: 'split', type: 'STRING' },
  { name: 'path', type: 'STRING' },
  { name: 'bytes', type: 'INT64' },
  { name: 'sha256', type: 'STRING' },
  { name: 'problem', type: 'STRING' },
] as const;
