/** Searches an output folder for what no run writes: other files, text in pictures, values that are no pseudonyms. */
import fs from 'node:fs';
import path from 'node:path';
import type { Manifest } from '../manifest/query.ts';
import { columnsOf } from '../manifest/schema.ts';
import { LABELS } from '../models/labels.ts';

/** Files that runs and later commands write, besides those that the manifest lists. */
const KNOWN_FILES =
  /^(run\.json|report\/index\.html|manifest\/[a-z]+\/[\w.-]+\.parquet|tensors\/[\w.-]+\.npy|thumbnails\/[\w.-]+\.png|dicom\/.+)$/;
const WORK_FILES = /^\.serieswise(\/|$)/;
/** What a picture needs. Text, times and colour profiles are chunks of other names. PNG (ISO 15948) section 11 */
const PNG_CHUNKS = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);
const PNG_SIGNATURE_BYTES = 8;
const RUN_KEYS = new Set([
  'schema_version',
  'serieswise_version',
  'pipeline',
  'pipeline_digest',
  'bundle',
  'step_versions',
  'ledger',
  'manifest',
  'outputs',
  'started_at',
  'finished_at',
  'host',
  'environment',
]);

/** Columns that hold pseudonyms or keys, and the one form that each may have. */
const PSEUDONYMS: Readonly<Record<string, string>> = {
  source_key: '^[0-9a-f]{32}$',
  source_digest: '^[0-9a-f]{64}$',
  output_sha256: '^[0-9a-f]{64}$',
  patient_id: '^SW[A-Z2-7]{16}$',
  reader: '^[a-z][a-z0-9]{0,11}$',
  review: '^[a-z][a-z0-9]{0,11}(\\.adjudicator)?-[0-9]{8}$',
  undoes: '^[a-z][a-z0-9]{0,11}(\\.adjudicator)?-[0-9]{8}$',
  reviewed_at: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$',
  output_path: '^dicom/[A-Za-z0-9.]+/[0-9.]+/[0-9.]+/[0-9.]+\\.dcm$',
};
const UIDS = /^(study_instance_uid|series_instance_uid|sop_instance_uid|frame_of_reference_uid)$/;
const UID_FORM = '^(2\\.25\\.\\d{1,39}|1\\.2\\.840\\.10008\\.[\\d.]+)$';

/**
 * Files that do not belong there.
 * @param files relative, with forward slashes
 */
export function findForeignFiles(files: Iterable<string>, units: ReadonlySet<string>): string[] {
  return [...files].filter((file) => {
    if (WORK_FILES.test(file)) return false;
    if (!KNOWN_FILES.test(file)) return true;
    const unit = /^(?:tensors|thumbnails)\/(.+)\.(?:npy|png)$/.exec(file)?.[1];
    return unit !== undefined && !units.has(unit);
  });
}

/** Pictures with more in them than pixels, and tensors with more than numbers. */
export function findTextInFiles(output: string, files: Iterable<string>): string[] {
  return [...files].filter((file) => {
    if (file.endsWith('.png')) return !isPlainPng(fs.readFileSync(path.join(output, file)));
    return file.endsWith('.npy') && !isPlainNpy(fs.readFileSync(path.join(output, file)));
  });
}

function isPlainPng(bytes: Buffer): boolean {
  let at = PNG_SIGNATURE_BYTES;
  while (at + 12 <= bytes.length) {
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (!PNG_CHUNKS.has(type)) return false;
    at += 12 + bytes.readUInt32BE(at);
    if (type === 'IEND') return at === bytes.length;
  }
  return false;
}

/** Version 1 header of bytes in C order, and as many bytes as the shape says. */
function isPlainNpy(bytes: Buffer): boolean {
  const length = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, length);
  const match = /^\{'descr': '\|u1', 'fortran_order': False, 'shape': \((\d+), (\d+), (\d+)\),? *\}\s*$/.exec(
    header,
  );
  if (match === null) return false;
  return bytes.length === length + Number(match[1]) * Number(match[2]) * Number(match[3]);
}

/** Keys of run.json that no run writes there. */
export function findForeignKeys(document: object): string[] {
  return Object.keys(document).filter((key) => !RUN_KEYS.has(key));
}

/** Columns in which something else stands than pseudonyms. */
export async function findForeignValues(manifest: Manifest): Promise<string[]> {
  const problems: string[] = [];
  for (const { name, columns } of manifest.tables) {
    for (const column of columns) {
      const form = UIDS.test(column) ? UID_FORM : PSEUDONYMS[column];
      if (form === undefined) continue;
      const { rows } = await manifest.query(
        `SELECT count(*) AS n FROM ${name} WHERE ${column} IS NOT NULL AND NOT regexp_full_match(CAST(${column} AS VARCHAR), '${form}')`,
      );
      const count = Number(rows[0]?.n ?? 0);
      if (count > 0) problems.push(`${name}.${column} (${count} rows)`);
    }
  }
  return problems;
}

/** Columns of tables that no run and no review writes, and words in reviews that are none of the vocabulary. */
export async function findForeignReviews(manifest: Manifest): Promise<string[]> {
  const known = new Set(columnsOf('reviews').map(({ name }) => name));
  const columns = manifest.tables.find(({ name }) => name === 'reviews')?.columns ?? [];
  const problems = columns.filter((column) => !known.has(column)).map((column) => `reviews.${column}`);
  const closed = {
    ...LABELS,
    role: ['reader', 'adjudicator'],
    action: ['accept', 'relabel', 'exclude', 'undo'],
  };
  for (const [column, values] of Object.entries(closed)) {
    const list = values.map((value) => `'${value}'`).join(', ');
    const { rows } = await manifest.query(
      `SELECT count(*) AS n FROM reviews WHERE ${column} NOT IN (${list})`,
    );
    if (Number(rows[0]?.n ?? 0) > 0) problems.push(`reviews.${column} (${rows[0]?.n} rows)`);
  }
  return problems;
}
