import type { ReportSection } from './figure.ts';

/** What the manifest tells of de-identification; what was done is in run.json. */
export function listDeidentification(): ReportSection {
  return {
    id: 'deidentification',
    title: 'De-identification',
    figures: [
      {
        id: 'published-files',
        title: 'What was written',
        sql: `SELECT count(*) FILTER (WHERE disposition = 'kept') AS kept, count(output_path) AS written,
  count(output_sha256) AS digests, count(*) FILTER (WHERE disposition <> 'kept' AND output_path IS NOT NULL) AS written_not_kept,
  count(DISTINCT patient_id) FILTER (WHERE disposition = 'kept') AS patients,
  count(DISTINCT study_instance_uid) FILTER (WHERE disposition = 'kept') AS studies,
  count(DISTINCT series_instance_uid) FILTER (WHERE disposition = 'kept') AS series
FROM instances`,
        view: {
          kind: 'table',
          columns: [
            { name: 'kept', title: 'Files kept', as: 'count' },
            { name: 'written', title: 'Written, de-identified', as: 'count' },
            { name: 'digests', title: 'With a digest', as: 'count' },
            { name: 'written_not_kept', title: 'Written though not kept', as: 'count' },
            { name: 'patients', title: 'Patients, by pseudonym', as: 'count' },
            { name: 'studies', title: 'Studies', as: 'count' },
            { name: 'series', title: 'DICOM series', as: 'count' },
          ],
        },
        note: 'serieswise verify DIR reads every written file again and holds it against the white-list.',
      },
      {
        id: 'held-back',
        title: 'Held back because patients could be recognised or confused',
        sql: `SELECT reason, count(*) AS files, min(source_key, 3) AS examples FROM instances
WHERE reason IN ('burned-in-annotation', 'overlay-in-pixels', 'not-permitted', 'patient-mismatch', 'identifiers-missing',
  'conflicting-instances', 'secondary-capture', 'screen-save', 'dose-report')
GROUP BY reason ORDER BY files DESC, reason`,
        view: {
          kind: 'table',
          columns: [
            { name: 'reason', title: 'Reason', as: 'reason' },
            { name: 'files', title: 'Files', as: 'count' },
            { name: 'examples', title: 'Examples', as: 'keys' },
          ],
        },
      },
      {
        id: 'unknown-words',
        title: 'Words of scanners that are in no closed vocabulary',
        sql: `SELECT count(*) FILTER (WHERE manufacturer = 'other') AS manufacturer,
  count(*) FILTER (WHERE manufacturer_model_name = 'other') AS model,
  count(*) FILTER (WHERE convolution_kernel = 'other') AS kernel, count(*) AS units
FROM series`,
        view: {
          kind: 'table',
          columns: [
            { name: 'manufacturer', title: 'Manufacturer', as: 'count' },
            { name: 'model', title: 'Model', as: 'count' },
            { name: 'kernel', title: 'Kernel', as: 'count' },
            { name: 'units', title: 'of units', as: 'count' },
          ],
        },
        note: 'Such words are replaced by other: a name typed into such a field goes no further.',
      },
    ],
  };
}
