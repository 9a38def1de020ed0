// Where things lie, and what is taken where nothing is said.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, '../..');

/** The counts in docs/training-on-idc.md are those of this version of idc-index-data, which is IDC release 25. */
export const TABLE_VERSION = '25.0.5';

/** Of the selection; select.sql says what each does. */
export const SELECTION_DEFAULTS = {
  seed: 1,
  limitGb: 100,
  perLabel: 600,
  perPatient: 3,
  heldOutShare: 0.1,
  externalShare: 0.2,
};

/** Of the retrieval. The endpoint is the public one of the buckets that the table names. */
export const FETCH_DEFAULTS = {
  endpoint: 'https://s3.amazonaws.com',
  concurrency: 16,
  tries: 6,
  pauseMs: 1000,
  idleMs: 60_000,
};

/** The tables of step `label`. Patients of `train` are in neither of the others. */
export function truthFiles(work) {
  return {
    train: path.join(work, 'truth-train.csv'),
    evaluate: path.join(work, 'truth-evaluate.csv'),
    dropped: path.join(work, 'dropped.csv'),
  };
}
